"""One simulated candidate in both modes: the same record, scores and delivery, in files of the same shape."""

import json
from dataclasses import replace
from pathlib import Path

from tests.loopback.deepgram import DeepgramServer
from tests.provider_room import ProviderRoom, environment_of
from tests.realtime_room import RealtimeRoom
from tests.realtime_servers import served
from tests.test_realtime_practice import long_plan
from voiceprep.conduct.planning import Plan
from voiceprep.model import Delivery, Outcome
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.recordings.reader import SessionRecord, load_delivery, load_scores

QUESTION_COUNT = 3
SCRIPTS = (
    Script((Wait(600), Say("well phrase 1 and um phrase 2 and"), Wait(900), Say("phrase 3 too that's it"))),
    Script((Wait(1_200), Say("I mean phrase 2 and then you know phrase 1 and phrase 3 that's it"))),
    Script((Wait(300), Say("phrase 3 and phrase 1 because"), Wait(1_500), Say("of phrase 2 uh that's it"))),
)


def few() -> Plan:
    whole = long_plan()
    return replace(whole, questions=whole.questions[:QUESTION_COUNT])


def scored(record: SessionRecord) -> list[tuple[str, float | None]]:
    (scores,) = load_scores(record.folder)
    return [(question.question_id, question.score) for question in scores.questions]


async def both(folder: Path) -> tuple[SessionRecord, SessionRecord]:
    async with DeepgramServer() as deepgram:
        cascaded = ProviderRoom(few(), SCRIPTS, folder / "cascaded", environment_of(deepgram))
        assert await cascaded.hold() is Outcome.COMPLETED
    async with served("openai", folder) as here:
        s2s = RealtimeRoom(
            few(), SCRIPTS, folder / "s2s", "openai", here.environment, are_turns_ours=True, is_fast=True
        )
        assert await s2s.hold() is Outcome.COMPLETED
    return cascaded.record, s2s.record


def shape(value: object) -> object:
    """Names and kinds, without what differs from session to session."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__ if value is not None else "null"


async def test_both_modes_leave_the_same_behind(tmp_path: Path) -> None:
    cascaded, s2s = await both(tmp_path)
    assert sorted(path.name for path in cascaded.folder.iterdir()) == sorted(
        path.name for path in s2s.folder.iterdir()
    )
    answers = [
        [turn.answer.transcript.text for turn in record.turns if turn.answer is not None]
        for record in (cascaded, s2s)
    ]
    assert answers[0] == answers[1]
    assert scored(cascaded) == scored(s2s)
    check_delivery(load_delivery(cascaded.folder), load_delivery(s2s.folder))
    for name in ("transcript.json", "delivery.json"):
        documents = [json.loads((record.folder / name).read_text()) for record in (cascaded, s2s)]
        assert shape(documents[0]) == shape(documents[1])


def check_delivery(cascaded: Delivery | None, s2s: Delivery | None) -> None:
    assert cascaded is not None
    assert s2s is not None
    assert cascaded.fillers == s2s.fillers
    assert cascaded.word_count == s2s.word_count
    assert cascaded.answer_count == s2s.answer_count
    assert abs(cascaded.speech_ms - s2s.speech_ms) <= 200
    assert cascaded.pace_wpm is not None
    assert s2s.pace_wpm is not None
    assert abs(cascaded.pace_wpm - s2s.pace_wpm) <= 0.05 * cascaded.pace_wpm
    assert len(cascaded.pauses) == len(s2s.pauses)
    for one, other in zip(cascaded.pauses, s2s.pauses, strict=True):
        assert abs((one.end_ms - one.start_ms) - (other.end_ms - other.start_ms)) <= 40
    firsts = zip(cascaded.time_to_first_word_ms, s2s.time_to_first_word_ms, strict=True)
    assert all(abs(one - other) <= 100 for one, other in firsts)
