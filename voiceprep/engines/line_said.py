"""One line of the interviewer as a realtime model says it: its words and audio as they come, and what was heard.

Must not know models. The playback position is the speaker's, not a guess.
"""

from voiceprep.engines.speech import WORD_MS, heard_part
from voiceprep.model import Spoken
from voiceprep.ports import SPEAKER_RATE_HZ, Samples, Speaker
from voiceprep.realtime import Direction


class Line:
    """From the request to the last sample heard."""

    def __init__(self, direction: Direction, speaker: Speaker, requested_ms: int, *, is_nudge: bool) -> None:
        self.direction = direction
        self.is_nudge = is_nudge
        self.is_done = False
        self.is_whole = False
        self.started_ms: int | None = None
        self._quiet_since_ms = requested_ms
        self._speaker = speaker
        self._sample_count = 0
        self._told = ""

    @property
    def has_sound(self) -> bool:
        return self._sample_count > 0

    @property
    def text(self) -> str:
        """What it says as far as the model has told, else what it was to say."""
        return " ".join(self._told.split()) or self.direction.text

    @property
    def is_over(self) -> bool:
        """Nothing more comes and everything was heard."""
        return self.is_done and self._speaker.is_idle

    def quiet_ms(self, now_ms: int) -> int:
        """For how long there has been nothing of it to hear. Ask with every block."""
        if not self._speaker.is_idle:
            self._quiet_since_ms = now_ms
        return now_ms - self._quiet_since_ms

    def wait_anew(self, now_ms: int) -> None:
        """Count what `quiet_ms` says from now on."""
        self._quiet_since_ms = now_ms

    def play(self, samples: Samples) -> None:
        self._sample_count += len(samples)
        self._speaker.enqueue(samples)

    def tell(self, text: str) -> None:
        """The next words of it."""
        self._told += text

    def end(self, *, is_whole: bool) -> None:
        """Nothing more comes."""
        self.is_done, self.is_whole = True, is_whole

    def finish(self, now_ms: int) -> Spoken:
        """Settle what was heard, once `is_over`."""
        heard_ms = self._speaker.stop()
        text = self.text if self.is_whole else self._heard(heard_ms)
        return Spoken(self.text, text, self._start(now_ms), now_ms, is_interrupted=not self.is_whole)

    def interrupt(self, now_ms: int) -> tuple[Spoken, int]:
        """Silence at once; what was heard of it, and for how many milliseconds."""
        heard_ms = self._speaker.stop()
        spoken = Spoken(self.text, self._heard(heard_ms), self._start(now_ms), now_ms, is_interrupted=True)
        return spoken, heard_ms

    def _heard(self, heard_ms: int) -> str:
        length_ms = self._sample_count * 1000 / SPEAKER_RATE_HZ
        if not self.is_whole:
            length_ms = max(length_ms, len(self.text.split()) * WORD_MS)
        return heard_part([(self.text, length_ms)], heard_ms) if length_ms else ""

    def _start(self, now_ms: int) -> int:
        return now_ms if self.started_ms is None else self.started_ms
