"""YAML → Bank. The fields of a file are exactly the fields of the nouns in model.py.

Must not know where banks live or what makes a good one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

from voiceprep.banks.document import read_document
from voiceprep.banks.entry import Entry, suggest
from voiceprep.model import (
    Bank,
    Example,
    ExampleLevel,
    KeyPoint,
    Misconception,
    Question,
    QuestionKind,
    StarPart,
    Term,
)

Place = tuple[str, ...]
"""Where something is: `(question, "key_points", id, "probe")`, `(question, "text")`, `(BANK, "id")` …"""

BANK = ""
"""Stands for the bank itself in a place; no question has an empty id."""

ANCHOR_LEVELS = ("1", "2", "3", "4", "5")
MIN_ANSWER_SECONDS, MAX_ANSWER_SECONDS = 5, 900

# These would end the inline markup that carries phonemes to the voice.
_MARKUP = re.compile(r"[\[\]()/]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BankSource:
    """A bank together with the file it came from and the line of everything in it."""

    bank: Bank
    path: Path
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, *place: str) -> int:
        """The line of a place, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def load_bank(path: Path) -> Bank:
    """Read one bank. Raises BankError with file:line."""
    return load_source(path).bank


def load_source(path: Path) -> BankSource:
    """Read one bank, keeping line numbers. Raises BankError with file:line."""
    reader = _Reader({})
    return BankSource(reader.bank(Entry(path, read_document(path), "bank")), path, reader.lines)


@dataclass(frozen=True, slots=True)
class _Reader:
    lines: dict[Place, int]

    def bank(self, entry: Entry) -> Bank:
        _expect_fields(entry, Bank)
        self._note(entry, BANK)
        return Bank(
            id=entry.identifier(),
            title=entry.text("title"),
            description=entry.text("description", default=""),
            draft=entry.choice("draft", ("true", "false"), "false") == "true",
            glossary=self._unique(entry, "glossary", "glossary term", "written", self._term),
            questions=self._unique(entry, "questions", "question", "id", self._question, is_required=True),
        )

    def _term(self, entry: Entry) -> Term:
        _expect_fields(entry, Term)
        term = Term(entry.text("written"), entry.texts("heard_as"), entry.text("phonemes", default=""))
        if _MARKUP.search(term.phonemes + term.written):
            raise entry.fault("phonemes", "brackets and slashes cannot be used here", "Give the phonemes alone.")
        self._note(entry, BANK, "glossary", term.written)
        return term

    def _question(self, entry: Entry) -> Question:
        _expect_fields(entry, Question)
        question_id = entry.identifier()
        self._note(entry, question_id)

        def misconception(item: Entry) -> Misconception:
            _expect_fields(item, Misconception)
            self._note(item, question_id, "misconceptions", item.identifier())
            return Misconception(item.identifier(), item.text("text"), item.texts("phrases"))

        def key_point(item: Entry) -> KeyPoint:
            return self._key_point(item, question_id)

        key_points = self._unique(entry, "key_points", "key point", "id", key_point, is_required=True)
        return Question(
            id=question_id,
            topic=entry.text("topic"),
            text=entry.text("text"),
            key_points=key_points,
            kind=QuestionKind(entry.choice("kind", tuple(QuestionKind), QuestionKind.TECHNICAL)),
            difficulty=entry.whole("difficulty", 3, 1, 5),
            reference=entry.text("reference", default=""),
            misconceptions=self._unique(entry, "misconceptions", "misconception", "id", misconception),
            answer_seconds=entry.whole("answer_seconds", 60, MIN_ANSWER_SECONDS, MAX_ANSWER_SECONDS),
            examples=tuple(
                self._example(item, tuple(point.id for point in key_points), question_id, "examples", str(index))
                for index, item in enumerate(entry.entries("examples", "example"))
            ),
            sources=entry.texts("sources"),
            anchors=entry.texts_of("anchors", ANCHOR_LEVELS),
            wordings=entry.texts("wordings"),
        )

    def _key_point(self, entry: Entry, question_id: str) -> KeyPoint:
        _expect_fields(entry, KeyPoint)
        point = KeyPoint(
            id=entry.identifier(),
            text=entry.text("text"),
            weight=entry.weight("weight", 1.0),
            phrases=entry.texts("phrases"),
            probe=entry.text("probe", default=""),
            star=StarPart(entry.choice("star", tuple(StarPart))) if entry.has("star") else None,
        )
        self._note(entry, question_id, "key_points", point.id)
        return point

    def _example(self, entry: Entry, key_point_ids: tuple[str, ...], *place: str) -> Example:
        _expect_fields(entry, Example)
        level = ExampleLevel(entry.choice("level", tuple(ExampleLevel)))
        credited = entry.texts("credited")
        for index, credited_id in enumerate(credited):
            if credited_id not in key_point_ids:
                raise entry.fault(
                    "credited",
                    f"'credited' names '{credited_id}', which is no key point of this question",
                    suggest(credited_id, key_point_ids),
                )
            if credited_id in credited[:index]:
                raise entry.fault("credited", f"'credited' names '{credited_id}' twice", "Keep one.")
        self._note(entry, *place)
        return Example(level, entry.text("text"), credited)

    def _note(self, entry: Entry, *place: str) -> None:
        """Remember the line of a place and of each of its fields."""
        self.lines.setdefault(place, entry.node.line)
        for name, (line, _) in entry.node.fields.items():
            self.lines.setdefault((*place, name), line)

    def _unique(
        self, entry: Entry, name: str, what: str, key: str, read: Callable[[Entry], T], *, is_required: bool = False
    ) -> tuple[T, ...]:
        """Read a list of entries whose `key` may not repeat, naming each in messages by that key."""
        first: dict[str, int] = {}
        found = []
        for item in entry.entries(name, what):
            value = item.text(key)
            if value in first:
                raise item.fault(
                    key, f"{key} '{value}' is used twice (first in line {first[value]})", "Give each its own."
                )
            first[value] = item.node.line
            found.append(read(Entry(item.path, item.node, f"{item.name} '{value}'")))
        if is_required and not found:
            raise entry.fault(name, f"'{name}' is missing or empty", f"Add at least one {what}.")
        return tuple(found)


def _expect_fields(entry: Entry, noun: type) -> None:
    entry.expect_only(tuple(each.name for each in fields(noun)))
