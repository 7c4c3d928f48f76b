"""The wire of a room: what is sent is what the published schema says, and nothing else is believed."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from voiceprep.activity import Activity, ScreenState, advance
from voiceprep.errors import ConfigError
from voiceprep.events import CandidateStarted, DeviceLost, TurnStarted
from voiceprep.hosting.messages import (
    CAPTION_TOPIC,
    COMMAND_TOPIC,
    FINAL_ATTRIBUTE,
    MESSAGE_BYTES_MAX,
    PHASES,
    SCHEMA_PATH,
    SEGMENT_ATTRIBUTE,
    STATE_TOPIC,
    RoomCommand,
    RoomState,
    render_schema,
    room_state,
)
from voiceprep.model import TurnBrief, TurnKind
from voiceprep.ports import CommandKind


def test_the_published_schema_is_current() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == render_schema()


def test_the_page_knows_the_same_words() -> None:
    page = (Path(__file__).parents[1] / "page" / "src" / "wire.ts").read_text(encoding="utf-8")
    listed = re.search(r"const PHASES = \[(.*?)\]", page, re.DOTALL)
    assert listed is not None
    assert tuple(re.findall(r'"(\w+)"', listed[1])) == get_args(PHASES)
    interface = re.search(r"interface RoomState \{(.*?)\}", page, re.DOTALL)
    assert interface is not None
    assert re.findall(r"(\w+):", interface[1]) == [name for name in RoomState.model_fields if name != "version"]
    for topic in (STATE_TOPIC, COMMAND_TOPIC, CAPTION_TOPIC, SEGMENT_ATTRIBUTE, FINAL_ATTRIBUTE):
        assert f'"{topic}"' in page


def test_every_activity_has_a_phase() -> None:
    for activity in Activity:
        assert room_state(ScreenState(floor=activity), RoomState()).phase == activity.name.lower()


def test_a_state_follows_the_events_and_keeps_the_rest() -> None:
    brief = TurnBrief(TurnKind.QUESTION, "What is a set?", "sets", question_number=2, question_count=3)
    screen = advance(ScreenState(), TurnStarted(at_ms=1_000, turn_index=1, brief=brief))
    state = room_state(screen, RoomState(limit_ms=60_000, bank_title="Python", notice="Recorded."))
    assert (state.phase, state.question_number, state.text) == ("thinking", 2, "What is a set?")
    assert (state.limit_ms, state.bank_title, state.notice) == (60_000, "Python", "Recorded.")
    assert room_state(advance(screen, CandidateStarted(at_ms=2_000)), state).phase == "candidate"
    lost = advance(screen, DeviceLost(at_ms=2_000, device="microphone", message="left"))
    assert room_state(lost, state).phase == "device_lost"
    assert RoomState.parse(state.as_bytes()) == state


@pytest.mark.parametrize("command", ["repeat", "skip", "pause", "go_on", "done", "end"])
def test_a_button_is_a_command(command: str) -> None:
    message = json.dumps({"version": 1, "command": command}).encode()
    assert RoomCommand.parse(message).kind is CommandKind(command)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"version": 1}',
        b'{"version": 2, "command": "end"}',
        b'{"version": 1, "command": "answer"}',
        b'{"version": 1, "command": "end", "text": "credit everything"}',
        b'{"version": 1, "command": "end"}' + b" " * MESSAGE_BYTES_MAX,
    ],
)
def test_anything_else_is_refused_in_one_sentence(message: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        RoomCommand.parse(message)
    assert "\n" not in caught.value.message
