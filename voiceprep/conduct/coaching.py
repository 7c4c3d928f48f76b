"""Pure: what a coach says after an answer, and whether the candidate wants to try again at once.

Must not know time, audio or engines. A hint shows one thing that was missing and one sentence that says it.
"""

import re
from dataclasses import dataclass

from voiceprep.conduct.leaks import stems
from voiceprep.model import KeyPoint, Question, QuestionScore
from voiceprep.turn_taking.last_words import plain_words

OFFER = "Would you like to try that again?"
ALL_SAID = "That had everything I was listening for."
RETRY = "Good. Once more, then:"
SHARED_STEMS = 2
"""A sentence of the reference says a key point when they have so many meaning-carrying words in common."""
REMEMBERED_MAX = 2

_YES = re.compile(
    r"\b(?:yes|yeah|yep|sure|okay|ok|please|again|try|once more|let me|gladly|of course|absolutely)\b"
)
_NO = re.compile(
    r"\b(?:no|nope|not|don't|skip|next|move on|go on|continue|pass|enough|later|rather not|never mind)\b"
)


@dataclass(frozen=True, slots=True)
class Hint:
    """`text` is spoken; `missing` is the key point it is about, None when nothing was missing."""

    text: str
    missing: KeyPoint | None = None


def hint_for(question: Question, score: QuestionScore | None) -> Hint:
    """What was missing, most valuable first, and how one could say it."""
    credited = {point.id for point in score.key_points if point.is_credited} if score else set()
    missing = [point for point in question.key_points if point.id not in credited]
    if not missing:
        return Hint(ALL_SAID)
    point = max(missing, key=lambda each: each.weight)
    lead = (
        "One thing was missing." if len(missing) == 1 else f"{_COUNTS[min(len(missing), 5)]} things were missing."
    )
    if len(missing) > 1:
        lead += " The most important one:"
    return Hint(f"{lead} {_sentence(point.text)} You could say: {better_sentence(question, point)}", point)


_COUNTS = ("No", "One", "Two", "Three", "Four", "Several")


def better_sentence(question: Question, point: KeyPoint) -> str:
    """The reference's own sentence for a key point, else how people say it, else the point itself."""
    wanted = stems(" ".join((point.text, *point.phrases)))
    sentences = re.split(r"(?<=[.!?])\s+", question.reference.strip())
    best = max(sentences, key=lambda sentence: len(wanted & stems(sentence)))
    if len(wanted & stems(best)) >= SHARED_STEMS:
        return _sentence(best)
    return _sentence(max(point.phrases, key=len) if point.phrases else point.text)


def wants_retry(answer: str) -> bool:
    """What somebody says to the offer. Silence and anything unclear mean no: a drill goes on."""
    words = " ".join(plain_words(answer))
    return bool(_YES.search(words)) and not _NO.search(words)


def take_away(missed: tuple[KeyPoint, ...]) -> str:
    """What to take away, for the goodbye; empty when nothing was missed."""
    if not missed:
        return "You said everything I was listening for."
    valuable = sorted(missed, key=lambda point: -point.weight)[:REMEMBERED_MAX]
    return f"To remember for next time: {' '.join(_sentence(point.text) for point in valuable)}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
