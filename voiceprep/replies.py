"""A whole reply of a language model, in the form that was asked for. Must not know what it is about."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TypeVar

from voiceprep.ports import Prompt, TextModel
from voiceprep.structured import UnusableReplyError, repair_prompt

CALL_S = 90.0
"""So long a call may take."""

Parsed = TypeVar("Parsed")


async def ask_for(model: TextModel, prompt: Prompt, parse: Callable[[str], Parsed]) -> Parsed:
    """What `parse` makes of the reply; one that it refuses is asked for once more.

    Raises UnusableReplyError, TimeoutError, ProviderError.
    """
    reply = await _call(model, prompt)
    try:
        return parse(reply)
    except UnusableReplyError as error:
        return parse(await _call(model, repair_prompt(prompt, reply, error)))


async def whole_reply(model: TextModel, prompt: Prompt) -> str:
    """All pieces as one, however long they take. Raises ProviderError."""
    async with aclosing(model.complete(prompt)) as pieces:
        return "".join([piece async for piece in pieces])


async def _call(model: TextModel, prompt: Prompt) -> str:
    async with asyncio.timeout(CALL_S):
        return await whole_reply(model, prompt)
