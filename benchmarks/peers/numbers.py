"""Percentiles of small samples."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of all values do not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def p50_p95(values: Sequence[float]) -> dict[str, float | None]:
    """Both, rounded to a tenth."""
    found = {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}
    return {name: None if value is None else round(value, 1) for name, value in found.items()}


def in_words(values: Sequence[float]) -> str:
    """`P50 / P95`, whole numbers; a dash of nothing."""
    if not values:
        return "–"
    return f"{percentile(values, 0.5):.0f} / {percentile(values, 0.95):.0f}"
