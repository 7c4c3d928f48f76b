"""A real language model words the follow-ups of a whole interview: too small to be of use, and so a good test."""

import asyncio

import pytest

from tests.interviews import plan
from tests.real_model import real_model
from tests.room import Room
from voiceprep.model import Outcome, Turn, TurnKind
from voiceprep.ports import Message, Prompt
from voiceprep.providers.scripted import Say, Script, Wait

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]
INTERVIEW_S = 300

PARTLY = Script((Wait(300), Say("phrase 1 and phrase 2 done. That's it.")))
REST = Script((Wait(300), Say("phrase 3 it is. That's it.")))
WRITTEN = "And what of 3?"


async def test_a_real_model_holds_a_whole_interview() -> None:
    async with real_model() as model:
        words = [piece async for piece in model.complete(Prompt("Say yes.", (Message("user", "Ready?"),), 8))]
        assert "".join(words).strip(), "the model is there and answers"

        room = Room(plan(2), [PARTLY, REST, PARTLY, REST], text_model=model)
        async with asyncio.timeout(INTERVIEW_S):
            assert await room.hold() is Outcome.COMPLETED
    assert len(model.texts) > 2, "it was asked to word what was said"
    assert room.session is not None
    asked = [turn for turn in room.session.turns if turn.brief.kind is TurnKind.FOLLOW_UP]
    assert asked
    for turn in asked:
        assert _is_as_written(turn) or any(turn.said[0].text in _one_line(text) for text in model.texts)
        assert turn.said[0].text.count("?") == 1
        assert turn.answer is not None


def _is_as_written(turn: Turn) -> bool:
    return turn.said[0].text.endswith(WRITTEN)


def _one_line(text: str) -> str:
    return " ".join(text.split())
