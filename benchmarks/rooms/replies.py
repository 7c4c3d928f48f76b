"""How long a candidate waits for a reply: from the true end of what they say to the first sound they hear.

Times are seconds of one clock. Must not know rooms.
"""

import numpy as np

from voiceprep.ports import SPEAKER_RATE_HZ, Samples

SOUND_AT = 500
"""A sample louder than this is speech: the voices are loud, Opus' silence is not."""


class ReplyClock:
    """`replies_ms`: one a turn. `overlap_count`: turns in which the interviewer spoke before the answer was over,
    which have no reply time."""

    def __init__(self) -> None:
        self.replies_ms: list[float] = []
        self.overlap_count = 0
        self.first_heard_s = self.last_heard_s = 0.0
        self._is_speaking = self._is_overlapped = False
        self._said_s: float | None = None

    def sent(self, spoken: int, size: int, rate_hz: int, at_s: float, *, is_last: bool) -> None:
        """A block of `size` samples that began with `spoken` samples of an answer was handed over at `at_s`: it was
        said in the time before."""
        if not spoken:
            return
        if not self._is_speaking:
            self._is_overlapped = False
        self._is_speaking = not is_last
        if is_last:
            self.overlap_count += self._is_overlapped
            self._said_s = None if self._is_overlapped else at_s - (size - spoken) / rate_hz

    def heard(self, samples: Samples, at_s: float) -> None:
        """24 kHz audio of the interviewer that begins to play at `at_s`. Shape (n_samples,)."""
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) >= SOUND_AT)
        if not loud.size:
            return
        self.first_heard_s = self.first_heard_s or at_s + float(loud[0]) / SPEAKER_RATE_HZ
        self.last_heard_s = at_s + float(loud[-1]) / SPEAKER_RATE_HZ
        self._is_overlapped |= self._is_speaking
        if self._said_s is not None:
            self.replies_ms.append((at_s + float(loud[0]) / SPEAKER_RATE_HZ - self._said_s) * 1000)
            self._said_s = None
