"""Whole practices over Gemini's Live protocol, with a server that checks every message."""

from pathlib import Path

import pytest

from tests.interviews import plan
from tests.loopback.gemini_live import GeminiLiveServer
from tests.realtime_room import RealtimeRoom
from voiceprep.model import Outcome
from voiceprep.providers.scripted import Say, Script, Wait

FULL = "phrase 1 and phrase 2 and phrase 3 that's it"
BOTH = pytest.mark.parametrize("ours", [False, True], ids=["their turns", "our turns"])


def answer(text: str = FULL, think_ms: int = 500) -> Script:
    return Script((Wait(think_ms), Say(text)))


@BOTH
async def test_a_whole_practice(tmp_path: Path, ours: bool) -> None:
    async with GeminiLiveServer(tmp_path / "tls") as server:
        environment = {
            "GEMINI_API_KEY": server.key,
            "GOOGLE_GEMINI_BASE_URL": server.url,
            "SSL_CERT_FILE": str(server.ca_path),
        }
        scripts = [answer("phrase 1 that's it"), answer("phrase 3 it is"), answer()]
        room = RealtimeRoom(plan(2), scripts, tmp_path, "gemini", environment, are_turns_ours=ours)
        assert await room.hold() is Outcome.COMPLETED
        assert server.violations == []
    assert room.answers[0] == "phrase 1 that's it"
    assert room.is_all_recorded
