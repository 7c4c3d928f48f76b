"""A disk that fails at one call of its own choosing: for one call, for good, or in the middle of a write."""

import errno
from enum import Enum, auto
from pathlib import Path

from voiceprep.recordings.disk import Disk


class Fault(Enum):
    """How the disk fails, and what the error must say."""

    ONCE = auto()  # one call fails, the next ones work: a cable, a network drive
    FOR_GOOD = auto()  # this call and every later one: a full disk
    HALF_WRITTEN = auto()  # half of the bytes are stored, then no space is left


class FaultyDisk(Disk):
    """Counts its calls and fails at number `at`, from 0; None: never."""

    def __init__(self, at: int | None = None, fault: Fault = Fault.ONCE) -> None:
        self.calls: list[str] = []
        self._at = at
        self._fault = fault

    def _is_failing(self, call: str) -> bool:
        self.calls.append(call)
        number = len(self.calls) - 1
        return self._at is not None and (
            number == self._at or (number > self._at and self._fault is not Fault.ONCE)
        )

    def _check(self, call: str) -> None:
        if self._is_failing(call):
            raise self._error()

    def _error(self) -> OSError:
        if self._fault is Fault.ONCE:
            return OSError(errno.EIO, "Input/output error")
        return OSError(errno.ENOSPC, "No space left on device")

    def make_folder(self, path: Path, mode: int = 0o777) -> None:
        self._check("make_folder")
        super().make_folder(path, mode)

    def open_file(self, path: Path, flags: int) -> int:
        self._check("open")
        return super().open_file(path, flags)

    def write(self, file: int, data: memoryview) -> int:
        if self._is_failing("write"):
            if self._fault is Fault.HALF_WRITTEN:
                super().write(file, data[: len(data) // 2])
            raise self._error()
        return super().write(file, data)

    def write_at(self, file: int, data: memoryview, start_bytes: int) -> int:
        if self._is_failing("write_at"):
            if self._fault is Fault.HALF_WRITTEN:
                super().write_at(file, data[: len(data) // 2], start_bytes)
            raise self._error()
        return super().write_at(file, data, start_bytes)

    def cut(self, file: int, length_bytes: int) -> None:
        self._check("cut")
        super().cut(file, length_bytes)

    def sync(self, file: int) -> None:
        self._check("sync")
        super().sync(file)

    def rename(self, old: Path, new: Path) -> None:
        self._check("rename")
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self._check("remove")
        super().remove(path)
