"""What an answer means near each key point: its closest stretch by text vectors. Must not know words or credit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voiceprep.scoring.words import Token

RUN_CLAUSES_MAX = 3
LONG_CLAUSE_TOKENS, PART_TOKENS, PART_STEP = 14, 10, 5
"""Clauses longer than this, as in speech without punctuation, are also looked at in parts."""
CONTENT_TOKENS_MIN = 2
"""Shorter stretches say nothing by themselves, unless they are all there is."""
RIVAL_SHARE = 0.7
"""How much of the nearness to something else counts against a stretch."""

Rows = npt.NDArray[np.float32]
"""Shape (n_texts, n_dimensions), unit vectors."""


class TextVectors(Protocol):
    """Makes one unit vector per text."""

    name: str

    def rows(self, texts: Sequence[str]) -> Rows: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near an answer comes to a key point, and in which tokens (first..last).

    `margin`: how much nearer that stretch is to the point than, partly counted, to the question or any other key
    point (cosines). `similarity`: the largest cosine of any stretch with the point.
    """

    margin: float
    similarity: float
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Tokens first..last, and the clauses or parts that make its vector."""

    first: int
    last: int
    atoms: tuple[tuple[int, int], ...]


def find_likeness(
    text: str,
    tokens: Sequence[Token],
    is_masked: Sequence[bool],
    rubric: tuple[str, tuple[str, ...]],
    vectors: TextVectors,
) -> list[Likeness]:
    """One per key point. `rubric`: the question and the key points as plain sentences.

    A stretch speaks for one point when it is nearer to it than to whatever else was asked: that holds across
    subjects, where the level of a cosine does not.
    """
    question, points = rubric
    stretches = _stretches(tokens, is_masked)
    if not stretches:
        return [Likeness(-1.0, 0.0, 0, -1)] * len(points)
    said = _stretch_rows(text, tokens, stretches, vectors)
    asked, wanted = _rubric_rows(vectors, question, points)
    near, to_question = said @ wanted.T, said @ asked
    found = []
    for place in range(len(points)):
        others = np.delete(near, place, axis=1).max(axis=1, initial=-1.0)
        margin = near[:, place] - RIVAL_SHARE * np.maximum(others, to_question)
        best = int(margin.argmax())
        stretch = stretches[best]
        found.append(Likeness(float(margin[best]), float(near[:, place].max()), stretch.first, stretch.last))
    return found


@lru_cache(maxsize=256)
def _rubric_rows(vectors: TextVectors, question: str, points: tuple[str, ...]) -> tuple[Rows, Rows]:
    rows = vectors.rows((question, *points))
    return rows[0], rows[1:]


def _stretch_rows(text: str, tokens: Sequence[Token], stretches: Sequence[_Stretch], vectors: TextVectors) -> Rows:
    """Vectors of clauses; those of a run of clauses are composed of them, weighted by length."""
    atoms = sorted({atom for stretch in stretches for atom in stretch.atoms})
    rows = vectors.rows([text[tokens[first].start_char : tokens[last].end_char] for first, last in atoms])
    place = {atom: number for number, atom in enumerate(atoms)}
    weights = np.zeros((len(stretches), len(atoms)), dtype=np.float32)
    for number, stretch in enumerate(stretches):
        for first, last in stretch.atoms:
            weights[number, place[first, last]] = last + 1 - first
    sums = weights @ rows
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _stretches(tokens: Sequence[Token], is_masked: Sequence[bool]) -> list[_Stretch]:
    """Runs of up to three clauses, parts of long clauses, and the whole; not what is mostly masked."""
    clauses: list[tuple[int, int]] = []
    for place, token in enumerate(tokens):
        if not place or token.clause != tokens[place - 1].clause:
            clauses.append((place, place))
        clauses[-1] = (clauses[-1][0], place)
    found = []
    for number, (first, last) in enumerate(clauses):
        runs = [clauses[number : end + 1] for end in range(number, min(number + RUN_CLAUSES_MAX, len(clauses)))]
        found += [_Stretch(first, run[-1][1], tuple(run)) for run in runs]
        if last + 1 - first > LONG_CLAUSE_TOKENS:
            for start in range(first, last - PART_TOKENS + 4, PART_STEP):
                part = (start, min(start + PART_TOKENS - 1, last))
                found.append(_Stretch(*part, (part,)))
    open_ = [s for s in found if 2 * sum(is_masked[s.first : s.last + 1]) <= s.last + 1 - s.first]
    telling = [s for s in open_ if _content_count(tokens, s) >= CONTENT_TOKENS_MIN]
    return telling or open_[-1:]


def _content_count(tokens: Sequence[Token], stretch: _Stretch) -> int:
    return sum(token.is_content for token in tokens[stretch.first : stretch.last + 1])
