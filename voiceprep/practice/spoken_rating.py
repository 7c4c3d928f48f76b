"""A rating as people say it: "three out of five", "I'd give it a seven". Pure; must not know audio."""

import re

_NUMBERS = {
    word: float(value)
    for value, words in enumerate(
        (
            "zero nought", "one", "two too to", "three", "four for fore", "five", "six", "seven",
            "eight ate", "nine", "ten", "eleven", "twelve",
        )
    )
    for word in words.split()
} | {
    word: 10.0 * value
    for value, word in enumerate("ten twenty thirty forty fifty sixty seventy eighty ninety hundred".split(), 1)
}  # fmt: skip
_WORD = re.compile(r"\d+(?:[.,]\d+)?|[a-z]+|%|/")
_SURE = frozenset("two too to for fore".split())
"""Heard where a number was said, but also ordinary words: they count only in "to out of five"."""


def parse_rating(text: str, most: int) -> int | None:
    """The rating 0..most that was said, rounded; None when there is none or it is out of range.

    A scale of its own ("three out of five", "70 percent") is converted; "and a half" and "point five" are heard.
    """
    words = _WORD.findall(text.lower().replace("per cent", "percent"))
    value, place = _find_value(words)
    if value is None:
        return None
    scale, rest = _find_scale(words[place:], most)
    if scale <= 0 or _find_value(rest)[0] is not None or not 0 <= value <= scale:
        return None
    return int(value / scale * most + 0.5)


def _find_value(words: list[str]) -> tuple[float | None, int]:
    """The first number and where the words after it begin."""
    for place, word in enumerate(words):
        value = _number(word)
        is_scaled = words[place + 1 : place + 3] == ["out", "of"] or words[place + 1 : place + 2] == ["of"]
        if value is None or (word in _SURE and word != "two" and not is_scaled):
            continue
        after = words[place + 1 :]
        if after[:3] == ["and", "a", "half"]:
            return value + 0.5, place + 4
        if after[:1] == ["point"] and len(after) > 1 and _number(after[1]) is not None:
            return value + (_number(after[1]) or 0.0) / 10, place + 3
        return value, place + 1
    return None, len(words)


def _find_scale(words: list[str], most: int) -> tuple[float, list[str]]:
    """What the number is out of, and the words after that."""
    if words[:1] in (["percent"], ["%"]):
        return 100.0, words[1:]
    for joint in (["out", "of"], ["of"], ["/"], ["from"]):
        if words[: len(joint)] == joint and len(words) > len(joint):
            skipped = len(joint) + (words[len(joint)] == "a" and len(words) > len(joint) + 1)
            scale = _number(words[skipped])
            if scale is not None:
                return scale, words[skipped + 1 :]
    return float(most), words


def _number(word: str) -> float | None:
    if word[0].isdigit():
        return float(word.replace(",", "."))
    return _NUMBERS.get(word)
