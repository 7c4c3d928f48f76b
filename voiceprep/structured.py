"""Pure: a model's reply that has to be one JSON object of a certain shape and to quote what it is about.

Must not know models or what the object is about.
"""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from voiceprep.ports import Message, Prompt
from voiceprep.turn_taking.last_words import plain_words

REPLY_CHARS_SHOWN = 4_000
QUOTE_WORDS_MIN = 3
"""A shorter quote is found in any text; a text that is shorter itself is quoted whole."""

Shape = TypeVar("Shape", bound=BaseModel)


class UnusableReplyError(ValueError):
    """The reply is not what was asked for; the text says what is wrong with it, to be shown to the model."""


def parse_object(text: str, shape: type[Shape]) -> Shape:
    """Text around the object is forgiven. Raises UnusableReplyError."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise UnusableReplyError("there is no JSON object in it")
    try:
        return shape.model_validate_json(text[start : end + 1])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise UnusableReplyError(f"{first['msg']} (at {where})") from error


def repair_prompt(asked: Prompt, reply: str, error: UnusableReplyError) -> Prompt:
    """The same once more, with what was wrong."""
    complaint = f"That was not usable: {error}. Reply with the JSON object only, nothing before or after it."
    shown = reply[:REPLY_CHARS_SHOWN] or "…"
    messages = (*asked.messages, Message("assistant", shown), Message("user", complaint))
    return Prompt(asked.system, messages, asked.output_tokens_max, asked.reply_schema)


def is_cited(quote: str, text: str) -> bool:
    """The words of `quote` stand in `text`, one after another, however they are written."""
    said, there = plain_words(quote), plain_words(text)
    starts = range(len(there) - len(said) + 1)
    return len(said) >= min(QUOTE_WORDS_MIN, max(1, len(there))) and any(
        there[start : start + len(said)] == said for start in starts
    )
