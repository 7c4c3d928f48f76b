"""A disk that nobody waits for long: once writes were slow, the next ones are queued, joined and done by a thread.

Must not know what is written.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from voiceprep.recordings.disk import DISK, Disk

SLOW_S, WRITING_SHARE = 0.25, 0.5
"""So long may be spent in writes beyond this share of the time. Healthy disks take microseconds for one."""


@dataclass(slots=True)
class _Write:
    """`start_bytes` None: at the end of the file."""

    file: int
    start_bytes: int | None
    data: bytearray = field(default_factory=bytearray)

    def is_followed_by(self, file: int, start_bytes: int | None) -> bool:
        end_bytes = None if self.start_bytes is None else self.start_bytes + len(self.data)
        return (self.file, end_bytes) == (file, start_bytes)

    def is_replaced_by(self, file: int, start_bytes: int | None, length_bytes: int) -> bool:
        same_place = (self.file, self.start_bytes) == (file, start_bytes)
        return same_place and start_bytes is not None and len(self.data) == length_bytes

    def is_touched_by(self, file: int, start_bytes: int | None, length_bytes: int) -> bool:
        if file != self.file or start_bytes is None or self.start_bytes is None:
            return False
        return start_bytes < self.start_bytes + len(self.data) and self.start_bytes < start_bytes + length_bytes


class QueuedDisk(Disk):
    """Over another disk. As fast as that is, it is no different: each write is done when the call returns.

    On a slow one a write only waits in the queue, so an error is raised by a later call; writes next to each other
    become one, and a header written again only its last. `sync`, `cut` and `close_file` wait for what was written.
    """

    def __init__(self, disk: Disk = DISK, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._disk = disk
        self._clock_s = clock_s
        self._is_slow = False
        self._owed_s = 0.0
        self._last_s = clock_s()
        self._changed = threading.Condition()
        self._queue: list[_Write] = []
        self._is_working = False
        self._error: OSError | None = None

    def make_folder(self, path: Path, mode: int = 0o777) -> None:
        self._disk.make_folder(path, mode)

    def open_file(self, path: Path, flags: int) -> int:
        return self._disk.open_file(path, flags)

    def write(self, file: int, data: memoryview) -> int:
        return self._write(file, None, data)

    def write_at(self, file: int, data: memoryview, start_bytes: int) -> int:
        return self._write(file, start_bytes, data)

    def cut(self, file: int, length_bytes: int) -> None:
        self._drain()
        self._disk.cut(file, length_bytes)

    def sync(self, file: int) -> None:
        self._drain()
        self._raise_error()
        self._disk.sync(file)

    def rename(self, old: Path, new: Path) -> None:
        self._disk.rename(old, new)

    def remove(self, path: Path) -> None:
        self._disk.remove(path)

    def close_file(self, file: int) -> None:
        self._drain()
        self._disk.close_file(file)

    def _write(self, file: int, start_bytes: int | None, data: memoryview) -> int:
        self._raise_error()
        if self._is_slow:
            self._enqueue(file, start_bytes, data)
            return len(data)
        begun_s = self._clock_s()
        try:
            return self._store(file, start_bytes, data)
        finally:
            self._judge(begun_s, self._clock_s())

    def _judge(self, begun_s: float, ended_s: float) -> None:
        """One long write, or many short ones that leave no time for anything else."""
        self._owed_s = max(0.0, self._owed_s - (begun_s - self._last_s) * WRITING_SHARE) + ended_s - begun_s
        self._last_s = ended_s
        self._is_slow = self._owed_s > SLOW_S

    def _store(self, file: int, start_bytes: int | None, data: memoryview) -> int:
        if start_bytes is None:
            return self._disk.write(file, data)
        return self._disk.write_at(file, data, start_bytes)

    def _enqueue(self, file: int, start_bytes: int | None, data: memoryview) -> None:
        with self._changed:
            self._queue = [one for one in self._queue if not one.is_replaced_by(file, start_bytes, len(data))]
            self._place(file, start_bytes, len(data)).data.extend(data)
            if not self._is_working:
                self._is_working = True
                threading.Thread(target=self._work, name="voiceprep-disk", daemon=True).start()

    def _place(self, file: int, start_bytes: int | None, length_bytes: int) -> _Write:
        """Where to add it: to the write it continues, unless it must come after a later one."""
        for one in reversed(self._queue):
            if one.is_followed_by(file, start_bytes):
                return one
            if one.is_touched_by(file, start_bytes, length_bytes):
                break
        self._queue.append(_Write(file, start_bytes))
        return self._queue[-1]

    def _work(self) -> None:
        """Until nothing is left."""
        while True:
            with self._changed:
                if not self._queue:
                    self._is_working = False
                    self._changed.notify_all()
                    return
                write = self._queue.pop(0)
            try:
                self._store_all(write)
            except OSError as error:
                self._error = self._error or error

    def _store_all(self, write: _Write) -> None:
        """All of it; of lines rather none than half of one. Raises OSError."""
        view, start_bytes = memoryview(write.data), write.start_bytes
        length_bytes = os.fstat(write.file).st_size
        try:
            while view:
                written_bytes = self._store(write.file, start_bytes, view)
                view = view[written_bytes:]
                start_bytes = None if start_bytes is None else start_bytes + written_bytes
        except OSError:
            if start_bytes is None:
                with suppress(OSError):
                    self._disk.cut(write.file, length_bytes)
            raise

    def _drain(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_working)

    def _raise_error(self) -> None:
        if (error := self._error) is not None:
            self._error = None
            raise error
