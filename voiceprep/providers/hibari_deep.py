"""A second, deeper voice out of the local one: the same net, its pitch lowered and its vocal tract made longer.

Works on what the net predicts per frame (source and filter apart), not on sound, so nothing is smeared or slowed.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

PITCH = 0.6
TRACT = 0.86
"""Men's voices lie at about 0.6 of women's pitch and 0.86 of their formants (Hillenbrand et al. 1995)."""

_BIN_HZ = 20.0
_VOICED_HZ = 40.0
"""hibari's own: 601 bins up to 12 kHz, and frames below this pitch have none."""

Frames = npt.NDArray[np.float32]


class _Net(Protocol):
    def run(self, names: Sequence[str] | None, feeds: Mapping[str, object]) -> Sequence[Frames]: ...


class DeepNet:
    """Stands in for hibari's net; `run` answers in the deeper voice."""

    def __init__(self, net: _Net) -> None:
        self._net = net

    def run(self, names: Sequence[str] | None, feeds: Mapping[str, object]) -> list[Frames]:
        """As hibari's net: harmonics, their phases, noise, the free branch and its phases, and the pitch.

        Shapes (1, 601, n_frames), the pitch (1, n_frames).
        """
        harmonics, phases, noise, free, free_phases, pitch_hz = self._net.run(names, feeds)
        tract = lengthened_harmonics(harmonics[0], pitch_hz[0])
        return [
            tract[np.newaxis],
            _lengthened(phases[0])[np.newaxis],
            _lengthened(noise[0])[np.newaxis],
            _lengthened(free[0])[np.newaxis],
            free_phases,
            pitch_hz * np.float32(PITCH),
        ]


def lengthened_harmonics(harmonics: Frames, pitch_hz: Frames) -> Frames:
    """The filter over the harmonics. Shape (601, n_frames).

    Between the harmonics of the pitch it was made for the net may predict anything; so it is read at those only.
    """
    bins = np.arange(len(harmonics))
    longer = _lengthened(harmonics)
    for frame in np.flatnonzero(pitch_hz > _VOICED_HZ):
        step = pitch_hz[frame] / _BIN_HZ
        at = np.arange(step, len(harmonics) - 1, step)
        longer[:, frame] = np.interp(bins / TRACT, at, harmonics[np.rint(at).astype(int), frame])
    return longer


def _lengthened(spectra: Frames) -> Frames:
    """Every resonance moved down. Shape (601, n_frames)."""
    last = len(spectra) - 1
    place = np.minimum(np.arange(len(spectra)) / TRACT, last)
    below = place.astype(int)
    share = (place - below).astype(np.float32)[:, np.newaxis]
    longer: Frames = spectra[below] * (1 - share) + spectra[np.minimum(below + 1, last)] * share
    return longer
