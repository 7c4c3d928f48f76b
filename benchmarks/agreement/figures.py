"""Agreement as numbers."""

from collections.abc import Sequence

import numpy as np


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Cohen's kappa of (marked, judged) decisions."""
    total = len(pairs)
    agreed = sum(a == b for a, b in pairs) / total
    first, second = sum(a for a, _ in pairs) / total, sum(b for _, b in pairs) / total
    chance = first * second + (1 - first) * (1 - second)
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Pearson's."""
    return float(np.corrcoef(first, second)[0, 1])
