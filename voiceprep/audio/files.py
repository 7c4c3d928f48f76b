"""Files in place of a sound card: a WAV as the microphone, a WAV as the loudspeaker, silence for typed answers.

Must not know sessions or devices. What is not 16 kHz mono PCM16 is refused with the command that converts it.
"""

import shlex
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from voiceprep.audio.pace import Pace
from voiceprep.errors import AudioDeviceError
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples

PCM, FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE
"""Format tags, from Microsoft's "Multimedia Programming Interface and Data Specifications 1.0"."""

UNFINISHED_SIZES = (0, 0x7FFF_FFFF, 0xFFFF_FFFF)
"""Data sizes that programs write when they do not know the end yet: recordings that were killed, pipes."""

HEAD_BYTES = 1 << 16
"""Room for the chunks in front of the samples."""

MOST_SILENCE_SAMPLES = 60 * SPEAKER_RATE_HZ
"""Silence is written in pieces no longer than this."""


@dataclass(frozen=True, slots=True)
class WavFormat:
    """A WAV header. `data_bytes` is what it promises, `data_offset` where the samples begin."""

    format_tag: int
    channels: int
    rate_hz: int
    bits: int
    data_offset: int
    data_bytes: int


def parse_wav_header(head: bytes) -> WavFormat | None:
    """The format of a RIFF WAVE, or None when this is not one or its chunks are incomplete."""
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    position, layout = 12, None
    while position + 8 <= len(head):
        name, size = head[position : position + 4], int.from_bytes(head[position + 4 : position + 8], "little")
        body = position + 8
        if name == b"fmt " and body + 16 <= len(head):
            layout = struct.unpack_from("<HHIIHH", head, body)
        if name == b"data" and layout is not None:
            tag, channels, rate_hz, _, _, bits = layout
            return WavFormat(tag, channels, rate_hz, bits, body, size)
        position = body + size + size % 2
    return None


class WavSource:
    """A 16 kHz mono PCM16 WAV as the microphone. Raises AudioDeviceError for anything else."""

    def __init__(self, path: Path, pace: Pace) -> None:
        self._pace = pace
        self._path = path
        self._file, self._left_bytes = _open_checked(path)

    async def read(self) -> Samples | None:
        await self._pace.wait()
        if self._file.closed or not self._left_bytes:
            return None
        try:
            data = self._file.read(min(self._left_bytes, MICROPHONE_BLOCK_SAMPLES * 2))
        except OSError as error:
            raise _unreadable(self._path, error) from error
        self._left_bytes = self._left_bytes - len(data) if data else 0
        block = np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
        samples = np.frombuffer(data[: len(data) & ~1], "<i2")
        block[: samples.size] = samples
        return block

    def close(self) -> None:
        self._file.close()


class SilentSource:
    """A candidate who types: silence without end, which keeps audio time going."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def read(self) -> Samples | None:
        await self._pace.wait()
        return np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)

    def close(self) -> None:
        pass


class WavSink:
    """What was heard of the interviewer as a 24 kHz WAV on the session clock: give `write` to a speaker's taps.

    The header is right after every write. Raises AudioDeviceError when the file exists with something in it,
    cannot be created, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if path.is_file() and path.stat().st_size:
                raise AudioDeviceError(
                    f"The loudspeaker file {path} already exists.", "Remove it first or name another file."
                )
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._written_samples = 0
        self._append(np.zeros(0, np.int16))

    def write(self, samples: Samples, start_ms: int) -> None:
        """Add 24 kHz audio, shape (n_samples,), heard at `start_ms`; at the end of the file when that is later."""
        gap_samples = start_ms * SPEAKER_RATE_HZ // 1000 - self._written_samples
        while gap_samples > 0:
            self._append(np.zeros(min(gap_samples, MOST_SILENCE_SAMPLES), np.int16))
            gap_samples -= MOST_SILENCE_SAMPLES
        self._append(samples)

    def close(self) -> None:
        self._file.close()

    def _append(self, samples: Samples) -> None:
        """The samples first, then the header that counts them: killed in between, the file is still whole."""
        try:
            self._put(WAV_HEADER_BYTES + self._written_samples * 2, samples.astype("<i2", copy=False).tobytes())
            self._put(0, wav_header((self._written_samples + samples.size) * 2))
        except OSError as error:
            self._file.close()
            raise _unwritable(self._path, error) from error
        self._written_samples += samples.size

    def _put(self, position_bytes: int, data: bytes) -> None:
        self._file.seek(position_bytes)
        while data:
            data = data[self._file.write(data) :]


WAV_HEADER_BYTES = 44


def wav_header(data_bytes: int) -> bytes:
    """The header of a 24 kHz mono PCM16 WAV. Shape (44 bytes)."""
    head = struct.pack("<4sI4s", b"RIFF", WAV_HEADER_BYTES - 8 + data_bytes, b"WAVE")
    layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, PCM, 1, SPEAKER_RATE_HZ, SPEAKER_RATE_HZ * 2, 2, 16)
    return head + layout + struct.pack("<4sI", b"data", data_bytes)


def _open_checked(path: Path) -> tuple[BinaryIO, int]:
    """The file, positioned at its first sample, and how many bytes of samples it holds."""
    try:
        with path.open("rb") as file:
            layout = _check(path, file.read(HEAD_BYTES), path.stat().st_size)
        checked = path.open("rb")
        checked.seek(layout.data_offset)
    except OSError as error:
        raise _unreadable(path, error) from error
    return checked, layout.data_bytes


def _check(path: Path, head: bytes, size_bytes: int) -> WavFormat:
    """The format, when it is one that can stand in for a microphone. Raises AudioDeviceError."""
    if not head:
        raise AudioDeviceError(f"The audio file {path} is empty (0 bytes).", "Record it again.")
    layout = parse_wav_header(head)
    if layout is None:
        raise AudioDeviceError(
            f"{path} is not a complete WAV file{_looks_like(head)}; the microphone file must be one.",
            _convert_hint(path, "If it is audio in another format, convert it"),
        )
    found_bytes = size_bytes - layout.data_offset
    if layout.data_bytes in UNFINISHED_SIZES and found_bytes > 0:
        raise AudioDeviceError(
            f"The WAV header of {path} was never finished: it does not say how long the audio is "
            "(a recording that was killed, or audio written through a pipe).",
            _repair_hint(path, "Write a new header"),
        )
    if not layout.data_bytes:
        raise AudioDeviceError(
            f"{path} holds no audio: its header is fine, but no sample follows.", "Record it again."
        )
    if _describe(layout) != _describe(WANTED):
        raise AudioDeviceError(
            f"{path} is {_describe(layout)}; the microphone file must be {_describe(WANTED)}.",
            _convert_hint(path, "Convert it"),
        )
    if found_bytes < layout.data_bytes:
        raise AudioDeviceError(
            f"{path} is cut short: its header promises {_seconds(layout.data_bytes)} of audio, "
            f"{_seconds(found_bytes)} are there.",
            _repair_hint(path, "Copy it again, or keep what is there"),
        )
    return layout


WANTED = WavFormat(PCM, 1, MICROPHONE_RATE_HZ, 16, 0, 0)

FIRST_BYTES = {
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b"ID3": "MP3",
    b"\xff\xfb": "MP3",
    b"\x1aE\xdf\xa3": "WebM",
}


def _looks_like(head: bytes) -> str:
    for first_bytes, name in FIRST_BYTES.items():
        if head.startswith(first_bytes):
            return f" but {name}"
    return " but MP4 audio" if head[4:8] == b"ftyp" else ""


def _describe(layout: WavFormat) -> str:
    names = {PCM: "PCM", FLOAT: "floating point", EXTENSIBLE: "extensible-format"}
    channels = {1: "mono", 2: "stereo"}.get(layout.channels, f"{layout.channels} channels")
    kind = names.get(layout.format_tag, f"compressed (format 0x{layout.format_tag:04x})")
    return f"{layout.rate_hz / 1000:g} kHz {channels} {layout.bits}-bit {kind}"


def _seconds(data_bytes: int) -> str:
    return f"{data_bytes / 2 / MICROPHONE_RATE_HZ:.1f} s"


def _convert_hint(path: Path, opening: str) -> str:
    source, target = shlex.quote(str(path)), shlex.quote(str(path.with_name(f"{path.stem}-16k.wav")))
    return (
        f"{opening}:  ffmpeg -i {source} -ac 1 -ar 16000 -c:a pcm_s16le {target}\n"
        f"or:  sox {source} -c 1 -r 16000 -b 16 -e signed-integer {target}"
    )


def _repair_hint(path: Path, opening: str) -> str:
    source, target = shlex.quote(str(path)), shlex.quote(str(path.with_name(f"{path.stem}-16k.wav")))
    return (
        f"{opening}:  sox --ignore-length {source} -c 1 -r 16000 -b 16 -e signed-integer {target}\n"
        f"or:  ffmpeg -ignore_length 1 -i {source} -ac 1 -ar 16000 -c:a pcm_s16le {target}"
    )


def _unreadable(path: Path, error: OSError) -> AudioDeviceError:
    if isinstance(error, FileNotFoundError):
        return AudioDeviceError(f"There is no audio file {path}.", "Check the name given as the microphone.")
    if isinstance(error, IsADirectoryError):
        return AudioDeviceError(f"{path} is a folder, not an audio file.", "Name a WAV file inside it.")
    return AudioDeviceError(f"Cannot read {path}: {error.strerror}.", "Check its permissions and the disk.")


def _unwritable(path: Path, error: OSError) -> AudioDeviceError:
    return AudioDeviceError(
        f"Cannot write the loudspeaker file {path}: {error.strerror}.",
        "Check that its folder exists and may be written, and that the disk is not full.",
    )
