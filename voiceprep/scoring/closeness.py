"""How near the single words of an answer come to those of the rubric. Must not know windows, order or credit."""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from voiceprep.model import Question
from voiceprep.scoring.matching import match_words
from voiceprep.scoring.statements import KNOWN_WEIGHT
from voiceprep.scoring.vectors import WordVectors
from voiceprep.scoring.words import Token, read_rubric

_SUBORDINATE = re.compile(
    r"\b(?:when|whenever|if|because|since|so|while|whereas|until|although|as long as|than|instead)\b", re.IGNORECASE
)

Similarities = npt.NDArray[np.float32]
"""Shape (n_answer_words, n_rubric_words), −1..1."""


@dataclass(frozen=True, slots=True)
class Closeness:
    """Means over a key point's words of how near the answer's nearest word is, −1..1.

    `words`: all of them, the question's own counting less; `fresh`: without the question's; `head`: the fresh ones
    of the main clause ("prices fall" in "prices fall when demand falls").
    """

    words: float
    fresh: float
    head: float


class WordTable:
    """The words of one answer against those of one rubric."""

    def __init__(self, question: Question, tokens: Sequence[Token], vectors: WordVectors | None) -> None:
        said = sorted({token.text for token in tokens if token.is_content})
        self._columns = {word: place for place, word in enumerate(rubric_words(question))}
        self._known = {token.stem for token in read_rubric(question.text) if token.is_content}
        self._table = _similarities(said, tuple(self._columns), vectors)

    def belonging(self) -> float:
        """Mean over the answer's words of how near the rubric's nearest word is: foreign matter lowers it."""
        return float(self._table.max(axis=1).mean()) if self._table.size else 0.0

    def closeness(self, text: str) -> Closeness:
        """Of a key point's plain `text`."""
        terms = [token for token in read_rubric(text) if token.is_content and token.text in self._columns]
        if not terms or not self._table.size:
            return Closeness(0.0, 0.0, 0.0)
        nearest = self._table.max(axis=0)
        found = [float(nearest[self._columns[term.text]]) for term in terms]
        weights = [KNOWN_WEIGHT if term.stem in self._known else 1.0 for term in terms]
        words = float(np.average(found, weights=weights))
        fresh = _mean_of_fresh(terms, found, self._known, len(text))
        return Closeness(words, words if fresh is None else fresh, self._head(text, terms, found, words))

    def _head(self, text: str, terms: Sequence[Token], found: Sequence[float], words: float) -> float:
        match = _SUBORDINATE.search(text)
        end = match.start() if match and match.start() > 0 else len(text)
        fresh = _mean_of_fresh(terms, found, self._known, end)
        whole = _mean_of_fresh(terms, found, frozenset(), end)
        return next((value for value in (fresh, whole) if value is not None), words)


def _mean_of_fresh(terms: Sequence[Token], found: Sequence[float], known: Set[str], end_char: int) -> float | None:
    chosen = [
        value
        for term, value in zip(terms, found, strict=True)
        if term.stem not in known and term.start_char < end_char
    ]
    return sum(chosen) / len(chosen) if chosen else None


def rubric_words(question: Question) -> list[str]:
    """The content words of the question, its reference and its key points, each once."""
    texts = (question.text, question.reference, *(point.text for point in question.key_points))
    return sorted({token.text for text in texts for token in read_rubric(text) if token.is_content})


def _similarities(said: Sequence[str], wanted: tuple[str, ...], vectors: WordVectors | None) -> Similarities:
    if vectors is None:
        strengths = [[_strength(term, word) for term in wanted] for word in said]
        return np.array(strengths, dtype=np.float32).reshape(len(said), len(wanted))
    if not said or not wanted:
        return np.zeros((len(said), len(wanted)), dtype=np.float32)
    return np.stack([vectors.direction(word) for word in said]) @ _columns(vectors, wanted).T


def _strength(term: str, word: str) -> float:
    found = match_words(term, word)
    return 0.0 if found.is_opposite else found.strength


@lru_cache(maxsize=256)
def _columns(vectors: WordVectors, words: tuple[str, ...]) -> Similarities:
    return np.stack([vectors.direction(word) for word in words])
