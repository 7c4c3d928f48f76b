"""What each session folder says of itself in session.json. Must not know what happens inside a session."""

from dataclasses import dataclass
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.model import Outcome
from voiceprep.rates import MICROPHONE_RATE_HZ
from voiceprep.recordings.codec import decode, schema_version
from voiceprep.recordings.files import recording_error
from voiceprep.recordings.folder import SESSION_JSON, is_being_written, session_folders
from voiceprep.recordings.info import SCHEMA_VERSION, SessionInfo
from voiceprep.recordings.tracks import CANDIDATE_WAV
from voiceprep.recordings.wav import stored_samples


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One line of a list. `info` is None when session.json cannot be read; `problem` then says why."""

    folder: Path
    info: SessionInfo | None
    duration_ms: int
    is_being_written: bool = False
    problem: str = ""

    @property
    def needs_recovery(self) -> bool:
        return self.info is not None and self.info.outcome is Outcome.RUNNING and not self.is_being_written


def list_sessions(recordings_dir: Path) -> tuple[SessionSummary, ...]:
    """Every session, newest first, unreadable ones included. Raises RecordingError."""
    return tuple(_summary(folder) for folder in session_folders(recordings_dir))


def load_info(folder: Path) -> SessionInfo:
    """session.json. Raises RecordingError when it is missing, broken or of a newer version."""
    path = folder / SESSION_JSON
    try:
        data = path.read_bytes()
        if (version := schema_version(data)) > SCHEMA_VERSION:
            raise RecordingError(
                f"{path} was written by a newer voiceprep (schema version {version}).",
                f"Update voiceprep; this one reads versions up to {SCHEMA_VERSION}.",
            )
        return decode(SessionInfo, data)
    except OSError as error:
        hint = "Name a session folder, or `last`."
        raise recording_error("This is no session folder; cannot read", path, error, hint) from error
    except ValueError as error:
        raise RecordingError(
            f"{path} is not a valid session description ({_first_line(error)}).",
            "The audio and events.jsonl beside it may still be good; restore session.json from a backup.",
        ) from error


def _summary(folder: Path) -> SessionSummary:
    try:
        duration_ms = stored_samples(folder / CANDIDATE_WAV) * 1000 // MICROPHONE_RATE_HZ
    except OSError:
        duration_ms = 0
    try:
        info = load_info(folder)
    except RecordingError as error:
        return SessionSummary(folder, None, duration_ms, problem=error.message)
    if info.sealed or not info.has_audio:
        duration_ms = info.length_ms
    is_live = info.outcome is Outcome.RUNNING and is_being_written(folder)
    return SessionSummary(folder, info, duration_ms, is_live)


def _first_line(error: ValueError) -> str:
    return " ".join(str(error).split("\n")[:2]).strip()
