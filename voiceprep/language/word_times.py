"""Pure: when words were said, of a recogniser that gives no times: spread over the speech by their letters."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import ceil

from voiceprep.model import Word

BLOCK_MS = 20
"""Length of a block of `ports.Microphone`."""


def spread_words(texts: Sequence[str], voiced_ms: Sequence[int]) -> list[Word]:
    """`texts` one after another over the 20 ms blocks that start at `voiced_ms`, which must not be empty."""
    weights = [max(1, sum(map(str.isalnum, text))) for text in texts]
    scale = len(voiced_ms) * BLOCK_MS / sum(weights) if weights else 0.0
    edges_ms = [edge * scale for edge in accumulate(weights, initial=0)]
    words = []
    for text, (from_ms, to_ms) in zip(texts, pairwise(edges_ms), strict=True):
        # The end is looked up just before itself, or a pause after the word would count as part of it.
        first, last = int(from_ms), max(int(from_ms), ceil(to_ms) - 1)
        start_ms = voiced_ms[min(first // BLOCK_MS, len(voiced_ms) - 1)] + first % BLOCK_MS
        end_ms = voiced_ms[min(last // BLOCK_MS, len(voiced_ms) - 1)] + last % BLOCK_MS + 1
        words.append(Word(text, start_ms, end_ms))
    return words
