"""Key points of a model answer that came without any: its statements. Must not know answers of candidates."""

import re
from collections.abc import Iterator

from voiceprep.model import KeyPoint
from voiceprep.scoring.words import Token, opens_clause, read_rubric, tokenize

CONTENT_WORDS_MIN = 2
"""Less is no statement of its own: it stays with the one before."""
POINTS_MAX = 8
_JOINTS = ("and", "but", "so", "while", "whereas", "then", "which")


def split_reference(text: str) -> tuple[KeyPoint, ...]:
    """One key point per statement of `text`, numbered from 1; the whole text when it is no more than one."""
    parts = list(_statements(text))
    if len(parts) > POINTS_MAX:
        parts = [sentence for sentence in re.split(r"(?<=[.!?])\s+", text.strip()) if tokenize(sentence)]
    return tuple(KeyPoint(str(number), part) for number, part in enumerate(parts, 1))


def _statements(text: str) -> Iterator[str]:
    tokens = read_rubric(text)
    first = 0
    for place in range(1, len(tokens) + 1):
        is_end = place == len(tokens)
        if is_end or (_begins(tokens, place) and _tells(tokens[first:place]) and _tells(tokens[place:])):
            start = first + (tokens[first].text in _JOINTS and place - first > 1)
            yield text[tokens[start].start_char : tokens[place - 1].end_char]
            first = place


def _begins(tokens: tuple[Token, ...], place: int) -> bool:
    """Whether a statement starts here: after a full stop, or at a conjunction that a new subject follows."""
    token, before = tokens[place], tokens[place - 1]
    if token.sentence != before.sentence:
        return True
    if token.text not in _JOINTS:
        return False
    return token.text not in ("and", "so") or opens_clause(tokens, place + 1)


def _tells(tokens: tuple[Token, ...]) -> bool:
    return sum(token.is_content for token in tokens) >= CONTENT_WORDS_MIN
