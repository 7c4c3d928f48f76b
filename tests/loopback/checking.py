"""What a pydantic model of an SDK would let pass: fields it does not know."""

from collections.abc import Iterator

from pydantic import BaseModel


def unknown_fields(value: object) -> Iterator[str]:
    """Names of fields that a model does not have, at any depth."""
    if isinstance(value, BaseModel):
        yield from (value.model_extra or {})
        for name in type(value).model_fields:
            yield from unknown_fields(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from unknown_fields(item)
