"""One session folder as the rows of the index. Reads the derived files where they are there, else the journal.

Must not know SQL.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from voiceprep.errors import VoiceprepError
from voiceprep.model import KeyPoint, Question, QuestionScore, SessionScores
from voiceprep.rates import MICROPHONE_RATE_HZ
from voiceprep.recordings.age import Seal
from voiceprep.recordings.codec import decode
from voiceprep.recordings.folder import started_at
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import load_scores, load_session, own_scores
from voiceprep.recordings.tracks import CANDIDATE_WAV
from voiceprep.recordings.transcript import Voice, transcript_of
from voiceprep.recordings.wav import stored_samples

TRANSCRIPT_JSON = "transcript.json"
UNREADABLE = "unreadable"
SEALED = "Sealed. To look inside, encrypt_to and the private key are needed."
Row: TypeAlias = tuple[str | int | float | None, ...]


@dataclass(frozen=True, slots=True)
class IndexedLine:
    """What the index keeps of a transcript line: fewer fields than there are, so that reading is quick."""

    voice: str
    start_ms: int
    text: str
    question_id: str | None = None
    is_provisional: bool = False


@dataclass(frozen=True, slots=True)
class IndexedTranscript:
    lines: tuple[IndexedLine, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Values in the order of the index's columns, without the session's number."""

    session: Row
    questions: Sequence[Row] = ()
    points: Sequence[Row] = ()
    lines: Sequence[Row] = ()


def rows_of(folder: Path, seal: Seal | None = None) -> Rows:
    """Never raises: a folder that cannot be read becomes one row that says why. Without `seal` nothing of a sealed
    session is there but its outline."""
    info = None
    try:
        info = load_info(folder)
        if not info.sealed:
            return _rows(folder, info, _duration_ms(folder) if info.has_audio else info.length_ms)
        if seal is None:
            return Rows(_outline(info, SEALED))
        with open_session(folder, seal, has_audio=False) as opened:
            return _rows(opened.folder, load_info(opened.folder), info.length_ms)
    except VoiceprepError as error:
        if info is not None and info.sealed:
            return Rows(_outline(info, error.message))
        at = started_at(folder)
        begun = "" if at is None else at.isoformat()
        nothing = ("", "", "", UNREADABLE, ""), (None, None, None, 0, 0, 0, "")
        return Rows((begun, *nothing[0], _duration_ms(folder), *nothing[1], error.message))


def _outline(info: SessionInfo, problem: str) -> Row:
    """What a sealed session's session.json says, and why there is no more."""
    known = (info.started_at.isoformat(), info.bank_id, info.bank_id, info.mode, info.outcome.value, info.judge)
    return (*known, info.length_ms, None, None, None, 0, 0, 0, info.candidate, problem)


def _rows(folder: Path, info: SessionInfo, duration_ms: int) -> Rows:
    """Raises RecordingError."""
    lines = _lines(folder)
    scores = own_scores(load_scores(folder), info)
    by_id = {score.question_id: score for score in scores.questions} if scores else {}
    spoken = {line.question_id for line in lines if line.question_id is not None}
    asked = [each for each in info.questions.values() if each.id in spoken or each.id in by_id]
    return Rows(
        _session(info, scores, len(asked), duration_ms),
        tuple(_question(info, place, each, by_id, lines) for place, each in enumerate(asked)),
        tuple(row for place, each in enumerate(asked) for row in _points(place, each, by_id)),
        tuple((line.text, line.voice, line.start_ms, line.question_id) for line in lines if line.text),
    )


def _session(info: SessionInfo, scores: SessionScores | None, asked_count: int, duration_ms: int) -> Row:
    low, high = scores.interval if scores and scores.interval else (None, None)
    title = info.bank_title or info.bank_id
    scored_count = sum(each.score is not None for each in scores.questions) if scores else 0
    judge, overall = (scores.judge, scores.overall) if scores else (info.judge, None)
    return (
        *(info.started_at.isoformat(), info.bank_id, title, info.mode, info.outcome.value, judge),
        *(duration_ms, overall, low, high, len(info.plan), asked_count, scored_count),
        *(info.candidate, ""),
    )


def _question(
    info: SessionInfo,
    place: int,
    question: Question,
    by_id: dict[str, QuestionScore],
    lines: Sequence[IndexedLine],
) -> Row:
    score = by_id.get(question.id)
    value = score.score if score else None
    return (
        *(place, info.bank_id, question.id, question.topic, question.kind.value, question.text, value),
        value is not None and not _is_in_doubt(question.id, lines),
    )


def _is_in_doubt(question_id: str, lines: Sequence[IndexedLine]) -> bool:
    """The score says nothing about what the candidate knows: cut off, or a session in which no word was heard."""
    own = [line for line in lines if line.voice == Voice.CANDIDATE]
    return not own or any(line.is_provisional and line.question_id == question_id for line in own)


def _points(place: int, question: Question, by_id: dict[str, QuestionScore]) -> Iterator[Row]:
    score = by_id.get(question.id)
    known = {point.id: point for point in question.key_points}
    for point in score.key_points if score else ():
        text = known.get(point.id, KeyPoint(point.id, point.id)).text
        yield place, point.id, text, point.credit if point.is_credited else 0.0


def _lines(folder: Path) -> tuple[IndexedLine, ...]:
    """Raises RecordingError."""
    try:
        return decode(IndexedTranscript, (folder / TRANSCRIPT_JSON).read_bytes()).lines
    except (OSError, ValueError):
        record = load_session(folder)
        transcript = transcript_of(record.info, record.turns, record.provisional_turns)
        return tuple(
            IndexedLine(line.voice.value, line.start_ms, line.text, line.question_id, line.is_provisional)
            for line in transcript.lines
        )


def _duration_ms(folder: Path) -> int:
    try:
        return stored_samples(folder / CANDIDATE_WAV) * 1000 // MICROPHONE_RATE_HZ
    except OSError:
        return 0
