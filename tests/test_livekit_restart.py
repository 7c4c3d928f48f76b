"""A LiveKit server that dies in the middle of an answer and is started again, without any memory of its rooms.

Nothing of the record is lost; the room is made again, and the interview goes on in it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.rooms.answers import NO_IDEA, say
from benchmarks.rooms.candidate import RoomCandidate
from tests.cable import family
from tests.livekit_room import (
    LiveKitProcess,
    Worker,
    livekit_process,
    make_room,
    serving,
    until_let_go,
    until_open,
    until_recorded,
)
from tests.test_livekit_cable import BEGINNING, ORDER, REST, Answers, check_went_on, record_of
from voiceprep.events import SessionEnded, TurnStarted
from voiceprep.hosting.candidate_track import LOST
from voiceprep.hosting.rooms import open_rooms
from voiceprep.model import Outcome
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.rooms import RoomStatus, load_room

LIMIT_S = 400
pytestmark = [pytest.mark.livekit, pytest.mark.timeout(900), pytest.mark.xdist_group("livekit")]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    say(BEGINNING), say(REST), say(NO_IDEA)  # made before anybody waits for them
    return tmp_path / "kept"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveKitProcess]:
    with livekit_process(tmp_path) as process:
        yield process


async def until_answering(candidate: RoomCandidate) -> None:
    await candidate.until(lambda state: state.phase == "candidate" and state.question_number == 1)


async def die(server: LiveKitProcess, recordings: Path) -> None:
    """Returns once the interviewer has noticed."""
    server.kill()
    await until_recorded(recordings, "device_lost")


def interviewer_of(worker: Worker) -> list[psutil.Process]:
    """What sends sound into the room."""
    return [process for process in family(worker.process.pid) if process.net_connections("udp")]


async def come_back_first(
    server: LiveKitProcess, candidate: RoomCandidate, interviewer: list[psutil.Process]
) -> None:
    """The candidate is in the room again before the interviewer, who stands still meanwhile."""
    is_back = asyncio.Event()
    candidate.room.on("reconnected", is_back.set)
    for process in interviewer:
        process.suspend()
    try:
        server.start()
        await is_back.wait()
    finally:
        for process in interviewer:
            process.resume()


@pytest.mark.parametrize("is_candidate_first", [False, True])
async def test_a_server_that_is_soon_back_finds_everybody_in_the_same_answer(
    server: LiveKitProcess, recordings: Path, is_candidate_first: bool
) -> None:
    """Before the clients give up (about 20 s): they connect by themselves to the room that was made again."""
    async with asyncio.timeout(LIMIT_S), serving(server.address, recordings) as worker:
        room, token = await make_room(server.address, ORDER)
        async with RoomCandidate(server.address.url, token, Answers()) as candidate:
            await until_answering(candidate)
            interviewer = interviewer_of(worker)
            await die(server, recordings)
            if is_candidate_first:
                await come_back_first(server, candidate, interviewer)
            else:
                server.start()
            await until_recorded(recordings, "device_returned")
            candidate.say(say(REST))
            await candidate.is_over.wait()
        assert candidate.states[-1].phase == "ended"
        assert worker.said().count("Ready for interviews") == 2, "the worker is registered again"
        check_went_on(await record_of(server.address, room, recordings))


async def test_a_server_that_was_given_up_is_gone_on_with(server: LiveKitProcess, recordings: Path) -> None:
    """Everybody's client has given up: the folder says why; the candidate comes again with the same token."""
    async with asyncio.timeout(LIMIT_S), serving(server.address, recordings):
        room, token = await make_room(server.address, ORDER)
        async with RoomCandidate(server.address.url, token, Answers()) as first:
            await until_answering(first)
            await die(server, recordings)
            await until_let_go(recordings, room)
            await first.is_over.wait()
        (folder,) = session_folders(recordings)
        cut = load_session(folder)
        assert cut.problems == ()
        assert (cut.info.outcome, cut.info.reason) == (Outcome.FAILED, LOST)
        server.start()
        async with open_rooms(server.address) as rooms:
            await until_open(rooms, room)
        async with RoomCandidate(server.address.url, token, Answers()) as second:
            await second.is_over.wait()
        assert second.states[-1].phase == "ended"
        record = await record_of(server.address, room, recordings)
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    assert record.events[: len(cut.events)] == cut.events, "nothing that was written is lost"
    times = [event.at_ms for event in record.events if isinstance(event, TurnStarted)]
    assert times == sorted(times), "one clock, through both interviewers"
    assert sum(isinstance(event, SessionEnded) for event in record.events) == 2
    entry = load_room(recordings, room)
    assert entry is not None
    assert (entry.status, entry.session) == (RoomStatus.OVER, folder.name)
