"""Which folder is which: the recordings folder, the names in it, finding and listing sessions.

Must not know what happens inside a session.
"""

import fcntl
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from voiceprep.errors import RecordingError
from voiceprep.model import Outcome
from voiceprep.rates import MICROPHONE_RATE_HZ
from voiceprep.recordings.files import recording_error
from voiceprep.recordings.info import SCHEMA_VERSION, SessionInfo
from voiceprep.recordings.tracks import CANDIDATE_WAV
from voiceprep.recordings.wav import stored_samples

SESSION_JSON = "session.json"
EVENTS_JSONL = "events.jsonl"
_SESSION_NAME = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]+-[0-9a-f]{4}")


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


def recordings_folder(flag: Path | None, configured: Path | None, working_folder: Path | None = None) -> Path:
    """The flag, else the settings', else `./recordings` where that exists, else the user's data folder."""
    if flag is not None:
        return flag.expanduser()
    if configured is not None:
        return configured.expanduser()
    beside = (working_folder or Path.cwd()) / "recordings"
    if beside.is_dir():
        return beside
    return platformdirs.user_data_path("voiceprep", appauthor=False) / "recordings"


def session_id(started_at: datetime, bank_id: str) -> str:
    """`<UTC YYYYMMDDTHHMMSSZ>-<bank>-<4 hex>`; names sort by time."""
    bank = re.sub(r"[^a-z0-9]+", "-", bank_id.lower()).strip("-")[:60].rstrip("-") or "bank"
    return f"{started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{bank}-{secrets.token_hex(2)}"


def started_at(folder: Path) -> datetime | None:
    """When a session began, by its folder's name; UTC. None for a name that holds no time."""
    try:
        return datetime.strptime(folder.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def is_session_name(name: str) -> bool:
    return _SESSION_NAME.fullmatch(name) is not None


def session_folders(recordings_dir: Path) -> tuple[Path, ...]:
    """Every session folder, newest first; empty when there is no such folder. Raises RecordingError."""
    try:
        names = [entry.name for entry in recordings_dir.iterdir() if is_session_name(entry.name)]
    except FileNotFoundError:
        return ()
    except OSError as error:
        hint = "Name another folder with --recordings DIR."
        raise recording_error("Cannot list the sessions in", recordings_dir, error, hint) from error
    return tuple(recordings_dir / name for name in sorted(names, reverse=True))


def find_session(recordings_dir: Path, which: str) -> Path:
    """The folder for `last`, an id, the unique start of one, or a path. Raises RecordingError."""
    as_path = Path(which).expanduser()
    if (as_path / SESSION_JSON).is_file():
        return as_path
    folders = session_folders(recordings_dir)
    if not folders:
        raise RecordingError(
            f"There is no session in {recordings_dir}.",
            "Record one with `voiceprep interview`, or name another folder with --recordings DIR.",
        )
    if which == "last":
        return folders[0]
    matches = [folder for folder in folders if which and folder.name.startswith(which)]
    if len(matches) == 1 or (matches and matches[-1].name == which):
        return matches[-1]
    if matches:
        some = ", ".join(folder.name for folder in matches[:3])
        raise RecordingError(
            f"{len(matches)} sessions in {recordings_dir} start with '{which}': {some}{' …' * (len(matches) > 3)}",
            "Type more of the id.",
        )
    raise RecordingError(
        f"No session in {recordings_dir} is called '{which}'.",
        f"Use `last`, a folder, or the start of an id; the newest is {folders[0].name}.",
    )


def list_sessions(recordings_dir: Path) -> tuple[SessionSummary, ...]:
    """Every session, newest first, unreadable ones included. Raises RecordingError."""
    return tuple(_summary(folder) for folder in session_folders(recordings_dir))


def load_info(folder: Path) -> SessionInfo:
    """session.json. Raises RecordingError when it is missing, broken or of a newer version."""
    from voiceprep.recordings.codec import decode, schema_version  # pydantic: listing folders does without

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


def is_being_written(folder: Path) -> bool:
    """A living process holds this session's lock. The lock dies with the process, so a stale one is impossible."""
    try:
        journal = os.open(folder / EVENTS_JSONL, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(journal, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(journal)
    return False


def _summary(folder: Path) -> SessionSummary:
    try:
        duration_ms = stored_samples(folder / CANDIDATE_WAV) * 1000 // MICROPHONE_RATE_HZ
    except OSError:
        duration_ms = 0
    try:
        info = load_info(folder)
    except RecordingError as error:
        return SessionSummary(folder, None, duration_ms, problem=error.message)
    is_live = info.outcome is Outcome.RUNNING and is_being_written(folder)
    return SessionSummary(folder, info, duration_ms, is_live)


def _first_line(error: ValueError) -> str:
    return " ".join(str(error).split("\n")[:2]).strip()
