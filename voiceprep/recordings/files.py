"""Private files written whole or not at all, and what an OSError means to a person. Knows no session."""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.recordings.disk import DISK, Disk

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def write_private(path: Path, data: bytes, disk: Disk = DISK) -> None:
    """Replace `path` with `data` in one step: readers see the old or the new one. Mode 0600. Raises OSError."""
    fill_private(path, lambda file: write_all(file, data, disk), disk)


def fill_private(path: Path, fill: Callable[[int], None], disk: Disk = DISK) -> None:
    """As `write_private`, with what `fill` writes to a descriptor. Raises OSError and what `fill` raises."""
    draft = path.with_name(f".{path.name}.tmp")
    file = _open_draft(draft, disk)
    try:
        fill(file)
        disk.sync(file)
        disk.rename(draft, path)
    except Exception:
        draft.unlink(missing_ok=True)
        raise
    finally:
        disk.close_file(file)
    fsync_folder(path.parent, disk)


def _open_draft(draft: Path, disk: Disk) -> int:
    """An empty file of that name for this process alone: another one that writes the same file is waited for."""
    while True:
        file = disk.open_file(draft, os.O_WRONLY | os.O_CREAT)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if _is_named(file, draft):  # else the other has just put it in its place
                if os.fstat(file).st_size:
                    disk.cut(file, 0)
                return file
        except OSError:
            os.close(file)
            raise
        os.close(file)


def _is_named(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def write_all(file: int, data: bytes, disk: Disk = DISK) -> None:
    """Write to a file descriptor until nothing is left. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[disk.write(file, view) :]


def fsync_folder(folder: Path, disk: Disk = DISK) -> None:
    """Make renames and new files in `folder` survive a power cut. Raises OSError."""
    file = disk.open_file(folder, os.O_RDONLY)
    try:
        disk.sync(file)
    finally:
        os.close(file)


def recording_error(what: str, path: Path, error: OSError, hint: str) -> RecordingError:
    """A RecordingError saying `what` could not be done to `path` and why."""
    if error.errno in _FULL:
        return RecordingError(
            f"{what} {path}: the disk is full or a size limit was reached ({error.strerror}).",
            f"Free some space, then: {hint}" if hint else "Free some space.",
        )
    if error.errno in _FORBIDDEN:
        return RecordingError(f"{what} {path}: writing there is not allowed ({error.strerror}).", hint)
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return RecordingError(f"{what} {path}: something of that name is there, and it is no folder.", hint)
    return RecordingError(f"{what} {path}: {error.strerror or type(error).__name__}.", hint)
