"""One mono 16-bit WAV that is valid at every moment it could be read or killed.

Audio first, header second: the header never promises samples that are not there. Knows no session.
"""

import os
import struct
from pathlib import Path

from voiceprep.recordings.disk import DISK, Disk

HEADER_BYTES = 44
SAMPLE_BYTES = 2
FLUSH_MS = 100
"""Audio kept in memory at most; half of what a killed session may lose, the rest is for what is in flight."""


class WavTrack:
    """A WAV being written. One thread at a time. Positions and lengths are samples."""

    def __init__(self, path: Path, rate_hz: int, *, is_resumed: bool = False, disk: Disk = DISK) -> None:
        """Create `path` with a valid header, or go on at the end of the one that is there. Raises OSError."""
        self.rate_hz = rate_hz
        self._disk = disk
        self._flush_bytes = rate_hz * FLUSH_MS // 1000 * SAMPLE_BYTES
        self._pending = bytearray()
        self._stored_samples = stored_samples(path) if is_resumed else 0
        self._pending_start_samples = self._stored_samples
        how = 0 if is_resumed else os.O_CREAT | os.O_EXCL
        self._file = disk.open_file(path, os.O_RDWR | how)
        try:
            _write_at(disk, self._file, wav_header(rate_hz, self._stored_samples), 0)
        except OSError:
            os.close(self._file)
            raise

    @property
    def position_samples(self) -> int:
        """Where the next sample goes."""
        return self._pending_start_samples + len(self._pending) // SAMPLE_BYTES

    @property
    def length_samples(self) -> int:
        return max(self._stored_samples, self.position_samples)

    def append(self, pcm: bytes) -> None:
        """Add little-endian samples at the position; stored once 0.1 s has come together. Raises OSError."""
        self._pending += pcm
        if len(self._pending) >= self._flush_bytes:
            self.flush()

    def pad_to(self, position_samples: int) -> None:
        """Silence up to `position_samples`; nothing when the track is already there. Raises OSError."""
        while (missing_samples := position_samples - self.position_samples) > 0:
            self.append(bytes(min(missing_samples, self.rate_hz) * SAMPLE_BYTES))

    def rewind_to(self, position_samples: int) -> None:
        """What comes next overwrites from here. Raises OSError."""
        self.flush()
        self._pending_start_samples = position_samples

    def flush(self) -> None:
        """Store what is pending, then let the header count it. Raises OSError; pending audio is then dropped."""
        if not self._pending:
            return
        pcm, self._pending = bytes(self._pending), bytearray()
        start_bytes = HEADER_BYTES + self._pending_start_samples * SAMPLE_BYTES
        _write_at(self._disk, self._file, pcm, start_bytes)
        self._pending_start_samples += len(pcm) // SAMPLE_BYTES
        if self._pending_start_samples > self._stored_samples:
            self._stored_samples = self._pending_start_samples
            _write_at(self._disk, self._file, wav_header(self.rate_hz, self._stored_samples), 0)

    def close(self) -> None:
        """Store everything and close the file, also when storing fails. Raises OSError; idempotent."""
        if self._file < 0:
            return
        try:
            self.flush()
            self._disk.sync(self._file)
        finally:
            file, self._file = self._file, -1
            self._disk.close_file(file)


def wav_header(rate_hz: int, n_samples: int) -> bytes:
    """The 44 bytes of a canonical RIFF/WAVE header, PCM 16-bit mono (Microsoft/IBM 1991)."""
    data_bytes = n_samples * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, 1, 1),
        *(rate_hz, rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 16, b"data", data_bytes),
    )


def stored_samples(path: Path) -> int:
    """Samples in one of our own WAVs, counted from its size. Raises OSError."""
    return max(0, path.stat().st_size - HEADER_BYTES) // SAMPLE_BYTES


def has_valid_header(path: Path, rate_hz: int) -> bool:
    """The header promises exactly what is there. Raises OSError."""
    with path.open("rb") as file:
        return file.read(HEADER_BYTES) == wav_header(rate_hz, stored_samples(path)) and path.stat().st_size % 2 == 0


def repair_wav(path: Path, rate_hz: int, n_samples: int, disk: Disk = DISK) -> None:
    """Make `path` a valid WAV of exactly `n_samples`: missing audio is silence. Raises OSError. Idempotent."""
    file = disk.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        stored_bytes = max(0, os.fstat(file).st_size - HEADER_BYTES)
        if stored_bytes % SAMPLE_BYTES:
            disk.cut(file, HEADER_BYTES + stored_bytes - 1)
        disk.cut(file, HEADER_BYTES + n_samples * SAMPLE_BYTES)
        _write_at(disk, file, wav_header(rate_hz, n_samples), 0)
        disk.sync(file)
    finally:
        os.close(file)


def _write_at(disk: Disk, file: int, data: bytes, start_bytes: int) -> None:
    view = memoryview(data)
    while view:
        written_bytes = disk.write_at(file, view, start_bytes)
        view = view[written_bytes:]
        start_bytes += written_bytes
