"""Whole practices on all three realtime protocols: ten turns, interruptions, two lost connections, nothing lost."""

import json
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.interviews import plan
from tests.loopback.realtime import Fault, RealtimeServer
from tests.provider_room import said_words
from tests.realtime_room import RealtimeRoom
from tests.realtime_servers import served
from voiceprep.conduct.planning import Plan
from voiceprep.events import CandidateStarted, Event, InterviewerStarted, TurnStarted, UsageMeasured
from voiceprep.model import Outcome, Spoken, TurnKind
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.recordings.repair import RecoveryStatus
from voiceprep.recordings.schema import render_schemas
from voiceprep.wiring.records import recover_folder

LONG = "Please tell me now in your own words, slowly and with an example, what you know of"
QUESTION_COUNT = 8
"""With greeting and goodbye: ten turns."""

TURN_UNHEARD, TURN_CUT_OFF = 3, 6
"""In which the connection is lost."""


def long_plan() -> Plan:
    few = plan(QUESTION_COUNT)
    return replace(few, questions=tuple(replace(one, text=f"{LONG} {one.id}") for one in few.questions))


def scripts() -> list[Script]:
    """Every answer says all that is wanted; every third begins over the question."""
    return [
        Script(
            (
                Wait(1_500 if number % 3 == 1 else 600),
                Say(f"phrase 1 and phrase 2 and phrase 3 as {number} that's it"),
            ),
            from_start=number % 3 == 1,
        )
        for number in range(QUESTION_COUNT)
    ]


class Faults:
    """Loses the connection once while the candidate speaks and once while the interviewer does."""

    def __init__(self, server: RealtimeServer) -> None:
        self._server = server
        self._turn = 0
        self._due = {(TURN_UNHEARD, CandidateStarted), (TURN_CUT_OFF, InterviewerStarted)}

    def on_event(self, event: Event) -> None:
        if isinstance(event, TurnStarted):
            self._turn = event.turn_index
        if (self._turn, type(event)) in self._due:
            self._due.remove((self._turn, type(event)))
            self._server.disturb_now(Fault.DROP)


def interrupted(room: RealtimeRoom) -> list[Spoken]:
    """Lines the candidate cut short; what the lost connection cut short is not among them."""
    turns = [turn for turn in room.record.turns if turn.index != TURN_CUT_OFF]
    return [said for turn in turns for said in turn.said if said.is_interrupted]


def sounded_ms(room: RealtimeRoom, said: Spoken) -> float:
    """How long the interviewer is audible in the recording of one line."""
    with wave.open(str(room.record.folder / "interviewer.wav")) as file:
        track = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    line = track[said.start_ms * 24 : said.end_ms * 24]
    loud = np.flatnonzero(np.abs(line) > 200)
    return float(loud[-1] + 1) / 24 if loud.size else 0.0


CASES = [("openai", True), ("openai", False), ("grok", True), ("gemini", True), ("gemini", False)]


@pytest.mark.parametrize(("name", "ours"), CASES)
async def test_ten_turns_with_interruptions_and_two_drops(tmp_path: Path, name: str, ours: bool) -> None:
    said = scripts()
    async with served(name, tmp_path) as here:
        room = RealtimeRoom(
            long_plan(), said, tmp_path, name, here.environment, are_turns_ours=ours, is_fast=ours, limit_s=100
        )
        room.hooks.append(Faults(here.server).on_event)
        assert await room.hold() is Outcome.COMPLETED
        await here.server.until(lambda: here.server.serving.open_count == 0)
        assert here.server.violations == []
        truncations = [one["audio_end_ms"] for one in here.server.received("conversation.item.truncate")]
    assert [turn.brief.kind for turn in room.record.turns] == [
        TurnKind.GREETING,
        *[TurnKind.QUESTION] * QUESTION_COUNT,
        TurnKind.CLOSING,
    ]
    assert room.answers == [said_words([script]) for script in said]
    cut = [one for one in interrupted(room) if one.heard_text != one.text]
    assert len(cut) >= 2
    if name != "gemini":
        heard = [sounded_ms(room, one) for one in cut]
        for ms in heard:
            assert any(abs(ms - told) <= 40 for told in truncations), (heard, truncations)
    check_folder(room)


def check_folder(room: RealtimeRoom) -> None:
    """Complete, exact, paid for, and of the same shape as any interview's."""
    record = room.record
    assert record.problems == ()
    assert record.info.mode == "s2s"
    assert room.is_all_recorded
    assert recover_folder(record.folder).status is RecoveryStatus.NOT_NEEDED
    schema = json.loads(render_schemas()["event.schema.json"])
    known = {name for name in json.dumps(schema).split('"') if name.islower()}
    for line in (record.folder / "events.jsonl").read_text().splitlines():
        assert json.loads(line)["type"] in known
    assert [event for event in record.events if isinstance(event, UsageMeasured)] != []
