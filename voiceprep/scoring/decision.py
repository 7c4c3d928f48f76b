"""From what was found about a key point to its credit: one logistic formula. Must not know texts.

The constants are fitted by benchmarks/agreement/fit.py on graded short answers of subjects no bank has, and
checked on others (fresh.txt); see there.
"""

import math
from dataclasses import astuple, dataclass

COVERAGE_MAX = 0.6
"""Word coverage beyond this says no more."""
LENGTH_TOKENS_MAX = 25
NOTHING_BELOW, CREDIT_AT, FULL_AT = 0.1, 0.36, 0.75
"""Probabilities that earn no credit, half of it and all; the middle one credits about as often as markers do."""
CREDIT_OF_A_POINT = 0.5
"""Credit from which a key point is credited."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks for one key point.

    `coverage` 0..1: share of its words in one stretch, `lead`: minus the best coverage of another point.
    `margin`, `similarity`, `parts`, `echo`: see meaning.Likeness; 0 without text vectors. `words`, `fresh`, `head`:
    see closeness.Closeness. `belonging`: how near the answer's words are to the rubric's. `length`: log of the
    answer's tokens, `long_coverage`, `long_parts`: times it, since short answers say much in few words.
    `denial` 0..1: how much of the point the nearest stretch speaks about in order to deny it. `contrary`: see
    contraries.is_contrary, `affirmed`: contraries.affirms_denied.
    """

    coverage: float
    lead: float
    margin: float
    similarity: float
    parts: float
    echo: float
    words: float
    fresh: float
    head: float
    belonging: float
    is_alone: float
    length: float
    long_coverage: float
    long_parts: float
    denial: float
    contrary: float
    affirmed: float


@dataclass(frozen=True, slots=True)
class Formula:
    """`weights` of a `Finding`'s values, in their order, and the constant."""

    weights: tuple[float, ...]
    constant: float

    def probability(self, finding: Finding) -> float:
        """That a marker would credit the point, 0..1."""
        total = self.constant + sum(w * value for w, value in zip(self.weights, astuple(finding), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


FORMULAS = {
    "minilm": Formula(
        (
            2.34,
            -1.18,
            10.52,
            -5.03,
            5.01,
            -1.82,
            -6.73,
            6.1,
            -1.83,
            -2.42,
            -0.38,
            -0.27,
            1.37,
            1.34,
            -3.12,
            -3.85,
            -2.1,
        ),
        -1.4,
    ),
    "wordllama": Formula(
        (
            2.48,
            -1.26,
            8.18,
            -2.61,
            0.0,
            -1.01,
            -0.07,
            3.36,
            -1.85,
            -2.41,
            -0.02,
            -0.14,
            1.78,
            0.0,
            -2.05,
            -3.34,
            -2.56,
        ),
        -1.01,
    ),
    "words": Formula(
        (2.12, -0.03, 0.0, 0.0, 0.0, 0.0, 0.42, 3.44, -0.84, -2.16, 0.06, 0.49, 1.34, 0.0, -1.23, -2.85, -1.91),
        -2.78,
    ),
}
"""By the name of the text vectors; "words" without any."""


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
PLAIN_AT = 0.99
"""Probability that earns credit where a bank lists how people say a point, and the answer says it otherwise."""


def coverage_to_credit(coverage: float) -> float:
    """The same for points whose bank lists how people say them: there words decide, and the constants are the
    bank's too. Coverage 0..1 of the point's own sentence."""
    if coverage <= COVERED_NOTHING_BELOW:
        return 0.0
    if coverage < COVERED_AT:
        return round(0.49 * (coverage - COVERED_NOTHING_BELOW) / (COVERED_AT - COVERED_NOTHING_BELOW), 3)
    return round(min(1.0, 0.5 + 0.5 * (coverage - COVERED_AT) / COVERED_FULL_ABOVE), 3)
