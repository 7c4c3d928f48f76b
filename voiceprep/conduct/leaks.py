"""Pure: whether words give a key point away that nobody has said yet. Must not know who says them.

The one measure for models' wordings, planned follow-ups and the audit of the interviewer.
"""

from collections.abc import Iterable

from voiceprep.model import KeyPoint
from voiceprep.turn_taking.last_words import plain_words

TELLING_WORDS = 2
TELLING_SHARE = 0.5
"""Two words and half of what is new in a phrase, or in a key point's own sentence, are telling."""
SHORT_PHRASE_WORDS = 2
"""Of a phrase this short one long word is ("jitter")."""


def told_points(line: str, points: Iterable[KeyPoint], known_texts: Iterable[str]) -> tuple[str, ...]:
    """Ids of the key points that `line` gives away to somebody who knows `known_texts`."""
    known = stems(" ".join(known_texts))
    told = stems(line) - known
    return tuple(point.id for point in points if told and gives_away(told, point, known))


def gives_away(told: frozenset[str], point: KeyPoint, known: frozenset[str]) -> bool:
    """`told`: meaning-carrying stems that are new; `known`: those of the question and what was said before."""
    for phrase in (*point.phrases, point.text):
        words = stems(phrase)
        secret = words - known
        shared = secret & told
        if secret and shared == secret and len(secret) * 2 >= len(words):
            return True
        if len(shared) >= TELLING_WORDS and len(shared) >= TELLING_SHARE * len(secret):
            return True
        if len(words) <= SHORT_PHRASE_WORDS and any(len(stem) == _STEM_CHARS for stem in shared):
            return True
    return False


_STEM_CHARS = 5
_COMMON = frozenset(
    """
    a about after again all alright also an and another any anything are as ask asked at back be because been
    before being but by call can case come could did different do does doing done each else even ever every
    exactly example explain few first for from get give go going good got had happen happens has have having
    hear heard here how i i'd idea if in instead interesting into is it it's its just keep kind know let let's
    like little look made make makes many matter me mean means mention mentioned might more most much my need
    never new next no not now of off often okay on once one only or other our out over own part people place
    point possible put question rather really right said same say saying see should side so some something sort
    still such sure take talk tell than thank thanks that that's the their them then there these they thing
    things think this those through time to together told too two under understand up us use used using very
    want was way ways we well went were what when where which while who whole why will with without word work
    works would yes yet you you've your
    """.split()
)


def stems(text: str) -> frozenset[str]:
    """The words that carry meaning, cut to their first five letters so that forms of one word agree."""
    return frozenset(word[:_STEM_CHARS] for word in plain_words(text) if word not in _COMMON and len(word) > 2)
