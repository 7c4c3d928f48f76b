"""A real LiveKit server, real workers of `voiceprep serve livekit`, and rooms to try them in."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from livekit import api

from voiceprep.hosting.last_calls import let_last_calls_return
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rooms import Rooms, open_rooms
from voiceprep.hosting.server import DEV_KEY, DEV_SECRET, LiveKitServer
from voiceprep.recordings.rooms import is_held

REPOSITORY = Path(__file__).parents[1]
CONFIG = REPOSITORY / "deploy" / "livekit-dev.yaml"
START_S = 240.0
ROOMS_MAX = 4
NO_KEYS = dict.fromkeys(
    ("OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY", "XAI_API_KEY", "DEEPGRAM_API_KEY"), ""
)
let_last_calls_return()  # of candidates and observers in the tests' own process


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker in a process group of its own, and what it has said so far."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def terminate(self) -> int:
        """SIGTERM to the worker alone, as a cluster sends it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)

    def kill(self) -> None:
        """Everything at once, as a machine that loses power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


class LiveKitProcess:
    """A LiveKit server that can be killed and started again: same ports, same key, no memory."""

    def __init__(self, folder: Path, rtc: Mapping[str, object]) -> None:
        config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
        self._port, config["rtc"]["tcp_port"], config["rtc"]["udp_port"] = (free_port() for _ in range(3))
        config["port"] = self._port
        config["rtc"] |= rtc
        path = folder / "livekit.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        self._command = [livekit_program(), "--config", str(path)]
        self._log = folder / "livekit.log"
        self.address = LiveKitServer(f"ws://127.0.0.1:{self._port}", DEV_KEY, DEV_SECRET)

    def start(self) -> None:
        """Returns once it listens."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        _wait_for_port(self._process, self._port)

    def kill(self) -> None:
        """At once, as a machine that loses power."""
        self._process.kill()
        self._process.wait(timeout=30)


def livekit_program() -> str:
    found = subprocess.run(
        [REPOSITORY / "scripts" / "livekit.sh", "path"], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


@contextmanager
def livekit_process(folder: Path, **rtc: object) -> Iterator[LiveKitProcess]:
    """The shipped configuration on free ports, on this machine only. `rtc`: what is different in that part."""
    process = LiveKitProcess(folder, rtc)
    try:
        process.start()
        yield process
    finally:
        process.kill()


@contextmanager
def livekit_server(folder: Path, **rtc: object) -> Iterator[LiveKitServer]:
    """One that runs for as long as it is used."""
    with livekit_process(folder, **rtc) as process:
        yield process.address


@asynccontextmanager
async def serving(
    server: LiveKitServer, recordings: Path, *flags: str, name: str = "worker", keys: Mapping[str, str] = NO_KEYS
) -> AsyncIterator[Worker]:
    """`voiceprep serve livekit`, registered; killed at the end if it is still there."""
    recordings.parent.mkdir(parents=True, exist_ok=True)
    worker = _start(server, recordings, flags, name, keys)
    try:
        async with asyncio.timeout(START_S):
            await _until_said(worker, "Ready for interviews")
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.kill()


def _start(
    server: LiveKitServer, recordings: Path, flags: Sequence[str], name: str, keys: Mapping[str, str]
) -> Worker:
    rooms_max = () if "--rooms" in flags else ("--rooms", str(ROOMS_MAX))  # a busy machine is no full worker
    command = [sys.executable, "-m", "voiceprep", "serve", "livekit", "--recordings", str(recordings)]
    environment = {**os.environ, **NO_KEYS, **keys, **environment_of(server), "PYTHONUNBUFFERED": "1"}
    log = recordings.parent / f"{name}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, *rooms_max, *flags],
            stdout=file,
            stderr=file,
            env=environment,
            cwd=recordings.parent,
            start_new_session=True,
        )
    return Worker(process, log)


def environment_of(server: LiveKitServer) -> dict[str, str]:
    return {"LIVEKIT_URL": server.url, "LIVEKIT_API_KEY": server.key, "LIVEKIT_API_SECRET": server.secret}


@asynccontextmanager
async def open_access(server: LiveKitServer) -> AsyncIterator[api.LiveKitAPI]:
    """The server's API with the operator's key."""
    access = api.LiveKitAPI(server.http_url, server.key, server.secret)
    try:
        yield access
    finally:
        await access.aclose()


async def make_room(server: LiveKitServer, order: RoomOrder, *, has_waiting_room: bool = False) -> tuple[str, str]:
    """Its name and the candidate's token."""
    async with open_rooms(server) as rooms:
        name = await rooms.create(order, 300, has_waiting_room=has_waiting_room)
        return name, await rooms.token(name, "candidate", 600)


async def until_gone(rooms: Rooms, name: str) -> None:
    """Until the room is closed."""
    pause = asyncio.Event()
    while any(place.name == name for place in await rooms.list()):
        await _wait_a_little(pause)


async def until_open(rooms: Rooms, name: str) -> None:
    """Until there is such a room."""
    pause = asyncio.Event()
    while all(place.name != name for place in await rooms.list()):
        await _wait_a_little(pause)


async def until_let_go(recordings: Path, room: str) -> None:
    """Until no process holds this room: what it had to write is written."""
    pause = asyncio.Event()
    while is_held(recordings, room):
        await _wait_a_little(pause)


async def until_recorded(recordings: Path, kind: str) -> None:
    """Until an event of this kind is in a journal."""
    pause = asyncio.Event()
    while not _is_recorded(recordings, kind):
        await _wait_a_little(pause)


def _is_recorded(recordings: Path, kind: str) -> bool:
    lines = [line for path in recordings.glob("*/events.jsonl") for line in path.read_bytes().splitlines(True)]
    return any(json.loads(line)["type"] == kind for line in lines if line.endswith(b"\n"))


async def _until_said(worker: Worker, text: str) -> None:
    pause = asyncio.Event()
    while text not in worker.said():
        if worker.process.poll() is not None:
            raise AssertionError(f"the worker ended: {worker.said()}")
        await _wait_a_little(pause)


async def _wait_a_little(pause: asyncio.Event) -> None:
    """For another process there is no event to wait for."""
    try:
        async with asyncio.timeout(0.1):
            await pause.wait()
    except TimeoutError:
        return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(round(START_S * 10)):
        if process.poll() is not None:
            raise AssertionError("the LiveKit server ended at once")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            _selectable_pause(0.1)
    raise AssertionError("the LiveKit server does not listen")


def _selectable_pause(seconds: float) -> None:
    import select

    select.select([], [], [], seconds)
