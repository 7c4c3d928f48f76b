"""How a loopback recogniser knows what was said: from words coded into the audio, or from a known recording.

Must not know protocols.
"""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, Samples

LOUD = 8_000
_MAGIC = 31_337
_HEADER_SAMPLES = 4
_SOUND = 500
"""A sample beyond this is sound; recorded silence stays below."""


@dataclass(frozen=True, slots=True)
class SaidWord:
    """A word, with punctuation, and when it was said, in seconds of the audio received."""

    text: str
    start_s: float
    end_s: float


class Ear(Protocol):
    """Hears the audio of one connection, in order."""

    said: list[SaidWord]
    """Words said to their end."""
    sound_end_s: float
    """Where the last sound ended; 0 before the first."""

    def hear(self, samples: Samples, start_s: float) -> None:
        """Take the next audio, at most 20 ms of it, 16 kHz, shape (n_samples,)."""
        ...

    def unfinished(self) -> SaidWord | None:
        """The word being said right now."""
        ...


def coded_speech(text: str, word_ms: int = 200) -> list[Samples]:
    """Blocks of 20 ms that say `text`; each carries its word, so that any part of it can be heard again."""
    count = word_ms // BLOCK_MS
    blocks = []
    for word in text.split():
        letters = word.encode()
        for index in range(count):
            block = np.full(MICROPHONE_BLOCK_SAMPLES, LOUD, np.int16)
            block[:_HEADER_SAMPLES] = (_MAGIC, index, count, len(letters))
            block[_HEADER_SAMPLES : _HEADER_SAMPLES + len(letters)] = list(letters)
            blocks.append(block)
    return blocks


def silence(silence_ms: int) -> list[Samples]:
    """Blocks of 20 ms of nothing."""
    return [np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)] * (silence_ms // BLOCK_MS)


class CodedEar:
    """Understands `coded_speech`, wherever it is cut."""

    def __init__(self) -> None:
        self.said: list[SaidWord] = []
        self.sound_end_s = 0.0
        self._word: SaidWord | None = None

    def hear(self, samples: Samples, start_s: float) -> None:
        end_s = start_s + len(samples) / MICROPHONE_RATE_HZ
        if len(samples) < _HEADER_SAMPLES or samples[0] != _MAGIC:
            if np.abs(samples).max(initial=0) > _SOUND:
                self.sound_end_s = end_s
            return
        index, count, length = (int(value) for value in samples[1:_HEADER_SAMPLES])
        text = bytes(samples[_HEADER_SAMPLES : _HEADER_SAMPLES + length].tolist()).decode()
        is_new = self._word is None or index == 0
        word_start_s = start_s if is_new or self._word is None else self._word.start_s
        self.sound_end_s = end_s
        self._word = SaidWord(text, word_start_s, end_s)
        if index == count - 1:
            self.said.append(self._word)
            self._word = None

    def unfinished(self) -> SaidWord | None:
        return self._word


class TimedEar:
    """Knows what recordings say: each sound after silence begins the next answer of `answers`.

    An answer is its words with times in seconds from its first sound. Share `answers` between connections.
    """

    def __init__(self, answers: deque[tuple[SaidWord, ...]]) -> None:
        self.said: list[SaidWord] = []
        self.sound_end_s = 0.0
        self._answers = answers
        self._coming: deque[SaidWord] = deque()

    def hear(self, samples: Samples, start_s: float) -> None:
        end_s = start_s + len(samples) / MICROPHONE_RATE_HZ
        if np.abs(samples).max(initial=0) > _SOUND:
            self.sound_end_s = end_s
            if not self._coming and self._answers:
                words = self._answers.popleft()
                self._coming.extend(SaidWord(w.text, w.start_s + start_s, w.end_s + start_s) for w in words)
        while self._coming and self._coming[0].end_s <= end_s:
            self.said.append(self._coming.popleft())

    def unfinished(self) -> SaidWord | None:
        return None
