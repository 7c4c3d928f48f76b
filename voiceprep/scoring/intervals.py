"""How far a figure of few values may be off. Pure arithmetic; must not know what is scored."""

import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

_T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753)
"""Student t, 95 % quantile (two-sided 90 %) for 1–15 degrees of freedom; 1.645 + 1.6/df beyond."""
PRIOR_SD = 0.3
"""Spread of question scores assumed before any are seen: scores of 0..1 spread evenly have 0.29."""
PRIOR_COUNT = 2
BOOTSTRAPS = 1_000

T = TypeVar("T")


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """90 % interval of the mean over questions, within 0..1; None for no values."""
    if not values:
        return None
    mean, reach = sum(values) / len(values), mean_reach(values)
    return max(0.0, mean - reach), min(1.0, mean + reach)


def mean_reach(values: Sequence[float]) -> float:
    """Half the width of the 90 % interval of a mean of at least one value.

    Student t with the spread pooled with a prior of PRIOR_COUNT pseudo-observations of spread PRIOR_SD, so
    that one question, or three alike, do not look certain.
    """
    count = len(values)
    mean = sum(values) / count
    squares = sum((value - mean) ** 2 for value in values)
    freedom = count - 1 + PRIOR_COUNT
    spread = math.sqrt((squares + PRIOR_COUNT * PRIOR_SD**2) / freedom)
    return _t_95(freedom) * spread / math.sqrt(count)


def _t_95(freedom: int) -> float:
    return _T_95[freedom - 1] if freedom <= len(_T_95) else 1.645 + 1.6 / freedom


def bootstrap_interval(
    groups: Sequence[Sequence[T]], figure: Callable[[Sequence[T]], float | None]
) -> tuple[float, float] | None:
    """90 % interval of `figure` of all members by drawing groups with replacement, as members of one are alike.

    The same groups give the same interval. None for a single group or where no draw has the figure.
    """
    if len(groups) < 2:
        return None
    chance = random.Random(7)
    samples = (chance.choices(groups, k=len(groups)) for _ in range(BOOTSTRAPS))
    drawn = [figure([each for group in sample for each in group]) for sample in samples]
    known = sorted(value for value in drawn if value is not None)
    return (known[len(known) // 20], known[-1 - len(known) // 20]) if known else None
