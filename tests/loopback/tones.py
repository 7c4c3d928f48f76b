"""Speech that survives resampling and being cut anywhere: every word is a chord of its own for 180 ms.

Must not know protocols. The vocabulary belongs to the process: a word can be heard once it has been said here.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, Samples

WORD_MS = 200
PEAK = 12_000
_CARRIERS_HZ = tuple(range(600, 3_300, 150))
_BETWEEN_HZ = 3_450
"""20 ms of this end a word, so that a repeated one is two."""
_CHORDS = tuple(itertools.combinations(range(len(_CARRIERS_HZ)), 4))
_WORD_OF: dict[tuple[int, ...], str] = {}
_CHORD_OF: dict[str, tuple[int, ...]] = {}

_BIN_HZ = 1000 / BLOCK_MS
_HOP_MS = BLOCK_MS // 2
_HEARD_MS = 80
"""Less of a word is none."""
_PRESENT, _ABSENT, _QUIET = 0.4, 0.25, 500.0


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word and where it lies, in ms of the audio given; `end_ms` to the nearest 10 ms."""

    text: str
    start_ms: int
    end_ms: int


def tone_speech(text: str, rate_hz: int = MICROPHONE_RATE_HZ) -> list[Samples]:
    """Blocks of 20 ms that say `text` at 200 ms a word; loud in every block."""
    blocks: list[Samples] = []
    for word in text.split():
        chord = [_CARRIERS_HZ[index] for index in _chord(word)]
        blocks += [_sound(chord, rate_hz)] * (WORD_MS // BLOCK_MS - 1) + [_sound([_BETWEEN_HZ], rate_hz)]
    return blocks


def tone_samples(text: str, rate_hz: int) -> Samples:
    """The same in one piece. Shape (n_samples,)."""
    return np.concatenate([np.zeros(0, np.int16), *tone_speech(text, rate_hz)])


def heard_words(samples: Samples, rate_hz: int) -> list[HeardWord]:
    """What was said, in order; a word of which less than 80 ms are there is none. Shape (n_samples,)."""
    words: list[HeardWord] = []
    for chord, group in itertools.groupby(enumerate(_chords(samples, rate_hz)), key=lambda pair: pair[1]):
        places = [index for index, _ in group]
        text = _WORD_OF.get(chord) if chord else None
        start_ms, end_ms = places[0] * _HOP_MS, places[-1] * _HOP_MS + BLOCK_MS
        if text is not None and end_ms - start_ms >= _HEARD_MS:
            words.append(HeardWord(text, start_ms, end_ms))
    return words


def heard_text(samples: Samples, rate_hz: int) -> str:
    """The words of `heard_words`."""
    return " ".join(word.text for word in heard_words(samples, rate_hz))


def _chord(word: str) -> tuple[int, ...]:
    if word not in _CHORD_OF:
        # Spread over the list, so that neighbours differ in more than one carrier.
        chord = _CHORDS[len(_CHORD_OF) * 769 % len(_CHORDS)]
        if chord in _WORD_OF:
            raise ValueError("more words than chords")
        _CHORD_OF[word], _WORD_OF[chord] = chord, word
    return _CHORD_OF[word]


def _sound(frequencies_hz: list[int], rate_hz: int) -> Samples:
    """20 ms; whole periods of each, so that blocks join without a click."""
    at = np.arange(rate_hz * BLOCK_MS // 1000) / rate_hz
    wave = np.sum([np.sin(2 * np.pi * frequency * at) for frequency in frequencies_hz], axis=0)
    return np.asarray(np.rint(wave * PEAK / np.abs(wave).max()), np.int16)


def _chords(samples: Samples, rate_hz: int) -> list[tuple[int, ...]]:
    """The chord in each window of 20 ms, every 10 ms; () where there is none."""
    size, hop = rate_hz * BLOCK_MS // 1000, rate_hz * _HOP_MS // 1000
    if len(samples) < size:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop] * np.hanning(size)
    levels: npt.NDArray[np.float64] = np.abs(np.fft.rfft(windows, axis=1)) * 4 / size
    carriers = levels[:, [round(frequency / _BIN_HZ) for frequency in _CARRIERS_HZ]]
    ranks = np.argsort(carriers, axis=1)[:, ::-1]
    sorted_levels = np.take_along_axis(carriers, ranks, axis=1)
    loudest = sorted_levels[:, 0]
    is_chord = (
        (loudest > _QUIET) & (sorted_levels[:, 3] > _PRESENT * loudest) & (sorted_levels[:, 4] < _ABSENT * loudest)
    )
    return [
        tuple(sorted(int(index) for index in rank[:4])) if is_one else ()
        for rank, is_one in zip(ranks, is_chord, strict=True)
    ]
