"""A YAML file as plain nodes that know their line. Must not know what a question is.

Banks come from strangers: size and depth are limited, aliases and tags are refused, nothing is constructed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from voiceprep.errors import BankError

MAX_BANK_BYTES = 8_000_000
MAX_DEPTH = 12
QUOTED_CHARS = 200
"""What is shown of each end of a long message."""

# libyaml reads a bank in a few milliseconds, the pure parser in a second; both give the same events.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as it is written. `is_plain`: not quoted, so that an empty one means nothing was given."""

    text: str
    line: int
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    items: "tuple[Node, ...]"
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """`fields`: key → (line of the key, value)."""

    fields: "dict[str, tuple[int, Node]]"
    line: int


Node: TypeAlias = Scalar | Listing | Mapping


def fault(path: Path, line: int, problem: str, hint: str = "") -> BankError:
    """A BankError that names file:line. A problem that quotes a huge value loses its middle."""
    if len(problem) > 2 * QUOTED_CHARS:
        problem = f"{problem[:QUOTED_CHARS]} … {problem[-QUOTED_CHARS:]}"
    return BankError(f"{path}:{line}: {problem}", hint)


def read_document(path: Path) -> Mapping:
    """The top-level mapping of a YAML file.

    Raises BankError when the file cannot be read, is too large, is not UTF-8 or YAML, uses anchors, aliases,
    tags or several documents, repeats a key, or does not start with a mapping.
    """
    text = _read_text(path)
    root = _compose(path, text)
    if not isinstance(root, Mapping):
        line = root.line if root else 1
        raise fault(path, line, "a bank starts with fields such as 'id: my-bank'", "See `voiceprep banks new`.")
    return root


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BANK_BYTES + 1)
    except OSError as error:
        raise BankError(
            f"{path}: cannot be read: {error.strerror or error}", "Give the path of a readable YAML file."
        ) from error
    if len(raw) > MAX_BANK_BYTES:
        raise BankError(
            f"{path}: is larger than {MAX_BANK_BYTES // 1_000_000} MB, the limit for a bank",
            "Split it into several banks.",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise fault(path, line, "is not UTF-8 text", "Save the file as UTF-8.") from error


@dataclass(slots=True)
class _Open:
    """A listing or mapping whose end has not come yet."""

    line: int
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    fields: dict[str, tuple[int, Node]] = field(default_factory=dict)
    key: Scalar | None = None

    def close(self) -> Node:
        return Mapping(self.fields, self.line) if self.is_mapping else Listing(tuple(self.items), self.line)


def _compose(path: Path, text: str) -> Node | None:
    """Nodes from parser events, with a stack of our own: no recursion, so no input can exhaust it."""
    stack: list[_Open] = []
    root: Node | None = None
    for event in _events(path, text):
        line = _line(event)
        finished: Node
        match event:
            case yaml.DocumentStartEvent() if root is not None:
                raise fault(path, line, "a second document starts here", "Keep one bank in one file.")
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if stack and stack[-1].is_mapping and stack[-1].key is None:
                    raise fault(path, line, "a key must be a plain word")
                if len(stack) >= MAX_DEPTH:
                    raise fault(path, line, f"is nested deeper than {MAX_DEPTH} levels")
                stack.append(_Open(line, isinstance(event, yaml.MappingStartEvent)))
                continue
            case yaml.ScalarEvent():
                finished = Scalar(event.value, line, is_plain=event.implicit[0])
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                finished = stack.pop().close()
            case _:
                continue
        if stack:
            _add(path, stack[-1], finished)
        else:
            root = finished
    return root


def _add(path: Path, parent: _Open, node: Node) -> None:
    if not parent.is_mapping:
        parent.items.append(node)
    elif parent.key is not None:
        parent.fields[parent.key.text] = (parent.key.line, node)
        parent.key = None
    elif isinstance(node, Scalar):
        if node.text in parent.fields:
            first = parent.fields[node.text][0]
            raise fault(path, node.line, f"'{node.text}' is given twice (first in line {first})", "Keep one.")
        parent.key = node


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _events(path: Path, text: str) -> Iterator[yaml.Event]:
    try:
        for event in yaml.parse(text, Loader=LOADER):
            line = _line(event)
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise fault(path, line, "anchors and aliases (& and *) are not allowed in a bank", "Write it out.")
            tag = getattr(event, "tag", None)
            if tag is not None:
                raise fault(path, line, f"the tag {tag} is not allowed in a bank", "Remove the tag.")
            yield event
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise fault(path, line, "holds a character that YAML does not allow", "Remove it.") from error
    except yaml.MarkedYAMLError as error:
        mark, context = error.problem_mark or error.context_mark, error.context_mark
        line = mark.line + 1 if mark else 1
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        if context and context.line + 1 != line:
            problem += f" (it begins in line {context.line + 1})"
        hint = "Check the indentation, and quote text that holds a colon."
        raise fault(path, line, f"is not valid YAML: {problem}", hint) from error
