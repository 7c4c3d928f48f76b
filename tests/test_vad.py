"""The Silero detector: speech is speech, everything else is not, and blocks may be cut anywhere."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.speech import blocks, noise, quiet, spoken
from voiceprep.audio.vad import SileroDetector
from voiceprep.ports import MICROPHONE_RATE_HZ, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks

SECOND = np.arange(MICROPHONE_RATE_HZ)
HUM = (np.sin(SECOND * 2 * np.pi * 60 / MICROPHONE_RATE_HZ) * 5000).astype(np.int16)
CLICKS = ((SECOND % 8000 == 0) * 30_000).astype(np.int16)


def probabilities(detector: SileroDetector, samples: Samples) -> Sequence[float]:
    return [detector.probability(block) for block in blocks(samples)]


@pytest.mark.parametrize(
    "samples", [quiet(1000), noise(1000), HUM, CLICKS], ids=["quiet", "noise", "hum", "clicks"]
)
def test_no_speech(samples: Samples) -> None:
    assert max(probabilities(SileroDetector(), samples)) < 0.5


async def test_speech_and_the_pauses_around_it() -> None:
    async with Tasks() as tasks:
        samples = await spoken(HibariSynthesizer(tasks), "I would add an index on that column.")
    found = probabilities(SileroDetector(), samples)
    assert max(found[:12]) < 0.5
    assert np.mean(np.array(found[20:-25]) > 0.5) > 0.9
    assert found[-1] < 0.5


async def test_reset_forgets() -> None:
    async with Tasks() as tasks:
        samples = await spoken(HibariSynthesizer(tasks), "Yes.")
    detector = SileroDetector()
    first = probabilities(detector, samples)
    detector.reset()
    assert probabilities(detector, samples) == first
    assert first[0] == 0.0, "no window is full yet"


async def test_windows_keep_their_context() -> None:
    """The same as running the model by hand over 512-sample windows with 64 samples before each."""
    async with Tasks() as tasks:
        samples = (await spoken(HibariSynthesizer(tasks), "Maybe."))[: 512 * 20]
    detector = SileroDetector()
    wave = np.concatenate((np.zeros(64), samples / 32768)).astype(np.float32)
    state = np.zeros((2, 1, 128), np.float32)
    expected = []
    for start in range(0, len(samples), 512):
        output, state = detector._session.run(
            None, {"input": wave[np.newaxis, start : start + 576], "state": state, "sr": np.array(16_000)}
        )
        expected.append(float(output[0, 0]))
    found = probabilities(detector, samples)
    assert sorted(set(found) - {0.0}) == pytest.approx(sorted(set(expected)))
