"""events.jsonl: one line per event, only ever appended to; its lock says that the session is alive.

Must not know what the events mean.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from voiceprep.events import Journaled
from voiceprep.recordings.codec import decode_event, encode_event
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.files import write_all, write_private

TORN_SUFFIX = ".torn"


class Journal:
    """The journal, open and locked for as long as this value lives. One thread at a time."""

    def __init__(self, path: Path, disk: Disk = DISK) -> None:
        """Open or create. Raises OSError; BlockingIOError when another process holds it."""
        self._disk = disk
        self._file = disk.open_file(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise
        self._path = path
        self._length_bytes = os.fstat(self._file).st_size

    def append(self, event: Journaled) -> None:
        """Write one line in one write. A line that does not fit is taken back. Raises OSError."""
        line = encode_event(event) + b"\n"
        try:
            write_all(self._file, line, self._disk)
        except OSError:
            if os.fstat(self._file).st_size > self._length_bytes:
                self._disk.cut(self._file, self._length_bytes)
            raise
        self._length_bytes += len(line)

    def drop_torn_line(self) -> int:
        """Cut an unfinished last line off, keeping it in `events.jsonl.torn`. Bytes cut. Raises OSError.

        A last line that lacks only its line break is completed instead.
        """
        data = self._path.read_bytes()
        whole, torn = split_torn_line(data)
        if torn:
            self._set_aside(torn)
            self._disk.cut(self._file, len(whole))
        elif whole and not whole.endswith(b"\n"):
            write_all(self._file, b"\n", self._disk)
        self._length_bytes = os.fstat(self._file).st_size
        return len(torn)

    def _set_aside(self, torn: bytes) -> None:
        """Behind what was torn off before; once, however often recovery is cut off itself."""
        path = self._path.with_name(self._path.name + TORN_SUFFIX)
        earlier = path.read_bytes() if path.exists() else b""
        if not earlier.endswith(torn):
            write_private(path, earlier + b"\n" * bool(earlier) + torn, self._disk)

    def close(self) -> None:
        """Make it durable and let the lock go. Raises OSError; idempotent."""
        if self._file < 0:
            return
        try:
            self._disk.sync(self._file)
        finally:
            file, self._file = self._file, -1
            self._disk.close_file(file)


@dataclass(frozen=True, slots=True)
class JournalContent:
    """What a journal holds. `unreadable_lines` counts from 1; `torn_bytes` is an unfinished last line."""

    events: tuple[Journaled, ...]
    unknown_count: int = 0
    unreadable_lines: tuple[int, ...] = ()
    torn_bytes: int = 0


def parse_journal(data: bytes) -> JournalContent:
    """Everything that can be understood; nothing raises."""
    whole, torn = split_torn_line(data)
    events: list[Journaled] = []
    unknown_count = 0
    unreadable: list[int] = []
    for number, line in enumerate(whole.split(b"\n"), start=1):
        if not line:
            continue
        try:
            event = decode_event(line)
        except ValueError:
            unreadable.append(number)
            continue
        if event is None:
            unknown_count += 1
        else:
            events.append(event)
    return JournalContent(tuple(events), unknown_count, tuple(unreadable), len(torn))


def split_torn_line(data: bytes) -> tuple[bytes, bytes]:
    """The finished lines, and the unfinished last one."""
    end = data.rfind(b"\n") + 1
    tail = data[end:]
    try:
        if tail:
            decode_event(tail)
    except ValueError:
        return data[:end], tail
    return data, b""
