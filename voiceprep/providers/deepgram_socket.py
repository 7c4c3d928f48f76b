"""What the SDK's sockets cost too much for: frames written and read on the connection itself.

Connecting, pings and closing stay the SDK's. Must not know messages.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from typing import Any


def write(socket: Any, *messages: str | bytes) -> None:  # noqa: ANN401 - the SDK's socket
    """Send at once, without waiting or compressing: what the SDK's way costs 50 times a second. Several messages
    cost one call. A connection that is being lost takes nothing more; whoever reads from it will know."""
    from websockets.frames import Frame, Opcode

    transport = _transport(socket)
    if transport is not None and not transport.is_closing():
        frames = (
            Frame(Opcode.TEXT, message.encode()) if isinstance(message, str) else Frame(Opcode.BINARY, message)
            for message in messages
        )
        transport.write(b"".join(frame.serialize(mask=True) for frame in frames))


def attend(socket: Any, *, is_eager: bool) -> None:  # noqa: ANN401 - the SDK's socket
    """Read what arrives at once; or once more, and leave the rest to the network until told otherwise."""
    transport = _transport(socket)
    if transport is not None and not transport.is_closing():
        inbox = transport.get_protocol()
        if isinstance(inbox, _Inbox):
            inbox.reads_on = is_eager
        if is_eager:
            transport.resume_reading()


def unsent_bytes(socket: Any) -> int:  # noqa: ANN401 - the SDK's socket
    """What was written and the network has not taken yet."""
    transport = _transport(socket)
    return 0 if transport is None else int(transport.get_write_buffer_size())


def abort(socket: Any) -> None:  # noqa: ANN401 - the SDK's socket
    """Cut the connection now. The SDK has no way to say this, and its polite close waits up to 40 s."""
    transport = _transport(socket)
    if transport is not None:
        transport.abort()


async def read_all(socket: Any, take: Callable[[Sequence[bytes]], None]) -> None:  # noqa: ANN401 - the SDK's socket
    """Give the messages to `take` when they arrive. Raises what `take` raises, and ConnectionClosed at the end."""
    library = socket._websocket
    inbox = _Inbox(library, take)
    arrived = bytes(library.reader._buffer)
    library.reader._buffer.clear()
    library.transport.set_protocol(inbox)
    inbox.data_received(arrived)
    try:
        await inbox.ended
    finally:
        library.transport.set_protocol(library)  # which says goodbye


class _Inbox(asyncio.Protocol):
    """Stands in for the library's protocol, whose four tasks and queues cost more than what they bring.

    Everything but messages is handed on to it: pings, pongs, closing.
    """

    def __init__(self, library: Any, take: Callable[[Sequence[bytes]], None]) -> None:  # noqa: ANN401 - a WebSocketClientProtocol
        from websockets.streams import StreamReader

        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.reads_on = True
        self._library = library
        self._take = take
        self._arrived: list[bytes] = []
        self._reader = StreamReader()
        self._parser = self._parse()
        next(self._parser)

    def data_received(self, data: bytes) -> None:
        if self.ended.done():
            return
        try:
            self._reader.feed_data(data)
            next(self._parser)
            arrived, self._arrived = self._arrived, []
            if arrived:
                self._take(arrived)
        except Exception as error:
            self.ended.set_exception(error)
        if not self.reads_on and not self._library.transport.is_closing():
            self._library.transport.pause_reading()

    def eof_received(self) -> None:
        self._library.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        from websockets.exceptions import ConnectionClosed

        self._library.connection_lost(exc)
        if not self.ended.done():
            self.ended.set_exception(ConnectionClosed(self._library.close_rcvd, None))

    def pause_writing(self) -> None:
        self._library.pause_writing()

    def resume_writing(self) -> None:
        self._library.resume_writing()

    def _parse(self) -> Generator[None, None, None]:
        """Runs as far as there is data, each time there is some."""
        from websockets.frames import CTRL_OPCODES, Frame

        extensions, message = self._library.extensions, b""
        while True:
            frame = yield from Frame.parse(self._reader.read_exact, mask=False, extensions=extensions)
            if frame.opcode in CTRL_OPCODES:
                self._library.data_received(frame.serialize(mask=False))
                continue
            message += frame.data
            if frame.fin:
                self._arrived.append(message)
                message = b""


def _transport(socket: Any) -> Any:  # noqa: ANN401 - the SDK's socket → an asyncio.Transport
    return getattr(getattr(socket, "_websocket", None), "transport", None)
