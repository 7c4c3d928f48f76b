"""Deletes sessions for good: a session is gone from every list in one step, then its bytes.

Must not know why a session is deleted.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.recordings.files import fsync_folder, recording_error
from voiceprep.recordings.folder import is_being_written, session_folders, started_at
from voiceprep.recordings.index import clear_index
from voiceprep.recordings.reviews import SCHEDULE_JSON

_DRAFT = ".*.new"
"""A session that was killed while its folder was being made leaves one."""
_LEFT_OVER = ".*.gone"
"""A deletion that was cut off leaves its folder under such a name; the next one finishes it."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """One session to be deleted and the bytes that frees."""

    folder: Path
    size_bytes: int


def doomed(folders: Iterable[Path]) -> tuple[Doomed, ...]:
    """What deleting these would free. Raises RecordingError for one that is still being recorded."""
    found = []
    for folder in folders:
        if is_being_written(folder):
            raise RecordingError(f"{folder.name} is being recorded.", "End that interview first.")
        found.append(Doomed(folder, sum(path.lstat().st_size for path in folder.rglob("*"))))
    return tuple(found)


def older_than(recordings_dir: Path, days: float, now: datetime) -> tuple[Path, ...]:
    """Sessions that began more than `days` before `now`, and are not being recorded. Raises RecordingError."""
    limit = now - timedelta(days=days)
    dated = [(folder, started_at(folder)) for folder in session_folders(recordings_dir)]
    return tuple(folder for folder, at in dated if at is not None and at < limit and not is_being_written(folder))


def remove_session(folder: Path) -> None:
    """Delete one session for good, the index that holds its words too.

    Raises RecordingError; then it is there whole, or not listed any more.
    """
    folder = folder.resolve()
    gone = folder.with_name(f".{folder.name}.gone")
    try:
        folder.rename(gone)
        fsync_folder(folder.parent)
        clear_index(folder.parent)
        shutil.rmtree(gone)
        for rest in folder.parent.glob(_LEFT_OVER):
            shutil.rmtree(rest)
    except OSError as error:
        hint = "Correct the permissions, then run `voiceprep purge` again."
        raise recording_error("Cannot delete", folder, error, hint) from error


def beside_sessions(recordings_dir: Path) -> tuple[Path, ...]:
    """What else holds somebody's words or weaknesses there: the imported reviews, sessions that never began."""
    schedule = recordings_dir / SCHEDULE_JSON
    drafts = [path for path in recordings_dir.glob(_DRAFT) if not is_being_written(path)]
    return (*(path for path in (schedule,) if path.exists()), *sorted(drafts))


def remove_files(paths: Iterable[Path]) -> None:
    """Delete files and folders for good. Raises RecordingError."""
    for path in paths:
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        except OSError as error:
            hint = "Correct the permissions of its folder."
            raise recording_error("Cannot delete", path, error, hint) from error
