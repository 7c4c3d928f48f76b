"""Finishes a session folder whose process was killed. Safe to run twice, or to be killed itself.

Must not know how scores are computed; never touches a session that is alive or ended by itself.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from voiceprep.events import SessionEnded, TurnEnded
from voiceprep.model import Outcome
from voiceprep.rates import MICROPHONE_RATE_HZ
from voiceprep.recordings.codec import encode
from voiceprep.recordings.derived import AuditSession, MeasureDelivery, ScoreSession, rebuild_derived
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.files import recording_error, write_private
from voiceprep.recordings.folder import EVENTS_JSONL, SESSION_JSON
from voiceprep.recordings.journal import Journal
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import TRACK_RATES_HZ, load_session
from voiceprep.recordings.tracks import CANDIDATE_WAV, INTERVIEWER_WAV, equal_lengths
from voiceprep.recordings.turns import last_word, open_turns
from voiceprep.recordings.wav import repair_wav, stored_samples

AHEAD_MS_MAX = 1_000
"""The journal is written at once, audio some 0.1 s later; one ahead by more says nothing about the audio."""
_CUT_OFF = "the session was cut off"


class RecoveryStatus(StrEnum):
    RECOVERED = "recovered"
    NOT_NEEDED = "not_needed"
    STILL_RUNNING = "still_running"
    SEALED = "sealed"  # needed no repair, but something of it was in the open


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What was done to one folder. `duration_ms`: audio there is now; `torn_bytes`: journal bytes set aside."""

    folder: Path
    status: RecoveryStatus
    outcome: Outcome
    duration_ms: int
    reason: str = ""
    torn_bytes: int = 0
    closed_turn_count: int = 0
    problems: tuple[str, ...] = ()


def recover(
    folder: Path,
    score: ScoreSession | None = None,
    measure: MeasureDelivery | None = None,
    audit: AuditSession | None = None,
    disk: Disk = DISK,
) -> RecoveryReport:
    """Repair, close and mark the session, and write its derived files.

    session.json changes last: until then the folder counts as killed, and the next run does it all again.
    Raises RecordingError.
    """
    info = load_info(folder)
    if info.outcome is not Outcome.RUNNING:
        duration_ms = info.length_ms if info.sealed else load_session(folder).duration_ms
        return RecoveryReport(folder, RecoveryStatus.NOT_NEEDED, info.outcome, duration_ms)
    try:
        journal = Journal(folder / EVENTS_JSONL, disk)
    except BlockingIOError:
        duration_ms = load_session(folder).duration_ms
        return RecoveryReport(folder, RecoveryStatus.STILL_RUNNING, info.outcome, duration_ms)
    except OSError as error:
        raise recording_error("Cannot recover", folder, error, "Check the permissions of the folder.") from error
    try:
        report = _repair(folder, journal, disk)
        rebuild_derived(load_session(folder), score, measure, audit, disk)
        length_ms = 0 if info.has_audio else report.duration_ms
        ended = replace(info, outcome=report.outcome, reason=report.reason, length_ms=length_ms)
        write_private(folder / SESSION_JSON, encode(ended), disk)
        journal.close()
    except OSError as error:
        hint = f"`voiceprep recover {info.id}` once that is solved; nothing was lost."
        raise recording_error("Cannot recover", folder, error, hint) from error
    finally:
        with suppress(OSError):  # after another failure; closing for good is tried above
            journal.close()
    return report


def _repair(folder: Path, journal: Journal, disk: Disk) -> RecoveryReport:
    """The truth: tracks and journal. Raises OSError."""
    torn_bytes = journal.drop_torn_line()
    record = load_session(folder)
    left_open = open_turns(record.events)
    told_ms = max((event.at_ms for event in record.events), default=0)
    has_audio = record.info.has_audio
    duration_ms, problems = _repair_tracks(folder, told_ms, disk) if has_audio else (told_ms, ())
    end_ms = max(duration_ms, told_ms)
    for turn in left_open:
        journal.append(TurnEnded(at_ms=end_ms, turn=turn))
    # A session killed between saying how it ended and closing its folder has the last word about it.
    end = last_word(record.events)
    if end is None:
        end = SessionEnded(at_ms=end_ms, outcome=Outcome.RECOVERED, reason=_CUT_OFF)
        journal.append(end)
    return RecoveryReport(
        folder=folder,
        status=RecoveryStatus.RECOVERED,
        outcome=end.outcome,
        duration_ms=duration_ms,
        reason=end.reason,
        torn_bytes=torn_bytes,
        closed_turn_count=len(left_open),
        problems=problems,
    )


def _repair_tracks(folder: Path, told_ms: int, disk: Disk) -> tuple[int, tuple[str, ...]]:
    """Valid headers, equal lengths, nothing cut; the duration in ms and what was missing. Raises OSError.

    Audio that was lost while the journal went on to `told_ms` becomes silence, so that both keep one clock.
    """
    missing = [name for name in TRACK_RATES_HZ if not (folder / name).is_file()]
    lengths = {name: 0 if name in missing else stored_samples(folder / name) for name in TRACK_RATES_HZ}
    told_samples = told_ms * MICROPHONE_RATE_HZ // 1000
    if 0 < told_samples - lengths[CANDIDATE_WAV] <= AHEAD_MS_MAX * MICROPHONE_RATE_HZ // 1000:
        lengths[CANDIDATE_WAV] = told_samples
    equal = equal_lengths(lengths[CANDIDATE_WAV], lengths[INTERVIEWER_WAV])
    for name, n_samples in zip((CANDIDATE_WAV, INTERVIEWER_WAV), equal, strict=True):
        repair_wav(folder / name, TRACK_RATES_HZ[name], n_samples, disk)
    problems = tuple(f"{name} was missing; it is silence now." for name in missing)
    return equal[0] * 1000 // MICROPHONE_RATE_HZ, problems
