"""Loudness of a recorded track over time, and its picture as an SVG path. Must not know what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voiceprep.recordings.samples import load_samples

STEP_MS = 20
LOUDNESS_EXPONENT = 0.67
"""Loudness grows about with the square root of power (Stevens 1955): soft words stay visible beside loud ones."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Peak loudness of every 20 ms of a track, 0 (silence) to 1 (the track's loudest).

    Shape (n_steps,), float32.
    """

    levels: npt.NDArray[np.float32]

    def heights(self, start_ms: int, end_ms: int, columns: int) -> tuple[float, ...]:
        """The loudest level in each of `columns` equal parts of a span; 0 outside the track."""
        edges = np.linspace(start_ms, end_ms, columns + 1) / STEP_MS
        first = np.clip(np.floor(edges[:-1]).astype(int), 0, len(self.levels))
        last = np.clip(np.maximum(np.ceil(edges[1:]).astype(int), first + 1), 0, len(self.levels))
        return tuple(float(self.levels[a:b].max()) if b > a else 0.0 for a, b in zip(first, last, strict=True))


def load_envelope(path: Path, rate_hz: int) -> Envelope | None:
    """One of the session's own WAVs, whatever its header says; None when it is missing, empty or unreadable."""
    samples = load_samples(path)
    step_samples = rate_hz * STEP_MS // 1000
    if samples is None or len(samples) < step_samples:
        return None
    steps = samples[: len(samples) - len(samples) % step_samples].reshape(-1, step_samples)
    peaks = np.maximum(steps.max(axis=1).astype(np.int32), -steps.min(axis=1).astype(np.int32))
    levels = (peaks / max(1, peaks.max())) ** LOUDNESS_EXPONENT
    return Envelope(levels.astype(np.float32))


def bars_path(heights: Sequence[float], width: int, center: int, reach: int) -> str:
    """Path data of one vertical bar per height, spread over `width`, `reach` up and down from `center` at most."""
    step = width / len(heights)
    bars = []
    for place, height in enumerate(heights):
        half = max(1, round(height * reach))
        bars.append(f"M{step * (place + 0.5):.4g} {center - half}v{2 * half}")
    return "".join(bars)
