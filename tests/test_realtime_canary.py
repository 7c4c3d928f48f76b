"""No key and no header of a realtime model in any log, error or file, however its connection ends."""

import sys
import traceback
from pathlib import Path

import pytest

from tests.interviews import plan
from tests.loopback.realtime import Disturbance, Fault
from tests.realtime_room import RealtimeRoom
from tests.realtime_servers import served
from tests.test_canary import CASES as CASCADED_CASES
from tests.test_canary import folder_text, logging_to
from voiceprep.errors import ProviderError
from voiceprep.model import Outcome
from voiceprep.providers.scripted import Say, Script, Wait

PHRASE = "zanzibar"
HEADERS = ("authorization", "bearer ", "x-goog-api-key", "secret words")
NAMES = pytest.mark.parametrize("name", ["openai", "grok", "gemini"])


def room_of(name: str, folder: Path, environment: dict[str, str]) -> RealtimeRoom:
    said = f"phrase 1 and phrase 2 and phrase 3 of {PHRASE} that's it"
    scripts = [Script((Wait(500), Say(said)))]
    return RealtimeRoom(plan(1), scripts, folder, name, environment, are_turns_ours=True, is_fast=True)


def found(text: str, *wanted: str) -> list[str]:
    return [secret for secret in wanted if secret.lower() in text.lower()]


SURVIVED = (Fault.ERROR, Fault.DROP, Fault.MALFORMED, Fault.UNKNOWN, Fault.EXPIRE, Fault.CLOSE_1011)
CASES = tuple((name, fault) for name in ("openai", "grok", "gemini") for fault in SURVIVED)


@pytest.mark.parametrize(("name", "fault"), CASES)
async def test_a_practice_with_errors_and_a_lost_connection_tells_nothing(
    tmp_path: Path, name: str, fault: Fault
) -> None:
    log = tmp_path / "log"
    async with served(name, tmp_path) as here:
        key = next(value for variable, value in here.environment.items() if variable.endswith("_KEY"))
        here.server.disturb_next(Disturbance(fault, said_ms=100), Disturbance(Fault.DROP, heard_ms=500))
        room = room_of(name, tmp_path / "kept", here.environment)
        with logging_to(log):
            assert await room.hold() is Outcome.COMPLETED
    assert "listening" in log.read_text()
    assert found(log.read_text(), key, PHRASE, *HEADERS) == []
    assert found(folder_text(room.record.folder), key, *HEADERS) == []
    assert PHRASE in folder_text(room.record.folder)


def test_combinations_of_provider_and_fault_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Every one with the traceback that `--debug` shows and all that libraries log at DEBUG."""
    count = len(CASCADED_CASES) + len(CASES)
    with capsys.disabled():
        sys.stdout.write(f" {count} combinations of provider and fault, searched for canaries ")
    assert count >= 30


@NAMES
async def test_a_refusal_tells_nothing(tmp_path: Path, name: str) -> None:
    log = tmp_path / "log"
    async with served(name, tmp_path) as here:
        key = next(value for variable, value in here.environment.items() if variable.endswith("_KEY"))
        here.server.disturb_next(*[Disturbance(Fault.CLOSE_1008, said_ms=50)] * 9)
        room = room_of(name, tmp_path / "kept", here.environment)
        with logging_to(log), pytest.raises(ProviderError) as raised:
            await room.hold()
    told = "".join(traceback.format_exception(raised.value))  # what --debug shows
    assert found(told + log.read_text(), key, PHRASE, *HEADERS) == []
    assert found(folder_text(room.record.folder), key, *HEADERS) == []
