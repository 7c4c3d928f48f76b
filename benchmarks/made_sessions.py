"""Session folders written directly, as an interview would leave them: for benchmarks over many or long sessions."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from voiceprep import events
from voiceprep.banks import bank_folders, find_bank
from voiceprep.events import Journaled
from voiceprep.model import (
    Answer,
    AnswerEnd,
    Bank,
    KeyPointScore,
    Outcome,
    Question,
    QuestionScore,
    SessionScores,
    Spoken,
    Transcript,
    Turn,
    TurnBrief,
    TurnKind,
    TurnTimings,
    Word,
)
from voiceprep.rates import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ
from voiceprep.recordings.codec import encode, encode_event
from voiceprep.recordings.derived import rebuild_derived
from voiceprep.recordings.folder import EVENTS_JSONL, SESSION_JSON, session_id
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.tracks import CANDIDATE_WAV, INTERVIEWER_WAV
from voiceprep.recordings.wav import wav_header
from voiceprep.scoring.delivery import measure_delivery
from voiceprep.scoring.evidence import audio_span, weighted_share
from voiceprep.scoring.intervals import mean_interval
from voiceprep.scoring.overall import rubric_hash

WORD_MS, QUESTION_MS, GAP_MS = 320, 6_000, 900
VARIETY = 200


@dataclass(frozen=True)
class Size:
    """How much a made session holds."""

    question_count: int
    words_per_answer: int
    has_audio: bool = False


def load_bank() -> Bank:
    return find_bank("python-backend", bank_folders())


def make_session(recordings_dir: Path, started_at: datetime, size: Size, bank: Bank, chance: random.Random) -> Path:
    """One finished, scored session. Deterministic but for its four last hex digits."""
    questions = tuple(chance.sample(bank.questions, min(size.question_count, len(bank.questions))))
    name = session_id(started_at, bank.id)
    folder = recordings_dir / name
    folder.mkdir(parents=True, mode=0o700)
    info = SessionInfo(
        id=name,
        bank_id=bank.id,
        bank_title=bank.title,
        mode="cascaded",
        level=3,
        seed=1,
        plan=questions,
        providers={"stt": "local", "tts": "local", "llm": "none"},
        judge="offline",
        started_at=started_at,
        outcome=Outcome.COMPLETED,
    )
    turns = tuple(_turns(questions, size, chance))
    end_ms = turns[-1].answer.end_ms + 2_000 if turns[-1].answer else 2_000
    (folder / SESSION_JSON).write_bytes(encode(info))
    journal = b"".join(encode_event(event) + b"\n" for event in _journal(started_at, turns, end_ms))
    (folder / EVENTS_JSONL).write_bytes(journal)
    _write_audio(folder, turns, end_ms if size.has_audio else 0, chance)
    scores = _scores(questions, turns, chance)
    rebuild_derived(
        load_session(folder), lambda _: scores, lambda record: measure_delivery(record.turns, record.events)
    )
    return folder


def make_many(recordings_dir: Path, count: int, size: Size, first_at: datetime) -> Iterator[Path]:
    """`count` sessions, two hours apart. From VARIETY on they repeat earlier ones under their own id and time."""
    bank, chance = load_bank(), random.Random(count)
    made: list[Path] = []
    for number in range(count):
        started_at = first_at + timedelta(hours=2 * number)
        if number < VARIETY:
            made.append(make_session(recordings_dir, started_at, size, bank, chance))
            yield made[-1]
        else:
            yield _repeat(made[number % VARIETY], started_at)


def _repeat(folder: Path, started_at: datetime) -> Path:
    """The same session at another time; what does not hold its id is shared on disk."""
    info = replace(load_info(folder), id=session_id(started_at, "python-backend"), started_at=started_at)
    again = folder.parent / info.id
    again.mkdir(mode=0o700)
    for path in folder.iterdir():
        if path.name != SESSION_JSON:
            (again / path.name).hardlink_to(path)
    (again / SESSION_JSON).write_bytes(encode(info))
    return again


def _turns(questions: Sequence[Question], size: Size, chance: random.Random) -> Iterator[Turn]:
    now_ms = 1_000
    for index, question in enumerate(questions):
        said = (Spoken(question.text, question.text, now_ms, now_ms + QUESTION_MS),)
        start_ms = now_ms + QUESTION_MS + GAP_MS
        spoken = " ".join(example.text for example in question.examples).split() or ["nothing"]
        texts = [spoken[n % len(spoken)] for n in range(size.words_per_answer)]
        words, at_ms = [], start_ms
        for text in texts:
            words.append(Word(text, at_ms, at_ms + WORD_MS - 40))
            at_ms += WORD_MS + (3_000 if chance.random() < 0.01 else 0)
        answer = Answer(Transcript(tuple(words)), start_ms, words[-1].end_ms, AnswerEnd.FINISHED)
        brief = TurnBrief(TurnKind.QUESTION, question.text, question.id, question_number=index + 1)
        timings = TurnTimings(now_ms - GAP_MS, now_ms - GAP_MS // 2, now_ms) if index else TurnTimings()
        yield Turn(index, brief, said, answer, timings)
        now_ms = answer.end_ms + GAP_MS


def _journal(started_at: datetime, turns: Sequence[Turn], end_ms: int) -> Iterator[Journaled]:
    """As a cascaded interview writes it, a provisional text every second of speech included."""
    yield events.SessionStarted(at_ms=0, started_at=started_at)
    for turn in turns:
        said, answer = turn.said[0], turn.answer
        yield events.TurnStarted(at_ms=said.start_ms, turn_index=turn.index, brief=turn.brief)
        yield events.InterviewerStarted(at_ms=said.start_ms, turn_index=turn.index, text=said.text)
        yield events.InterviewerEnded(at_ms=said.end_ms, turn_index=turn.index, spoken=said)
        if answer is not None:
            yield events.CandidateStarted(at_ms=answer.start_ms)
            for word in answer.transcript.words[20::20]:
                text = f"so far until {word.text}"
                yield events.ProvisionalHeard(at_ms=word.end_ms, turn_index=turn.index, text=text)
            yield events.CandidatePaused(at_ms=answer.end_ms)
            yield events.AnswerHeard(at_ms=answer.end_ms, turn_index=turn.index, answer=answer)
        yield events.TurnEnded(at_ms=answer.end_ms if answer else said.end_ms, turn=turn)
    yield events.SessionEnded(at_ms=end_ms, outcome=Outcome.COMPLETED, reason="all questions done")


def _scores(questions: Sequence[Question], turns: Sequence[Turn], chance: random.Random) -> SessionScores:
    scored = []
    for question, turn in zip(questions, turns, strict=True):
        transcript = turn.answer.transcript if turn.answer else Transcript()
        points = []
        for point in question.key_points:
            if chance.random() < 0.5 or len(transcript.words) < 10:
                points.append(KeyPointScore(point.id, False, 0.0))
                continue
            first = chance.randrange(len(transcript.words) - 8)
            start = len(" ".join(word.text for word in transcript.words[:first])) + (first > 0)
            quote = " ".join(word.text for word in transcript.words[first : first + 8])
            span = audio_span(start, start + len(quote), transcript) or (0, 0)
            points.append(KeyPointScore(point.id, True, 1.0, quote, start, start + len(quote), *span))
        scored.append(QuestionScore(question.id, weighted_share(points, question), tuple(points)))
    values = [score.score for score in scored if score.score is not None]
    overall = sum(values) / len(values) if values else None
    return SessionScores("offline", "made", rubric_hash(questions), tuple(scored), overall, mean_interval(values))


def _write_audio(folder: Path, turns: Sequence[Turn], end_ms: int, chance: random.Random) -> None:
    """Noise where somebody speaks; files without audio when `end_ms` is 0."""
    noise = np.random.default_rng(chance.randrange(1 << 30))
    for name, rate_hz in ((CANDIDATE_WAV, MICROPHONE_RATE_HZ), (INTERVIEWER_WAV, SPEAKER_RATE_HZ)):
        samples = np.zeros(end_ms * rate_hz // 1000, np.int16)
        for turn in turns if end_ms else ():
            spans = [(said.start_ms, said.end_ms) for said in turn.said]
            if name == CANDIDATE_WAV and turn.answer:
                spans = [(word.start_ms, word.end_ms) for word in turn.answer.transcript.words]
            for start_ms, stop_ms in spans:
                part = samples[start_ms * rate_hz // 1000 : stop_ms * rate_hz // 1000]
                part[:] = noise.integers(-9_000, 9_000, part.size, dtype=np.int16)
        (folder / name).write_bytes(wav_header(rate_hz, samples.size) + samples.tobytes())
