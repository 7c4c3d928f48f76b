"""Bytes as what providers send, a message a line, over the adapters' real connections and parsers.

Each function may raise only ProviderError: what a person is told when a provider talks nonsense.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, Self

import numpy as np

from tests import sample_session as sample
from voiceprep.costs.prices import load_prices
from voiceprep.events import AnswerHeard, UsageMeasured
from voiceprep.knowledge.rewording import apply_reply
from voiceprep.model import Answer, AnswerEnd, Usage
from voiceprep.network import check_encrypted
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, AudioBlock
from voiceprep.providers.deepgram_connection import Dialect, ListenLink
from voiceprep.providers.deepgram_link import LinkPolicy
from voiceprep.providers.deepgram_listen import FluxDialect, NovaDialect
from voiceprep.providers.deepgram_stream import DeepgramStream
from voiceprep.providers.gemini_live import GeminiLive
from voiceprep.providers.gemini_live_session import GeminiLiveSession
from voiceprep.providers.gemini_live_session import Told as GeminiTold
from voiceprep.providers.openai_dialect import GrokDialect, OpenAIDialect
from voiceprep.providers.openai_realtime import OpenAIRealtime, realtime_url
from voiceprep.providers.openai_realtime_session import OpenAIRealtimeSession, Told
from voiceprep.providers.openai_services import SERVICES, full_url, is_web_address, showable_url
from voiceprep.providers.realtime_socket import RealtimeSocket, Who
from voiceprep.realtime import Direction, RealtimeSession, RealtimeSetup
from voiceprep.recordings.codec import decode_event, encode_event
from voiceprep.scoring.verdicts import parse_reply
from voiceprep.tasks import Tasks

LINE = Direction("What is an index?", "Say: What is an index?")
SETUP = RealtimeSetup("Interview them.")
WHO = Who("fuzzed", "Fuzzed", "FUZZED_API_KEY", "wss://127.0.0.1")
OWN_QUESTION = replace(sample.QUESTIONS[0], sources=("cv.md, page 1: “It has the same effect as once”",))
BLOCK = np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
BLOCKS = 60
"""Of microphone audio before the first message: 1.2 s."""
HANG_S = 60.0
INTERRUPT_EVERY = 7
"""Messages between two interruptions, so that every state of a reply meets every message."""
ONCE = LinkPolicy(connect_s=5.0, close_s=0.0, finalize_s=5.0, give_up_s=5.0, backoff_s=())


def nova(data: bytes) -> None:
    """Deepgram's listen v1. Raises ProviderError."""
    _run(_listen(NovaDialect("nova-3", (), 25), "v1", data))


def flux(data: bytes) -> None:
    """Deepgram's listen v2. Raises ProviderError."""
    _run(_listen(FluxDialect("flux-general-en", ()), "v2", data))


def openai(data: bytes) -> None:
    """OpenAI's realtime protocol. Raises ProviderError."""
    dialect = OpenAIDialect("gpt-realtime-2")
    told = Told("openai", "gpt-realtime-2", dialect, WHO, _use)
    _run(_converse(lambda socket, _: OpenAIRealtimeSession(socket, SETUP, told), data))


def grok(data: bytes) -> None:
    """xAI's. Raises ProviderError."""
    told = Told("grok", "grok-voice", GrokDialect("grok-voice"), WHO, _use)
    _run(_converse(lambda socket, _: OpenAIRealtimeSession(socket, SETUP, told), data))


def gemini(data: bytes) -> None:
    """Gemini Live, through the SDK's own parser. Raises ProviderError."""
    _run(_converse_gemini(data))


def replies(data: bytes) -> None:
    """What a language model writes: a judge's verdicts, questions about documents. Raises UnusableReplyError."""
    text = data.decode("utf-8", "replace")
    apply_reply(text, (OWN_QUESTION,))
    parse_reply(text, sample.QUESTIONS[0])


def urls(data: bytes) -> None:
    """An address from the environment. Raises ConfigError."""
    url = data.decode("utf-8", "replace")
    for service in SERVICES.values():
        full = full_url(service, url)
        showable_url(full)
        if is_web_address(full):
            realtime_url(full, "model")
    OpenAIRealtime(Tasks(), api_key="key", on_usage=_use, base_url=url)
    check_encrypted(url, "FUZZED_URL", is_plain_allowed=False)


# --------------------------------------------------------------------------------- the other end


class Wire:
    """A connection that delivers these lines and then ends. `between` is called before each but the first."""

    transport = None

    def __init__(self, data: bytes, between: Callable[[int], None] = lambda count: None) -> None:
        self._lines = iter(data.split(b"\n"))
        self._between = between
        self._count = 0

    async def recv(self, decode: bool | None = None) -> str | bytes:
        from websockets.exceptions import ConnectionClosedOK

        if self._count:
            await asyncio.sleep(0)
            self._between(self._count)
        self._count += 1
        line = next(self._lines, None)
        if line is None:
            raise ConnectionClosedOK(None, None)
        return line if decode is False else line.decode("utf-8", "replace")

    async def send(self, message: object) -> None:
        """It goes nowhere."""

    async def close(self) -> None:
        """There is nothing to close."""


class Library:
    """The library's end of a Deepgram connection that has delivered these lines, and ends."""

    extensions = ()
    close_rcvd = None

    def __init__(self, data: bytes) -> None:
        from websockets.frames import Frame, Opcode

        frames = [Frame(Opcode.TEXT, line).serialize(mask=False) for line in data.split(b"\n")]
        self.reader = SimpleNamespace(_buffer=bytearray(b"".join(frames)))
        self.transport = self

    def set_protocol(self, protocol: Any) -> None:  # noqa: ANN401 - an asyncio.Protocol
        """Somebody else reads; the end comes when what is there was taken."""
        if protocol is not self:
            asyncio.get_running_loop().call_soon(protocol.connection_lost, None)

    def is_closing(self) -> bool:
        """Nothing can be sent any more."""
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def connection_lost(self, error: Exception | None) -> None:
        """It is known."""


class Opening:
    """What a client's `connect` returns."""

    def __init__(self, wire: Wire | Library) -> None:
        self._websocket = wire

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        """There is nothing to close."""


async def _listen(dialect: Dialect, version: str, data: bytes) -> None:
    async with Tasks() as tasks:
        opening = Opening(Library(data))
        listen = SimpleNamespace(**{version: SimpleNamespace(connect=lambda **options: opening)})
        link = ListenLink(tasks, dialect, lambda: SimpleNamespace(listen=listen), ONCE, _use)
        stream = DeepgramStream(link, ())
        link.open(stream)
        for number in range(BLOCKS):
            stream.push(AudioBlock(BLOCK, number * 20), is_speech=10 < number < 50)
        while link.trouble is None:
            await link.changed.wait()
        if "adapter" in link.trouble.reason:
            raise AssertionError(link.trouble.reason)
        heard = await stream.finish()
        answer = Answer(heard, 0, 1_000, AnswerEnd.FINISHED)
        decode_event(encode_event(AnswerHeard(at_ms=1_200, turn_index=1, answer=answer)))


async def _converse(make: Callable[[RealtimeSocket, Tasks], RealtimeSession], data: bytes) -> None:
    async with Tasks() as tasks:
        ours: list[RealtimeSession] = []
        socket = RealtimeSocket(Wire(data, lambda count: _act(ours[0], count)), tasks, WHO)
        ours.append(make(socket, tasks))
        await _hear_all(ours[0])


async def _converse_gemini(data: bytes) -> None:
    from google.genai.live import AsyncSession

    async with Tasks() as tasks:
        ours: list[RealtimeSession] = []
        wire: Any = Wire(data, lambda count: _act(ours[0], count))
        told = GeminiTold("gemini-3.8-live", WHO, _use, lambda handle: None)
        session = AsyncSession(_gemini_client(), wire)
        ours.append(GeminiLiveSession(Opening(wire), session, SETUP, told, tasks))
        await _hear_all(ours[0])


async def _hear_all(session: RealtimeSession) -> None:
    for number in range(BLOCKS // 10):
        session.push(AudioBlock(BLOCK, number * 20))
    session.request(LINE)
    try:
        async for _ in session.events():
            pass
    finally:
        await session.close()


def _act(session: RealtimeSession, count: int) -> None:
    """What the engine does meanwhile."""
    if count % INTERRUPT_EVERY == 0:
        session.interrupt(40)
        session.request(LINE)


def _use(usage: Usage) -> None:
    """As the session does: it is priced and journaled."""
    cost = load_prices().cost_usd(usage)
    decode_event(encode_event(UsageMeasured(at_ms=0, usage=usage, cost_usd=cost)))


@cache
def _gemini_client() -> Any:  # noqa: ANN401 - google.genai is imported late
    client = GeminiLive(Tasks(), api_key="none", on_usage=_use)._make_client()
    return client._api_client


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()


def _run(conversation: Coroutine[Any, Any, None] | Awaitable[None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(HANG_S):
            await conversation

    _runner().run(within())
