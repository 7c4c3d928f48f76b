"""Smart Turn v3.2: does this sound like the end of an answer? Used only when its file is on this machine.

Must not decide anything: it is right about half of the time on artificial cuts, so endpointing only leans on it.
"""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from voiceprep.ports import MICROPHONE_RATE_HZ, Samples
from voiceprep.tasks import Tasks
from voiceprep.weights import check_weight, open_session

FILE_NAME = "smart-turn-v3.2-cpu.onnx"
_SHA256 = "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f"
_WINDOW_SAMPLES = 8 * MICROPHONE_RATE_HZ

_FFT_SAMPLES = 400
_HOP_SAMPLES = 160
_MEL_COUNT = 80
"""25 ms Hann windows every 10 ms and 80 bands: the input of Whisper (Radford et al. 2022, section 2.2)."""


def usual_places() -> tuple[Path, ...]:
    """Where the file may be: in an installed pipecat-ai, which is not imported, or in the cache folder."""
    spec = importlib.util.find_spec("pipecat")
    roots = (spec.submodule_search_locations if spec else None) or ()
    in_packages = [Path(root) / "audio/turn/smart_turn/data" / FILE_NAME for root in roots]
    return (*in_packages, Path(platformdirs.user_cache_dir("voiceprep")) / "models" / FILE_NAME)


def load_turn_model(tasks: Tasks, places: Sequence[Path] | None = None) -> "SmartTurn | None":
    """The model from the first of `places` (default: the usual ones) that is a file, or None.

    Blocks about 0.1 s. Raises ProviderError when the file is damaged.
    """
    path = find_turn_model(places)
    return SmartTurn(load_turn_network(path), tasks) if path is not None else None


def find_turn_model(places: Sequence[Path] | None = None) -> Path | None:
    """The first of `places` (default: the usual ones) that is a file."""
    return next((place for place in (usual_places() if places is None else places) if place.is_file()), None)


@cache
def load_turn_network(path: Path) -> Any:  # noqa: ANN401 - onnxruntime is untyped
    """The one of this process, for any thread. Raises ProviderError when the file is damaged."""
    return open_session(check_weight(path, _SHA256, stage="vad"), stage="vad")


class SmartTurn:
    """End-of-turn probability from the last 8 s of audio, about 45 ms of computing each."""

    def __init__(self, network: Any, tasks: Tasks) -> None:  # noqa: ANN401 - onnxruntime is untyped
        """`network`: see `load_turn_network`."""
        self._session = network
        self._tasks = tasks

    async def probability(self, samples: Samples) -> float:
        """Probability 0..1 that the speaker is finished. `samples`: 16 kHz, shape (n_samples,); only 8 s count."""
        return await self._tasks.work(self._tasks.in_thread(self._infer, samples), name="turn model")

    def _infer(self, samples: Samples) -> float:
        output = self._session.run(None, {"input_features": log_mel(samples)[np.newaxis]})[0]
        return float(output.reshape(-1)[0])


def log_mel(samples: Samples) -> npt.NDArray[np.float32]:
    """Whisper's log-mel features of the last 8 s, silence in front of shorter audio. Shape (80, 800).

    The waveform is brought to zero mean and unit variance first, padding included, as the model was trained.
    """
    wave = np.zeros(_WINDOW_SAMPLES, dtype=np.float32)
    newest = samples[-_WINDOW_SAMPLES:].astype(np.float32) / 32768
    wave[_WINDOW_SAMPLES - len(newest) :] = newest
    wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
    padded = np.pad(wave.astype(np.float64), _FFT_SAMPLES // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT_SAMPLES)[::_HOP_SAMPLES][:-1]
    hann = np.hanning(_FFT_SAMPLES + 1)[:-1]
    power = np.abs(np.fft.rfft(windows * hann)) ** 2
    log_power = np.log10(np.maximum(_mel_filters() @ power.T, 1e-10))
    log_power = np.maximum(log_power, log_power.max() - 8.0)
    features: npt.NDArray[np.float32] = ((log_power + 4.0) / 4.0).astype(np.float32)
    return features


@cache
def _mel_filters() -> npt.NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale (Auditory Toolbox, 1998), 0–8 kHz. Shape (80, 201)."""
    top_mel = 15 + 27 * np.log(MICROPHONE_RATE_HZ / 2 / 1000) / np.log(6.4)
    mels = np.linspace(0, top_mel, _MEL_COUNT + 2)
    edges_hz = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
    bins_hz = np.linspace(0, MICROPHONE_RATE_HZ / 2, _FFT_SAMPLES // 2 + 1)
    low, centre, high = (edges_hz[i : i + _MEL_COUNT, np.newaxis] for i in range(3))
    triangles = np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre))
    filters: npt.NDArray[np.float64] = np.maximum(triangles, 0) * 2 / (high - low)
    return filters
