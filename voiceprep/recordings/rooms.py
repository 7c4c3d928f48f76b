"""Which session belongs to which room, and whether somebody holds it: small files beside the sessions.

Workers that share a recordings folder find each other's interviews here. A lock dies with its process, so what is
open and not locked was broken off. Must not know LiveKit.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from voiceprep.errors import ConfigError, RecordingError
from voiceprep.recordings.codec import decode, encode
from voiceprep.recordings.files import recording_error, write_private

SCHEMA_VERSION = 1
ROOMS_FOLDER = ".rooms"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


class RoomStatus(StrEnum):
    OPEN = "open"  # is held, or was when its worker died
    LEFT = "left"  # the candidate did not come back in time
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEntry:
    """.rooms/ROOM.json. `order`: what was asked for; `session`: its folder's name, empty before there is one."""

    schema_version: int = SCHEMA_VERSION
    room: str
    order: str = ""
    session: str = ""
    status: RoomStatus = RoomStatus.OPEN


class RoomTakenError(RecordingError):
    """Another process holds this room."""


class RoomBook:
    """One room's entry, while its lock is held. Use `open_room`."""

    def __init__(self, path: Path, entry: RoomEntry) -> None:
        self._path = path
        self.entry = entry

    def note(
        self, *, order: str | None = None, session: str | None = None, status: RoomStatus | None = None
    ) -> None:
        """Write what changed. Raises RecordingError."""
        before = self.entry
        self.entry = replace(
            before,
            order=before.order if order is None else order,
            session=before.session if session is None else session,
            status=before.status if status is None else status,
        )
        try:
            write_private(self._path, encode(self.entry))
        except OSError as error:
            raise recording_error("Cannot write", self._path, error, "Check the recordings folder.") from error


@contextmanager
def open_room(recordings_dir: Path, room: str) -> Iterator[RoomBook]:
    """Hold a room. Raises RoomTakenError while another process does, ConfigError for a name that is none."""
    if not _NAME.fullmatch(room):
        raise ConfigError("The room's name cannot be used.", "Make rooms with `voiceprep rooms create`.")
    folder = recordings_dir / ROOMS_FOLDER
    with _held(folder, room) as is_held:
        if not is_held:
            raise RoomTakenError(f"The room {room} is held by another worker.", "Wait until it is over.")
        yield RoomBook(folder / f"{room}.json", load_room(recordings_dir, room) or RoomEntry(room=room))


def load_room(recordings_dir: Path, room: str) -> RoomEntry | None:
    """None where there is none, or none that can be read."""
    with suppress(OSError, ValueError):
        return decode(RoomEntry, (recordings_dir / ROOMS_FOLDER / f"{room}.json").read_bytes())
    return None


def is_held(recordings_dir: Path, room: str) -> bool:
    """A living process holds this room."""
    with suppress(OSError), _held(recordings_dir / ROOMS_FOLDER, room) as is_ours:
        return not is_ours
    return False


def open_rooms_in(recordings_dir: Path) -> list[RoomEntry]:
    """Every room that is open, held or not. Raises RecordingError."""
    folder = recordings_dir / ROOMS_FOLDER
    try:
        names = [path.stem for path in folder.glob("*.json")]
    except OSError as error:
        raise recording_error("Cannot read", folder, error, "Check the recordings folder.") from error
    entries = filter(None, (load_room(recordings_dir, name) for name in names))
    return [entry for entry in entries if entry.status is RoomStatus.OPEN]


def broken_off(recordings_dir: Path) -> list[RoomEntry]:
    """Every room that is open and held by nobody. Raises RecordingError."""
    return [entry for entry in open_rooms_in(recordings_dir) if not is_held(recordings_dir, entry.room)]


@contextmanager
def sole_keeper(recordings_dir: Path) -> Iterator[bool]:
    """True for one process at a time: it looks after the rooms that were broken off."""
    with _held(recordings_dir / ROOMS_FOLDER, "keeper") as is_ours:
        yield is_ours


@contextmanager
def _held(folder: Path, name: str) -> Iterator[bool]:
    """Whether the lock of this name could be taken; let go at the end. Raises RecordingError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise recording_error("Cannot write in", folder, error, "Name another with --recordings DIR.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)
