"""One interview at each host, measured in the same places. Must not know how figures are shown."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from websockets.asyncio.client import connect

from benchmarks.hosts.caller import Caller
from benchmarks.rooms.answers import WORDS, SameWords, say
from benchmarks.rooms.candidate import RoomCandidate
from benchmarks.rooms.processes import cost_of
from benchmarks.rooms.runs import BANK, latencies, worker_flags
from benchmarks.rooms.servers import PROVIDERS
from tests.livekit_room import environment_of, livekit_server, make_room, until_gone
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rooms import open_rooms
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session

VOICEPREP = (sys.executable, "-m", "voiceprep")
LIMIT_S = 300.0
SEED = 1
LOOK_S = 1.0

Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HostRun:
    """`ear_ms`: from the true end of an answer to the first sound at the candidate's end; `inside_ms`: as the
    record says it. `start_s`: until it can take an interview; `first_word_s`: from then on, the candidate has come.
    CPU from the first word to the end of everything derived, so without what is loaded before; `pss_mb`: the most.
    """

    host: str
    ear_ms: list[float]
    inside_ms: list[float]
    overlap_count: int
    start_s: float
    first_word_s: float
    cpu_s_per_minute: float
    pss_mb: float


class Measured:
    """A process of ours, and all below it, while it holds an interview."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, began_s: float) -> None:
        self.process = process
        self._log = log
        self._began_s = began_s
        self._ready_s = self._pss_mb = 0.0
        self._seen: list[tuple[float, float]] = []  # when, and the CPU seconds until then

    async def until_ready(self, text: str) -> str:
        """Until it says this, which means that it can take an interview; everything it has said so far."""
        said = await self.until_said(text)
        self._ready_s = time.perf_counter()
        return said

    async def until_said(self, text: str) -> str:
        while text not in (said := self._log.read_text(errors="replace")):
            if self.process.returncode is not None:
                sys.exit(f"The process ended: {said}")
            await asyncio.sleep(0.01)
        return said

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Also when the interview is over, before the process ends."""
        cost = cost_of(self.process.pid)
        self._pss_mb = max(self._pss_mb, cost.pss_mb)
        self._seen.append((time.perf_counter(), cost.cpu_s))

    def run(self, host: str, recordings: Path, caller: "Heard") -> HostRun:
        """What it was like."""
        first_word_s = self._ready_s + caller.first_word_s
        from_s, from_cpu_s = next(each for each in self._seen if each[0] >= first_word_s)
        to_s, to_cpu_s = self._seen[-1]
        (folder,) = session_folders(recordings)
        record = load_session(folder)
        return HostRun(
            host,
            [round(each, 1) for each in caller.replies_ms],
            latencies(record),
            caller.overlap_count,
            self._ready_s - self._began_s,
            caller.first_word_s,
            60 * (to_cpu_s - from_cpu_s) / (to_s - from_s),
            self._pss_mb,
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """What the candidate's end says."""

    replies_ms: Sequence[float]
    overlap_count: int
    first_word_s: float


@asynccontextmanager
async def measured(command: Sequence[str], changes: Environment, log: Path) -> AsyncIterator[Measured]:
    """Run it; its input is closed at the end, then it is told to stop."""
    environment = {**os.environ, "VOICEPREP_SETTINGS": os.devnull, "PYTHONUNBUFFERED": "1", **changes}
    began_s = time.perf_counter()
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=out, stderr=out, env=environment
        )
    here = Measured(process, log, began_s)
    watching = asyncio.create_task(here.watch())
    try:
        async with asyncio.timeout(LIMIT_S):
            yield here
    finally:
        watching.cancel()
        assert process.stdin is not None
        process.stdin.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _order(questions: int) -> RoomOrder:
    return RoomOrder(bank=BANK, questions=questions, seed=SEED, mode="cascaded")


def _flags() -> list[str]:
    return [part for name, value in PROVIDERS.items() for part in (f"--{name}", value)]


# ------------------------------------------------------------------------------------------- the three


async def direct(folder: Path, questions: int, keys: Environment) -> HostRun:
    """Nothing between candidate and engine: benchmarks.hosts.alone, in a process of its own."""
    kept, words = folder / "kept", folder / "words.npy"
    np.save(words, say(WORDS))
    order = _order(questions).as_json()
    job = {"recordings": str(kept), "words": str(words), "order": order, "flags": PROVIDERS}
    async with measured((sys.executable, "-m", "benchmarks.hosts.alone"), keys, folder / "log") as here:
        await here.until_ready("ready")
        assert here.process.stdin is not None
        here.process.stdin.write(json.dumps(job).encode() + b"\n")
        said = await here.until_said("first_word_s")
        here.look()
    return here.run("direct", kept, Heard(**json.loads(said.splitlines()[-1])))


async def livekit(folder: Path, questions: int, keys: Environment) -> HostRun:
    """A room of a real server on this machine, a real track each way."""
    kept = folder / "kept"
    with livekit_server(folder) as server:
        command = (*VOICEPREP, "serve", "livekit", *worker_flags(1, keys), "--recordings", str(kept))
        async with measured(command, {**keys, **environment_of(server)}, folder / "log") as here:
            await here.until_ready("Ready for interviews")
            room, token = await make_room(server, _order(questions))
            came_s = asyncio.get_running_loop().time()
            async with RoomCandidate(server.url, token, SameWords()) as candidate:
                await candidate.is_over.wait()
            async with open_rooms(server) as rooms:
                await until_gone(rooms, room)
            here.look()
    clock = candidate.clock
    heard = Heard(clock.replies_ms, clock.overlap_count, clock.first_heard_s - came_s)
    return here.run("livekit", kept, heard)


async def pipecat(folder: Path, questions: int, keys: Environment) -> HostRun:
    """A WebSocket client that speaks Pipecat's frames."""
    kept = folder / "kept"
    options = ("--bank", BANK, "--questions", str(questions), "--seed", str(SEED), "--recordings", str(kept))
    command = (*VOICEPREP, "serve", "pipecat", "--port", "0", *options, *_flags())
    async with measured(command, keys, folder / "log") as here:
        said = await here.until_ready("Taking calls")
        address = said.split("ws://", 1)[1].split("/", 1)[0]
        caller = Caller(kept)
        came_s = asyncio.get_running_loop().time()
        async with connect(f"ws://{address}/ws") as connection:
            await caller.hold(connection)
        await here.until_said(str(kept))
        here.look()
    clock = caller.clock
    return here.run("pipecat", kept, Heard(clock.replies_ms, clock.overlap_count, clock.first_heard_s - came_s))


HOSTS: dict[str, Callable[[Path, int, Environment], Awaitable[HostRun]]] = {
    "direct": direct,
    "livekit": livekit,
    "pipecat": pipecat,
}
