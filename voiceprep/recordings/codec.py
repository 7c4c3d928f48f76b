"""Frozen values ↔ JSON bytes. Must not know files; what cannot be read raises ValueError."""

import json
import re
from functools import cache
from typing import Annotated, Any, TypeVar, get_args

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticSerializationError
from typing_extensions import TypeAliasType

from voiceprep.events import Journaled

T = TypeVar("T")
EVENT_TYPES = frozenset(kind.__dataclass_fields__["type"].default for kind in get_args(Journaled))
FINITE = ConfigDict(allow_inf_nan=False)
"""JSON has no infinity: `1e999` and `NaN` are as wrong as a word where a number belongs."""
_ENDLESS = re.compile(rb"\d{20}")
"""No time, no count and no seed has so many digits; arithmetic with hundreds of them fails wherever it is done."""


@cache
def event_adapter() -> TypeAdapter[Journaled]:
    """Reads and writes journal lines; building it takes about 25 ms."""
    return TypeAdapter(Annotated[Journaled, Field(discriminator="type")], config=FINITE)


def encode_event(event: Journaled) -> bytes:
    """One journal line without its line break."""
    return _dump(event_adapter(), event, None)


def decode_event(line: bytes) -> Journaled | None:
    """The event in a journal line, or None when it is of a type this version does not know. Raises ValueError."""
    try:
        return event_adapter().validate_json(_bounded(line))
    except ValueError:
        content = _parse(line)
        kind = content.get("type") if isinstance(content, dict) else None
        if isinstance(kind, str) and kind not in EVENT_TYPES:
            return None
        raise


def encode(value: object) -> bytes:
    """A whole file: indented JSON with a final line break."""
    return _dump(_adapter(type(value)), value, 2) + b"\n"


def decode(kind: type[T], data: bytes) -> T:
    """The inverse of `encode`; fields this version does not know are ignored. Raises ValueError."""
    return _adapter(kind).validate_json(_bounded(data))


def _bounded(data: bytes) -> bytes:
    """`data`, whose integers have less than 20 digits. Raises ValueError."""
    if _ENDLESS.search(data):
        _parse(data)
    return data


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
"""Building one takes milliseconds, using it microseconds."""


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    if kind not in _ADAPTERS:
        alias: Any = TypeAliasType("Kept", kind)  # pydantic takes no settings for a dataclass under its own name
        _ADAPTERS[kind] = TypeAdapter(alias, config=FINITE)
    return _ADAPTERS[kind]


def schema_version(data: bytes) -> int:
    """The version a JSON file claims, before anything else in it is looked at; 0 for none. Raises ValueError."""
    content = _parse(data)
    version = content.get("schema_version") if isinstance(content, dict) else None
    return version if isinstance(version, int) else 0


def _parse(data: bytes) -> object:
    try:
        return json.loads(data, parse_int=_parse_int)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _parse_int(digits: str) -> int:
    if _ENDLESS.search(digits.encode()):
        raise ValueError("a number in it has too many digits")
    return int(digits)


def event_schema() -> dict[str, Any]:
    """The JSON Schema of one journal line."""
    return event_adapter().json_schema(mode="serialization")


def json_schema(kind: type[object]) -> dict[str, Any]:
    """The JSON Schema of a file holding one `kind`."""
    return TypeAdapter(kind).json_schema(mode="serialization")


def _dump(adapter: TypeAdapter[T], value: T, indent: int | None) -> bytes:
    try:
        return adapter.dump_json(value, indent=indent)
    except PydanticSerializationError:
        # Typed text can hold lone surrogates, which have no UTF-8; a question mark loses less than the event.
        content = adapter.dump_python(value, mode="json")
        return json.dumps(content, ensure_ascii=False, indent=indent).encode("utf-8", "replace")
