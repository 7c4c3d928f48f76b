"""Whole practices over OpenAI's and xAI's realtime protocols, with servers that check every message."""

from pathlib import Path

import pytest

from tests.interviews import plan
from tests.loopback.grok_realtime import GrokRealtimeServer
from tests.loopback.openai_realtime import OpenAIRealtimeServer
from tests.realtime_room import RealtimeRoom
from voiceprep.model import Outcome
from voiceprep.providers.scripted import Say, Script, Wait

FULL = "phrase 1 and phrase 2 and phrase 3 that's it"
BOTH = pytest.mark.parametrize("ours", [False, True], ids=["their turns", "our turns"])


def answer(text: str = FULL, think_ms: int = 500) -> Script:
    return Script((Wait(think_ms), Say(text)))


@BOTH
async def test_a_whole_practice_with_openai(tmp_path: Path, ours: bool) -> None:
    async with OpenAIRealtimeServer() as server:
        environment = {"OPENAI_API_KEY": server.key, "OPENAI_BASE_URL": server.base_url}
        scripts = [answer("phrase 1 that's it"), answer("phrase 3 it is"), answer()]
        room = RealtimeRoom(plan(2), scripts, tmp_path, "openai", environment, are_turns_ours=ours)
        assert await room.hold() is Outcome.COMPLETED
        assert server.violations == []
        assert server.refusals == []
    assert room.answers[0] == "phrase 1 that's it"
    assert room.is_all_recorded


@BOTH
async def test_a_whole_practice_with_grok(tmp_path: Path, ours: bool) -> None:
    async with GrokRealtimeServer() as server:
        environment = {"XAI_API_KEY": server.key, "XAI_BASE_URL": server.base_url}
        scripts = [answer("phrase 1 that's it"), answer("phrase 3 it is"), answer()]
        room = RealtimeRoom(plan(2), scripts, tmp_path, "grok", environment, are_turns_ours=ours)
        assert await room.hold() is Outcome.COMPLETED
        assert server.violations == []
        assert server.refusals == []
    assert room.answers[0] == "phrase 1 that's it"
    assert room.is_all_recorded
