"""What words a text is made of, for comparing texts in a bank. Pure; must not know banks."""

import re

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ed", "ies", "es", "s", "ly")
_SHORTEST_STEM = 3

COMMON_WORDS = frozenset(
    """
    a about actually after again all also always an and another any anything are as ask at be because been before
    being best better between both but by call called can case change choose code come could decide did difference
    different do does doing done each either else even ever every everything exactly example explain first for from
    get give given go goes good had happen happens has have having how i if in into is it it's its itself just keep
    kind know less let like look make makes making many may mean means might more most much must my need needs never
    next no not nothing now of off often on once one only or other our out over own part people place point problem
    put question rather really reason reasons right run running runs said same say see should show simply since so
    some somebody something still stop such take tell than that that's the their them then there these they thing
    things think this those through time to together too turn two under until up us use used useful uses using usual
    usually very want wants was way ways we well went were what what's when where whether which while who whole why
    will with within without work working works would wrong yet you you're your yourself
    """.split()
)


def words(text: str) -> tuple[str, ...]:
    """Lower-case words without punctuation."""
    return tuple(match.group().replace("’", "'") for match in _WORD.finditer(text.lower()))


def stem(word: str) -> str:
    """The word without a common ending: enough to see "locks" and "locking" as one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word[: -len(ending)]
            break
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST_STEM else word


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning."""
    return frozenset(stem(word) for word in words(text) if word not in COMMON_WORDS)


def has_phrase(text: str, phrase: str) -> bool:
    """The words of `phrase` stand next to each other in `text`."""
    return f" {' '.join(words(phrase))} " in f" {' '.join(words(text))} "
