"""Deepgram on 127.0.0.1: listen and speak, v1 and v2, with scripted delays, revised interims and failures.

Validates every message in both directions and the rules of each protocol; a broken one is a violation.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from aiohttp import WSMsgType, web

from tests.loopback.deepgram_listen import FluxSession, ListenScript, NovaSession
from tests.loopback.deepgram_messages import (
    LISTEN_V1,
    LISTEN_V2,
    REQUEST_ID,
    SPEAK_V1,
    SPEAK_V2,
    Fields,
    Session,
    client_message,
    query_mistakes,
    server_message,
)
from tests.loopback.deepgram_speak import AuraSession, FluxVoiceSession, SpeakScript
from tests.loopback.serving import LoopbackServer, hang_up, open_websocket, stall

KEY = "loopback-key"
NET_0001 = (
    "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
)


class Fault(StrEnum):
    """What goes wrong in the middle of a connection."""

    DROP = "drop"  # cut without a word
    STALL = "stall"  # goes on receiving, sends nothing more
    HALF_OPEN = "half_open"  # neither receives nor sends nor answers pings
    MALFORMED = "malformed"  # one message that is no JSON, one without what it must hold; then goes on
    UNKNOWN = "unknown"  # messages of types nobody knows; then goes on
    CLOSE_1011 = "close_1011"  # NET-0001
    CLOSE_1001 = "close_1001"  # going away
    CLOSE_1008 = "close_1008"  # audio that cannot be decoded
    ERROR = "error"  # an Error message


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A fault once a connection has received (listen) or sent (speak) so much audio."""

    fault: Fault
    after_ms: int = 0


class DeepgramServer:
    """Use as `async with`; hand `url` to an adapter and `KEY` as its key. `violations` must stay empty."""

    def __init__(self, listen: ListenScript | None = None, speak: SpeakScript | None = None) -> None:
        self.listen = listen or ListenScript()
        self.speak = speak or SpeakScript()
        self.keys = {KEY}
        self.connections: list[Connection] = []
        self.serving = LoopbackServer(
            {f"GET {path}": self._answer for path in (LISTEN_V1, LISTEN_V2, SPEAK_V1, SPEAK_V2)}
        )
        self._disturbances: dict[str, deque[Disturbance | None]] = {}

    @property
    def url(self) -> str:
        return self.serving.url

    @property
    def violations(self) -> list[str]:
        return self.serving.violations

    def disturb_next(self, path: str, *disturbances: Disturbance | None) -> None:
        """What befalls the next connections to `path`, in order; None lets one be."""
        self._disturbances.setdefault(path, deque()).extend(disturbances)

    def disturb_now(self, path: str, fault: Fault) -> None:
        """What befalls the open connections to `path` with the next audio they take or send."""
        for connection in self.connections:
            if connection.path == path:
                connection.disturb_soon(fault)

    def received(self, kind: str) -> int:
        """Messages of a type over all connections; `audio` counts the binary ones."""
        return sum(connection.received[kind] for connection in self.connections)

    async def __aenter__(self) -> Self:
        await self.serving.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.serving.__aexit__(kind, error, trace)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in ("token", "bearer") or key not in self.keys:
            return _refused(401, "INVALID_AUTH")
        query = {name: tuple(request.query.getall(name)) for name in request.query}
        mistakes = query_mistakes(request.path, query)
        if mistakes:
            self.serving.violate(f"{request.path}: {'; '.join(mistakes)}")
            return _refused(400, mistakes[0])
        socket = await open_websocket(request, {"dg-request-id": REQUEST_ID})
        waiting = self._disturbances.get(request.path)
        connection = Connection(self, request, socket, waiting.popleft() if waiting else None)
        self.connections.append(connection)
        await connection.run()
        return socket


def _refused(status: int, code: str) -> web.Response:
    return web.json_response(
        {"err_code": code, "err_msg": code, "request_id": REQUEST_ID}, status=status, headers={"dg-error": code}
    )


class Connection:
    """One WebSocket: receives, validates, sends in order after the scripted delay, and goes wrong when told."""

    def __init__(
        self,
        server: DeepgramServer,
        request: web.Request,
        socket: web.WebSocketResponse,
        disturbance: Disturbance | None,
    ) -> None:
        self.path = request.path
        self.query: Mapping[str, str] = dict(request.query)
        self.received: Counter[str] = Counter()
        self.is_net_0001 = False
        self._server = server
        self._request = request
        self._socket = socket
        self._disturbance = disturbance
        self._outbox: asyncio.Queue[tuple[float, str | bytes | int]] = asyncio.Queue()
        self._is_mute = False
        self._is_closing = False
        self._session = _open_session(self, server)

    async def run(self) -> None:
        """Until the connection ends."""
        self._session.greet()
        side = [asyncio.create_task(self._deliver()), asyncio.create_task(self._session.work())]
        try:
            await self._receive()
        finally:
            for task in side:
                task.cancel()
            for result in await asyncio.gather(*side, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                    self.violate(f"this server's own mistake: {result!r}")

    def send(self, kind: str, fields: Fields) -> None:
        """Validate and send a message."""
        try:
            self._put(server_message(self.path, kind, fields))
        except ValueError as error:
            self.violate(f"this server's own {kind}: {error}")

    def send_audio(self, audio: bytes) -> None:
        self._put(audio)

    def close(self, code: int) -> None:
        """Close once everything before it is sent."""
        self._is_closing = True
        self._put(code)

    def violate(self, what: str) -> None:
        self._server.serving.violate(f"{self.path}: {what}")

    def disturb_soon(self, fault: Fault) -> None:
        self._disturbance = Disturbance(fault)

    async def disturb(self, audio_ms: float) -> None:
        """Go wrong if it is time."""
        disturbance = self._disturbance
        if disturbance is None or audio_ms < disturbance.after_ms:
            return
        self._disturbance = None
        match disturbance.fault:
            case Fault.DROP:
                hang_up(self._request)
                await stall()
            case Fault.STALL:
                self._is_mute = True
            case Fault.HALF_OPEN:
                self._is_mute = True
                await stall()
            case Fault.MALFORMED:
                self._put('{"type": "Results", "chan')
                self._put('{"type": "Results", "is_final": true, "channel": {"alternatives": []}}')
                self._put('{"type": "TurnInfo", "event": "EndOfTurn", "words": 7}')
                self._put("[1, 2]")
            case Fault.UNKNOWN:
                self._put('{"type": "Weather", "is_final": true}')
                self._put('{"is_final": true}')
            case Fault.ERROR:
                self._put('{"type": "Error", "code": "NET-0002", "variant": "x", "description": "secret words"}')
            case Fault.CLOSE_1001 | Fault.CLOSE_1008:
                await self._close_now(int(disturbance.fault[-4:]), "DATA-0000 secret words")
            case Fault.CLOSE_1011:
                await self._close_now(1011, NET_0001)

    async def _receive(self) -> None:
        idle_s = self._server.listen.idle_s if self.path in (LISTEN_V1, LISTEN_V2) else None
        while True:
            try:
                message = await self._socket.receive(timeout=idle_s)
            except TimeoutError:
                self.is_net_0001 = True
                await self._close_now(1011, NET_0001)
                return
            if message.type is WSMsgType.BINARY:
                await self._take_audio(message.data)
            elif message.type is WSMsgType.TEXT:
                await self._take_text(message.data)
            else:
                return
            self._server.serving.note()

    async def _take_audio(self, audio: bytes) -> None:
        self.received["audio"] += 1
        if not audio or len(audio) % 2:
            self.violate(f"{len(audio)} bytes of audio are not linear16")
        elif self._is_closing:
            self.violate("audio after CloseStream")
        else:
            await self._session.take_audio(audio)

    async def _take_text(self, text: str) -> None:
        try:
            message = client_message(self.path, text)
        except ValueError as error:
            self.violate(str(error))
            return
        self.received[message["type"]] += 1
        if self._is_closing:
            self.violate(f"{message['type']} after the end")
        else:
            await self._session.take(message)

    def _put(self, item: str | bytes | int) -> None:
        if not self._is_mute:
            delay_s = self._server.listen.delay_s if self.path in (LISTEN_V1, LISTEN_V2) else 0.0
            self._outbox.put_nowait((asyncio.get_running_loop().time() + delay_s, item))

    async def _deliver(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, item = await self._outbox.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            if self._is_mute or self._socket.closed:
                continue
            if isinstance(item, int):
                await self._close_now(item, "")
            elif isinstance(item, bytes):
                await self._socket.send_bytes(item)
            else:
                await self._socket.send_str(item)

    async def _close_now(self, code: int, reason: str) -> None:
        self._is_mute = True
        await self._socket.close(code=code, message=reason.encode())


def _open_session(connection: Connection, server: DeepgramServer) -> Session:
    match connection.path:
        case "/v1/listen":
            return NovaSession(connection, server.listen)
        case "/v2/listen":
            return FluxSession(connection, server.listen)
        case "/v1/speak":
            return AuraSession(connection, server.speak)
        case _:
            return FluxVoiceSession(connection, server.speak)
