"""Pure: how a written text is said aloud: no markup, code or addresses; numbers and signs as words.

Only the voice gets this form; screens, journals and reports keep what is written.
"""

import re
from collections.abc import Sequence

_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!?)]|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ITEM = re.compile(r"(?:^|\n)[ \t]*(?:[-*•–]|\d{1,2}[.)])[ \t]+([^\n]*)")
_MARKS = re.compile(r"`|(?:^|(?<=\n))#{1,6} |(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)")

_SHORT = (
    (re.compile(r"\be\.\s?g\.,?", re.IGNORECASE), "for example,"),
    (re.compile(r"\bi\.\s?e\.,?", re.IGNORECASE), "that is,"),
    (re.compile(r"\betc\."), "and so on"),
    (re.compile(r"\bvs\.?(?=\s)"), "versus"),
    (re.compile(r"\bC\+\+"), "C plus plus"),
    (re.compile(r"\b([CF])#"), r"\1 sharp"),
    (re.compile(r"(?<!\w)\.NET\b"), "dot net"),
    (re.compile(r"\b[OΘΩ]\(([^()]*)\)"), r"O of \1"),
    (re.compile(r"²|\^2\b"), " squared"),
    (re.compile(r"³|\^3\b"), " cubed"),
)
_UNITS = {
    "%": "percent",
    "ms": "milliseconds",
    "µs": "microseconds",
    "s": "seconds",
    "h": "hours",
    "kB": "kilobytes",
    "KB": "kilobytes",
    "MB": "megabytes",
    "GB": "gigabytes",
    "TB": "terabytes",
    "kHz": "kilohertz",
    "GHz": "gigahertz",
    "x": "times",
    "k": "thousand",
    "°C": "degrees",
}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_MONEY = re.compile(rf"([$€£])\s?({_NUMBER})(?:\s?(million|billion|k)\b)?")
_COINS = {"$": "dollars", "€": "euros", "£": "pounds"}
_RANGE = re.compile(rf"(?<![\w.-])({_NUMBER})\s?[–—-]\s?({_NUMBER})(?![\w.-]*\d)")
_MEASURE = re.compile(rf"(?<![\w.-])(-?)({_NUMBER})\s?({_UNIT})(?!\w)")
_ORDINAL = re.compile(r"(?<![\w.-])(\d{1,2})(?:st|nd|rd|th)\b")
_PLAIN = re.compile(rf"(?<![\w./-])({_NUMBER})(?![\w]|-\w)")
_YEAR = re.compile(r"\b((?:in|since|by|until|from|of) )((?:19|20)\d\d)\b", re.IGNORECASE)
_SIGNS = (
    ("≥", " at least "),
    ("≤", " at most "),
    ("≠", " is not "),
    ("≈", " about "),
    ("→", " to "),
    ("×", " times "),
    ("%", " percent"),
    ("&", " and "),
)
_BETWEEN = ((re.compile(r"(?<=\s)\+(?=\s)"), "plus"), (re.compile(r"(?<=\s)=(?=\s)"), "equals"))
_SLASH = re.compile(r"(?<=[A-Za-z])/(?=[A-Za-z])")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1_000, "thousand"))
_RANKS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_RANKS |= {"twelve": "twelfth"}


def spoken(text: str) -> str:
    """The text for a voice; the same words in the same order where there is nothing to change."""
    text = _CODE_BLOCK.sub(" ", text)
    text = _ADDRESS.sub("a web address", _LINK.sub(r"\1", text))
    text = _ITEM.sub(lambda item: f" {item.group(1).rstrip(' .;,')}," if item.group(1).strip() else " ", text)
    text = _MARKS.sub("", text)
    for pattern, said in _SHORT:
        text = pattern.sub(said, text)
    text = _say_numbers(text)
    for sign, said in _SIGNS:
        text = text.replace(sign, said)
    for pattern, said in _BETWEEN:
        text = pattern.sub(said, text)
    text = " ".join(_SLASH.sub(" ", text).split())
    return re.sub(r" ([.,;:!?])", r"\1", re.sub(r",+(?=[.!?]|$)", "", text)).strip()


def _say_numbers(text: str) -> str:
    text = _YEAR.sub(lambda match: f"{match.group(1)}{_year(int(match.group(2)))}", text)
    text = _MONEY.sub(_money, text)
    text = _RANGE.sub(lambda match: f"{match.group(1)} to {match.group(2)}", text)
    text = _MEASURE.sub(_measure, text)
    text = _ORDINAL.sub(lambda match: _ordinal(int(match.group(1))), text)
    return _PLAIN.sub(lambda match: number_words(match.group(1)), text)


def _money(match: re.Match[str]) -> str:
    scale = {"k": " thousand", None: ""}.get(match.group(3), f" {match.group(3)}")
    return f"{number_words(match.group(2))}{scale} {_COINS[match.group(1)]}"


def _measure(match: re.Match[str]) -> str:
    sign, number, unit = match.groups()
    said = _UNITS[unit]
    if number == "1" and said.endswith("s") and said != "times":
        said = said[:-1]
    return f"{'minus ' if sign else ''}{number_words(number)} {said}"


def number_words(written: str) -> str:
    """`1,204.5` → one thousand two hundred four point five. What is too long to be heard is said digit by digit."""
    whole, _, part = written.replace(",", "").partition(".")
    if len(whole) > 15 or (len(whole) > 1 and whole.startswith("0")):
        said = _digits(whole)
    else:
        said = " ".join(_whole(int(whole)))
    return f"{said} point {_digits(part)}" if part else said


def _whole(number: int) -> Sequence[str]:
    if number < 20:
        return [_ONES[number]]
    if number < 100:
        tens, ones = divmod(number, 10)
        return [f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]]
    if number < 1_000:
        hundreds, rest = divmod(number, 100)
        return [_ONES[hundreds], "hundred", *(_whole(rest) if rest else [])]
    size, name = next((size, name) for size, name in _SCALES if number >= size)
    count, rest = divmod(number, size)
    return [*_whole(count), name, *(_whole(rest) if rest else [])]


def _digits(written: str) -> str:
    return " ".join(_ONES[int(digit)] for digit in written)


def _year(number: int) -> str:
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010:
        return " ".join(_whole(number))
    end = "hundred" if not rest else f"oh {_ONES[rest]}" if rest < 10 else " ".join(_whole(rest))
    return f"{' '.join(_whole(century))} {end}"


def _ordinal(number: int) -> str:
    words = " ".join(_whole(number))
    head, dash, last = words.rpartition("-")
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return f"{head}{dash}{_RANKS.get(last, regular)}"
