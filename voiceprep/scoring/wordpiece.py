"""Splits text into the pieces that a BERT-style model reads, Must not know models or weights."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORD = re.compile(r"[^\W_]+|[^\w\s]|_")
WORD_CHARS_MAX = 60


@dataclass(frozen=True, slots=True)
class WordPieces:
    """WordPiece, uncased, accents dropped: the greedy longest match of Wu et al. 2016."""

    vocabulary: Mapping[str, int]
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def split(self, text: str) -> list[int]:
        """The numbers of all pieces of `text` in the vocabulary."""
        return [number for word in _WORD.findall(text) for number in self._pieces(word.lower())]

    def _pieces(self, word: str) -> tuple[int, ...]:
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._longest_matches(_without_accents(word))
        return known

    def _longest_matches(self, word: str) -> tuple[int, ...]:
        found, start = [], 0
        if len(word) > WORD_CHARS_MAX:
            return (self.vocabulary["[UNK]"],)
        while start < len(word):
            end, prefix = len(word), "##" if start else ""
            while end > start and prefix + word[start:end] not in self.vocabulary:
                end -= 1
            if end == start:
                return (self.vocabulary["[UNK]"],)
            found.append(self.vocabulary[prefix + word[start:end]])
            start = end
        return tuple(found)


def _without_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")
