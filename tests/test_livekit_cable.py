"""A network cable that is pulled in the middle of an answer, on either side of a real LiveKit server.

Time stands still, the same answer goes on, nothing is lost.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.rooms.answers import NO_IDEA, say
from benchmarks.rooms.candidate import RoomCandidate
from tests.cable import Cable, cabled, family
from tests.livekit_room import make_room, serving, until_gone, until_recorded
from voiceprep.events import AnswerHeard, DeviceLost, DeviceReturned, TurnStarted
from voiceprep.hosting.candidate_track import CUT_OFF
from voiceprep.hosting.messages import RoomState
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rooms import open_rooms
from voiceprep.hosting.server import LiveKitServer
from voiceprep.model import Outcome
from voiceprep.ports import Samples
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import SessionRecord, load_session

LIMIT_S = 400
BEGINNING = (
    "We moved the sessions out of the web server into a shared store, and then we looked at every place "
    "that had read them before, one after the other, and wrote down what it needed, because"
)
REST = "the old code had kept whole objects where a number was enough."
ORDER = RoomOrder(bank="python-backend", questions=1, seed=1)
Recorded = Callable[[], Awaitable[SessionRecord]]
pytestmark = [pytest.mark.livekit, pytest.mark.timeout(900), pytest.mark.xdist_group("livekit")]


class Answers:
    """The first question is answered in two parts, everything else shortly. The second part is said by the test."""

    def __init__(self) -> None:
        self._is_begun = False

    def __call__(self, state: RoomState) -> Samples:
        if self._is_begun or state.question_number != 1:
            return say(NO_IDEA)
        self._is_begun = True
        return say(BEGINNING)


async def begin_and_pull(candidate: RoomCandidate, cable: Cable, recordings: Path) -> None:
    """Pulled while the candidate speaks; returns once that is noticed."""
    await candidate.until(lambda state: state.phase == "candidate" and state.question_number == 1)
    cable.pull()
    await until_recorded(recordings, "device_lost")


async def plug_in_and_end(candidate: RoomCandidate, cable: Cable, recordings: Path) -> None:
    """The same answer goes on, and the interview to its end."""
    cable.plug_in()
    await until_recorded(recordings, "device_returned")
    candidate.say(say(REST))
    await candidate.is_over.wait()


async def record_of(server: LiveKitServer, room: str, recordings: Path) -> SessionRecord:
    """The only one, once the room is closed."""
    async with open_rooms(server) as rooms:
        await until_gone(rooms, room)
    (folder,) = session_folders(recordings)
    return load_session(folder)


def check_went_on(record: SessionRecord) -> None:
    """One record, whole; audio time stood still; the answer that was cut is one answer."""
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    kinds = [type(event) for event in record.events]
    (lost,) = [event for event in record.events if isinstance(event, DeviceLost)]
    (returned,) = [event for event in record.events if isinstance(event, DeviceReturned)]
    assert lost.message == CUT_OFF
    assert lost.at_ms == returned.at_ms, "audio time stands still while the network does"
    asked = max(index for index in range(kinds.index(DeviceLost)) if kinds[index] is TurnStarted)
    assert AnswerHeard not in kinds[asked : kinds.index(DeviceReturned)], "nobody was cut short"
    answer = next(event.answer for event in record.events[asked:] if isinstance(event, AnswerHeard))
    assert answer.start_ms is not None
    assert answer.end_ms is not None
    assert answer.start_ms < lost.at_ms < answer.end_ms, "what was said before and after the cut is one answer"


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    say(BEGINNING), say(REST), say(NO_IDEA)  # made before anybody waits for them
    return tmp_path / "kept"


async def test_the_candidates_cable_is_pulled(recordings: Path) -> None:
    """For so long that their client connects anew."""
    async with (
        asyncio.timeout(LIMIT_S),
        cabled(recordings.parent, lambda: [psutil.Process()]) as (server, seen, cable),
        serving(server, recordings),
    ):
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(seen.url, token, Answers()) as candidate:
            is_connecting = asyncio.Event()
            candidate.room.on("reconnecting", is_connecting.set)
            await begin_and_pull(candidate, cable, recordings)
            await is_connecting.wait()
            await plug_in_and_end(candidate, cable, recordings)
            assert len(candidate.begun_s) == 1, "the same interviewer goes on"
        check_went_on(await record_of(server, room, recordings))


@asynccontextmanager
async def worker_on_a_cable(recordings: Path) -> AsyncIterator[tuple[RoomCandidate, Cable, Recorded]]:
    """Its candidate, its cable, and the record once the room is closed."""
    pids: list[int] = []
    async with (
        asyncio.timeout(LIMIT_S),
        cabled(recordings.parent, lambda: family(pids[0])) as (server, seen, cable),
        serving(seen, recordings) as worker,
    ):
        pids.append(worker.process.pid)
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(server.url, token, Answers()) as candidate:
            yield candidate, cable, lambda: record_of(server, room, recordings)


async def test_the_workers_cable_is_pulled(recordings: Path) -> None:
    async with worker_on_a_cable(recordings) as (candidate, cable, recorded):
        await begin_and_pull(candidate, cable, recordings)
        await plug_in_and_end(candidate, cable, recordings)
        assert len(candidate.begun_s) == 1, "the same interviewer goes on"
        check_went_on(await recorded())


async def test_a_worker_the_server_has_given_up_goes_on_with_its_record(recordings: Path) -> None:
    """The cable is out for so long that the interviewer is put out of the room; the next one goes on."""
    async with worker_on_a_cable(recordings) as (candidate, cable, recorded):
        is_put_out = asyncio.Event()
        candidate.room.on("track_unsubscribed", lambda *_: is_put_out.set())
        await begin_and_pull(candidate, cable, recordings)
        await is_put_out.wait()
        cable.plug_in()
        await candidate.is_over.wait()
        assert len(candidate.begun_s) > 1
        record = await recorded()
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    times = [event.at_ms for event in record.events if isinstance(event, TurnStarted)]
    assert times == sorted(times), "one clock, through both interviewers"
