"""Known sounds: what the scripted candidate says, and what a recogniser would make of it. numpy only."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000
BLOCK_SAMPLES = RATE_HZ // 50

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Sound:
    """16 kHz audio, shape (n_samples,), and the truth about it.

    `words`: (text, start s, end s); `spans`: where there is speech, in samples, its edges 40 dB below the peak.
    """

    name: str
    samples: Samples
    words: tuple[tuple[str, float, float], ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def onset_sample(self) -> int:
        return self.spans[0][0]

    @property
    def end_sample(self) -> int:
        """Where the last speech ends; what follows is decay."""
        return self.spans[-1][1]


def save_sounds(sounds: dict[str, Sound], folder: Path) -> None:
    """One audio file and one list."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "sounds.npz", allow_pickle=False, **{name: sound.samples for name, sound in sounds.items()})
    notes = {name: {**asdict(sound), "samples": None} for name, sound in sounds.items()}
    (folder / "sounds.json").write_text(json.dumps(notes), encoding="utf-8")


def load_sounds(folder: Path) -> dict[str, Sound]:
    """The sounds by name."""
    notes = json.loads((folder / "sounds.json").read_text(encoding="utf-8"))
    with np.load(folder / "sounds.npz") as audio:
        return {
            name: Sound(
                name,
                audio[name],
                tuple((text, start, end) for text, start, end in note["words"]),
                tuple((start, end) for start, end in note["spans"]),
            )
            for name, note in notes.items()
        }
