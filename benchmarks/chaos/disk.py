"""A disk on which a process dies: in one call, between any two others, with part of what it writes stored."""

from collections.abc import Callable
from pathlib import Path

from voiceprep.recordings.disk import Disk


class MortalDisk(Disk):
    """Once armed, calls `die` within the call that comes after `call_count` others; then works on.

    `share`: how much of a write is stored when `die` is called; the rest is written when that returns.
    """

    def __init__(self, die: Callable[[], object], share: float = 0.0) -> None:
        self._die = die
        self._share = share
        self._left: int | None = None
        self.is_dead = False

    def arm(self, call_count: int) -> None:
        self._left = call_count

    def make_folder(self, path: Path, mode: int = 0o777) -> None:
        self._live()
        super().make_folder(path, mode)

    def open_file(self, path: Path, flags: int) -> int:
        self._live()
        return super().open_file(path, flags)

    def write(self, file: int, data: memoryview) -> int:
        return self._write(lambda part: super(MortalDisk, self).write(file, part), data)

    def write_at(self, file: int, data: memoryview, start_bytes: int) -> int:
        return self._write(lambda part: super(MortalDisk, self).write_at(file, part, start_bytes), data)

    def cut(self, file: int, length_bytes: int) -> None:
        self._live()
        super().cut(file, length_bytes)

    def sync(self, file: int) -> None:
        self._live()
        super().sync(file)

    def rename(self, old: Path, new: Path) -> None:
        self._live()
        super().rename(old, new)

    def _write(self, write: Callable[[memoryview], int], data: memoryview) -> int:
        if self._left != 0:
            self._live()
            return write(data)
        written_bytes = write(data[: int(len(data) * self._share)]) if self._share else 0
        self._live()
        return written_bytes or write(data)

    def _live(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            self._left, self.is_dead = None, True
            self._die()
