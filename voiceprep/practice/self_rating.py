"""How far candidates' ratings of their own answers agree with the scores. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, fmean

from voiceprep.recordings.history import QuestionResult

ANSWERS_MIN = 8
"""Fewer rated and scored answers say nothing."""


BANDS = 5
"""Equal ranges of the rating that the calibration curve is drawn over."""


@dataclass(frozen=True, slots=True)
class RatedSession:
    """The rated and scored answers of one session: means of both in 0..1."""

    session: str
    started_at: str
    answer_count: int
    mean_rating: float
    mean_score: float


@dataclass(frozen=True, slots=True)
class Band:
    """The answers rated within one range: what they were rated and what they were worth, on average."""

    answer_count: int
    mean_rating: float
    mean_score: float


@dataclass(frozen=True, slots=True)
class SelfRating:
    """`mean_difference`: rating less score, above 0 for who rates too high. `correlation` None: one of both never
    varied. `sessions`: over time, oldest first; `curve`: by rating, lowest first, without empty ranges."""

    answer_count: int
    mean_difference: float
    correlation: float | None
    sessions: tuple[RatedSession, ...]
    curve: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class _Rated:
    result: QuestionResult
    rating: float
    score: float


def measure_self_rating(
    results: Sequence[QuestionResult], ratings: Mapping[str, Mapping[str, float]]
) -> SelfRating | None:
    """`ratings`: session → question → rating in 0..1. None below ANSWERS_MIN."""
    rated = [
        _Rated(result, own, result.score)
        for result in results
        if result.score is not None and (own := ratings.get(result.session, {}).get(result.question)) is not None
    ]
    if len(rated) < ANSWERS_MIN:
        return None
    return SelfRating(
        len(rated),
        fmean(each.rating - each.score for each in rated),
        _correlation(rated),
        _sessions(rated),
        _curve(rated),
    )


def _sessions(rated: Sequence[_Rated]) -> tuple[RatedSession, ...]:
    groups: dict[tuple[str, str], list[_Rated]] = {}
    for each in rated:
        groups.setdefault((each.result.started_at, each.result.session), []).append(each)
    return tuple(
        RatedSession(session, started_at, len(group), *_means(group))
        for (started_at, session), group in sorted(groups.items())
    )


def _curve(rated: Sequence[_Rated]) -> tuple[Band, ...]:
    groups: dict[int, list[_Rated]] = {}
    for each in rated:
        groups.setdefault(min(BANDS - 1, int(each.rating * BANDS)), []).append(each)
    return tuple(Band(len(group), *_means(group)) for _, group in sorted(groups.items()))


def _means(group: Sequence[_Rated]) -> tuple[float, float]:
    return fmean(each.rating for each in group), fmean(each.score for each in group)


def _correlation(rated: Sequence[_Rated]) -> float | None:
    try:
        return correlation([each.rating for each in rated], [each.score for each in rated])
    except StatisticsError:
        return None
