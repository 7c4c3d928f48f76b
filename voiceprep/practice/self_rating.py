"""How far candidates' ratings of their own answers agree with the scores. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation

from voiceprep.recordings.history import QuestionResult

ANSWERS_MIN = 8
"""Fewer rated and scored answers say nothing."""


@dataclass(frozen=True, slots=True)
class SelfRating:
    """`mean_difference`: rating less score, above 0 for who rates too high. `correlation` None: one of both never
    varied."""

    answer_count: int
    mean_difference: float
    correlation: float | None


def measure_self_rating(
    results: Sequence[QuestionResult], ratings: Mapping[str, Mapping[str, float]]
) -> SelfRating | None:
    """`ratings`: session → question → rating in 0..1. None below ANSWERS_MIN."""
    pairs = [
        (own, result.score)
        for result in results
        if result.score is not None and (own := ratings.get(result.session, {}).get(result.question)) is not None
    ]
    if len(pairs) < ANSWERS_MIN:
        return None
    mean_difference = sum(own - score for own, score in pairs) / len(pairs)
    return SelfRating(len(pairs), mean_difference, _correlation(pairs))


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    try:
        return correlation([own for own, _ in pairs], [score for _, score in pairs])
    except StatisticsError:
        return None
