"""What `doctor` wants to know of the sound devices: is the microphone loud enough, how long is the way round.

Blocks while it measures. Must not know sessions.
"""

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from voiceprep.audio.device import DeviceChoice
from voiceprep.audio.portaudio import SYSTEM_DEFAULT, find_device, list_devices, open_stream
from voiceprep.audio.streams import InputSide, OutputSide
from voiceprep.errors import AudioDeviceError
from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples

SLOWEST_S = 5.0
"""A device that takes longer than this to deliver is broken."""

CHIRP_MS, CHIRP_HZ = 200, (500.0, 4_000.0)
BEFORE_CHIRP_MS, LISTEN_MS = 400, 1_500
CLEAR_PEAK = 8.0
"""How far the chirp must stand out of the correlation with everything else heard; noise alone stays below 6."""


@dataclass(frozen=True, slots=True)
class LevelReading:
    """What the microphone heard: one level per 20 ms block, and the whole. 0 dBFS is full scale, -100 silence."""

    device: str
    levels_dbfs: tuple[float, ...]
    peak_dbfs: float
    rms_dbfs: float
    is_digital_silence: bool
    is_clipped: bool


class _Tape:
    """Blocks and when each arrived, from the callback thread."""

    def __init__(self, n_blocks: int) -> None:
        self.blocks: list[Samples] = []
        self.arrived_s: list[float] = []
        self.is_full = threading.Event()
        self.n_blocks = n_blocks
        self._rest = np.zeros(0, np.int16)

    def add(self, samples: Samples) -> None:
        self._rest = np.concatenate([self._rest, samples])
        while self._rest.size >= MICROPHONE_BLOCK_SAMPLES and not self.is_full.is_set():
            self.blocks.append(self._rest[:MICROPHONE_BLOCK_SAMPLES])
            self.arrived_s.append(time.monotonic())
            self._rest = self._rest[MICROPHONE_BLOCK_SAMPLES:]
            if len(self.blocks) == self.n_blocks:
                self.is_full.set()


class _Player:
    """Silence, the chirp, silence; and when the chirp was pulled."""

    def __init__(self) -> None:
        before = np.zeros(BEFORE_CHIRP_MS * SPEAKER_RATE_HZ // 1000, np.int16)
        self._before_samples = before.size
        self._sound = np.concatenate([before, make_chirp(SPEAKER_RATE_HZ)])
        self._position = 0
        self.chirp_pulled_s: float | None = None

    def pull(self, n_samples: int) -> Samples:
        pulled = np.zeros(n_samples, np.int16)
        part = self._sound[self._position : self._position + n_samples]
        pulled[: part.size] = part
        self._position += n_samples
        if self.chirp_pulled_s is None and self._position > self._before_samples:
            self.chirp_pulled_s = time.monotonic()
        return pulled


def measure_level(choice: DeviceChoice, seconds: float = 3.0) -> LevelReading:
    """Listen to the microphone for `seconds`. Raises AudioDeviceError."""
    tape = _Tape(round(seconds * 1000 / BLOCK_MS))
    name = _record(choice, tape, None)
    heard = np.concatenate(tape.blocks)
    peak = int(np.abs(heard.astype(np.int32)).max())
    return LevelReading(
        device=name,
        levels_dbfs=tuple(_dbfs(_rms(block)) for block in tape.blocks),
        peak_dbfs=_dbfs(peak),
        rms_dbfs=_dbfs(_rms(heard)),
        is_digital_silence=peak == 0,
        is_clipped=peak >= 32767,
    )


def measure_loopback_latency(choice: DeviceChoice) -> int | None:
    """Milliseconds from handing a sound to the loudspeaker to having it back from the microphone.

    Plays a chirp and looks for it; None when it is not heard (headphones, volume down). Raises AudioDeviceError.
    """
    tape = _Tape(LISTEN_MS // BLOCK_MS)
    player = _Player()
    _record(choice, tape, player)
    place = find_chirp(np.concatenate(tape.blocks))
    if place is None or player.chirp_pulled_s is None:
        return None
    return round((tape.arrived_s[place // MICROPHONE_BLOCK_SAMPLES] - player.chirp_pulled_s) * 1000)


def make_chirp(rate_hz: int) -> Samples:
    """A rising tone of 200 ms, faded at both ends. Shape (n_samples,)."""
    seconds = np.arange(rate_hz * CHIRP_MS // 1000) / rate_hz
    low_hz, high_hz = CHIRP_HZ
    phase = 2 * np.pi * (low_hz * seconds + (high_hz - low_hz) * seconds**2 / (2 * CHIRP_MS / 1000))
    tone: Samples = (np.sin(phase) * np.hanning(seconds.size) * 12_000).astype(np.int16)
    return tone


def find_chirp(heard: Samples) -> int | None:
    """The sample of `heard` (16 kHz) at which the chirp begins, or None. A matched filter."""
    chirp = make_chirp(MICROPHONE_RATE_HZ).astype(np.float64)
    n_samples = heard.size + chirp.size
    spectrum = np.fft.rfft(heard, n_samples) * np.conj(np.fft.rfft(chirp, n_samples))
    match = np.abs(np.fft.irfft(spectrum, n_samples))[: heard.size]
    place = int(match.argmax())
    elsewhere = np.sqrt(np.mean(match**2)) or 1.0
    return place if match[place] > CLEAR_PEAK * elsewhere else None


def _record(choice: DeviceChoice, tape: _Tape, player: _Player | None) -> str:
    """Fill the tape, playing meanwhile; the microphone's name."""
    devices = list_devices()
    microphone = find_device(devices, "microphone", choice.microphone or SYSTEM_DEFAULT)
    with ExitStack() as undo:
        if player is not None:
            speaker = find_device(devices, "speaker", choice.speaker or SYSTEM_DEFAULT)
            output = open_stream(
                "speaker", speaker, choice.speaker_latency_s, lambda rate_hz: OutputSide(player.pull, rate_hz)
            )
            undo.callback(output.close)
        opened = open_stream(
            "microphone", microphone, choice.microphone_latency_s, lambda rate_hz: InputSide(tape.add, rate_hz)
        )
        undo.callback(opened.close)
        if not tape.is_full.wait(tape.n_blocks * BLOCK_MS / 1000 + SLOWEST_S):
            raise AudioDeviceError(
                f"The microphone {microphone.name!r} opens, but no audio comes.",
                "Choose another device (`voiceprep devices`), or restart the sound system.",
            )
    return microphone.name


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def _dbfs(level: float) -> float:
    return max(-100.0, float(20 * np.log10(max(level, 1e-9) / 32768)))
