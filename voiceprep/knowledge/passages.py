"""Pure: pages → lines and passages that know where they stand. Must not know files or what they are for."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from voiceprep.language.plaintext import plain

PASSAGE_WORDS = 90
_BULLET = re.compile(r"^\s*(?:[-*•–·▪◦‣]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)|(?:https?://|www\.)\S+|\S+@\S+\.\S+")
_MARKS = re.compile(r"[*_`#>|]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document as it can be quoted. `page` counts from 1."""

    document: str
    page: int
    text: str

    def cite(self) -> str:
        """Where it stands, and what it says."""
        return f"{self.document}, page {self.page}: “{self.text}”"


IsOrder = Callable[[str], bool]
"""Whether a text gives orders to a machine instead of saying something about its writer."""


def split_lines(document: str, pages: Sequence[str]) -> Iterator[Passage]:
    """Sentences and list items, one each; what was wrapped is joined again, marks and addresses are left out."""
    for number, page in enumerate(pages, start=1):
        for line in _joined(page):
            yield Passage(document, number, line)


def _joined(page: str) -> Iterator[str]:
    current = ""
    for raw in page.splitlines():
        is_start = bool(_BULLET.match(raw) or _HEADING.match(raw)) or not raw.strip()
        line = _clean(raw)
        goes_on = bool(line) and line[0].islower() and not is_start
        if current and not goes_on:
            yield current
            current = ""
        current = f"{current} {line}".strip()
    if current:
        yield current


def _clean(line: str) -> str:
    line = _BULLET.sub("", _HEADING.sub("", line))
    return plain(_MARKS.sub("", _LINK.sub(lambda match: match.group(1) or "", line)))


def split_passages(document: str, pages: Sequence[str]) -> Iterator[Passage]:
    """Stretches of about PASSAGE_WORDS words, for searching; none crosses a page."""
    for number, page in enumerate(pages, start=1):
        words: list[str] = []
        for line in page.splitlines():
            words += _clean(line).split()
            if len(words) >= PASSAGE_WORDS:
                yield Passage(document, number, " ".join(words))
                words = []
        if words:
            yield Passage(document, number, " ".join(words))


def sort_out(lines: Sequence[Passage], is_order: IsOrder) -> tuple[list[Passage], list[Passage]]:
    """What a document says, and the lines in it that try to give orders."""
    orders = [line for line in lines if is_order(line.text)]
    return [line for line in lines if line not in orders], orders
