"""What the servers of realtime models share: a socket each conversation, what goes wrong with it, what is said.

Must not know any protocol's messages.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from aiohttp import WSMsgType, web

from tests.loopback.serving import LoopbackServer, hang_up, open_websocket, stall
from tests.loopback.tones import heard_text, tone_samples
from voiceprep.ports import SPEAKER_RATE_HZ, Samples

T = TypeVar("T")

Message = dict[str, Any]
MESSAGE_BYTES_MAX = 32 * 2**20


class Fault(StrEnum):
    """What goes wrong in the middle of a conversation."""

    DROP = "drop"  # cut without a word
    STALL = "stall"  # goes on receiving, sends nothing more
    HALF_OPEN = "half_open"  # neither receives nor sends nor answers pings
    MALFORMED = "malformed"  # frames that are no JSON or lack what they must hold; then goes on
    UNKNOWN = "unknown"  # frames of types nobody knows; then goes on
    ERROR = "error"  # an error the conversation survives
    EXPIRE = "expire"  # the cap of the protocol, as it announces it
    CLOSE_1000 = "close_1000"
    CLOSE_1001 = "close_1001"
    CLOSE_1008 = "close_1008"
    CLOSE_1011 = "close_1011"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A fault once a conversation has heard, or has said, so much audio; at once with neither."""

    fault: Fault
    heard_ms: int | None = None
    said_ms: int | None = None

    def is_due(self, heard_ms: float, said_ms: float) -> bool:
        limits = ((self.heard_ms, heard_ms), (self.said_ms, said_ms))
        return all(limit is None or at >= limit for limit, at in limits)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the model knows when it is to speak. `said`: (role, text) of the conversation, oldest first.

    `instructions` are those of this reply, `system` those of the whole conversation.
    """

    number: int
    system: str
    instructions: str
    said: tuple[tuple[str, str], ...]

    @property
    def line(self) -> str:
        """The last passage between quotation marks in the instructions: what it is told to say."""
        quoted = self.instructions.replace("“", '"').replace("”", '"').split('"')
        return quoted[-2].strip() if len(quoted) > 2 else "Please go on."


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function the model calls instead of speaking, or after it."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answers. Times are wall time; audio goes out in pieces of `piece_ms` of sound.

    `linger_ms`: Gemini waits so long for the playback before it calls its turn complete.

    `late_pieces` still go out after a cancellation, as on a real network. `failure` is the error code of a
    response that fails before it says anything.
    """

    text: str
    tools: tuple[ToolCall, ...] = ()
    first_audio_ms: int = 0
    piece_ms: int = 100
    between_pieces_ms: int = 0
    linger_ms: int = 0
    late_pieces: int = 0
    failure: str = ""


class Transcripts(StrEnum):
    """What the client learns of the words its candidate said."""

    GOOD = "good"
    MISSING = "missing"
    FAILED = "failed"


async def tone_hearing(samples: Samples, rate_hz: int) -> str:
    """`Script.hear` for the speech of tones.py."""
    return heard_text(samples, rate_hz)


async def tone_voice(text: str) -> Samples:
    """`Script.say` for the same."""
    return tone_samples(text, SPEAKER_RATE_HZ)


@dataclass
class Script:
    """How the model behaves. `hear`: audio and its rate to words; `say`: words to 24 kHz audio; shape (n_samples,).

    `transcript_ms`: wall time until what was heard is written down, at most; when within it is left to chance
    (`seed`). `level` is what the server's own voice detection takes for sound.
    """

    hear: Callable[[Samples, int], Awaitable[str]] = tone_hearing
    say: Callable[[str], Awaitable[Samples]] = tone_voice
    reply: Callable[[Asked], Reply] = field(default=lambda asked: Reply(asked.line))
    transcript_ms: int = 20
    transcripts: Transcripts = Transcripts.GOOD
    seed: int = 0
    level: int = 500
    cap_ms: int | None = None
    """The conversation expires after so much audio heard; None: as the protocol has it."""
    tamper: Callable[[str], list[str]] = field(default=lambda text: [text])
    """What becomes of each frame on its way out."""


class Conversation(Protocol):
    """One conversation's side of a protocol."""

    heard_ms: float
    said_ms: float

    def greet(self) -> None: ...

    async def take(self, message: Message) -> None:
        """A JSON object from the client."""
        ...

    async def disturb(self, fault: Fault) -> None:
        """MALFORMED, UNKNOWN, ERROR or EXPIRE in this protocol's words."""
        ...


class RealtimeServer(ABC):
    """Use as `async with`; `violations` must stay empty. Subclasses say who may come in and what they speak."""

    PATHS: tuple[str, ...] = ()
    SENDS_BINARY = False

    def __init__(self, script: Script | None = None, serving: LoopbackServer | None = None) -> None:
        self.script = script or Script()
        self.wires: list[Wire] = []
        self.conversations: list[Any] = []
        routes = {f"GET {path}": self._answer for path in self.PATHS}
        self.serving = serving or LoopbackServer(routes)
        self._disturbances: deque[Disturbance | None] = deque()

    @abstractmethod
    def refusal(self, request: web.Request) -> web.Response | None:
        """What is answered instead of a socket."""

    @abstractmethod
    def converse(self, wire: "Wire") -> Conversation:
        """A new conversation."""

    @property
    def url(self) -> str:
        return self.serving.url

    @property
    def violations(self) -> list[str]:
        return self.serving.violations

    def disturb_next(self, *disturbances: Disturbance | None) -> None:
        """What befalls the next conversations, in order; None lets one be."""
        self._disturbances.extend(disturbances)

    def disturb_now(self, fault: Fault) -> None:
        """What befalls every open conversation with the next thing it hears or says."""
        for wire in self.wires:
            wire.disturbance = Disturbance(fault)

    def received(self, kind: str) -> list[Message]:
        """Messages of a type over all conversations, in order; audio is only counted, see `Wire.counts`."""
        return [message for wire in self.wires for message in wire.received if message.get("type") == kind]

    def count(self, kind: str) -> int:
        """How many messages of a type came, audio included."""
        return sum(wire.counts[kind] for wire in self.wires)

    async def until(self, condition: Callable[[], bool], within_s: float = 10.0) -> None:
        """Wait for something this server sees. Raises TimeoutError."""
        await self.serving.until(condition, within_s)

    async def __aenter__(self) -> Self:
        await self.serving.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.serving.__aexit__(kind, error, trace)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if refusal := self.refusal(request):
            return refusal
        socket = await open_websocket(request, message_bytes_max=MESSAGE_BYTES_MAX)
        wire = Wire(self, request, socket, self._disturbances.popleft() if self._disturbances else None)
        self.wires.append(wire)
        await wire.run(self.converse(wire))
        return socket


class Wire:
    """One WebSocket: receives, sends in order, goes wrong when told. `received` leaves the audio out."""

    def __init__(
        self,
        server: RealtimeServer,
        request: web.Request,
        socket: web.WebSocketResponse,
        disturbance: Disturbance | None,
    ) -> None:
        self.query: Mapping[str, str] = dict(request.query)
        self.headers: Mapping[str, str] = request.headers
        self.received: list[Message] = []
        self.counts: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.disturbance = disturbance
        self.is_over = False
        self._server = server
        self._request = request
        self._socket = socket
        self._outbox: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue()
        self._is_mute = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._conversation: Conversation

    async def run(self, conversation: Conversation) -> None:
        """Until the connection ends."""
        self._conversation = conversation
        conversation.greet()
        self.spawn(self._deliver())
        try:
            await self._receive()
        finally:
            self.is_over = True
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._server.serving.note()

    def spawn(self, job: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run beside receiving, until the connection ends; awaited then."""
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    def _end(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.violate(f"this server's own mistake: {error!r}")

    def note(self, kind: str, message: Message | None = None) -> None:
        """Remember what came."""
        self.counts[kind] += 1
        if message is not None:
            self.received.append(message)
        self._server.serving.note()

    def send(self, kind: str, text: str) -> None:
        """A frame, in order."""
        self.sent[kind] += 1
        self._server.serving.note()
        if not self._is_mute:
            for frame in self._server.script.tamper(text):
                self._outbox.put_nowait(frame)

    def send_raw(self, text: str) -> None:
        """A frame nobody has checked."""
        if not self._is_mute:
            self._outbox.put_nowait(text)

    def close(self, code: int, reason: str = "") -> None:
        """Close once everything before it is sent."""
        self._outbox.put_nowait((code, reason))

    def violate(self, what: str) -> None:
        self._server.serving.violate(f"{self._request.path}: {what}")

    async def disturb(self) -> None:
        """Go wrong if it is time."""
        disturbance, conversation = self.disturbance, self._conversation
        if disturbance is None or not disturbance.is_due(conversation.heard_ms, conversation.said_ms):
            return
        self.disturbance = None
        match disturbance.fault:
            case Fault.DROP:
                self._is_mute = True
                hang_up(self._request)
            case Fault.STALL:
                self._is_mute = True
            case Fault.HALF_OPEN:
                self._is_mute = self.is_over = True  # that the client closes it will not be seen
                await stall()
            case Fault.CLOSE_1000 | Fault.CLOSE_1001 | Fault.CLOSE_1008 | Fault.CLOSE_1011:
                self._is_mute = True
                self.close(int(disturbance.fault[-4:]), "secret words")
            case _:
                await conversation.disturb(disturbance.fault)

    async def _receive(self) -> None:
        async for frame in self._socket:
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            message: object = None
            with suppress(ValueError):
                message = json.loads(frame.data)
            if isinstance(message, dict):
                await self._conversation.take(message)
            else:
                self.violate("a frame that is no JSON object")
            await self.disturb()

    async def _deliver(self) -> None:
        while True:
            item = await self._outbox.get()
            if isinstance(item, str) and self._server.SENDS_BINARY:
                await self._socket.send_bytes(item.encode())
            elif isinstance(item, str):
                await self._socket.send_str(item)
            else:
                self._is_mute = True
                await self._socket.close(code=item[0], message=item[1].encode())


async def wait_ms(delay_ms: float, stop: asyncio.Event | None = None) -> bool:
    """The scripted delay of a server; whether `stop` came first."""
    event = stop or asyncio.Event()
    with suppress(TimeoutError):
        async with asyncio.timeout(delay_ms / 1000):
            await event.wait()
    return event.is_set()
