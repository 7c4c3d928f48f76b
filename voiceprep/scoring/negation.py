"""Which words of a text are denied. Must not know key points or scores: it reads one text at a time."""

import re
from collections.abc import Sequence
from enum import IntEnum

from voiceprep.scoring.words import Token, opens_clause


class Polarity(IntEnum):
    """How a word is meant. OPEN: avoided, prevented or supposed ("avoids X", "if you don't X"), so neither."""

    STATED = 0
    DENIED = 1
    """In the scope of a negation."""
    DENIED_HEAD = 2
    """The first content word after the negation: what is denied."""
    OPEN = 3


SCOPE_CONTENT_WORDS = 6

_STOPS = frozenset(
    "but because so although though while whereas if when unless since until instead rather which therefore "
    "however otherwise except".split()
)
_NOT_NEGATING = re.compile(
    r"\b(?:not only|not just|not merely|not simply|no matter|no doubt|no wonder|nothing but|whether or not|or not|"
    r"not to mention|why not|not sure|no problem|not bad|"
    r"don't forget|do not forget|with (?:and|or) without|and without)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[;\n]")
_SENTENCE_DENIALS = re.compile(
    r"\b(?:not|n't|never)\s+(?:actually\s+|really\s+)?(?:true|correct|right|the case|accurate|"
    r"so)\s+(?:to say\s+)?that\b"
    r"|\b(?:false|wrong|incorrect|untrue|a myth|a lie|nonsense|mistaken)\s+(?:to (?:say|think|claim|"
    r"believe)\s+)?that\b"
    r"|\b(?:don't|do not|doesn't|does not|didn't|wouldn't|cannot|can't) (?:think|believe|agree|say)(?: that)?\b"
    r"|\b(?:i|would) (?:disagree|deny|doubt)(?: that)?\b|\bby no means\b|\bunder no circumstances\b",
    re.IGNORECASE,
)
_PHRASE_NEGATORS = re.compile(
    r"\b(?:instead of|rather than|as opposed to|unable to|impossible to|incapable of|fails? to|"
    r"failed to|failing to|"
    r"refuses? to|lacks?|lacking|absence of|free of|no longer|far from|anything but|stops? being|"
    r"stops?(?= \w+ing)|independent of|independent from|shortness of|short of)\b",
    re.IGNORECASE,
)
_OPENER_STEMS = frozenset("avoid prevent forbid protect eliminat avoidanc prevention reduc minimiz minimis".split())


def polarities(text: str, tokens: Sequence[Token], *, is_claim: bool = True) -> list[Polarity]:
    """One polarity per token of `text`.

    In a claim "without X" is OPEN ("without X it would …"), in a rubric it denies.
    """
    found = [Polarity.STATED] * len(tokens)
    harmless = [match.span() for match in _NOT_NEGATING.finditer(text)]
    denials = [match.span() for match in _SENTENCE_DENIALS.finditer(text)]
    phrase_ends = {match.end(): match.start() for match in _PHRASE_NEGATORS.finditer(text)}
    for index, token in enumerate(tokens):
        if token.end_char in phrase_ends:
            _deny(tokens, index, found)
        elif token.stem in _OPENER_STEMS:
            _mark(tokens, index, found, Polarity.OPEN, Polarity.OPEN)
        elif token.is_negator and not _is_inside(token, harmless) and not _is_inside(token, denials):
            if _is_supposed(tokens, index) or (is_claim and token.text == "without"):
                _mark(tokens, index, found, Polarity.OPEN, Polarity.OPEN)
            else:
                _deny(tokens, index, found)
    for start, end in denials:
        _deny_sentence(tokens, start, end, found)
    return found


def denied_as_a_whole(text: str, tokens: Sequence[Token]) -> frozenset[int]:
    """The tokens that "it is not true that …" or "I don't think …" denies, to the end of the sentence: what stands
    behind a colon explains what stands before it."""
    found: set[int] = set()
    for match in _SENTENCE_DENIALS.finditer(text):
        end = _SENTENCE_END.search(text, match.end())
        end_char = end.start() if end else len(text)
        found |= {n for n, token in enumerate(tokens) if match.start() <= token.start_char < end_char}
    return frozenset(found)


def find_cues(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Per token its clause and the last negating word before it there (−1 without one)."""
    found: list[tuple[int, int]] = []
    cue, clause = -1, -1
    for index, token in enumerate(tokens):
        if token.clause != clause:
            cue, clause = -1, token.clause
        found.append((clause, cue))
        if token.is_negator or token.text in ("instead", "rather"):
            cue = index
    return found


def _is_inside(token: Token, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= token.start_char < end for start, end in spans)


def _is_supposed(tokens: Sequence[Token], index: int) -> bool:
    """ "If you don't …", "once nobody …" suppose, they do not claim."""
    clause = tokens[index].clause
    before = [token for token in tokens[max(0, index - 5) : index] if token.clause == clause]
    return any(token.text in _SUPPOSING for token in before)


_SUPPOSING = frozenset("if unless whenever when once until where after".split())


def _deny(tokens: Sequence[Token], index: int, found: list[Polarity]) -> None:
    _mark(tokens, index, found, Polarity.DENIED_HEAD, Polarity.DENIED)


def _mark(tokens: Sequence[Token], index: int, found: list[Polarity], head: Polarity, rest: Polarity) -> None:
    count = 0
    for place in range(index + 1, len(tokens)):
        token = tokens[place]
        if token.sentence != tokens[index].sentence or (token.clause != tokens[index].clause and count):
            return
        if token.text in _STOPS or (token.text in ("and", "or") and opens_clause(tokens, place + 1)):
            return
        if token.is_negator:
            continue
        if token.is_content:
            found[place] = _twice(found[place], rest if count else head)
            count += not token.text.endswith("ly")
            if count == SCOPE_CONTENT_WORDS:
                return


def _twice(before: Polarity, value: Polarity) -> Polarity:
    """A denial of a denial states."""
    if before in (Polarity.DENIED, Polarity.DENIED_HEAD) and value in (Polarity.DENIED, Polarity.DENIED_HEAD):
        return Polarity.STATED
    return Polarity.OPEN if Polarity.OPEN in (before, value) else value


def _deny_sentence(tokens: Sequence[Token], start: int, end: int, found: list[Polarity]) -> None:
    sentence = next((token.sentence for token in tokens if token.end_char > start), None)
    for place, token in enumerate(tokens):
        if token.sentence == sentence and token.start_char >= end and token.is_content:
            is_denied = found[place] in (Polarity.DENIED, Polarity.DENIED_HEAD)
            found[place] = Polarity.STATED if is_denied else Polarity.DENIED
