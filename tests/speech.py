"""Spoken material for the tests of the embedded engines."""

from collections.abc import AsyncIterator, Iterator

import numpy as np
import samplerate

from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_BLOCK_SAMPLES,
    MICROPHONE_RATE_HZ,
    SPEAKER_RATE_HZ,
    AudioBlock,
    Samples,
    Synthesizer,
)


def quiet(duration_ms: int) -> Samples:
    return np.zeros(MICROPHONE_RATE_HZ * duration_ms // 1000, dtype=np.int16)


def noise(duration_ms: int, level: float = 1000.0) -> Samples:
    count = MICROPHONE_RATE_HZ * duration_ms // 1000
    samples: Samples = (np.random.default_rng(1).standard_normal(count) * level).astype(np.int16)
    return samples


async def collected(pieces: AsyncIterator[Samples]) -> Samples:
    return np.concatenate([piece async for piece in pieces])


async def spoken(voice: Synthesizer, text: str) -> Samples:
    """`text` as a microphone hears it, between two pauses of 300 ms. Shape (n_samples,)."""
    wave = (await collected(voice.synthesize(text))).astype(np.float32)
    heard = samplerate.resample(wave, MICROPHONE_RATE_HZ / SPEAKER_RATE_HZ, "sinc_fastest")
    return np.concatenate((quiet(300), heard.clip(-32768, 32767).astype(np.int16), quiet(300)))


def blocks(samples: Samples, start_ms: int = 0) -> Iterator[AudioBlock]:
    for index in range(len(samples) // MICROPHONE_BLOCK_SAMPLES):
        start = index * MICROPHONE_BLOCK_SAMPLES
        yield AudioBlock(samples[start : start + MICROPHONE_BLOCK_SAMPLES], start_ms + index * BLOCK_MS)
