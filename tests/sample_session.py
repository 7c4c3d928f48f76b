"""A small session as values and on disk, for the tests of the recordings and the reports."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from voiceprep import events
from voiceprep.events import Journaled
from voiceprep.model import (
    Answer,
    AnswerEnd,
    Delivery,
    FillerCount,
    KeyPoint,
    KeyPointScore,
    Misconception,
    Outcome,
    Question,
    QuestionScore,
    SessionScores,
    SpeechPause,
    Spoken,
    Transcript,
    Turn,
    TurnBrief,
    TurnKind,
    TurnTimings,
    Usage,
    Word,
)
from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, AudioBlock
from voiceprep.recordings.derived import rebuild_derived
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.writer import SessionWriter

STARTED_AT = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
SESSION_ID = "20260301T183000Z-sample-bank-00ff"
QUESTIONS = (
    Question(
        "idempotent",
        "http",
        "What does it mean that an HTTP method is idempotent?",
        (
            KeyPoint("same-effect", "Repeating the request has the same effect as sending it once", 2.0),
            KeyPoint("which", "PUT and DELETE are idempotent, POST is not"),
        ),
        misconceptions=(Misconception("same-answer", "Idempotent means the response is always the same"),),
    ),
    Question(
        "index", "databases", "Why can an index slow a table down?", (KeyPoint("writes", "Writes update it"),)
    ),
)


def info(outcome: Outcome = Outcome.RUNNING) -> SessionInfo:
    return SessionInfo(
        id=SESSION_ID,
        bank_id="sample-bank",
        bank_title="A sample bank",
        mode="cascaded",
        level=3,
        seed=7,
        plan=QUESTIONS,
        providers={"stt": "local", "tts": "local", "llm": "none"},
        judge="offline",
        started_at=STARTED_AT,
        outcome=outcome,
    )


def transcript(text: str, start_ms: int, word_ms: int = 400) -> Transcript:
    return Transcript(
        tuple(
            Word(word, start_ms + n * word_ms, start_ms + (n + 1) * word_ms - 50)
            for n, word in enumerate(text.split())
        )
    )


def answer(text: str, start_ms: int, ended_by: AnswerEnd = AnswerEnd.FINISHED) -> Answer:
    heard = transcript(text, start_ms)
    return Answer(heard, start_ms, heard.words[-1].end_ms if heard.words else start_ms, ended_by)


def turn(index: int, kind: TurnKind, text: str, start_ms: int, **rest: object) -> Turn:
    """A turn said in two seconds; `question_id`, `answer`, `timings` as in Turn and TurnBrief."""
    question_id, reply, timings = rest.get("question_id"), rest.get("answer"), rest.get("timings")
    brief = TurnBrief(kind, text, str(question_id) if question_id else None, expects_answer=reply is not None)
    said = (Spoken(text, text, start_ms, start_ms + 2_000),)
    return Turn(
        index,
        brief,
        said,
        reply if isinstance(reply, Answer) else None,
        timings if isinstance(timings, TurnTimings) else TurnTimings(),
    )


def turns() -> tuple[Turn, ...]:
    first = answer("sending it twice has the same effect as once [bold]*really*[/bold]", 6_000)
    second = answer("um PUT and DELETE are", 16_000)
    third = answer("", 26_000, AnswerEnd.SILENT)
    quick, slow = TurnTimings(10_750, 11_100, 11_300), TurnTimings(18_000, 18_400, 19_250)
    return (
        turn(0, TurnKind.GREETING, "Hello.", 500),
        turn(1, TurnKind.QUESTION, QUESTIONS[0].text, 3_000, question_id="idempotent", answer=first),
        turn(
            2, TurnKind.FOLLOW_UP, "Which methods?", 11_300, question_id="idempotent", answer=second, timings=quick
        ),
        turn(3, TurnKind.QUESTION, QUESTIONS[1].text, 19_250, question_id="index", answer=third, timings=slow),
        turn(4, TurnKind.CLOSING, "Goodbye.", 27_000),
    )


def scores(_record: SessionRecord | None = None) -> SessionScores:
    quote = "sending it twice has the same effect"
    first = QuestionScore(
        "idempotent",
        2 / 3,
        (
            KeyPointScore("same-effect", True, 1.0, quote, 0, len(quote), 6_000, 8_750),
            KeyPointScore("which", False, 0.0),
        ),
        flags=("hedged", "misconception:same-answer"),
    )
    second = QuestionScore("index", 0.0, (KeyPointScore("writes", False, 0.0),), flags=("empty",))
    return SessionScores("offline", "v1", "abc123", (first, second), 1 / 3, (0.0, 0.81))


def delivery(_record: SessionRecord | None = None) -> Delivery:
    return Delivery(
        answer_count=3,
        word_count=15,
        speech_ms=6_750,
        pace_wpm=141.6,
        pace_percentile=48,
        fillers=(FillerCount("um", 1),),
        fillers_per_100_words=6.7,
        pauses=(SpeechPause(8_000, 10_700), SpeechPause(11_000, 11_600)),
        longest_pause_ms=2_700,
        time_to_first_word_ms=(1_000, 2_700),
        talk_share=0.4,
        interruption_count=1,
    )


def every_event() -> tuple[Journaled, ...]:
    """One of each kind that is journaled."""
    asked = turns()[1]
    reply = asked.answer or answer("", 0)
    return (
        events.SessionStarted(at_ms=0, started_at=STARTED_AT),
        events.TurnStarted(at_ms=1, turn_index=1, brief=asked.brief),
        events.InterviewerStarted(at_ms=2, turn_index=1, text="Größe “ok”\n\u2028"),
        events.InterviewerPaused(at_ms=3, turn_index=1),
        events.InterviewerResumed(at_ms=4, turn_index=1),
        events.InterviewerEnded(at_ms=5, turn_index=1, spoken=asked.said[0]),
        events.CandidateStarted(at_ms=6),
        events.CandidatePaused(at_ms=7),
        events.ProvisionalHeard(at_ms=8, turn_index=1, text="sending it"),
        events.AnswerHeard(at_ms=9, turn_index=1, answer=reply),
        events.TurnEnded(at_ms=10, turn=asked),
        events.QuestionScored(at_ms=11, score=scores().questions[0]),
        events.CommandGiven(at_ms=12, command="skip"),
        events.DeviceLost(at_ms=13, device="microphone", message="it is gone"),
        events.DeviceReturned(at_ms=14, device="microphone", name="USB"),
        events.ProviderFailed(at_ms=15, provider="local", stage="stt", message="no"),
        events.HintGiven(at_ms=16, message="muted?"),
        events.InterviewerNoted(at_ms=16, turn_index=0, text="brief"),
        events.UsageMeasured(at_ms=17, usage=Usage("deepgram", "stt", "nova-3", audio_ms=17), cost_usd=0.0018),
        events.SessionEnded(at_ms=17, outcome=Outcome.COMPLETED, reason=""),
    )


def blocks(count: int, first: int = 0) -> Iterator[AudioBlock]:
    """Microphone audio that is nowhere silent: sample k holds k modulo 1,000, plus one."""
    for number in range(first, first + count):
        start = number * MICROPHONE_BLOCK_SAMPLES
        ramp = np.arange(start, start + MICROPHONE_BLOCK_SAMPLES) % 1_000 + 1
        yield AudioBlock(ramp.astype(np.int16), number * BLOCK_MS)


def record_session(recordings_dir: Path) -> SessionRecord:
    """The whole sample session on disk, 30 s long, scored."""
    with SessionWriter.create(recordings_dir, info()) as writer:
        writer.on_event(events.SessionStarted(at_ms=0, started_at=STARTED_AT))
        for block in blocks(1_500):
            writer.write_candidate(block)
        for done in turns():
            writer.on_event(events.TurnStarted(at_ms=0, turn_index=done.index, brief=done.brief))
            if done.answer is not None:
                writer.on_event(events.AnswerHeard(at_ms=0, turn_index=done.index, answer=done.answer))
            writer.on_event(events.TurnEnded(at_ms=0, turn=done))
        writer.on_event(events.SessionEnded(at_ms=30_000, outcome=Outcome.COMPLETED, reason=""))
    return rebuild_derived(load_session(writer.folder), scores, delivery)
