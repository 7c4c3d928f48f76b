"""How answers went over time, by topic and kind of question: means with intervals, and a trend only when there is
enough to see one. Pure; must not know where results come from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from voiceprep.recordings.history import QuestionResult
from voiceprep.scoring.intervals import mean_interval, mean_reach

ANSWERS_MIN, SESSIONS_MIN = 8, 4
"""Fewer scored answers, or from fewer sessions, show no trend."""
RECENT_ANSWERS = 20
"""The mean is over so many of the newest answers: it says how things stand, not how they were a year ago."""


class Direction(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "no clear change"


@dataclass(frozen=True, slots=True)
class Trend:
    """Later half minus earlier half, half the width of its 90 % interval, and what that allows to say."""

    change: float
    reach: float
    direction: Direction


@dataclass(frozen=True, slots=True)
class SessionMean:
    """The mean of one session's answers that belong to the series. `started_at` is ISO, UTC."""

    session: str
    started_at: str
    score: float
    answer_count: int


@dataclass(frozen=True, slots=True)
class Series:
    """One topic, one kind of question, or everything. `trend` is None below ANSWERS_MIN and SESSIONS_MIN."""

    name: str
    answer_count: int
    mean: float
    interval: tuple[float, float]
    sessions: tuple[SessionMean, ...]
    trend: Trend | None


@dataclass(frozen=True, slots=True)
class Progress:
    """`overall` is None when nothing was scored."""

    overall: Series | None
    topics: tuple[Series, ...]
    competencies: tuple[Series, ...]


def measure_progress(results: Sequence[QuestionResult]) -> Progress:
    """`results` oldest first. The weakest topic comes first."""
    scored = [result for result in results if result.score is not None]
    return Progress(
        overall=_series("All questions", scored) if scored else None,
        topics=_grouped(scored, [result.topic for result in scored]),
        competencies=_grouped(scored, [result.kind for result in scored]),
    )


def _grouped(results: Sequence[QuestionResult], names: Iterable[str]) -> tuple[Series, ...]:
    groups: dict[str, list[QuestionResult]] = {}
    for result, name in zip(results, names, strict=True):
        groups.setdefault(name or "without a topic", []).append(result)
    series = [_series(name, group) for name, group in groups.items()]
    return tuple(sorted(series, key=lambda each: (each.mean, each.name)))


def _series(name: str, results: Sequence[QuestionResult]) -> Series:
    scores = [result.score for result in results if result.score is not None]
    recent = scores[-RECENT_ANSWERS:]
    sessions = tuple(_session_means(results))
    has_enough = len(scores) >= ANSWERS_MIN and len(sessions) >= SESSIONS_MIN
    return Series(
        name=name,
        answer_count=len(scores),
        mean=sum(recent) / len(recent),
        interval=mean_interval(recent) or (0.0, 1.0),
        sessions=sessions,
        trend=measure_trend(scores) if has_enough else None,
    )


def measure_trend(scores: Sequence[float]) -> Trend:
    """The later half against the earlier one (the middle answer of an odd count is in neither).

    The half-widths of the two means add up as independent errors do: √(a² + b²).
    """
    half = len(scores) // 2
    earlier, later = scores[:half], scores[-half:]
    change = sum(later) / half - sum(earlier) / half
    reach = (mean_reach(earlier) ** 2 + mean_reach(later) ** 2) ** 0.5
    direction = Direction.UNCLEAR
    if change > reach:
        direction = Direction.BETTER
    elif change < -reach:
        direction = Direction.WORSE
    return Trend(change, reach, direction)


def _session_means(results: Sequence[QuestionResult]) -> Iterable[SessionMean]:
    by_session: dict[str, list[QuestionResult]] = {}
    for result in results:
        by_session.setdefault(result.session, []).append(result)
    for session, own in by_session.items():
        scores = [result.score for result in own if result.score is not None]
        yield SessionMean(session, own[0].started_at, sum(scores) / len(scores), len(scores))
