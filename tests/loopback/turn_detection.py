"""A server's own voice detection, on audio time: sound begins a turn, enough silence ends it.

Must not know protocols.
"""

from dataclasses import dataclass

import numpy as np

from voiceprep.ports import Samples

WINDOW_MS = 10
ONSET_MS = 20


@dataclass(frozen=True, slots=True)
class Edge:
    """A turn begins or ends; `at_ms` of the audio heard: where the sound began, where the silence was enough."""

    is_start: bool
    at_ms: int


class TurnDetector:
    """`level`: a window whose loudest sample is beyond it is sound."""

    def __init__(self, rate_hz: int, level: int) -> None:
        self.silence_ms = 500
        self.is_speaking = False
        self._window_samples = rate_hz * WINDOW_MS // 1000
        self._level = level
        self._rest = np.zeros(0, np.int16)
        self._at_ms = 0
        self._loud_ms = 0
        self._quiet_ms = 0

    def hear(self, samples: Samples) -> list[Edge]:
        """What the next audio brings, of any length. Shape (n_samples,)."""
        audio = np.concatenate((self._rest, samples))
        count = len(audio) // self._window_samples
        windows, self._rest = audio[: count * self._window_samples], audio[count * self._window_samples :]
        loud = np.abs(windows.reshape(count, self._window_samples).astype(np.int32)).max(axis=1, initial=0)
        return [edge for is_loud in loud > self._level if (edge := self._step(bool(is_loud))) is not None]

    def reset(self) -> None:
        """Forget the turn under way."""
        self.is_speaking = False
        self._loud_ms = self._quiet_ms = 0

    def _step(self, is_loud: bool) -> Edge | None:
        self._at_ms += WINDOW_MS
        self._loud_ms = self._loud_ms + WINDOW_MS if is_loud else 0
        self._quiet_ms = 0 if is_loud else self._quiet_ms + WINDOW_MS
        if not self.is_speaking and self._loud_ms >= ONSET_MS:
            self.is_speaking = True
            return Edge(True, self._at_ms - self._loud_ms)
        if self.is_speaking and self._quiet_ms >= self.silence_ms:
            self.is_speaking = False
            return Edge(False, self._at_ms)
        return None
