"""The same interview direct, over LiveKit and over Pipecat: latency, CPU, memory, start-up, what each one brings.

`python -m benchmarks.hosts [--json FILE]` runs them one by one with the embedded engines and prints the table. A
reply counts from the last sample of the answer to the first of the reply: on the session's clock, and at the
candidate's end of the connection. CPU and memory are those of voiceprep's processes alone.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from pipecat.frames.protobufs import frames_pb2
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.rooms.answers import SpokenAnswers, say
from benchmarks.rooms.candidate import RoomCandidate
from tests.far_candidate import FarCandidate
from tests.livekit_room import environment_of, livekit_server, make_room, until_gone
from voiceprep.audio.pace import RealtimePace
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rooms import open_rooms
from voiceprep.ports import MICROPHONE_RATE_HZ
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.tasks import Tasks

BANK, LEVEL, SEED = "python-backend", "partial", 1
VOICEPREP = (sys.executable, "-m", "voiceprep")
READY = {"livekit": "Ready for interviews", "pipecat": "Taking calls"}
FEATURES = {
    "direct": ("one", "this terminal", "own two tracks", "voiceprep resume"),
    "livekit": (
        "workers, by load",
        "browser and LiveKit's SDKs",
        "own two tracks, egress",
        "taken up by another worker",
    ),
    "pipecat": (
        "one process, --at-once",
        "WebSocket, telephone, by transport",
        "own two tracks",
        "voiceprep resume",
    ),
}
"""Scaling, clients, recording, after a crash."""


@dataclass(frozen=True, slots=True)
class HostRun:
    """`inside_ms` on the session's clock, `ear_ms` at the candidate's end (empty: the same place)."""

    host: str
    inside_ms: list[int]
    ear_ms: list[float]
    start_s: float
    cpu_s_per_minute: float
    rss_mb: float


class Measured:
    """One of our processes; what it used is known when it has ended."""

    def __init__(self, command: Sequence[str], changes: Mapping[str, str], log: Path) -> None:
        self.began_s = time.perf_counter()
        self._log = log
        environment = {**os.environ, "VOICEPREP_SETTINGS": os.devnull, "PYTHONUNBUFFERED": "1", **changes}
        with log.open("wb") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)

    def until_said(self, text: str) -> float:
        """Seconds since the start."""
        while text not in self.said():
            if self._process.poll() is not None:
                sys.exit(f"The process ended: {self.said()}")
            time.sleep(0.01)
        return time.perf_counter() - self.began_s

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def cpu_s(self) -> float:
        """So far, of the process itself and those below it that still live."""
        return sum(_cpu_s(pid) for pid in _family(self._process.pid))

    def end(self) -> tuple[float, float]:
        """Stop it; see `end_by_itself`."""
        self._process.send_signal(signal.SIGTERM)
        return self.end_by_itself()

    def end_by_itself(self) -> tuple[float, float]:
        """CPU seconds and peak memory in MB of the process and of what it started."""
        _, _, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = 0
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _cpu_s(pid: int) -> float:
    """With that of children which have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


# ------------------------------------------------------------------------------------------- the three


async def direct(folder: Path, questions: int) -> HostRun:
    """A terminal's interview; the candidate is a recording of answers to these very questions, in real time."""
    kept, options = folder / "kept", ("--bank", BANK, "--questions", str(questions), "--seed", str(SEED))
    fast = (
        *VOICEPREP,
        "interview",
        *options,
        "--candidate",
        LEVEL,
        "--pace",
        "fast",
        "--recordings",
        str(folder / "x"),
    )
    await asyncio.to_thread(subprocess.run, fast, check=True, capture_output=True)
    (made,) = session_folders(folder / "x")
    mic = ("--mic", str(made / "candidate.wav"), "--speaker", "none", "--plain")
    process = Measured((*VOICEPREP, "interview", *options, *mic, "--recordings", str(kept)), {}, folder / "log")
    start_s = process.until_said("Interviewer:")
    before_s = process.cpu_s()
    cpu_s, rss_mb = await asyncio.to_thread(process.end_by_itself)
    return _run("direct", _only(kept), [], start_s, cpu_s - before_s, rss_mb)


async def livekit(folder: Path, questions: int) -> HostRun:
    """A room of a real server on this machine, a real track each way."""
    kept = folder / "kept"
    with livekit_server(folder) as server:
        command = (*VOICEPREP, "serve", "livekit", "--rooms", "4", "--recordings", str(kept))
        process = Measured(command, environment_of(server), folder / "log")
        start_s = await asyncio.to_thread(process.until_said, READY["livekit"])
        before_s = process.cpu_s()
        room, token = await make_room(server, RoomOrder(bank=BANK, questions=questions, seed=SEED))
        async with RoomCandidate(server.url, token, SpokenAnswers(BANK, LEVEL)) as candidate:
            await candidate.is_over.wait()
        async with open_rooms(server) as rooms:
            await until_gone(rooms, room)
        cpu_s = process.cpu_s()
        _, rss_mb = await asyncio.to_thread(process.end)
    return _run("livekit", _only(kept), candidate.clock.replies_ms, start_s, cpu_s - before_s, rss_mb)


async def pipecat(folder: Path, questions: int) -> HostRun:
    """A WebSocket client that speaks Pipecat's frames."""
    kept = folder / "kept"
    options = ("--bank", BANK, "--questions", str(questions), "--seed", str(SEED), "--recordings", str(kept))
    process = Measured((*VOICEPREP, "serve", "pipecat", "--port", "0", *options), {}, folder / "log")
    start_s = await asyncio.to_thread(process.until_said, READY["pipecat"])
    before_s = process.cpu_s()
    address = process.said().split("ws://", 1)[1].split("/", 1)[0]
    async with Tasks() as tasks:
        ear = Ear(FarCandidate(kept, tasks, LEVEL))
        await _call(f"ws://{address}/ws", ear, tasks)
    cpu_s, rss_mb = await asyncio.to_thread(process.end)
    return _run("pipecat", _only(kept), ear.replies_ms, start_s, cpu_s - before_s, rss_mb)


class Ear:
    """A far candidate, and how long it waits for each reply."""

    LOUD = 300

    def __init__(self, candidate: FarCandidate) -> None:
        self._candidate = candidate
        self._said_s: float | None = None
        self.replies_ms: list[float] = []

    def hear(self, sound: bytes) -> None:
        samples = np.frombuffer(sound, "<i2")
        if self._said_s is not None and _loudest(samples) > self.LOUD:
            self.replies_ms.append((time.perf_counter() - self._said_s) * 1000)
            self._said_s = None
        self._candidate.hear(samples)

    async def block(self) -> bytes:
        samples = await self._candidate.block()
        if _loudest(samples) > self.LOUD:
            self._said_s = time.perf_counter()
        return samples.tobytes()


def _loudest(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> int:
    return int(np.abs(samples.astype(np.int32)).max(initial=0))


async def _call(url: str, ear: Ear, tasks: Tasks) -> None:
    async with connect(url) as connection:

        async def listen() -> None:
            async for message in connection:
                assert isinstance(message, bytes)
                ear.hear(frames_pb2.Frame.FromString(message).audio.audio)

        listening, pace = tasks.work(listen(), "ear"), RealtimePace()
        while not listening.done():
            await pace.wait()
            sound = await ear.block()
            audio = frames_pb2.AudioRawFrame(audio=sound, sample_rate=MICROPHONE_RATE_HZ, num_channels=1)
            try:
                await connection.send(frames_pb2.Frame(audio=audio).SerializeToString())
            except ConnectionClosed:
                break
        await listening


def _only(recordings: Path) -> SessionRecord:
    (folder,) = session_folders(recordings)
    return load_session(folder)


def _run(
    host: str, record: SessionRecord, ear_ms: list[float], start_s: float, cpu_s: float, rss_mb: float
) -> HostRun:
    inside_ms = [turn.timings.reply_ms for turn in record.turns if turn.timings.reply_ms is not None]
    minutes = record.duration_ms / 60_000
    return HostRun(host, inside_ms, [round(each, 1) for each in ear_ms], start_s, cpu_s / minutes, rss_mb)


# ------------------------------------------------------------------------------------------- the table

HOSTS = {"direct": direct, "livekit": livekit, "pipecat": pipecat}


def _percentiles(values: Sequence[float]) -> str:
    if not values:
        return "-"
    ordered = sorted(values)
    return f"{statistics.median(ordered):.0f} / {ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]:.0f}"


def _print(runs: Sequence[HostRun]) -> None:
    rows: list[tuple[str, ...]] = [
        ("", *(run.host for run in runs)),
        ("turns", *(str(len(run.inside_ms)) for run in runs)),
        ("reply inside, P50 / P95 ms", *(_percentiles(run.inside_ms) for run in runs)),
        ("reply at the ear, P50 / P95 ms", *(_percentiles(run.ear_ms) for run in runs)),
        ("start-up, s", *(f"{run.start_s:.1f}" for run in runs)),
        ("CPU s per minute", *(f"{run.cpu_s_per_minute:.1f}" for run in runs)),
        ("peak memory of a process, MB", *(f"{run.rss_mb:.0f}" for run in runs)),
    ]
    for index, name in enumerate(("scaling", "clients", "recording", "after a crash")):
        rows.append((name, *(FEATURES[run.host][index] for run in runs)))
    for row in rows:
        print("| " + " | ".join(row) + " |")
        if not row[0]:
            print("|" + "---|" * len(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=3)
    parser.add_argument("--hosts", default=",".join(HOSTS))
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    chosen = parser.parse_args()
    say("The voice is loaded before anybody waits for it.")
    runs = []
    for name in chosen.hosts.split(","):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(asyncio.run(HOSTS[name](Path(folder), chosen.questions)))
    _print(runs)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(run) for run in runs], indent=2) + "\n")


if __name__ == "__main__":
    main()
