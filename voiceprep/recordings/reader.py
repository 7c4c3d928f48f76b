"""Reads a session folder, however it ended: nothing but a missing session.json stops it. Never writes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.events import Journaled
from voiceprep.model import Delivery, InterviewerAudit, Outcome, SessionScores, Turn
from voiceprep.rates import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ
from voiceprep.recordings.codec import decode
from voiceprep.recordings.comparison import Comparison, load_comparison
from voiceprep.recordings.files import recording_error
from voiceprep.recordings.folder import EVENTS_JSONL, is_being_written
from voiceprep.recordings.info import AuditFile, DeliveryFile, ScoresFile, SessionInfo
from voiceprep.recordings.journal import JournalContent, parse_journal
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.second_look import SecondLook, load_second_look
from voiceprep.recordings.self_scores import SelfScore, load_self_scores
from voiceprep.recordings.tracks import CANDIDATE_WAV, INTERVIEWER_WAV
from voiceprep.recordings.turns import closed_turns, last_word, open_turns, provisional_turn_indices
from voiceprep.recordings.wav import has_valid_header, stored_samples

DELIVERY_JSON = "delivery.json"
AUDIT_JSON = "audit.json"
_SCORES_NAME = re.compile(r"scores-[A-Za-z0-9.-]+\.json")
"""As `save_scores` names them."""
TRACK_RATES_HZ = {CANDIDATE_WAV: MICROPHONE_RATE_HZ, INTERVIEWER_WAV: SPEAKER_RATE_HZ}


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """Everything a session folder says.

    `turns` includes those a killed session left open; `provisional_turns` are the indices of turns whose answer
    is the last provisional text. `scores` are the newest by the session's own judge, else the newest at all.
    `is_complete`: it ended (or was recovered) and nothing is missing; `problems` say what is, in sentences.
    """

    folder: Path
    info: SessionInfo
    events: tuple[Journaled, ...]
    turns: tuple[Turn, ...]
    provisional_turns: frozenset[int]
    scores: SessionScores | None
    delivery: Delivery | None
    duration_ms: int
    unknown_event_count: int
    is_complete: bool
    problems: tuple[str, ...]
    audit: InterviewerAudit | None = None
    comparison: Comparison | None = None
    self_scores: tuple[SelfScore, ...] = ()
    second_look: SecondLook | None = None


def load_session(folder: Path) -> SessionRecord:
    """Raises RecordingError only when this is no session folder, a newer version wrote it, or it is sealed (see
    opening.py)."""
    info = load_info(folder)
    if info.sealed:
        raise RecordingError(f"{folder.name} is sealed.", "`voiceprep report` and others open it with your key.")
    problems: list[str] = []
    journal = _load_journal(folder, problems)
    told_ms = max((event.at_ms for event in journal.events), default=0)
    duration_ms = _check_tracks(folder, problems) if info.has_audio else max(info.length_ms, told_ms)
    has_ended = info.outcome is not Outcome.RUNNING
    if not has_ended:
        problems.append(
            "The session is still running."
            if is_being_written(folder)
            else f"The session was cut off; `voiceprep recover {info.id}` finishes it."
        )
    elif last_word(journal.events) is None:
        problems.append("The journal does not say how the session ended.")
    turns = sorted((*closed_turns(journal.events), *open_turns(journal.events)), key=lambda turn: turn.index)
    return SessionRecord(
        folder=folder,
        info=info,
        events=journal.events,
        turns=tuple(turns),
        provisional_turns=provisional_turn_indices(journal.events),
        scores=own_scores(load_scores(folder), info),
        delivery=load_delivery(folder),
        duration_ms=duration_ms,
        unknown_event_count=journal.unknown_count,
        is_complete=not problems,
        problems=tuple(problems),
        audit=load_audit(folder),
        comparison=load_comparison(folder),
        self_scores=load_self_scores(folder),
        second_look=load_second_look(folder),
    )


def load_scores(folder: Path) -> tuple[SessionScores, ...]:
    """Every readable score file, newest first. A broken one is left out: it can be computed again; so is what a
    synchronised drive calls a conflict, which is the same scores as they were earlier."""
    found: list[tuple[int, str, SessionScores]] = []
    for path in folder.glob("scores-*.json"):
        if not _SCORES_NAME.fullmatch(path.name) or ".sync-conflict-" in path.name:
            continue
        try:
            found.append((path.stat().st_mtime_ns, path.name, decode(ScoresFile, path.read_bytes()).scores))
        except (OSError, ValueError):
            continue
    return tuple(scores for *_, scores in sorted(found, key=lambda entry: entry[:2], reverse=True))


def own_scores(kept: Sequence[SessionScores], info: SessionInfo) -> SessionScores | None:
    """The first by the session's own judge, else the first at all."""
    return next((scores for scores in kept if scores.judge == info.judge), next(iter(kept), None))


def load_delivery(folder: Path) -> Delivery | None:
    """delivery.json; None when it is not there or broken: it can be computed again."""
    try:
        return decode(DeliveryFile, (folder / DELIVERY_JSON).read_bytes()).delivery
    except (OSError, ValueError):
        return None


def load_audit(folder: Path) -> InterviewerAudit | None:
    """audit.json; None when it is not there or broken: it can be made again."""
    try:
        return decode(AuditFile, (folder / AUDIT_JSON).read_bytes()).audit
    except (OSError, ValueError):
        return None


def _load_journal(folder: Path, problems: list[str]) -> JournalContent:
    try:
        content = parse_journal((folder / EVENTS_JSONL).read_bytes())
    except FileNotFoundError:
        problems.append(f"{EVENTS_JSONL} is missing.")
        return JournalContent(())
    except OSError as error:
        raise recording_error("Cannot read", folder / EVENTS_JSONL, error, "Check the permissions.") from error
    if content.unreadable_lines:
        numbers = ", ".join(str(number) for number in content.unreadable_lines[:5])
        problems.append(f"{EVENTS_JSONL} has {len(content.unreadable_lines)} unreadable lines: {numbers}.")
    if content.torn_bytes:
        problems.append(f"The last line of {EVENTS_JSONL} is unfinished.")
    return content


def _check_tracks(folder: Path, problems: list[str]) -> int:
    """Add what is wrong with the two WAVs to `problems`; the longer one's duration in ms."""
    durations_ms = [0]
    for name, rate_hz in TRACK_RATES_HZ.items():
        try:
            durations_ms.append(stored_samples(folder / name) * 1000 // rate_hz)
            if not has_valid_header(folder / name, rate_hz):
                problems.append(f"The header of {name} does not fit its audio.")
        except FileNotFoundError:
            problems.append(f"{name} is missing.")
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}.")
    return max(durations_ms)
