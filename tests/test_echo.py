"""Echo cancellation on known echoes: how much goes, what stays of the candidate, what a missing package says."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from voiceprep.audio.echo import EchoCanceller
from voiceprep.audio.line import MicrophoneLine, SpeakerLine
from voiceprep.audio.streams import resample
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, Samples

pytest.importorskip("livekit.rtc", reason="the extra `speaker` is not installed")

SECONDS = 12
SETTLED = slice(6 * 16_000, None)


class Played:
    """A source that plays what it is given, then ends."""

    def __init__(self, samples: Samples) -> None:
        self.is_closed = False
        self._blocks = samples[: samples.size // 320 * 320].reshape(-1, MICROPHONE_BLOCK_SAMPLES)
        self._place = 0

    async def read(self) -> Samples | None:
        self._place += 1
        return self._blocks[self._place - 1] if self._place <= len(self._blocks) else None

    def close(self) -> None:
        self.is_closed = True


def voice(seed: int, rate_hz: int, level: float) -> npt.NDArray[np.float64]:
    """Noise in the rhythm of syllables."""
    chance = np.random.default_rng(seed)
    rhythm = np.repeat(chance.uniform(0, 1, SECONDS * 8) > 0.35, rate_hz // 8)
    smooth = np.convolve(chance.normal(0, level, rhythm.size), np.ones(6) / 2.4, "same")
    return smooth * rhythm


def echo_of(played: Samples, latency_ms: int) -> npt.NDArray[np.float64]:
    """What a loudspeaker 2 m away in a small room puts into the microphone."""
    chance = np.random.default_rng(3)
    room = chance.normal(0, 0.05, 1_500) * np.exp(-np.arange(1_500) / 300)
    room[0] = 0.5
    late = np.concatenate([np.zeros((latency_ms + 6) * 16), resample(played, 24_000, 16_000)])
    return np.convolve(late, room)[: SECONDS * 16_000]


async def cleaned(near: npt.NDArray[np.float64], far: Samples, latency_ms: int) -> npt.NDArray[np.float64]:
    """The microphone through the canceller, the speaker pulled in step with it."""
    line = SpeakerLine(lambda: mic.position_ms, latency_ms=latency_ms)
    line.enqueue(far)
    source = Played(near.clip(-32_000, 32_000).astype(np.int16))
    mic = MicrophoneLine(EchoCanceller(source, line))
    heard: list[Samples] = []
    while not mic.is_ended:
        line.pull(480)
        heard.append((await mic.read()).samples)
    mic.close()
    assert source.is_closed
    return np.concatenate(heard[:-1]).astype(float)


def level_db(samples: npt.NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-9))


@pytest.mark.parametrize("latency_ms", [0, 30, 120, 250])
async def test_the_interviewers_own_voice_goes(latency_ms: int) -> None:
    far = voice(1, 24_000, 3_000).astype(np.int16)
    near = echo_of(far, latency_ms) + np.random.default_rng(9).normal(0, 6, SECONDS * 16_000)
    after = await cleaned(near, far, latency_ms)
    assert after.size == near.size
    assert level_db(near[SETTLED]) - level_db(after[SETTLED]) > 30


async def test_the_candidate_stays_while_the_interviewer_is_silent() -> None:
    near = voice(2, 16_000, 2_000)
    after = await cleaned(near, np.zeros(SECONDS * 24_000, np.int16), 120)
    lost_db = level_db(near[SETTLED]) - level_db(after[SETTLED])
    assert lost_db < 8  # noise suppression takes some of a voice made of noise


async def test_another_sound_than_the_interviewers_is_no_echo() -> None:
    """The same microphone as in the first test, but the speaker played something else."""
    far = voice(1, 24_000, 3_000).astype(np.int16)
    near = echo_of(far, 120) + np.random.default_rng(9).normal(0, 6, SECONDS * 16_000)
    after = await cleaned(near, np.zeros_like(far), 120)
    assert level_db(near[SETTLED]) - level_db(after[SETTLED]) < 15


def test_without_the_package_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "livekit").mkdir()
    (tmp_path / "livekit" / "__init__.py").write_text("raise ImportError('No module named livekit')\n")
    script = """
from voiceprep.audio.echo import EchoCanceller
from voiceprep.audio.files import SilentSource
from voiceprep.audio.line import SpeakerLine
from voiceprep.audio.pace import RealtimePace
from voiceprep.errors import ConfigError
try:
    EchoCanceller(SilentSource(RealtimePace()), SpeakerLine(lambda: 0))
except ConfigError as error:
    print(error.hint)
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'pip install "voiceprep[speaker]"' in run.stdout, run.stderr
