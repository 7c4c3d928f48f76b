"""How loud the microphone heard the candidate: a check of the microphone. It says nothing about the speaker."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from voiceprep.model import MicrophoneLevel, SpeechPause
from voiceprep.rates import MICROPHONE_RATE_HZ

FRAME_MS = 20
FRAMES_MIN = 50
"""A second of speech; less says nothing about the microphone."""
FULL_SCALE = 32_768
CLIPPED_FROM = 32_700
"""Samples this near to full scale were cut off by the microphone or its driver."""


def measure_level(samples: npt.NDArray[np.int16], speech: Sequence[SpeechPause]) -> MicrophoneLevel | None:
    """Levels of whole 20 ms frames inside `speech`, 0 dBFS being a full-scale square wave; None for too little."""
    powers: list[npt.NDArray[np.float32]] = []
    clipped_count = sample_count = 0
    for stretch in speech:  # one at a time: an hour at once would take half a gigabyte
        frames = _frames(samples, stretch)
        powers.append(np.mean(np.square(frames), axis=1))
        clipped_count += int(np.count_nonzero(np.abs(frames) * FULL_SCALE >= CLIPPED_FROM))
        sample_count += frames.size
    power = np.concatenate(powers) if powers else np.zeros(0, np.float32)
    if len(power) < FRAMES_MIN:
        return None
    # One step of the converter is the floor: digital silence has no level in decibels.
    low_dbfs, high_dbfs = np.percentile(10 * np.log10(np.maximum(power, FULL_SCALE**-2)), (10, 90))
    return MicrophoneLevel(round(float(low_dbfs), 1), round(float(high_dbfs), 1), clipped_count / sample_count)


def _frames(samples: npt.NDArray[np.int16], stretch: SpeechPause) -> npt.NDArray[np.float32]:
    """Whole frames of a stretch, full scale being 1. Shape (n_frames, samples of FRAME_MS)."""
    frame = MICROPHONE_RATE_HZ * FRAME_MS // 1000
    start, end = (at_ms * MICROPHONE_RATE_HZ // 1000 for at_ms in (stretch.start_ms, stretch.end_ms))
    inside = samples[start:end]
    return inside[: len(inside) // frame * frame].reshape(-1, frame).astype(np.float32) / np.float32(FULL_SCALE)
