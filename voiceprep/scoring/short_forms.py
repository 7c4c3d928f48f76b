"""How pupils shorten words, and what that stands for. Must not know rubrics or answers."""

import re
from dataclasses import replace
from functools import lru_cache

from voiceprep.model import Question

_SHORT = {
    r"(?i:CO2)": "carbon dioxide",
    r"(?i:H2O)": "the water there",
    r"(?i:O2)": "the oxygen",
    r"(?i:temps?)": "temperature",
    r"(?i:thru)": "through",
    r"(?i:cuz|coz|bc)": "because",
    r"(?i:diff)": "different",
    r"(?i:info)": "information",
    r"(?i:approx)": "about",
    r"(?i:ppl)": "people",
    r"(?i:govt?)": "government",
    r"(?i:vs)": "versus",
}
"""Each in as many words as `words.tokenize` makes of the short form, so that places in an answer stay."""
_PATTERN = re.compile("|".join(rf"(?<![\w-])(?:{short})(?![\w-])" for short in _SHORT))
_FULL = [(re.compile(short), full) for short, full in _SHORT.items()]


_ASKS_FOR_FORM = re.compile(r"\b(?:formula|symbol|abbreviation|stands? for|short for)", re.IGNORECASE)


def spell_out(text: str, asked: str) -> str:
    """`text` with every short form written out, unless such forms are what the question `asked` wants."""
    return text if _ASKS_FOR_FORM.search(asked) else _PATTERN.sub(lambda found: _full(found.group()), text)


def _full(short: str) -> str:
    return next(full for pattern, full in _FULL if pattern.fullmatch(short))


@lru_cache(maxsize=256)
def spell_out_rubric(question: Question) -> Question:
    """The same question, its reference and its key points without short forms."""
    asked = question.text
    points = tuple(replace(point, text=spell_out(point.text, asked)) for point in question.key_points)
    reference = spell_out(question.reference, asked)
    return replace(question, text=spell_out(asked, asked), reference=reference, key_points=points)
