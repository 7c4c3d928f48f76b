"""From what was found about a key point to its credit: one logistic formula. Must not know texts.

The constants are fitted by benchmarks/agreement/fit.py on graded short answers of subjects no bank has, and
checked on others; see there.
"""

import math
from dataclasses import astuple, dataclass

COVERAGE_MAX = 0.6
"""Word coverage beyond this says no more."""
LENGTH_TOKENS_MAX = 25
NOTHING_BELOW, CREDIT_AT, FULL_AT = 0.1, 0.28, 0.65
"""Probabilities that earn no credit, half of it and all; the middle one credits about as often as markers do."""
CREDIT_OF_A_POINT = 0.5
"""Credit from which a key point is credited."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks for one key point.

    `coverage` 0..1: share of its words in one stretch, `lead`: minus the best coverage of another point.
    `margin`, `similarity`: see meaning.Likeness; 0 without text vectors. `length`: log of the answer's tokens.
    `denial` 0..1: how much of the point the nearest stretch speaks about in order to deny it.
    """

    coverage: float
    lead: float
    margin: float
    similarity: float
    is_alone: float
    length: float
    denial: float


@dataclass(frozen=True, slots=True)
class Formula:
    """Weights of a `Finding`'s values, in their order, and the constant."""

    coverage: float
    lead: float
    margin: float
    similarity: float
    is_alone: float
    length: float
    denial: float
    constant: float

    def probability(self, finding: Finding) -> float:
        """That a marker would credit the point, 0..1."""
        weights = astuple(self)
        total = weights[-1] + sum(w * value for w, value in zip(weights, astuple(finding), strict=False))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


FORMULAS = {
    "minilm": Formula(6.69, -0.66, 9.22, -3.92, 0.03, 0.72, -2.19, -4.11),
    "wordllama": Formula(8.12, -0.62, 7.59, -5.39, 0.16, 0.72, -1.15, -3.92),
    "words": Formula(6.77, 0.32, 0.0, 0.0, 0.24, 1.26, -0.69, -5.74),
}
"""By the name of the text vectors; "words" without any."""


def make_finding(
    coverage: float,
    lead: float,
    denial: float,
    likeness: tuple[float, float] | None,
    counts: tuple[int, int],
) -> Finding:
    """`likeness`: (margin, similarity), None without text vectors. `counts`: key points, tokens of the answer."""
    margin, similarity = likeness or (0.0, 0.0)
    point_count, token_count = counts
    return Finding(
        coverage=min(COVERAGE_MAX, coverage),
        lead=max(-COVERAGE_MAX, min(COVERAGE_MAX, lead)),
        margin=margin,
        similarity=similarity,
        is_alone=float(point_count == 1),
        length=math.log1p(min(LENGTH_TOKENS_MAX, token_count)),
        denial=denial,
    )


def to_credit(probability: float) -> float:
    """Probability → credit 0..1 in straight lines: nothing, half at CREDIT_AT, full.

    Graded credit follows human marks better than yes or no; what is not credited earns less than half.
    """
    if probability < NOTHING_BELOW:
        return 0.0
    if probability < CREDIT_AT:
        return round(0.49 * (probability - NOTHING_BELOW) / (CREDIT_AT - NOTHING_BELOW), 3)
    return round(min(1.0, 0.5 + 0.5 * (probability - CREDIT_AT) / (FULL_AT - CREDIT_AT)), 3)


COVERED_AT, COVERED_FULL_ABOVE, COVERED_NOTHING_BELOW = 0.42, 0.2, 0.2
PLAIN_AT = 0.85
"""Probability that earns credit where a bank lists how people say a point, and the answer says it otherwise."""


def coverage_to_credit(coverage: float) -> float:
    """The same for points whose bank lists how people say them: there words decide, and the constants are the
    bank's too. Coverage 0..1 of the point's own sentence."""
    if coverage <= COVERED_NOTHING_BELOW:
        return 0.0
    if coverage < COVERED_AT:
        return round(0.49 * (coverage - COVERED_NOTHING_BELOW) / (COVERED_AT - COVERED_NOTHING_BELOW), 3)
    return round(min(1.0, 0.5 + 0.5 * (coverage - COVERED_AT) / COVERED_FULL_ABOVE), 3)
