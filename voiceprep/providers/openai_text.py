"""Language models over OpenAI's chat completions: OpenAI itself and every compatible server.

Must not know what the text is for.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from voiceprep.costs.prices import told_count
from voiceprep.errors import ProviderError
from voiceprep.model import Usage
from voiceprep.ports import Message, OnUsage, Prompt
from voiceprep.providers.openai_common import Connection, MalformedAnswerError, OptionalParameters, Waits

CHARS_PER_TOKEN = 4
"""English, roughly: what a request costs whose server does not say, or that was cut short."""

REASONING_TOKENS = 600
"""Room for a model that thinks before it speaks; the limit on output counts its thoughts."""

_WARM_PROMPT = Prompt("Say yes.", (Message("user", "Ready?"),), output_tokens_max=1)


class OpenAITextModel:
    """A TextModel. Streams; one connection kept alive; one retry, and only before the first piece of text.

    `name` is a known service (see openai_services.py) or any word, with its `base_url`. An empty `model` is the
    service's default. `reasoning_effort` None is the service's default too; an empty text sends none.
    Close it to give up the connection.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        model: str = "",
        name: str = "openai",
        reasoning_effort: str | None = None,
        on_usage: OnUsage | None = None,
        waits: Waits | None = None,
    ) -> None:
        self.name = name
        self._connection = Connection(
            name=name, stage="llm", api_key=api_key, base_url=base_url, model=model, waits=waits
        )
        service = self._connection.service
        self._connection.model = model or service.text_model
        self._on_usage = on_usage
        self._has_asked_for_json = False
        if reasoning_effort is None and not model:
            reasoning_effort = service.reasoning_effort
        self._parameters = _parameters(reasoning_effort, is_hosted=bool(service.key_names))

    @property
    def model(self) -> str:
        """The model asked; known after `warm` where the server decides."""
        return self._connection.model

    async def warm(self) -> None:
        """Connect, check key and model; a local server also loads the model now. Raises ProviderError."""
        await self._connection.warm()
        if self._connection.service.is_local:
            reply = _Reply(_WARM_PROMPT)
            stream, _ = await self._connection.attempt(
                lambda: self._begin(_WARM_PROMPT, reply, is_text_needed=False), adapt=self._parameters.adapt
            )
            await stream.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def complete(self, prompt: Prompt) -> AsyncGenerator[str, None]:
        """Pieces of text as they come. Closing the iterator ends the request at once. Raises ProviderError.

        Usage is reported once, at the end; estimated where the server does not say or the reply was cut short.
        """
        ends_at_s = asyncio.get_running_loop().time() + self._connection.waits.total_s
        reply = _Reply(prompt)
        try:
            stream, piece = await self._connection.attempt(
                lambda: self._begin(prompt, reply), adapt=self._parameters.adapt
            )
            try:
                while piece:
                    yield piece
                    piece = await self._continue(stream, reply, ends_at_s)
            finally:
                await stream.close()
        finally:
            self._report(reply)

    async def _begin(self, prompt: Prompt, reply: "_Reply", *, is_text_needed: bool = True) -> tuple[Any, str]:
        """Send the request and wait for the first text: the stream and that text.

        Bodies and chunks stay plain JSON: turning them into the SDK's types and back takes 3.6 of 5.8 ms a request.
        """
        from openai import AsyncStream

        client = await self._connection.client()
        stream = await client.post(
            "/chat/completions",
            body=self._request(prompt),
            cast_to=object,
            stream=True,
            stream_cls=AsyncStream[object],
        )
        try:
            reply.restart()
            piece = await _next_piece(stream, reply)
            if not piece and is_text_needed:
                raise self._declined() if reply.is_declined else MalformedAnswerError("answered with nothing")
        except BaseException:
            await stream.close()
            raise
        return stream, piece

    async def _continue(self, stream: Any, reply: "_Reply", ends_at_s: float) -> str:  # noqa: ANN401 - openai's
        """The next text, or an empty one at the end. Nothing that goes wrong after the end matters."""
        left_s = ends_at_s - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._connection.waits.between_s, left_s)):
                return await _next_piece(stream, reply)
        except Exception as error:  # the SDK lets its parser's exceptions through as they are
            if reply.is_finished:
                return ""
            raise self._connection.translate(error) from None  # the original may repeat what was said

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        if prompt.reply_schema and not self._has_asked_for_json:
            self._has_asked_for_json = True
            self._parameters.values["response_format"] = None
        extra = dict(self._parameters.values)
        if "response_format" in extra:
            extra |= _response_format(prompt.reply_schema)
            if not prompt.reply_schema:
                del extra["response_format"]
        for name in ("max_completion_tokens", "max_tokens"):
            if name in extra:
                extra[name] = prompt.output_tokens_max + self._reasoning_tokens(extra)
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        messages = [{"role": message.role, "content": message.text} for message in prompt.messages]
        return {"model": self.model, "messages": system + messages, "stream": True, **extra}

    @staticmethod
    def _reasoning_tokens(extra: dict[str, Any]) -> int:
        return 0 if extra.get("reasoning_effort", "none") == "none" else REASONING_TOKENS

    def _declined(self) -> ProviderError:
        return self._connection.error(
            f"{self._connection.who} declined to answer.", "Another model may; the interview goes on without one."
        )

    def _report(self, reply: "_Reply") -> None:
        if self._on_usage is None or not reply.is_sent:
            return
        self._on_usage(reply.usage(self.name, self.model))


def _response_format(schema: str) -> dict[str, Any]:
    if not schema:
        return {}
    form = {"name": "reply", "strict": True, "schema": json.loads(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _parameters(reasoning_effort: str | None, *, is_hosted: bool) -> OptionalParameters:
    values: dict[str, Any] = {"stream_options": {"include_usage": True}}
    if reasoning_effort:
        values["reasoning_effort"] = reasoning_effort
    names = ("max_completion_tokens", "max_tokens")
    limit, other = names if is_hosted else names[::-1]
    values[limit] = 0
    return OptionalParameters(values, instead={limit: other})


@dataclass(slots=True)
class _Reply:
    """What is known of one reply while it comes in."""

    prompt: Prompt
    is_sent: bool = False
    is_finished: bool = False
    is_declined: bool = False
    output_chars: int = 0
    counted: dict[str, Any] | None = None
    thought: "_Thought" = field(default_factory=lambda: _Thought())

    def restart(self) -> None:
        """A request has been taken; what an earlier one brought no longer counts."""
        self.is_sent, self.is_finished, self.is_declined = True, False, False
        self.output_chars, self.counted, self.thought = 0, None, _Thought()

    def usage(self, provider: str, model: str) -> Usage:
        counted = self.counted
        if counted is None:
            input_chars = len(self.prompt.system) + sum(len(message.text) for message in self.prompt.messages)
            return Usage(
                provider,
                "llm",
                model,
                input_tokens=input_chars // CHARS_PER_TOKEN,
                output_tokens=self.output_chars // CHARS_PER_TOKEN,
            )
        details = counted.get("prompt_tokens_details")
        return Usage(
            provider,
            "llm",
            model,
            input_tokens=told_count(counted.get("prompt_tokens")),
            cached_tokens=told_count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
            output_tokens=told_count(counted.get("completion_tokens")),
        )


async def _next_piece(stream: Any, reply: _Reply) -> str:  # noqa: ANN401 - an openai.AsyncStream
    """The next text of the reply, or an empty one at its end. Raises MalformedAnswerError when cut off."""
    while (chunk := await anext(stream, None)) is not None:
        usage, choices = (_at(chunk, name) for name in ("usage", "choices"))
        reply.counted = usage if isinstance(usage, dict) else reply.counted
        if not isinstance(choices, list) or not choices:
            continue
        delta, reason = (_at(choices[0], name) for name in ("delta", "finish_reason"))
        reply.is_finished = reply.is_finished or bool(reason)
        reply.is_declined = reply.is_declined or reason == "content_filter" or bool(_at(delta, "refusal"))
        content = _at(delta, "content")
        if isinstance(content, str) and content:
            reply.output_chars += len(content)
            if piece := reply.thought.strip(content):
                return piece
    if not reply.is_finished:
        raise MalformedAnswerError("stopped in the middle of its answer")
    return reply.thought.rest()


def _at(value: object, name: str) -> object:
    """A member of what should be a JSON object; a server may send anything."""
    return value.get(name) if isinstance(value, dict) else None


class _Thought:
    """Takes away a `<think>…</think>` that some servers leave at the head of the text."""

    OPEN, CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._is_over = False

    def strip(self, piece: str) -> str:
        """What can be told of everything so far that was not told before."""
        if self._is_over:
            return piece
        self._held += piece
        start = self._held.lstrip()
        if start.startswith(self.OPEN):
            _, mark, after = start.partition(self.CLOSE)
            if not mark:
                return ""
            self._held = after.lstrip()
        elif self.OPEN.startswith(start):
            return ""
        self._is_over = bool(self._held)
        return self.rest()

    def rest(self) -> str:
        """What was held back; a thought that never ended is dropped."""
        held, self._held = self._held, ""
        return "" if held.lstrip().startswith(self.OPEN) else held
