"""A session's files sealed in place once it is over, and opened again: `NAME` becomes `NAME.age`.

Killed at any moment nothing is lost: a file leaves the open only when it is sealed and on the disk.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.model import Outcome
from voiceprep.recordings.age import FORMAT, SUFFIX, Seal, seal_file, unseal_bytes, unseal_file
from voiceprep.recordings.codec import decode, encode
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.files import fsync_folder, recording_error, write_private
from voiceprep.recordings.folder import SESSION_JSON, is_being_written
from voiceprep.recordings.index import clear_plain_index
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import load_session

SEALED_INFO = SESSION_JSON + SUFFIX
_DRAFTS = ".*.tmp"
"""What a process was writing when it was killed."""


def is_left_open(folder: Path, info: SessionInfo) -> bool:
    """It is over and was to be sealed, and something of it can still be read without a key."""
    return info.outcome is not Outcome.RUNNING and is_to_be_sealed(folder, info)


def is_to_be_sealed(folder: Path, info: SessionInfo) -> bool:
    """Now, or once it is over."""
    return bool(info.encrypt_to) and (not info.sealed or bool(in_the_open(folder)) or any(folder.glob(_DRAFTS)))


def in_the_open(folder: Path) -> list[Path]:
    """Files that are not sealed, in order; session.json stays in the open as an outline. Raises RecordingError."""
    try:
        return sorted(path for path in folder.iterdir() if _is_content(path) and path.suffix != SUFFIX)
    except OSError as error:
        raise recording_error("Cannot list", folder, error, "Check its permissions.") from error


def seal_session(folder: Path, recipients: Sequence[str] = (), disk: Disk = DISK) -> bool:
    """Seal it to those its session.json names, or to `recipients` where it names none; False where nobody is named.

    First the whole session.json is sealed, then an outline takes its place, which marks the folder; then each other
    file. What a killed process left open is sealed by the next call. Raises RecordingError, ConfigError.
    """
    if not (load_info(folder).encrypt_to or recipients):
        return False
    with sole_user(folder) as info:
        if info.outcome is Outcome.RUNNING or is_being_written(folder):
            raise RecordingError(f"{folder.name} is not over.", f"End it, or: voiceprep recover {folder.name}")
        try:
            _seal(folder, info, tuple(recipients), disk)
        except OSError as error:
            hint = f"`voiceprep recover {folder.name}` seals the rest; nothing was lost."
            raise recording_error("Cannot seal", folder, error, hint) from error
    return True


def _seal(folder: Path, info: SessionInfo, recipients: Sequence[str], disk: Disk) -> None:
    """Raises OSError."""
    if not info.sealed:
        if not info.encrypt_to:
            info = replace(info, encrypt_to=tuple(recipients))
            write_private(folder / SESSION_JSON, encode(info), disk)
        outline = info.outline(FORMAT, load_session(folder).duration_ms)
        seal_file(folder / SESSION_JSON, folder / SEALED_INFO, info.encrypt_to, disk)
        write_private(folder / SESSION_JSON, encode(outline), disk)
    for path in in_the_open(folder):
        seal_file(path, folder / (path.name + SUFFIX), info.encrypt_to, disk)
        disk.remove(path)
    for draft in filter(_is_abandoned, folder.glob(_DRAFTS)):
        disk.remove(draft)
    fsync_folder(folder, disk)
    clear_plain_index(folder.parent)


def unseal_session(folder: Path, seal: Seal, *, is_for_good: bool = False, disk: Disk = DISK) -> bool:
    """Put every file back into the open, as it was, session.json last; False for a session that is not sealed.

    `is_for_good`: it is not to be sealed again when it ends. Raises RecordingError, ConfigError.
    """
    if not load_info(folder).sealed:
        return False
    with sole_user(folder) as info:
        if not info.sealed:
            return False
        try:
            whole = unseal_bytes(folder / SEALED_INFO, seal)
            for path in sealed_files(folder):
                plain = path.with_suffix("")
                if path.name != SEALED_INFO and not plain.exists():
                    unseal_file(path, plain, seal, disk)
            if is_for_good:
                whole = encode(replace(decode(SessionInfo, whole), encrypt_to=()))
            write_private(folder / SESSION_JSON, whole, disk)
            for path in sealed_files(folder):
                disk.remove(path)
            fsync_folder(folder, disk)
        except OSError as error:
            hint = f"`voiceprep recover {folder.name}` seals it again; nothing was lost."
            raise recording_error("Cannot unseal", folder, error, hint) from error
    return True


def sealed_files(folder: Path) -> list[Path]:
    """Raises OSError."""
    return sorted(path for path in folder.iterdir() if _is_content(path) and path.suffix == SUFFIX)


def _is_content(path: Path) -> bool:
    is_own = path.name != SESSION_JSON and not path.name.startswith(".")
    return is_own and path.is_file() and not path.is_symlink()


@contextmanager
def sole_user(folder: Path) -> Iterator[SessionInfo]:
    """Nobody else seals or unseals meanwhile; what session.json says then. Raises RecordingError."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise recording_error("Cannot open", folder, error, "Check its permissions.") from error
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield load_info(folder)
    finally:
        os.close(lock)


def _is_abandoned(draft: Path) -> bool:
    """Nobody is writing it."""
    try:
        file = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True
