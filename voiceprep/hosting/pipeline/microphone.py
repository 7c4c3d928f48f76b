"""A microphone at the far end of a connection: blocks as they come, silence where the far end sends none.

Must not know what kind of connection it is.
"""

import asyncio

import numpy as np

from voiceprep.audio.pace import RealtimePace
from voiceprep.audio.streams import CaptureRing, RateConverter
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, Samples

GAP_MS = 500
"""A network may be late by so much; who sends nothing for longer is muted, and time goes on without."""


class _HungUpError(Exception):
    """The far end is gone, and everything it sent has been read."""


class FarMicrophone:
    """A `line.BlockSource` that somebody else fills."""

    def __init__(self) -> None:
        self._ring = CaptureRing(asyncio.get_running_loop())
        self._converter: tuple[int, RateConverter] | None = None
        self._pace: RealtimePace | None = None
        self._is_gone = False

    def add(self, audio: bytes, rate_hz: int, channel_count: int) -> None:
        """Little-endian 16-bit audio, channels interleaved, of any length."""
        samples = np.frombuffer(audio, "<i2")
        if channel_count > 1:
            samples = samples.reshape(-1, channel_count).mean(axis=1).astype(np.int16)
        if self._converter is None or self._converter[0] != rate_hz:
            self._converter = (rate_hz, RateConverter(rate_hz, MICROPHONE_RATE_HZ))
        self._ring.add(self._converter[1].convert(samples))

    def hang_up(self) -> None:
        """Nothing more will come."""
        self._is_gone = True
        self._ring.fail(_HungUpError())

    async def read(self) -> Samples | None:
        if not self._is_gone and self._pace is None:
            try:
                async with asyncio.timeout(GAP_MS / 1000):
                    return await self._ring.take()
            except TimeoutError:
                self._pace = RealtimePace()
            except _HungUpError:
                pass
        return await self._read_late()

    async def _read_late(self) -> Samples | None:
        """What is there, else silence after as long as a block takes; None when nobody is there any more."""
        if not self._ring.is_empty:
            self._pace = None
            return await self._ring.take()
        self._pace = self._pace or RealtimePace()
        await self._pace.wait()
        return None if self._is_gone else np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)

    def close(self) -> None:
        self._is_gone = True
