"""One mapping of a bank read field by field, by type. Must not know which fields a question has."""

import difflib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voiceprep.banks.document import Listing, Mapping, Node, Scalar, fault
from voiceprep.errors import BankError

ID_PATTERN = re.compile(r"[a-z0-9-]{1,64}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def suggest(word: str, choices: tuple[str, ...]) -> str:
    """`Did you mean '…'?`, or the choices there are."""
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(choices)}."


@dataclass(frozen=True, slots=True)
class Entry:
    """Reads a mapping; every problem is a BankError with file:line. `name` says what it is in messages.

    Text is taken as written ("3" and "yes" are text), its white space made single.
    """

    path: Path
    node: Mapping
    name: str

    def fault(self, field: str, problem: str, hint: str = "") -> BankError:
        line = self.node.fields[field][0] if field in self.node.fields else self.node.line
        return fault(self.path, line, f"{self.name}: {problem}", hint)

    def expect_only(self, known: tuple[str, ...]) -> None:
        for field in self.node.fields:
            if field not in known:
                raise self.fault(field, f"unknown field '{field}'", suggest(field, known))

    def has(self, field: str) -> bool:
        """The field is there and holds something."""
        value = self._value(field)
        return value is not None and not (isinstance(value, Scalar) and value.is_plain and not value.text)

    def text(self, field: str, default: str | None = None) -> str:
        """One line of text; required and not empty without a default."""
        if not self.has(field):
            if default is None:
                raise self.fault(field, f"'{field}' is missing", f"Add '{field}: …'.")
            return default
        value = self._value(field)
        if not isinstance(value, Scalar):
            raise self.fault(field, f"'{field}' must be text")
        return self._clean(value, self.node.fields[field][0], f"'{field}'")

    def identifier(self, field: str = "id") -> str:
        value = self.text(field)
        if not ID_PATTERN.fullmatch(value):
            raise self.fault(
                field,
                f"'{value}' is not an id",
                "Ids have 1 to 64 characters: small letters, digits and hyphens.",
            )
        return value

    def whole(self, field: str, default: int, lowest: int, highest: int) -> int:
        if not self.has(field):
            return default
        value = self.text(field)
        if not _WHOLE.fullmatch(value) or not lowest <= int(value) <= highest:
            raise self.fault(field, f"'{field}' must be a whole number from {lowest} to {highest}, not '{value}'")
        return int(value)

    def weight(self, field: str, default: float) -> float:
        if not self.has(field):
            return default
        value = self.text(field)
        if not _NUMBER.fullmatch(value) or not math.isfinite(float(value)):
            raise self.fault(field, f"'{field}' must be a number, not '{value}'")
        if float(value) <= 0:
            raise self.fault(field, f"'{field}' must be greater than 0, not {value}")
        return float(value)

    def choice(self, field: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(field, default)
        if value not in choices:
            raise self.fault(field, f"'{field}' cannot be '{value}'", suggest(value, choices))
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts; none when the field is absent."""
        found = []
        for line, item in self._items(field):
            if not isinstance(item, Scalar):
                raise fault(self.path, line, f"{self.name}: '{field}' must list text", "Quote text with a colon.")
            found.append(self._clean(item, line, f"an entry of '{field}'"))
        return tuple(found)

    def texts_of(self, field: str, keys: tuple[str, ...]) -> tuple[str, ...]:
        """The texts of a mapping that has exactly these keys, in their order; none when the field is absent."""
        if not self.has(field):
            return ()
        value = self._value(field)
        if not isinstance(value, Mapping):
            raise self.fault(field, f"'{field}' must give a text for each of {', '.join(keys)}")
        part = Entry(self.path, value, f"{self.name}, {field}")
        part.expect_only(keys)
        return tuple(part.text(key) for key in keys)

    def entries(self, field: str, name: str) -> "tuple[Entry, ...]":
        """A list of mappings; none when the field is absent."""
        found = []
        for line, item in self._items(field):
            if not isinstance(item, Mapping):
                raise fault(self.path, line, f"{self.name}: each entry of '{field}' must have fields")
            found.append(Entry(self.path, item, f"{self.name}, {name}" if self.name != "bank" else name))
        return tuple(found)

    def _value(self, field: str) -> Node | None:
        return self.node.fields[field][1] if field in self.node.fields else None

    def _items(self, field: str) -> Iterator[tuple[int, Node]]:
        if not self.has(field):
            return
        value = self._value(field)
        if not isinstance(value, Listing):
            raise self.fault(field, f"'{field}' must be a list", "Start each entry with '- '.")
        for item in value.items:
            yield item.line, item

    def _clean(self, value: Scalar, line: int, what: str) -> str:
        if _CONTROL.search(value.text):
            raise fault(self.path, line, f"{self.name}: {what} holds a control character", "Remove it.")
        text = " ".join(value.text.split())
        if not text:
            raise fault(self.path, line, f"{self.name}: {what} is empty")
        return text
