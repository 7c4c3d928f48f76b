"""A model words the follow-ups: ahead of time, only when accepted, and never in the way of the interview."""

import pytest

from tests.interviews import plan
from tests.room import Room
from voiceprep.model import Outcome, TurnKind
from voiceprep.providers.scripted import Say, Script, ScriptedTextModel, Wait

PARTLY = Script((Wait(300), Say("phrase 1 and phrase 2 done. That's it.")))
REST = Script((Wait(300), Say("phrase 3 it is. That's it.")))
WORDED = "I follow you so far. And what of 3, would you say?"
WRITTEN = "And what of 3?"


def follow_up(room: Room) -> str:
    assert room.session is not None
    turn = next(turn for turn in room.session.turns if turn.brief.kind is TurnKind.FOLLOW_UP)
    return turn.said[0].text


async def test_the_follow_up_is_said_as_worded_and_was_ready() -> None:
    model = ScriptedTextModel([WORDED, "On to the end."])
    room = Room(plan(1), [PARTLY, REST], text_model=model)
    assert await room.hold() is Outcome.COMPLETED
    assert follow_up(room) == WORDED
    assert len([prompt for prompt in model.prompts if WRITTEN in prompt.messages[-1].text]) == 1
    assert room.session is not None
    reply_ms = room.session.turns[2].timings.reply_ms
    assert reply_ms is not None
    assert reply_ms <= 300


@pytest.mark.parametrize(
    "unfit",
    [
        "",
        "Great answer! And what of 3?",
        "What of 3? And what of 4?",
        "**And** what of 3?",
    ],
)
async def test_what_is_not_accepted_is_said_as_written(unfit: str) -> None:
    room = Room(plan(1), [PARTLY, REST], text_model=ScriptedTextModel([unfit, unfit, unfit]))
    assert await room.hold() is Outcome.COMPLETED
    assert follow_up(room).endswith(WRITTEN)
    assert bool(room.told) == (unfit == "")


async def test_prompts_begin_alike_so_that_a_server_can_reuse_them() -> None:
    model = ScriptedTextModel([WORDED, "Tell me, what of 1?", "So."])
    first_answer = Script((Wait(300), Say("phrase 2 done. That's it.")))
    second_answer = Script((Wait(300), Say("hmm maybe so. That's it.")))
    room = Room(plan(1), [first_answer, second_answer, REST], text_model=model)
    await room.hold()
    assert len(model.prompts) >= 2
    first, second = model.prompts[0], model.prompts[1]
    assert first.system == second.system
    assert second.messages[: len(first.messages) - 1] == first.messages[:-1]
