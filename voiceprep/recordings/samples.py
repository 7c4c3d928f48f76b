"""A session's own WAV as samples. Apart from wav.py because numpy takes longer to load than `history` may take."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from voiceprep.recordings.wav import HEADER_BYTES, stored_samples


def load_samples(path: Path) -> npt.NDArray[np.int16] | None:
    """Shape (n,), read from the disk as it is looked at, whatever the header says; None when the track is missing
    or unreadable."""
    try:
        return np.memmap(path, dtype="<i2", mode="r", offset=HEADER_BYTES, shape=(stored_samples(path),))
    except (OSError, ValueError):
        return None
