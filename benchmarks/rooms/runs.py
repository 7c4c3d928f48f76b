"""N rooms at once on a real server, held by real workers; and what is left when a worker is killed."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rooms.answers import SameWords, say
from benchmarks.rooms.candidate import RoomCandidate
from benchmarks.rooms.crowd import hold_crowd
from benchmarks.rooms.processes import Cost, cost_of
from benchmarks.rooms.servers import PROVIDERS
from tests.livekit_room import NO_KEYS, Worker, livekit_server, make_room, serving, until_gone
from voiceprep.errors import VoiceprepError
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rooms import open_rooms
from voiceprep.hosting.server import LiveKitServer
from voiceprep.model import Outcome
from voiceprep.recordings.folder import EVENTS_JSONL, session_folders
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.rooms import load_room

BANK = "python-backend"
ROOM_S = 300.0
CLOSING_S = 120.0
STAGGER_S = 0.5
WARM_MAX = 4
LOOK_S = 5.0
NO_PROVIDERS: Mapping[str, str] = {}
"""The embedded engines."""


def worker_flags(room_count: int, keys: Mapping[str, str]) -> list[str]:
    """A place for one more than are held: nobody waits. `keys`: the environment of providers elsewhere."""
    chosen = [part for name, value in PROVIDERS.items() for part in (f"--{name}", value)] if keys else []
    return ["--rooms", str(room_count + 1), "--warm", str(min(room_count, WARM_MAX)), *chosen]


@dataclass(frozen=True, slots=True)
class RoomsRun:
    """One run. Times in ms: `ear_ms` from the true end of an answer to the first of the reply heard, `packet_ms` to
    the first packet of it, for candidates who do not decode them, `journal_ms` as the record says it, for all;
    `overlap_count`: turns in which the interviewer spoke before an answer was over.
    `cpu_s_per_minute` is while everybody talks; `whole_cpu_s` has the start of processes, the loading of models and
    the report as well, a room.
    """

    room_count: int
    worker_count: int
    ear_ms: Sequence[float]
    packet_ms: Sequence[float]
    journal_ms: Sequence[float]
    overlap_count: int
    cpu_s_per_minute: float
    whole_cpu_s: float
    pss_mb: float
    failures: Sequence[str]


@dataclass(slots=True)
class _Held:
    name: str
    candidate: RoomCandidate
    problem: str = ""


async def run_rooms(
    folder: Path,
    room_count: int,
    ear_count: int,
    worker_count: int,
    questions: int,
    keys: Mapping[str, str],
    words: SameWords,
) -> RoomsRun:
    """Hold `room_count` interviews at once, `ear_count` of them with candidates who hear as a browser does.

    `keys` is the environment of the providers.
    """
    ear_count = min(ear_count, room_count)
    say(words.text)
    recordings = folder / "kept"
    with livekit_server(folder) as server:
        async with AsyncExitStack() as stack:
            flags = worker_flags(room_count, keys)
            workers = [
                await stack.enter_async_context(
                    serving(server, recordings, *flags, name=f"worker-{index}", keys=keys or NO_KEYS)
                )
                for index in range(worker_count)
            ]
            before = _costs(workers)
            meter = _TalkMeter(workers, room_count)
            watching = asyncio.create_task(meter.watch())
            rooms = [
                await make_room(server, RoomOrder(bank=BANK, questions=questions, seed=seed, mode="cascaded"))
                for seed in range(room_count)
            ]
            tokens = [token for _, token in rooms]
            crowd = asyncio.create_task(
                hold_crowd(server, tokens[ear_count:], words.text, STAGGER_S, meter.note_begun, meter.note_ended)
            )
            held = await asyncio.gather(
                *(_hold(server, *rooms[index], words, index * STAGGER_S, meter) for index in range(ear_count))
            )
            members = await crowd
            problems = await _unclosed(server, [name for name, _ in rooms])
            watching.cancel()
            after = _costs(workers)
    records = [load_session(path) for path in session_folders(recordings)]
    return RoomsRun(
        room_count,
        worker_count,
        [ms for each in held for ms in each.candidate.clock.replies_ms],
        [ms for each in members for ms in each.replies_ms],
        [ms for record in records for ms in latencies(record)],
        sum(each.candidate.clock.overlap_count for each in held) + sum(each.overlap_count for each in members),
        meter.cpu_s_per_minute,
        (sum(cost.cpu_s for cost in after) - sum(cost.cpu_s for cost in before)) / room_count,
        meter.pss_mb / room_count,
        [
            *filter(None, (each.problem for each in held)),
            *filter(None, (each.problem for each in members)),
            *_unfinished(records, room_count),
            *problems,
        ],
    )


async def _unclosed(server: LiveKitServer, rooms: Sequence[str]) -> list[str]:
    """A room is closed once its record is complete; those that were not in time."""
    problems = []
    async with open_rooms(server) as open_:
        for name in rooms:
            try:
                async with asyncio.timeout(CLOSING_S):
                    await until_gone(open_, name)
            except TimeoutError:
                problems.append(f"{name} was not closed")
    return problems


class _TalkMeter:
    """What the workers use from when the last interview has begun until the first one ends."""

    def __init__(self, workers: Sequence[Worker], room_count: int) -> None:
        self._workers = workers
        self._room_count = room_count
        self._begun = 0
        self._has_begun = asyncio.Event()
        self._has_ended = asyncio.Event()
        self.cpu_s_per_minute = 0.0
        self.pss_mb = 0.0

    async def follow(self, candidate: RoomCandidate) -> None:
        """One interview, to its end."""
        await candidate.until(lambda state: state.phase == "interviewer" or candidate.is_over.is_set())
        self.note_begun()
        await candidate.is_over.wait()
        self.note_ended()

    def note_begun(self) -> None:
        self._begun += 1
        if self._begun == self._room_count:
            self._has_begun.set()

    def note_ended(self) -> None:
        self._has_ended.set()

    async def watch(self) -> None:
        await self._has_begun.wait()
        loop = asyncio.get_running_loop()
        # In a thread, and seldom: to add up the memory of many processes takes as long as a reply.
        from_s, before = loop.time(), await asyncio.to_thread(_costs, self._workers)
        while not self._has_ended.is_set():
            await asyncio.sleep(LOOK_S)
            costs, now_s = await asyncio.to_thread(_costs, self._workers), loop.time()
            if self._has_ended.is_set():
                return
            self.pss_mb = max(self.pss_mb, sum(cost.pss_mb for cost in costs))
            used_s = sum(cost.cpu_s for cost in costs) - sum(cost.cpu_s for cost in before)
            self.cpu_s_per_minute = used_s / ((now_s - from_s) / 60) / self._room_count


def _costs(workers: Sequence[Worker]) -> list[Cost]:
    return [cost_of(worker.process.pid) for worker in workers]


async def _hold(
    server: LiveKitServer, name: str, token: str, words: SameWords, delay_s: float, meter: _TalkMeter
) -> _Held:
    await asyncio.sleep(delay_s)
    candidate = RoomCandidate(server.url, token, words)
    held = _Held(name, candidate)
    try:
        async with asyncio.timeout(ROOM_S), candidate:
            await meter.follow(candidate)
    except (TimeoutError, VoiceprepError) as error:
        held.problem = f"{name}: {type(error).__name__}"
    return held


def latencies(record: SessionRecord) -> list[float]:
    """Every reply of a session: from the end of the candidate's speech to the first sample heard."""
    found = []
    for turn in record.turns:
        timings = turn.timings
        if timings.speech_end_ms is not None and timings.first_sound_ms is not None:
            found.append(float(timings.first_sound_ms - timings.speech_end_ms))
    return found


def _unfinished(records: Sequence[SessionRecord], room_count: int) -> list[str]:
    unfinished = [record.folder.name for record in records if record.info.outcome is not Outcome.COMPLETED]
    return unfinished + ["no record"] * (room_count - len(records))


# ------------------------------------------------------------------------------------------------ a kill


@dataclass(frozen=True, slots=True)
class KillRun:
    """`silence_s`: from the kill to the next word of an interviewer, a room each. `lost`: what should be there."""

    room_count: int
    silence_s: Sequence[float]
    lost: Sequence[str] = field(default_factory=tuple)


async def run_kill(folder: Path, room_count: int, keys: Mapping[str, str] = NO_PROVIDERS) -> KillRun:
    """All rooms are one worker's, in the middle of an answer; it is killed, a second one is there."""
    say(SameWords().text)
    recordings = folder / "kept"
    flags, keys = worker_flags(room_count, keys), keys or NO_KEYS
    with livekit_server(folder) as server:
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(serving(server, recordings, *flags, name="first", keys=keys))
            rooms = [
                await make_room(server, RoomOrder(bank=BANK, questions=1, seed=seed, mode="cascaded"))
                for seed in range(room_count)
            ]
            candidates = [
                await stack.enter_async_context(RoomCandidate(server.url, token, SameWords())) for _, token in rooms
            ]
            too_late = serving(server, recordings, *flags, name="second", keys=keys)
            await stack.enter_async_context(too_late)
            async with asyncio.timeout(ROOM_S):
                for candidate in candidates:
                    await candidate.until(lambda state: state.phase == "candidate" and state.question_number == 1)
            journals = {path: (path / EVENTS_JSONL) for path in session_folders(recordings)}
            first.kill()
            killed_s = asyncio.get_running_loop().time()
            written = {path: journal.read_bytes() for path, journal in journals.items()}
            async with asyncio.timeout(ROOM_S):
                for candidate in candidates:
                    await candidate.is_over.wait()
            silence_s = [_next_word_s(candidate, killed_s) - killed_s for candidate in candidates]
            names = [name for name, _ in rooms]
            problems = await _unclosed(server, names)
    return KillRun(room_count, silence_s, [*_lost(recordings, names, written), *problems])


def _next_word_s(candidate: RoomCandidate, killed_s: float) -> float:
    """What was on its way at the kill is still heard; it is the next interviewer's word that counts."""
    begun_s = next((at_s for at_s in candidate.begun_s if at_s > killed_s), float("inf"))
    return next((at_s for at_s in candidate.heard_s if at_s > begun_s), float("inf"))


def _lost(recordings: Path, rooms: Sequence[str], written: dict[Path, bytes]) -> list[str]:
    """What was on disk at the kill is still there, each room has one record, each was held to its end."""
    lost = []
    for room in rooms:
        entry = load_room(recordings, room)
        if entry is None or recordings / entry.session not in written:
            lost.append(f"{room} began again")
            continue
        folder = recordings / entry.session
        whole = written[folder][: written[folder].rfind(b"\n") + 1]
        if not (folder / EVENTS_JSONL).read_bytes().startswith(whole):
            lost.append(f"{folder.name}: journal")
        record = load_session(folder)
        if record.info.outcome is not Outcome.COMPLETED or record.problems:
            lost.append(f"{folder.name}: {record.info.outcome} {record.problems}")
    return lost
