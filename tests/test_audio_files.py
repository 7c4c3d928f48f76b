"""WAV files as microphone and loudspeaker: what is accepted, what each refusal says, what is written when."""

import shlex
import struct
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from voiceprep.audio.files import SilentSource, WavSink, WavSource, parse_wav_header
from voiceprep.audio.line import MicrophoneLine
from voiceprep.errors import AudioDeviceError, ExitCode
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, Samples


class NoPace:
    """Every block at once."""

    def __init__(self) -> None:
        self.waits = 0

    async def wait(self) -> None:
        self.waits += 1


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def wav(
    samples: bytes,
    *,
    tag: int = 1,
    channels: int = 1,
    rate_hz: int = 16_000,
    bits: int = 16,
    data_bytes: int | None = None,
    extra: bytes = b"",
    more_format: bytes = b"",
) -> bytes:
    width = channels * bits // 8
    layout = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * width, width, bits) + more_format
    body = b"WAVE" + chunk(b"fmt ", layout) + extra + chunk(b"data", samples, data_bytes)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def numbers(n_samples: int) -> Samples:
    return (np.arange(n_samples) % 30_000).astype(np.int16)


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[bytes], Path]:
    def store(content: bytes) -> Path:
        path = tmp_path / "my answer.wav"
        path.write_bytes(content)
        return path

    return store


# ---------------------------------------------------------------------------------- as microphone


async def test_reads_every_sample_in_blocks_then_ends(stored: Callable[[bytes], Path]) -> None:
    pace = NoPace()
    source = WavSource(stored(wav(numbers(700).tobytes())), pace)
    blocks = [block for _ in range(3) if (block := await source.read()) is not None]
    assert [block.size for block in blocks] == [MICROPHONE_BLOCK_SAMPLES] * 3
    heard = np.concatenate(blocks)
    assert heard[:700].tolist() == numbers(700).tolist()
    assert not heard[700:].any()
    assert [await source.read(), await source.read()] == [None, None]
    assert pace.waits == 5  # the end, too, comes at the source's pace
    source.close()
    source.close()
    assert await source.read() is None


async def test_other_chunks_before_and_after_the_samples_are_not_heard(stored: Callable[[bytes], Path]) -> None:
    noise = chunk(b"LIST", b"\x7f" * 301)
    source = WavSource(stored(wav(numbers(320).tobytes(), extra=noise) + noise), NoPace())
    block = await source.read()
    assert block is not None
    assert block.tolist() == numbers(320).tolist()
    assert await source.read() is None
    source.close()


async def test_a_file_makes_a_microphone_that_ends(stored: Callable[[bytes], Path]) -> None:
    mic = MicrophoneLine(WavSource(stored(wav(numbers(320).tobytes())), NoPace()))
    assert [(await mic.read()).samples.any(), mic.is_ended] == [True, False]
    assert [(await mic.read()).samples.any(), mic.is_ended] == [False, True]
    mic.close()


SECOND = b"\1\0" * 16_000
PCM_GUID_END = struct.pack("<HHI", 22, 16, 4) + b"\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"

REFUSED = {
    "empty": (b"", r"is empty \(0 bytes\)", ""),
    "text": (b"This is not audio at all, but it is long enough.\n" * 9, "not a complete WAV file", "ffmpeg -i"),
    "mp3": (b"ID3\4\0" + bytes(999), "but MP3", "ffmpeg -i"),
    "m4a": (b"\0\0\0\x20ftypM4A " + bytes(999), "but MP4 audio", "ffmpeg -i"),
    "eight bits": (wav(SECOND, bits=8), "16 kHz mono 8-bit PCM", "sox"),
    "cd": (wav(SECOND, rate_hz=44_100, channels=2), "44.1 kHz stereo 16-bit PCM", "sox"),
    "surround": (wav(SECOND, channels=6), "16 kHz 6 channels", "-ac 1 -ar 16000"),
    "float": (wav(SECOND, tag=3, bits=32), "32-bit floating point", "ffmpeg"),
    "extensible": (wav(SECOND, tag=0xFFFE, more_format=PCM_GUID_END), "extensible-format", "ffmpeg"),
    "mulaw": (wav(SECOND, tag=7, bits=8), r"compressed \(format 0x0007\)", "ffmpeg"),
    "truncated": (wav(SECOND)[:20_000], "promises 1.0 s of audio, 0.6 s are there", "--ignore-length"),
    "killed": (wav(SECOND, data_bytes=0), "header of .* was never finished", "--ignore-length"),
    "piped": (wav(SECOND, data_bytes=0xFFFF_FFFF), "header of .* was never finished", "--ignore-length"),
    "no sample": (wav(b""), "holds no audio", ""),
    "half a header": (wav(SECOND)[:30], "not a complete WAV file", ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_what_is_wrong_and_what_to_do(stored: Callable[[bytes], Path], name: str) -> None:
    content, why, hint = REFUSED[name]
    path = stored(content)
    with pytest.raises(AudioDeviceError, match=why) as refused:
        WavSource(path, NoPace())
    assert str(path) in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.hint
    assert refused.value.exit_code is ExitCode.AUDIO_DEVICE


@pytest.mark.skipif(which("sox") is None, reason="sox is not installed")
@pytest.mark.parametrize("name", ["cd", "eight bits", "killed", "piped", "truncated", "surround"])
def test_the_command_in_the_hint_makes_a_file_that_is_accepted(
    stored: Callable[[bytes], Path], name: str, tmp_path: Path
) -> None:
    with pytest.raises(AudioDeviceError) as refused:
        WavSource(stored(REFUSED[name][0]), NoPace())
    line = next(line for line in refused.value.hint.splitlines() if "sox " in line)
    command = shlex.split(line[line.index("sox ") :])
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    WavSource(tmp_path / "my answer-16k.wav", NoPace()).close()


@pytest.mark.parametrize(
    ("name", "why"),
    [("nowhere.wav", "There is no audio file"), (".", "is a folder"), ("/proc/self/mem", "Cannot read")],
)
def test_refuses_what_cannot_be_opened(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(AudioDeviceError, match=why):
        WavSource(tmp_path / name, NoPace())


@pytest.mark.parametrize("n_bytes", range(0, 60, 7))
def test_any_part_of_a_header_is_judged_without_crashing(n_bytes: int) -> None:
    layout = parse_wav_header(wav(SECOND)[:n_bytes])
    assert (layout is None) == (n_bytes < 44)


async def test_a_typing_candidate_is_silent_without_end() -> None:
    pace = NoPace()
    mic = MicrophoneLine(SilentSource(pace))
    blocks = [await mic.read() for _ in range(5)]
    assert not any(block.samples.any() for block in blocks)
    assert (mic.is_ended, pace.waits) == (False, 5)
    mic.close()


# -------------------------------------------------------------------------------- as loudspeaker


def frames(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def test_writes_what_was_heard_where_it_was_heard_with_a_header_that_is_always_right(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    sink = WavSink(path)
    assert frames(path).size == 0
    sink.write(numbers(480), 40)
    assert frames(path).tolist() == [0] * 960 + numbers(480).tolist()
    sink.write(numbers(480), 60)
    sink.write(numbers(24), 70)  # the clock wobbled: appended, nothing is overwritten
    assert frames(path).tolist() == [0] * 960 + numbers(480).tolist() * 2 + numbers(24).tolist()
    sink.close()
    sink.close()
    assert frames(path).size == 960 + 960 + 24


def test_a_long_silence_is_written_in_full(tmp_path: Path) -> None:
    sink = WavSink(tmp_path / "heard.wav")
    sink.write(numbers(1), 150_000)
    sink.close()
    assert frames(tmp_path / "heard.wav").size == 150 * 24_000 + 1


def test_never_overwrites_a_recording_but_takes_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    path.touch()
    sink = WavSink(path)
    sink.write(numbers(480), 0)
    sink.close()
    before = path.read_bytes()
    with pytest.raises(AudioDeviceError, match="already exists"):
        WavSink(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["missing/heard.wav", "."])
def test_says_when_the_loudspeaker_file_cannot_be_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(AudioDeviceError, match="Cannot write"):
        WavSink(tmp_path / name)


def test_says_when_the_disk_is_full() -> None:
    with pytest.raises(AudioDeviceError, match="No space left"):
        WavSink(Path("/dev/full"))
