"""OpenAI's HTTP endpoints on 127.0.0.1: chat completions, speech, transcriptions, models. For tests and benchmarks.

Checks every request against the SDK's own parameter types and every answer against its response types; what breaks
a rule is a violation of the LoopbackServer it is.
"""

import asyncio
import io
import itertools
import json
import wave
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, get_type_hints

import numpy as np
from aiohttp import web
from openai import BaseModel
from openai.types import Model
from openai.types.audio import Transcription, TranscriptionVerbose
from openai.types.audio.speech_create_params import SpeechCreateParams
from openai.types.audio.transcription_create_params import TranscriptionCreateParamsNonStreaming
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter, ValidationError

from tests.loopback.checking import unknown_fields
from tests.loopback.serving import LoopbackServer, Refusal, hang_up, stall, stream
from voiceprep.ports import SPEAKER_RATE_HZ, Samples

KEY = "sk-loopback"
CREATED = 1_795_300_000

CHAT = "/v1/chat/completions"
SPEECH = "/v1/audio/speech"
TRANSCRIPTIONS = "/v1/audio/transcriptions"
MODELS = "/v1/models"


class Fault(StrEnum):
    """What goes wrong inside an answer that has begun."""

    HANG_UP = "hang_up"  # the connection is cut
    STALL = "stall"  # nothing more comes
    SILENT_END = "silent_end"  # the body ends in good order, the answer does not
    MALFORMED = "malformed"  # something that is no JSON, no PCM
    TRUNCATED = "truncated"  # half a JSON document, then the end
    ERROR_EVENT = "error_event"  # an error inside the stream
    UNKNOWN_FIELDS = "unknown_fields"  # more than the types know: a client must not mind


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One answer. `fault` comes after `fault_after` pieces; `slow_byte_ms` sends every byte by itself."""

    pieces: tuple[str, ...] = ("Thank you.", " How would", " you test that?")
    first_token_ms: int = 0
    between_tokens_ms: int = 0
    finish_reason: str = "stop"
    has_usage: bool = True
    cached_tokens: int = 0
    fault: Fault | None = None
    fault_after: int = 1
    slow_byte_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SpeechReply:
    """24 kHz s16le audio, sent in chunks of `chunk_bytes` (odd numbers split samples)."""

    pcm: bytes = b"\x01\x02" * (SPEAKER_RATE_HZ // 2)
    chunk_bytes: int = 4_096
    first_byte_ms: int = 0
    between_chunks_ms: int = 0
    content_type: str = "application/octet-stream"
    fault: Fault | None = None
    fault_after: int = 1


@dataclass(frozen=True, slots=True)
class TranscriptReply:
    """`words` are (word, start s, end s), given where the request wants verbose JSON."""

    text: str = "hello there"
    words: tuple[tuple[str, float, float], ...] = ()
    delay_ms: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class TranscriptRequest:
    """What a client sent: the form and the audio, shape (n_samples,)."""

    form: Mapping[str, Any]
    samples: Samples
    rate_hz: int


def openai_error(status: int, message: str = "no", code: str | None = None, **headers: str) -> Refusal:
    """An error as OpenAI words it; headers with `_` for `-`."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(status, json.dumps(body), {"Content-Type": "application/json", **named})


@dataclass(slots=True)
class Script:
    """What is answered: the queue first, then the function over the request."""

    chats: deque[ChatReply] = field(default_factory=deque)
    speeches: deque[SpeechReply] = field(default_factory=deque)
    transcripts: deque[TranscriptReply] = field(default_factory=deque)
    chat: Callable[[Mapping[str, Any]], ChatReply] = lambda _request: ChatReply()
    speech: Callable[[Mapping[str, Any]], SpeechReply] = lambda _request: SpeechReply()
    transcript: Callable[[TranscriptRequest], TranscriptReply] = lambda _request: TranscriptReply()
    models: Mapping[str, str | None] = field(
        default_factory=lambda: dict.fromkeys(("gpt-6-luna", "gpt-transcribe", "gpt-4o-mini-tts"), None)
    )
    """Model → shutdown date."""


class OpenAIServer(LoopbackServer):
    """`base_url` is what clients are given. `refused` names request parameters it does not take, as older
    compatible servers do; changing `key` lets the old one expire. Requests are kept as they came, checked."""

    def __init__(self, script: Script | None = None, *, key: str = KEY, refused: Sequence[str] = ()) -> None:
        self.script = script or Script()
        self.chats: list[dict[str, Any]] = []
        self.speeches: list[dict[str, Any]] = []
        self.transcripts: list[TranscriptRequest] = []
        self.key = key
        self._refused = tuple(refused)
        self._numbers = itertools.count(1)
        super().__init__(
            {
                f"POST {CHAT}": self._chat,
                f"POST {SPEECH}": self._speech,
                f"POST {TRANSCRIPTIONS}": self._transcribe,
                f"GET {MODELS}": self._models,
            }
        )

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def connection_count(self) -> int:
        """TCP connections that carried a request."""
        return len({arrival.peer_port for arrival in self.arrivals})

    # -------------------------------------------------------------------------------------- chat

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._json_body(request)
        if isinstance(body, web.Response):
            return body
        self._check_chat(body)
        self.chats.append(body)
        self.note()
        reply = self.script.chats.popleft() if self.script.chats else self.script.chat(body)
        if refusal := self._refusal(body):
            return refusal
        if not body.get("stream"):
            await _pause(reply.first_token_ms)
            return web.json_response(self._checked(ChatCompletion, self._completion(body, reply)))
        pieces = self._chat_events(request, body, reply)
        if reply.slow_byte_ms is not None:
            pieces = _byte_by_byte(pieces, reply.slow_byte_ms)
        return await stream(request, "text/event-stream; charset=utf-8", pieces)

    async def _chat_events(
        self, request: web.Request, body: Mapping[str, Any], reply: ChatReply
    ) -> AsyncIterator[bytes]:
        identity = f"chatcmpl-{next(self._numbers)}"
        wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))

        def event(delta: Mapping[str, Any] | None, reason: str | None = None, usage: Any = None) -> bytes:  # noqa: ANN401
            choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
            chunk: dict[str, Any] = {
                "id": identity,
                "object": "chat.completion.chunk",
                "created": CREATED,
                "model": body["model"],
                "choices": choices,
            }
            if wants_usage and reply.has_usage:
                chunk["usage"] = usage
            self._checked(ChatCompletionChunk, chunk)
            if reply.fault is Fault.UNKNOWN_FIELDS:
                chunk["x_extra"] = {"nested": [1, None]}
                for choice in choices:
                    choice["delta"] = {**choice["delta"], "reasoning_content": None, "x_more": "?"}  # type: ignore[dict-item]
            return f"data: {json.dumps(chunk)}\n\n".encode()

        await _pause(reply.first_token_ms)
        yield event({"role": "assistant", "content": ""})
        for index, piece in enumerate(reply.pieces):
            if index == reply.fault_after and reply.fault not in (None, Fault.UNKNOWN_FIELDS):
                async for part in self._break_off(request, reply.fault, event({"content": piece})):
                    yield part
                return
            if index:
                await _pause(reply.between_tokens_ms)
            yield event({"content": piece})
        yield event({}, reply.finish_reason)
        if wants_usage and reply.has_usage:
            yield event(None, usage=_usage(body, reply))
        yield b"data: [DONE]\n\n"

    async def _break_off(self, request: web.Request, fault: Fault | None, event: bytes) -> AsyncIterator[bytes]:
        if fault is Fault.HANG_UP:
            hang_up(request)
            await stall()
        elif fault is Fault.STALL:
            await stall()
        elif fault is Fault.MALFORMED:
            yield b"data: <html>bad gateway</html>\n\n"
        elif fault is Fault.TRUNCATED:
            yield event[: len(event) // 2] + b"\n\n"
        elif fault is Fault.ERROR_EVENT:
            yield b'data: {"error": {"message": "sk-loopback broke", "type": "server_error", "code": null}}\n\n'

    def _completion(self, body: Mapping[str, Any], reply: ChatReply) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(reply.pieces), "refusal": None}
        return {
            "id": f"chatcmpl-{next(self._numbers)}",
            "object": "chat.completion",
            "created": CREATED,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}],
            "usage": _usage(body, reply),
        }

    def _check_chat(self, body: dict[str, Any]) -> None:
        kind: Any = CompletionCreateParamsStreaming if body.get("stream") else CompletionCreateParamsNonStreaming
        self._check_params(
            CHAT, kind, {name: value for name, value in body.items() if name != "messages"} | {"messages": []}, body
        )
        for message in body.get("messages", ()):
            self._check_params(CHAT, ChatCompletionMessageParam, message, message)
        if not body.get("messages"):
            self.violate(f"{CHAT}: no messages")
        if "stream_options" in body and not body.get("stream"):
            self.violate(f"{CHAT}: stream_options without stream")
        if {"max_tokens", "max_completion_tokens"} <= body.keys():
            self.violate(f"{CHAT}: both limits on tokens")
        if body.get("temperature") is not None and body.get("reasoning_effort") not in (None, "none"):
            self.violate(f"{CHAT}: temperature with reasoning")

    def _refusal(self, body: Mapping[str, Any]) -> web.Response | None:
        """What OpenAI answers to parameters a model does not take."""
        refused = [name for name in self._refused if name in body]
        if "max_tokens" in body and str(body["model"]).startswith(("gpt-5", "gpt-6")):
            refused.append("max_tokens")
        if not refused:
            return None
        message = f"Unsupported parameter: '{refused[0]}' is not supported with this model."
        error = {
            "message": message,
            "type": "invalid_request_error",
            "param": refused[0],
            "code": "unsupported_parameter",
        }
        return web.json_response({"error": error}, status=400)

    # ------------------------------------------------------------------------------------ speech

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        body = await self._json_body(request)
        if isinstance(body, web.Response):
            return body
        self._check_params(SPEECH, SpeechCreateParams, body, body)
        if not 0 < len(body.get("input", "")) <= 4_096:
            self.violate(f"{SPEECH}: input of {len(body.get('input', ''))} characters")
        if body.get("instructions") and str(body.get("model")).startswith("tts-1"):
            self.violate(f"{SPEECH}: instructions for {body['model']}")
        self.speeches.append(body)
        self.note()
        reply = self.script.speeches.popleft() if self.script.speeches else self.script.speech(body)
        if refusal := self._refusal(body):
            return refusal
        return await stream(request, reply.content_type, self._speech_bytes(request, reply))

    async def _speech_bytes(self, request: web.Request, reply: SpeechReply) -> AsyncIterator[bytes]:
        await _pause(reply.first_byte_ms)
        for index, start in enumerate(range(0, len(reply.pcm), reply.chunk_bytes)):
            if index == reply.fault_after and reply.fault is not None:
                async for part in self._break_off(request, reply.fault, b""):
                    yield part
                return
            if index:
                await _pause(reply.between_chunks_ms)
            yield reply.pcm[start : start + reply.chunk_bytes]

    # ----------------------------------------------------------------------------- transcription

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._check_headers(request, "multipart/form-data"):
            return refusal
        asked = self._check_form(await _read_form(request))
        self.transcripts.append(asked)
        self.note()
        reply = self.script.transcripts.popleft() if self.script.transcripts else self.script.transcript(asked)
        if refusal := self._refusal(asked.form):
            return refusal
        await _pause(reply.delay_ms)
        if reply.fault is Fault.STALL:
            await stall()
        if reply.fault is Fault.HANG_UP:
            hang_up(request)
            await stall()
        if reply.fault is Fault.TRUNCATED:
            return web.Response(text='{"text": "hel', content_type="application/json")
        if reply.fault is Fault.MALFORMED:
            return web.Response(text="<html>bad gateway</html>", content_type="text/html")
        return web.json_response(self._transcript(asked, reply))

    def _transcript(self, asked: TranscriptRequest, reply: TranscriptReply) -> dict[str, Any]:
        seconds = len(asked.samples) / asked.rate_hz
        answer: dict[str, Any] = {"text": reply.text, "usage": {"type": "duration", "seconds": round(seconds, 2)}}
        kind: type[BaseModel] = Transcription
        if asked.form.get("response_format") == "verbose_json":
            kind = TranscriptionVerbose
            answer |= {"duration": seconds, "language": "english"}
            if "word" in asked.form.get("timestamp_granularities", ()):
                answer["words"] = [{"word": word, "start": start, "end": end} for word, start, end in reply.words]
        checked = self._checked(kind, answer)
        return {**checked, "x_extra": 1} if reply.fault is Fault.UNKNOWN_FIELDS else checked

    def _check_form(self, form: dict[str, Any]) -> TranscriptRequest:
        hints = get_type_hints(TranscriptionCreateParamsNonStreaming)
        model, kind = str(form.get("model", "")), form.get("response_format", "json")
        for name, value in form.items():
            if name not in hints:
                self.violate(f"{TRANSCRIPTIONS}: unknown field {name}")
            elif name != "file":
                self._check_value(f"{TRANSCRIPTIONS}: {name}", hints[name], value)
        rules = {
            "no model": not model,
            "no file": "file" not in form,
            "keywords or languages for another model than gpt-transcribe": not model.startswith("gpt-transcribe")
            and bool(form.keys() & {"keywords", "languages"}),
            f"{kind} for {model}": kind == "verbose_json" and "whisper" not in model,
            "word times without verbose_json": "timestamp_granularities" in form and kind != "verbose_json",
        }
        for what, is_broken in rules.items():
            if is_broken:
                self.violate(f"{TRANSCRIPTIONS}: {what}")
        samples, rate_hz = self._read_wav(form.get("file", b""))
        return TranscriptRequest({name: value for name, value in form.items() if name != "file"}, samples, rate_hz)

    def _read_wav(self, content: bytes) -> tuple[Samples, int]:
        try:
            with wave.open(io.BytesIO(content)) as file:
                samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
                if file.getnchannels() != 1 or file.getsampwidth() != 2:
                    self.violate(f"{TRANSCRIPTIONS}: not 16 bit mono")
                if len(samples) < file.getframerate() // 10:
                    self.violate(f"{TRANSCRIPTIONS}: shorter than the 0.1 s OpenAI demands")
                return samples, file.getframerate()
        except (wave.Error, EOFError) as error:
            self.violate(f"{TRANSCRIPTIONS}: no WAV file: {error}")
            return np.zeros(0, np.int16), 16_000

    # ------------------------------------------------------------------------------------ models

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if refusal := self._check_headers(request):
            return refusal
        models = [
            self._checked(
                Model,
                {"id": name, "object": "model", "created": CREATED, "owned_by": "openai", "shutdown_date": day},
            )
            for name, day in self.script.models.items()
        ]
        return web.json_response({"object": "list", "data": models})

    # ------------------------------------------------------------------------------------- rules

    async def _json_body(self, request: web.Request) -> dict[str, Any] | web.Response:
        if refusal := self._check_headers(request, "application/json"):
            return refusal
        body = json.loads(await request.read())
        if not isinstance(body, dict):
            raise TypeError("the body is no JSON object")
        return body

    def _check_headers(self, request: web.Request, content_type: str = "") -> web.Response | None:
        """The refusal of a wrong key, which like OpenAI's repeats it; other broken rules are violations."""
        if content_type and request.content_type != content_type:
            self.violate(f"{request.path}: content type {request.content_type}")
        if "OpenAI-Beta" in request.headers:
            self.violate(f"{request.path}: OpenAI-Beta header")
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and key == self.key:
            return None
        error = {
            "message": f"Incorrect API key provided: {key}.",
            "type": "invalid_request_error",
            "code": "invalid_api_key",
        }
        return web.json_response({"error": error}, status=401)

    def _check_params(self, path: str, kind: Any, value: Any, body: Mapping[str, Any]) -> None:  # noqa: ANN401
        """Types by pydantic; what it drops was no field of the type."""
        taken = self._check_value(path, kind, value)
        if isinstance(taken, dict) and (unknown := body.keys() - taken.keys()):
            self.violate(f"{path}: unknown {', '.join(sorted(unknown))}")

    def _check_value(self, what: str, kind: Any, value: Any) -> object:  # noqa: ANN401 - any type form
        try:
            return _adapter(kind).validate_python(value)
        except ValidationError as error:
            self.violate(f"{what}: {error}")
            return None

    def _checked(self, kind: type[BaseModel], value: dict[str, Any]) -> dict[str, Any]:
        """`value` itself, after noting what the SDK's type would not have."""
        try:
            unknown = list(unknown_fields(kind.model_validate(value)))
        except ValidationError as error:
            self.violate(f"own answer: {error}")
        else:
            if unknown:
                self.violate(f"own answer: {kind.__name__} has no {', '.join(unknown)}")
        return value


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any type form
    """Building one takes 30 ms, which a benchmark would see."""
    return TypeAdapter(kind)


def _usage(body: Mapping[str, Any], reply: ChatReply) -> dict[str, Any]:
    """A token for every four characters, at least one a message."""
    input_tokens = sum(1 + len(str(message.get("content"))) // 4 for message in body["messages"])
    output_tokens = len(reply.pieces)
    return {
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
    }


async def _read_form(request: web.Request) -> dict[str, Any]:
    """Fields by name; `name[]` is a list; files are bytes."""
    form: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        content: Any = value
        if isinstance(value, web.FileField):
            with value.file:
                content = value.file.read()
        if name.endswith("[]"):
            form.setdefault(name.removesuffix("[]"), []).append(content)
        else:
            form[name] = content
    return form


async def _byte_by_byte(pieces: AsyncIterator[bytes], byte_ms: int) -> AsyncIterator[bytes]:
    async for piece in pieces:
        for byte in piece:
            await _pause(byte_ms)
            yield bytes((byte,))


async def _pause(delay_ms: int) -> None:
    """The scripted delay of a server."""
    if delay_ms:
        await asyncio.sleep(delay_ms / 1000)
