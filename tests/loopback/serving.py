"""HTTP and WebSocket on 127.0.0.1: what came in, what is answered, every broken rule. Scripted failures included.

Must not know providers: paths, messages and rules come from the server that uses it.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from aiohttp import web

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status instead of what was asked for."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Trouble(StrEnum):
    """Worse than a refusal."""

    HANG_UP = "hang_up"  # the connection is cut without an answer
    STALL = "stall"  # the request is taken and never answered


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came in; `peer_port` tells connections apart, so keep-alive shows as equal ports."""

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    peer_port: int


class LoopbackServer:
    """`routes`: "METHOD /path" → what answers it. Use as `async with`; `url` and `websocket_url` hold from then on.

    A request that no route expects, or an exception in one that does, is a violation. Tests end with
    `assert server.violations == []`. `tls` makes it https and wss.
    """

    def __init__(self, routes: Mapping[str, Respond], tls: ssl.SSLContext | None = None) -> None:
        self.violations: list[str] = []
        self.arrivals: list[Arrival] = []
        self.url = ""
        self._routes = dict(routes)
        self._tls = tls
        self._troubles: dict[str, deque[Refusal | Trouble | None]] = {}
        self._open: dict[int, web.Request] = {}
        self._changed = asyncio.Event()
        application = web.Application(client_max_size=64 * 2**20)
        application.router.add_route("*", "/{anything:.*}", self._answer)
        self._runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=1.0, keepalive_timeout=3600
        )

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def open_count(self) -> int:
        """Requests and WebSockets under way."""
        return len(self._open)

    @property
    def open_requests(self) -> tuple[web.Request, ...]:
        """The same, to be hung up."""
        return tuple(self._open.values())

    def trouble_next(self, path: str, *troubles: Refusal | Trouble | None) -> None:
        """What befalls the next requests to `path`, in order; None lets one through."""
        self._troubles.setdefault(path, deque()).extend(troubles)

    def violate(self, what: str) -> None:
        """Note a broken rule."""
        self.violations.append(what)

    async def until(self, condition: Callable[[], bool], within_s: float = 5.0) -> None:
        """Wait for something this server sees to become true; `note` looks again. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not condition():
                await self._changed.wait()

    def note(self) -> None:
        """Something changed: let everybody who waits in `until` look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for request in tuple(self._open.values()):
            hang_up(request)
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._open[id(request)] = request
        try:
            self._arrive(request)
            return await self._troubled(request) or await self._respond(request)
        except web.HTTPException:
            raise
        except ConnectionError:  # the client has left
            await stall()
            raise
        except Exception as error:  # a test server must name every mistake of its own
            self.violate(f"{request.path}: {type(error).__name__}: {error}")
            raise
        finally:
            del self._open[id(request)]
            self.note()

    def _arrive(self, request: web.Request) -> None:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        query = {name: tuple(request.query.getall(name)) for name in request.query}
        port = peer[1] if peer else 0
        self.arrivals.append(Arrival(request.method, request.path, query, dict(request.headers), port))
        self.note()

    async def _troubled(self, request: web.Request) -> web.StreamResponse | None:
        waiting = self._troubles.get(request.path)
        trouble = waiting.popleft() if waiting else None
        if isinstance(trouble, Refusal):
            return web.Response(status=trouble.status, text=trouble.body, headers=dict(trouble.headers))
        if trouble is Trouble.HANG_UP:
            hang_up(request)
            await stall()
        elif trouble is Trouble.STALL:
            await stall()
        return None

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if request.transport is None:
            raise ConnectionResetError
        respond = self._routes.get(f"{request.method} {request.path}")
        if respond is None:
            self.violate(f"{request.method} {request.path}: no such path")
            raise web.HTTPNotFound
        return await respond(request)


async def stall() -> None:
    """Do nothing until the connection ends."""
    await asyncio.Event().wait()


def hang_up(request: web.Request) -> None:
    """Cut the connection as a dying host does: no close message, no end of the body."""
    if request.transport is not None:
        request.transport.abort()


async def stream(request: web.Request, content_type: str, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """Answer with a chunked body; each piece leaves at once."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


async def open_websocket(
    request: web.Request, headers: Mapping[str, str] | None = None, *, message_bytes_max: int = 16 * 2**20
) -> web.WebSocketResponse:
    """Upgrade. Pings are answered while somebody receives; a socket nobody receives from is half-open."""
    socket = web.WebSocketResponse(max_msg_size=message_bytes_max, compress=False, timeout=1.0)
    socket.headers.update(headers or {})
    await socket.prepare(request)
    return socket
