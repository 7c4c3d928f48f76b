"""How far a judge agrees with graded examples and what it falls for. Pure: scores come in. Must not know judges."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voiceprep.model import QuestionScore
from voiceprep.scoring.intervals import bootstrap_interval


@dataclass(frozen=True, slots=True)
class Graded:
    """One example: whose question, what a fair marker credits, what the judge made of it, how long it is."""

    question_id: str
    credited: frozenset[str]
    score: QuestionScore
    word_count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Agreement per key point over graded examples. Shares are 0..1; None where there was nothing to measure.

    `kappa_interval`: 90 %, by drawing questions with replacement. `bias`: credited by the judge − by the markers.
    `length_bias`: correlation of log words with score − marked share. `retest`: share of key points decided alike
    when everything is scored a second time. `traps`: per kind, (earned anything, tried). `denied`: the same for
    key points that an answer denies.
    """

    judge: str
    judge_version: str
    rubric_hash: str
    question_count: int
    example_count: int
    point_count: int
    kappa: float | None
    kappa_interval: tuple[float, float] | None
    bias: float | None
    correlation: float | None
    length_bias: float | None
    abstained: float
    retest: float | None
    traps: Mapping[str, tuple[int, int]]
    denied: tuple[int, int]
    seconds: float
    cost_usd: float


def decisions(graded: Sequence[Graded]) -> list[tuple[bool, bool]]:
    """(marked, judged) per key point of the examples that were judged."""
    return [
        (point.id in each.credited, point.is_credited)
        for each in graded
        if not each.score.is_abstained
        for point in each.score.key_points
    ]


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa; None without pairs or where everything is of one kind."""
    if not pairs:
        return None
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    first, second = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    chance = first * second + (1 - first) * (1 - second)
    return None if chance >= 1 else (agreed - chance) / (1 - chance)


def kappa_interval(graded: Sequence[Graded]) -> tuple[float, float] | None:
    """90 % by bootstrap over questions: examples of one question are not independent."""
    by_question: dict[str, list[tuple[bool, bool]]] = {}
    for each in graded:
        by_question.setdefault(each.question_id, []).extend(decisions([each]))
    return bootstrap_interval(list(by_question.values()), kappa)


def bias(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    return sum(judged - marked for marked, judged in pairs) / len(pairs) if pairs else None


def score_correlation(graded: Sequence[Graded]) -> float | None:
    """Pearson's, of the score with the share of key points that the markers credit."""
    pairs = [(_marked(each), each.score.score) for each in graded if each.score.score is not None]
    return _pearson([a for a, _ in pairs], [b for _, b in pairs])


def length_bias(graded: Sequence[Graded]) -> float | None:
    """Pearson's, of log words with score − marked share: above 0, length is rewarded for itself."""
    scored = [(each, each.score.score) for each in graded if each.score.score is not None and each.word_count]
    return _pearson(
        [math.log(each.word_count) for each, _ in scored], [value - _marked(each) for each, value in scored]
    )


def same_share(first: Sequence[QuestionScore], second: Sequence[QuestionScore]) -> float | None:
    """Share of key points that two scorings of the same answers decide alike."""
    pairs = [
        (a.is_credited, b.is_credited)
        for one, other in zip(first, second, strict=True)
        for a, b in zip(one.key_points, other.key_points, strict=False)
    ]
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else None


def _marked(each: Graded) -> float:
    return len(each.credited) / len(each.score.key_points) if each.score.key_points else 0.0


def _pearson(first: Sequence[float], second: Sequence[float]) -> float | None:
    if len(first) < 3:
        return None
    mean_a, mean_b = sum(first) / len(first), sum(second) / len(second)
    spread_a = math.sqrt(sum((a - mean_a) ** 2 for a in first))
    spread_b = math.sqrt(sum((b - mean_b) ** 2 for b in second))
    if spread_a == 0 or spread_b == 0:
        return None
    return sum((a - mean_a) * (b - mean_b) for a, b in zip(first, second, strict=True)) / (spread_a * spread_b)
