"""A cable between one participant and a LiveKit server that can be pulled: signalling by TCP, sound by UDP.

While it is pulled nothing arrives and nothing is said about it, as with a real one. What TCP held back comes later;
UDP is lost.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.livekit_room import free_port, livekit_server
from voiceprep.hosting.server import LiveKitServer
from voiceprep.tasks import Tasks

CHUNK_BYTES = 65_536
Address = tuple[str, int]


class Cable:
    """Everybody's sound goes through it; pulled, it cuts off only that of the processes `whose`."""

    def __init__(self, tasks: Tasks, whose: Callable[[], Iterable[psutil.Process]]) -> None:
        self._tasks = tasks
        self._whose = whose
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._paths: dict[Address, _Upstream] = {}
        self._pulled: set[Address] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def pull(self) -> None:
        ports = {each.laddr.port for process in self._whose() for each in process.net_connections("udp")}
        pulled = {path for path in self._paths if path[1] in ports}
        assert pulled, "whose cable is pulled has sent some sound before, and through it"
        self._pulled = pulled
        self._is_whole.clear()

    def plug_in(self) -> None:
        self._pulled = set()
        self._is_whole.set()

    # ------------------------------------------------------------------------------------------- TCP

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: Address) -> None:
        """One connection, both ways."""
        self._writers.append(writer)
        there_reader, there_writer = await asyncio.open_connection(*to)
        self._writers.append(there_writer)
        await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                await self._is_whole.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    # ------------------------------------------------------------------------------------------- UDP

    def send_up(self, data: bytes, sender: Address, front: asyncio.DatagramTransport, to: Address) -> None:
        """To the server, from a socket of each sender's own: so answers find their way back."""
        if sender in self._pulled:
            return
        path = self._paths.get(sender)
        if path is None:
            path = self._paths[sender] = _Upstream(self, sender, front)
            loop = asyncio.get_running_loop()
            self._tasks.work(loop.create_datagram_endpoint(lambda: path, remote_addr=to), "path to the server")
        path.send(data)

    def send_down(self, data: bytes, receiver: Address, front: asyncio.DatagramTransport) -> None:
        if receiver not in self._pulled:
            front.sendto(data, receiver)

    def close(self) -> None:
        """Also connections that nobody has ended."""
        for writer in self._writers:
            writer.close()
        for path in self._paths.values():
            path.close()


class _Upstream(asyncio.DatagramProtocol):
    """What one participant's socket sends, as the server sees it."""

    def __init__(self, cable: Cable, sender: Address, front: asyncio.DatagramTransport) -> None:
        self._cable = cable
        self._sender = sender
        self._front = front
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:  # noqa: ANN401
        self._cable.send_down(data, self._sender, self._front)

    def send(self, data: bytes) -> None:
        """What comes before the socket is there is lost, which UDP may do."""
        if self._transport is not None:
            self._transport.sendto(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Front(asyncio.DatagramProtocol):
    """Where participants send to."""

    def __init__(self, cable: Cable, server: Address) -> None:
        self._cable = cable
        self._server = server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:  # noqa: ANN401
        self._cable.send_up(data, address, self._transport, self._server)


def family(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


@asynccontextmanager
async def laid_cable(
    whose: Callable[[], Iterable[psutil.Process]], front: Address, sound: Address, signalling: Address
) -> AsyncIterator[tuple[Cable, str]]:
    """A cable and the address for signalling at its near end. Sound sent to `front` goes to `sound`."""
    async with Tasks() as tasks:
        cable = Cable(tasks, whose)
        server = await asyncio.start_server(
            lambda reader, writer: cable.carry(reader, writer, signalling), "127.0.0.1", 0
        )
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Front(cable, sound), local_addr=front)
        host, port = server.sockets[0].getsockname()[:2]
        try:
            yield cable, f"ws://{host}:{port}"
        finally:
            cable.plug_in()
            server.close()
            transport.close()
            cable.close()


@asynccontextmanager
async def cabled(
    folder: Path, whose: Callable[[], Iterable[psutil.Process]]
) -> AsyncIterator[tuple[LiveKitServer, LiveKitServer, Cable]]:
    """A server as it is, and as it is seen through the cable of `whose` processes."""
    udp_port = free_port()
    no_way_round = {"includes": ["127.0.0.1/32"]}
    apart = {"udp_port": udp_port, "tcp_port": 0, "node_ip": "127.0.0.2", "use_ice_lite": True, "ips": no_way_round}
    with livekit_server(folder, **apart) as server:
        signalling = ("127.0.0.1", urlsplit(server.url).port or 0)
        async with laid_cable(whose, ("127.0.0.2", udp_port), ("127.0.0.1", udp_port), signalling) as (cable, near):
            yield server, replace(server, url=near), cable
