"""Between a sound card's callbacks and the lines: formats, rates, threads. No callback ever raises.

Must not know how streams are opened, lost or found again.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import samplerate

from voiceprep.audio.wake_gate import WakeGate
from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples

RING_BLOCKS = 30_000 // BLOCK_MS
"""30 s: longer than anything may hold up the event loop; beyond it the oldest blocks go, and are counted."""

Sheet = npt.NDArray[np.int16]
"""What PortAudio hands over. Shape (n_samples, n_channels)."""


class RateConverter:
    """A stream of int16 audio from one sample rate to another, piece by piece.

    libsamplerate's fastest sinc converter: 1.2 ms of delay, enough quality for speech.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._ratio = to_hz / from_hz
        self._resampler = None if from_hz == to_hz else samplerate.Resampler("sinc_fastest")

    def convert(self, samples: Samples) -> Samples:
        """What can be said so far. Shape (n_samples,) to shape (about n_samples * to_hz / from_hz,)."""
        if self._resampler is None:
            return samples
        return to_int16(self._resampler.process(samples.astype(np.float32) / 32768, self._ratio))


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """A whole recording at another rate. Shape (n_samples,) to shape (n_samples * to_hz / from_hz,)."""
    if from_hz == to_hz or not samples.size:
        return samples
    return to_int16(samplerate.resample(samples.astype(np.float32) / 32768, to_hz / from_hz, "sinc_fastest"))


def to_int16(samples: npt.NDArray[np.float32]) -> Samples:
    """-1..1 to int16, clipped. Shape kept."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


class Pulse:
    """When a stream last called, and whether it said that it ended."""

    def __init__(self) -> None:
        self.last_s: float | None = None
        self.is_finished = False

    def beat(self) -> None:
        self.last_s = time.monotonic()

    def finish(self) -> None:
        self.is_finished = True

    def age_s(self) -> float | None:
        """Seconds since the last callback; None before the first."""
        return None if self.last_s is None else time.monotonic() - self.last_s


class CaptureRing:
    """20 ms microphone blocks on their way from the callback thread to the event loop.

    Keeps nothing until the first `take`: what was said before the session is not part of it. Blocks that `gate`
    holds back are handed out together with the next that it does not.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, gate: WakeGate | None = None) -> None:
        self._loop = loop
        self._gate = gate
        self._arrived = asyncio.Event()
        self._lock = threading.Lock()
        self._blocks: deque[Samples] = deque()
        self._rest = np.zeros(0, np.int16)
        self._captured_blocks = 0
        self._is_wanted = False
        self._error: Exception | None = None
        self.lost_blocks = 0

    @property
    def captured_ms(self) -> int:
        """Since the first `take`, to the newest sample: ahead of what was handed out by the backlog."""
        return self._captured_blocks * BLOCK_MS

    @property
    def is_empty(self) -> bool:
        """`take` would wait, or raise."""
        return not self._blocks

    def add(self, samples: Samples) -> None:
        """16 kHz audio of any length. Callback thread."""
        if not self._is_wanted:
            return
        with self._lock:
            samples = np.concatenate([self._rest, samples])
            n_whole = samples.size - samples.size % MICROPHONE_BLOCK_SAMPLES
            self._rest = samples[n_whole:]
            n_before = len(self._blocks)
            for block in samples[:n_whole].reshape(-1, MICROPHONE_BLOCK_SAMPLES):
                self._blocks.extend([block] if self._gate is None else self._gate.step(block))
                self._captured_blocks += 1
            is_due = len(self._blocks) > n_before
            while len(self._blocks) > RING_BLOCKS:
                self._blocks.popleft()
                self._captured_blocks -= 1
                self.lost_blocks += 1
        if is_due:
            self._wake()

    def fail(self, error: Exception) -> None:
        """No more audio will come: `take` hands out what there is, then raises `error`."""
        with self._lock:
            self._blocks.extend([] if self._gate is None else self._gate.flush())
        self._error = error
        self._arrived.set()

    async def take(self) -> Samples:
        """The next block, as soon as it is there. Shape (320,)."""
        self._is_wanted = True
        while not self._blocks:
            if self._error is not None:
                raise self._error
            self._arrived.clear()
            if not self._blocks:
                await self._arrived.wait()
        with self._lock:
            return self._blocks.popleft()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:  # the loop is closed: nobody listens any more
            self._is_wanted = False


class InputSide:
    """The input callback: one device format to 16 kHz mono."""

    def __init__(self, add: Callable[[Samples], None], rate_hz: int) -> None:
        self.pulse = Pulse()
        self.overflow_count = 0
        self._add = add
        self._converter = RateConverter(rate_hz, MICROPHONE_RATE_HZ)

    def callback(self, indata: Sheet, n_samples: int, when: object, status: Any) -> None:  # noqa: ANN401
        """For `sounddevice.InputStream`."""
        self.pulse.beat()
        self.overflow_count += bool(status.input_overflow)
        self._add(self._converter.convert(_mono(indata)))


class OutputSide:
    """The output callback: 24 kHz mono to one device format."""

    def __init__(self, pull: Callable[[int], Samples], rate_hz: int) -> None:
        self.pulse = Pulse()
        self.underflow_count = 0
        self._pull = pull
        self._rate_hz = rate_hz
        self._converter = RateConverter(SPEAKER_RATE_HZ, rate_hz)
        self._rest = np.zeros(0, np.int16)

    def callback(self, outdata: Sheet, n_samples: int, when: object, status: Any) -> None:  # noqa: ANN401
        """For `sounddevice.OutputStream`."""
        self.pulse.beat()
        self.underflow_count += bool(status.output_underflow)
        outdata[:] = self._next(n_samples)[:, np.newaxis]

    def _next(self, n_samples: int) -> Samples:
        if self._rate_hz == SPEAKER_RATE_HZ:
            return self._pull(n_samples)
        pieces, n_have = [self._rest], self._rest.size
        while n_have < n_samples:
            n_wanted = max(1, -(-(n_samples - n_have) * SPEAKER_RATE_HZ // self._rate_hz))
            piece = self._converter.convert(self._pull(n_wanted))
            pieces.append(piece)
            n_have += piece.size
        ready = np.concatenate(pieces)
        self._rest = ready[n_samples:]
        return ready[:n_samples]


def _mono(sheet: Sheet) -> Samples:
    """A copy: PortAudio takes the memory back."""
    if sheet.shape[1] == 1:
        only: Samples = sheet[:, 0].copy()
        return only
    mixed: Samples = np.rint(sheet.mean(axis=1)).astype(np.int16)
    return mixed
