"""Where a quote starts and ends. Must not know key points or credit."""

from collections.abc import Sequence

from voiceprep.model import Transcript
from voiceprep.scoring import evidence
from voiceprep.scoring.words import Token

CLAUSE_REACH_TOKENS = 6
"""A quote grows to the ends of its clauses when they are this near; further away it stops at the word."""


def quote_span(first: int, last: int, tokens: Sequence[Token], transcript: Transcript) -> tuple[int, int]:
    """(start_char, end_char) of the tokens first..last, grown to clause ends that are near, at whole words."""
    start = first
    while start and tokens[start - 1].clause == tokens[first].clause:
        start -= 1
    end = last
    while end + 1 < len(tokens) and tokens[end + 1].clause == tokens[last].clause:
        end += 1
    first = start if first - start <= CLAUSE_REACH_TOKENS else first
    last = end if end - last <= CLAUSE_REACH_TOKENS else last
    start_char, end_char = tokens[first].start_char, tokens[last].end_char
    touched = [s for s in evidence.word_spans(transcript) if s[0] < end_char and start_char < s[1]]
    if not touched:
        return start_char, end_char
    return evidence.trim(touched[0][0], touched[-1][1], transcript.text)
