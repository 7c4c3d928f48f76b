"""What the embedded recogniser hears of what the embedded voice says, with noise if wanted. On audio time."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from benchmarks.recogniser import SPEECH_PROBABILITY, blocks, spoken
from voiceprep.audio.vad import SileroDetector
from voiceprep.ports import Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.providers.moonshine import MoonshineTranscriber
from voiceprep.tasks import Tasks
from voiceprep.weights import keep_memory_small

LIMIT_S = 3_000


class Ear:
    """Says a text and hears it again; `signal_to_noise_db` None: no noise. The same text has the same noise."""

    def __init__(self, tasks: Tasks, signal_to_noise_db: float | None) -> None:
        self._tasks = tasks
        self._voice = HibariSynthesizer(tasks)
        self._transcriber = MoonshineTranscriber(tasks, ())
        self._detector = SileroDetector()
        self._noise_db = signal_to_noise_db

    async def warm(self) -> None:
        await self._voice.warm()
        await self._transcriber.warm()

    async def hear(self, text: str) -> str:
        """What the recogniser makes of `text`."""
        samples = self._with_noise(await spoken(self._voice, text), zlib.crc32(text.encode()))
        stream = self._transcriber.open_stream()
        self._detector.reset()
        for block in blocks(samples):
            stream.push(block, self._detector.probability(block) >= SPEECH_PROBABILITY)
            await self._tasks.settle()
        return (await stream.finish()).text

    def _with_noise(self, samples: Samples, seed: int) -> Samples:
        """White noise that many dB below the speech's power, which pauses are part of."""
        if self._noise_db is None:
            return samples
        wave = samples.astype(np.float64)
        level = np.sqrt((wave**2).mean()) * 10 ** (-self._noise_db / 20)
        noise = np.random.default_rng(seed).normal(0, level, len(wave))
        noisy: Samples = (wave + noise).clip(-32768, 32767).astype(np.int16)
        return noisy


@asynccontextmanager
async def open_ear(signal_to_noise_db: float | None = None) -> AsyncIterator[Ear]:
    """An ear that is ready."""
    keep_memory_small()
    async with asyncio.timeout(LIMIT_S), Tasks() as tasks:
        ear = Ear(tasks, signal_to_noise_db)
        await ear.warm()
        yield ear
