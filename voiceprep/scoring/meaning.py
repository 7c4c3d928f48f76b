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
PASSAGE_TOKENS = 40
RIVAL_SHARE = 0.7
"""How much of the nearness to something else counts against a stretch."""

Rows = npt.NDArray[np.float32]
"""Shape (n_texts, n_dimensions), unit vectors."""


class TextVectors(Protocol):
    """Makes one unit vector per text."""

    name: str

    def rows(self, texts: Sequence[str]) -> Rows: ...

    def pieces(self, texts: Sequence[str]) -> list["Pieces"]:
        """Vectors of the parts of each text as they are meant there; nothing where vectors know no context."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Pieces:
    """The parts of a text: how much each matters, shape (n_parts,), and their unit vectors."""

    weights: npt.NDArray[np.float32]
    rows: Rows


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near an answer comes to a key point, and in which tokens (first..last).

    `margin`: how much nearer that stretch is to the point than, partly counted, to the question or any other key
    point (cosines). `similarity`: the largest cosine of any stretch with the point. `parts`: mean over the point's
    parts of their nearest part in one passage (BERTScore's recall, Zhang et al. 2020); 0 where parts are unknown.
    `echo`: cosine of the whole answer with the question.
    """

    margin: float
    similarity: float
    first: int
    last: int
    parts: float = 0.0
    echo: float = 0.0


NO_PIECES = Pieces(np.zeros(0, dtype=np.float32), np.zeros((0, 1), dtype=np.float32))
"""Of a text whose parts have no vectors of their own."""
NO_LIKENESS = Likeness(0.0, 0.0, 0, -1)
"""Where there are no text vectors."""


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
    asked, wanted = _rubric_rows(vectors, question, points)
    wanted_pieces = _rubric_pieces(vectors, points)
    said, whole = _stretch_rows(text, tokens, stretches, vectors)
    near, to_question = said @ wanted.T, said @ asked
    echo = float(whole @ asked)
    parts = _parts(_passages(text, tokens), wanted_pieces, vectors)
    found = []
    for place in range(len(points)):
        others = np.delete(near, place, axis=1).max(axis=1, initial=-1.0)
        margin = near[:, place] - RIVAL_SHARE * np.maximum(others, to_question)
        best = int(margin.argmax())
        stretch = stretches[best]
        similarity = float(near[:, place].max())
        found.append(Likeness(float(margin[best]), similarity, stretch.first, stretch.last, parts[place], echo))
    return found


def _parts(passages: Sequence[str], wanted: Sequence[Pieces], vectors: TextVectors) -> list[float]:
    """One value per key point, see `Likeness.parts`."""
    said = vectors.pieces(passages) if any(len(point.rows) for point in wanted) else []
    return [
        max(
            (float((point.rows @ each.rows.T).max(axis=1) @ point.weights) for each in said if len(each.rows)),
            default=0.0,
        )
        / max(float(point.weights.sum()), 1e-6)
        if len(point.rows)
        else 0.0
        for point in wanted
    ]


def _passages(text: str, tokens: Sequence[Token]) -> list[str]:
    """The whole, each sentence, and parts of sentences without an end, as in speech."""
    spans = [(tokens[0].start_char, tokens[-1].end_char)]
    first = 0
    for place in range(1, len(tokens) + 1):
        is_end = place == len(tokens) or tokens[place].sentence != tokens[first].sentence
        if is_end or place - first >= PASSAGE_TOKENS:
            spans.append((tokens[first].start_char, tokens[place - 1].end_char))
            first = place
    return [text[start:end] for start, end in (spans if len(spans) > 2 else spans[:1])]


@lru_cache(maxsize=256)
def _rubric_pieces(vectors: TextVectors, points: tuple[str, ...]) -> tuple[Pieces, ...]:
    return tuple(vectors.pieces(points)) or (NO_PIECES,) * len(points)


@lru_cache(maxsize=256)
def _rubric_rows(vectors: TextVectors, question: str, points: tuple[str, ...]) -> tuple[Rows, Rows]:
    rows = vectors.rows((question, *points))
    return rows[0], rows[1:]


def _stretch_rows(
    text: str, tokens: Sequence[Token], stretches: Sequence[_Stretch], vectors: TextVectors
) -> tuple[Rows, Rows]:
    """Vectors of clauses; those of a run of clauses are composed of them, weighted by length. That of the whole."""
    atoms = sorted({atom for stretch in stretches for atom in stretch.atoms})
    spans = [*atoms, (0, len(tokens) - 1)]
    rows = vectors.rows([text[tokens[first].start_char : tokens[last].end_char] for first, last in spans])
    rows, whole = rows[:-1], rows[-1]
    place = {atom: number for number, atom in enumerate(atoms)}
    weights = np.zeros((len(stretches), len(atoms)), dtype=np.float32)
    for number, stretch in enumerate(stretches):
        for first, last in stretch.atoms:
            weights[number, place[first, last]] = last + 1 - first
    sums = weights @ rows
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.where(lengths > 0, lengths, 1), dtype=np.float32), whole


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
