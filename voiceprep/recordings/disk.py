"""The system calls a recording is made of, as a value: tests put one in its place that fails where they say.

Must not know what is written. Every call raises OSError.
"""

import os
from pathlib import Path


class Disk:
    """The real one. Files are descriptors; a write may store less than all, as the system's may."""

    def make_folder(self, path: Path, mode: int = 0o777) -> None:
        """FileExistsError when something of that name is there."""
        path.mkdir(mode)

    def open_file(self, path: Path, flags: int) -> int:
        """A descriptor, closed on exec; a new file has mode 0600."""
        return os.open(path, flags | os.O_CLOEXEC, 0o600)

    def write(self, file: int, data: memoryview) -> int:
        return os.write(file, data)

    def write_at(self, file: int, data: memoryview, start_bytes: int) -> int:
        return os.pwrite(file, data, start_bytes)

    def cut(self, file: int, length_bytes: int) -> None:
        os.ftruncate(file, length_bytes)

    def sync(self, file: int) -> None:
        os.fsync(file)

    def close_file(self, file: int) -> None:
        os.close(file)

    def rename(self, old: Path, new: Path) -> None:
        old.replace(new)

    def remove(self, path: Path) -> None:
        path.unlink()


DISK = Disk()
