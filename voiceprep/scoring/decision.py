"""From what was found about a key point to its credit: one logistic formula. Must not know texts.

The constants are fitted by benchmarks/agreement/fit.py on graded short answers of subjects no bank has, and
checked on others (fresh.txt); see there.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from statistics import fmean

COVERAGE_MAX = 0.6
"""Word coverage beyond this says no more."""
LENGTH_TOKENS_MAX = 25
NOTHING_BELOW, CREDIT_AT, FULL_AT = 0.1, 0.35, 0.75
"""Probabilities that earn no credit, half of it and all; the middle one credits about as often as markers do."""
CREDIT_OF_A_POINT = 0.5
"""Credit from which a key point is credited."""
DOUBT_SHARE = 0.4
"""How much the doubt that an answer is about its question takes from each key point: an exponent of that
probability. 1 would count twice what the findings already tell."""


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
class Subject:
    """What tells whether an answer is about its question at all: of its findings the largest `similarity` and the
    mean, the largest `parts`, `echo`, the largest `coverage`, `belonging` and `length`."""

    similarity: float
    mean_similarity: float
    parts: float
    echo: float
    coverage: float
    belonging: float
    length: float


def find_subject(findings: Sequence[Finding]) -> Subject:
    """Of one answer; it has at least one key point."""
    similarities = [each.similarity for each in findings]
    return Subject(
        max(similarities),
        fmean(similarities),
        max(each.parts for each in findings),
        findings[0].echo,
        max(each.coverage for each in findings),
        findings[0].belonging,
        findings[0].length,
    )


@dataclass(frozen=True, slots=True)
class Formula:
    """`weights` of the values of a `Finding` or a `Subject`, in their order, and the constant."""

    weights: tuple[float, ...]
    constant: float

    def probability(self, finding: Finding | Subject) -> float:
        """That a marker would credit the point, or that the answer is about the question, 0..1."""
        total = self.constant + sum(w * value for w, value in zip(self.weights, astuple(finding), strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


FORMULAS = {
    "minilm": Formula(
        (
            2.26,
            -1.35,
            9.35,
            -5.1,
            4.68,
            -1.53,
            -10.32,
            7.17,
            0.63,
            -3.0,
            -0.03,
            -0.51,
            1.05,
            1.36,
            -3.3,
            -2.59,
            -0.2,
        ),
        0.11,
    ),
    "wordllama": Formula(
        (1.79, -1.3, 7.52, -1.84, 0.0, -1.13, -3.07, 3.79, 0.26, -3.14, 0.16, -0.2, 1.53, 0.0, -2.58, -2.25, -0.19),
        -0.02,
    ),
    "words": Formula(
        (2.48, -0.61, 0.0, 0.0, 0.0, 0.0, -1.08, 3.76, 0.04, -2.89, 0.29, 0.26, 1.11, 0.0, -1.46, -1.74, -0.53),
        -1.61,
    ),
}
"""By the name of the text vectors; "words" without any."""
SUBJECTS = {
    "minilm": Formula((-2.22, 11.14, 7.31, 8.84, -2.03, 1.95, -1.0), -4.06),
    "wordllama": Formula((-1.81, 12.15, 0.0, 5.04, 1.33, 4.69, -0.72), -2.15),
    "words": Formula((0.0, 0.0, 0.0, 0.0, 4.25, 5.92, 0.1), -2.06),
}
"""The same for a `Subject`, when as many answers are about their question as are not."""


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
