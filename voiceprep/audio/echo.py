"""Takes the interviewer's own voice out of the microphone, for loudspeakers instead of headphones.

LiveKit's WebRTC audio processing (extra `speaker`), loaded on first use. Must not know devices or turns.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from voiceprep.audio.line import SAMPLES_PER_MS, BlockSource, SpeakerLine
from voiceprep.errors import ConfigError
from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples

PIECE_MS = 10
"""WebRTC works on exactly 10 ms; LiveKit ends the whole process when it is given anything else."""

JITTER_MS = BLOCK_MS
"""Callbacks come up to this much late; so the loudspeaker is looked ahead at this much less than its latency."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """Loudspeaker sound: shape (n_samples,), and its place on the session clock in 24 kHz samples."""

    start_sample: int
    samples: Samples


class EchoCanceller:
    """A BlockSource that hears what `source` hears, without what `speaker_line` played.

    A speaker line knows a sound its whole latency before it can be heard, so the echo is always expected.
    Raises ConfigError when the package is missing.
    """

    def __init__(self, source: BlockSource, speaker_line: SpeakerLine) -> None:
        rtc = _load_rtc()
        self._source = source
        self._line = speaker_line
        self._line.add_tap(self._on_heard)
        self._new_piece = rtc.AudioFrame
        self._processor = rtc.AudioProcessingModule(
            echo_cancellation=True, noise_suppression=True, high_pass_filter=True
        )
        self._far: deque[_Heard] = deque()
        self._position_ms = 0

    def _on_heard(self, samples: Samples, start_ms: int) -> None:
        start_sample = start_ms * SAMPLES_PER_MS
        if self._far:
            last = self._far[-1]
            start_sample = max(start_sample, last.start_sample + last.samples.size)
        self._far.append(_Heard(start_sample, samples))

    async def read(self) -> Samples | None:
        block = await self._source.read()
        if block is None:
            return None
        self._line.deliver()
        lead_ms = max(0, self._line.latency_ms - JITTER_MS)
        cleaned = np.empty(MICROPHONE_BLOCK_SAMPLES, np.int16)
        piece_samples = MICROPHONE_RATE_HZ * PIECE_MS // 1000
        for first in range(0, MICROPHONE_BLOCK_SAMPLES, piece_samples):
            self._hear_far((self._position_ms + lead_ms) * SAMPLES_PER_MS)
            cleaned[first : first + piece_samples] = self._clean(block[first : first + piece_samples], lead_ms)
            self._position_ms += PIECE_MS
        return cleaned

    def close(self) -> None:
        self._source.close()

    def _clean(self, samples: Samples, lead_ms: int) -> Samples:
        piece = self._piece(samples, MICROPHONE_RATE_HZ)
        self._processor.set_stream_delay_ms(lead_ms)
        self._processor.process_stream(piece)
        return np.frombuffer(piece.data, np.int16)

    def _hear_far(self, first: int) -> None:
        """10 ms of loudspeaker from sample `first` on, silence included, in step with the microphone."""
        window = np.zeros(PIECE_MS * SAMPLES_PER_MS, np.int16)
        for heard in self._far:
            offset = heard.start_sample - first
            start, end = max(0, offset), min(window.size, offset + heard.samples.size)
            if start < end:
                window[start:end] = heard.samples[start - offset : end - offset]
        while self._far and self._far[0].start_sample + self._far[0].samples.size <= first:
            self._far.popleft()
        self._processor.process_reverse_stream(self._piece(window, SPEAKER_RATE_HZ))

    def _piece(self, samples: Samples, rate_hz: int) -> Any:  # noqa: ANN401  livekit is optional
        return self._new_piece(
            data=samples.tobytes(), sample_rate=rate_hz, num_channels=1, samples_per_channel=samples.size
        )


def _load_rtc() -> Any:  # noqa: ANN401
    try:
        from livekit import rtc
    except ImportError as error:
        raise ConfigError(
            f"Echo cancellation needs a package that is not installed ({error}).",
            'Run: pip install "voiceprep[speaker]"   or use headphones and leave --echo-cancel out.',
        ) from error
    return rtc
