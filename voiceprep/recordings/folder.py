"""Which folder is which: the recordings folder, the names in it, finding sessions by name.

Must not look inside a session. Imports nothing heavy: every reading command starts here.
"""

import fcntl
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.recordings.files import recording_error

SESSION_JSON = "session.json"
EVENTS_JSONL = "events.jsonl"
_SESSION_NAME = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]+-[0-9a-f]{4}")


def recordings_folder(flag: Path | None, configured: Path | None, working_folder: Path | None = None) -> Path:
    """The flag, else the settings', else `./recordings` where that exists, else the user's data folder."""
    if flag is not None:
        return flag.expanduser()
    if configured is not None:
        return configured.expanduser()
    beside = (working_folder or Path.cwd()) / "recordings"
    if beside.is_dir():
        return beside
    import platformdirs

    return platformdirs.user_data_path("voiceprep", appauthor=False) / "recordings"


def session_id(started_at: datetime, bank_id: str) -> str:
    """`<UTC YYYYMMDDTHHMMSSZ>-<bank>-<4 hex>`; names sort by time."""
    import secrets

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


def session_names(recordings_dir: Path) -> list[str]:
    """The name of every session folder, newest first. Raises RecordingError."""
    try:
        names = os.listdir(recordings_dir)  # noqa: PTH208  # half the time of iterdir, which counts with 10,000
    except FileNotFoundError:
        return []
    except OSError as error:
        hint = "Name another folder with --recordings DIR."
        raise recording_error("Cannot list the sessions in", recordings_dir, error, hint) from error
    return sorted(filter(_SESSION_NAME.fullmatch, names), reverse=True)


def session_folders(recordings_dir: Path) -> tuple[Path, ...]:
    """Every session folder, newest first; empty when there is no such folder. Raises RecordingError."""
    return tuple(recordings_dir / name for name in session_names(recordings_dir))


def find_session(recordings_dir: Path, which: str) -> Path:
    """The folder for `last`, an id, the unique start of one, or a path. Raises RecordingError."""
    as_path = Path(which).expanduser()
    if _is_session(as_path):
        return as_path
    names = session_names(recordings_dir)
    if not names:
        raise RecordingError(
            f"There is no session in {recordings_dir}.",
            "Record one with `voiceprep interview`, or name another folder with --recordings DIR.",
        )
    if which == "last":
        return recordings_dir / names[0]
    matches = [name for name in names if which and name.startswith(which)]
    if len(matches) == 1 or (matches and matches[-1] == which):
        return recordings_dir / matches[-1]
    if matches:
        some = ", ".join(matches[:3])
        raise RecordingError(
            f"{len(matches)} sessions in {recordings_dir} start with '{which}': {some}{' …' * (len(matches) > 3)}",
            "Type more of the id.",
        )
    raise RecordingError(
        f"No session in {recordings_dir} is called '{which}'.",
        f"Use `last`, a folder, or the start of an id; the newest is {names[0]}.",
    )


def _is_session(path: Path) -> bool:
    """False also for what cannot be a path at all (too long, a null character)."""
    try:
        return (path / SESSION_JSON).is_file()
    except (OSError, ValueError):
        return False


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
