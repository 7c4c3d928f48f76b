"""Whole interviews over a real LiveKit server: real tracks, the embedded voice, the record of a local interview.

`pytest -m livekit` builds the server once (scripts/livekit.sh); .ci/run runs it.
"""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit import api

from benchmarks.rooms.answers import NO_IDEA, SpokenAnswers, say
from benchmarks.rooms.candidate import RoomCandidate
from benchmarks.rooms.runs import run_kill
from tests.livekit_observer import Observer
from tests.livekit_room import livekit_server, make_room, open_access, serving, until_gone
from tests.loopback.embedded import EmbeddedModel
from tests.loopback.realtime import Script
from tests.realtime_servers import served
from voiceprep.events import DeviceLost, DeviceReturned
from voiceprep.hosting.messages import AGENT_NAME, RoomCommand, RoomState
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rooms import open_rooms
from voiceprep.hosting.server import LiveKitServer
from voiceprep.model import Outcome
from voiceprep.ports import Samples
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.rooms import RoomStatus, load_room
from voiceprep.tasks import Tasks

LIMIT_S = 400
BANK = "python-backend"
ORDER = RoomOrder(bank=BANK, questions=1, seed=1)
pytestmark = [pytest.mark.livekit, pytest.mark.timeout(900), pytest.mark.xdist_group("livekit")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with livekit_server(tmp_path_factory.mktemp("livekit")) as here:
        say(NO_IDEA)  # the voice is loaded before anybody waits for it
        yield here


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def answers() -> SpokenAnswers:
    return SpokenAnswers(BANK, "partial")


async def until_over(candidate: RoomCandidate) -> None:
    async with asyncio.timeout(LIMIT_S):
        await candidate.is_over.wait()


async def kept(server: LiveKitServer, room: str, recordings: Path) -> SessionRecord:
    """The record, once the room is closed."""
    async with asyncio.timeout(60), open_rooms(server) as rooms:
        await until_gone(rooms, room)
    (folder,) = session_folders(recordings)
    return load_session(folder)


def no_idea(state: RoomState) -> Samples:
    """The shortest interview."""
    return say(NO_IDEA)


def check_whole(record: SessionRecord, mode: str, score_min: float = 0.0) -> None:
    """What a local interview leaves behind, and nothing else."""
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    assert record.info.mode == mode
    names = {path.name.split("-")[0] for path in record.folder.iterdir()}
    assert names == {
        "audit.json",
        "candidate.wav",
        "delivery.json",
        "events.jsonl",
        "interviewer.wav",
        "scores",
        "session.json",
        "transcript.json",
        "transcript.md",
        "transcript.vtt",
    }
    assert record.scores is not None
    assert (record.scores.questions[0].score or 0.0) >= score_min
    answered = [turn for turn in record.turns if turn.answer is not None and turn.answer.transcript.words]
    assert answered


async def test_a_cascaded_interview_is_held_and_told(server: LiveKitServer, recordings: Path) -> None:
    async with serving(server, recordings) as worker:
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(server.url, token, answers()) as candidate:
            await until_over(candidate)
        record = await kept(server, room, recordings)
        assert worker.terminate() == 0
    check_whole(record, "cascaded", score_min=0.2)
    phases = [state.phase for state in candidate.states]
    assert phases[-1] == "ended"
    assert {"starting", "interviewer", "your_turn", "candidate", "thinking"} <= set(phases)
    assert any("recorded" in state.notice for state in candidate.states)
    spoken = [turn.answer.transcript.text for turn in record.turns if turn.answer is not None]
    assert [text for segment, text in candidate.captions.items() if segment.startswith("candidate")] == spoken
    said = [turn.said[-1].heard_text for turn in record.turns]
    assert [text for segment, text in candidate.captions.items() if segment.startswith("interviewer")] == said
    entry = load_room(recordings, room)
    assert entry is not None
    assert (entry.status, entry.session) == (RoomStatus.OVER, record.folder.name)


async def test_a_speech_to_speech_interview_is_held(
    server: LiveKitServer, recordings: Path, tmp_path: Path
) -> None:
    async with Tasks() as tasks:
        model = EmbeddedModel(tasks)
        await model.warm()
        async with served("openai", tmp_path, model.equip(Script())) as here:
            async with serving(server, recordings, keys=here.environment):
                room, token = await make_room(server, RoomOrder(bank=BANK, questions=1, seed=1, mode="s2s"))
                async with RoomCandidate(server.url, token, answers()) as candidate:
                    await until_over(candidate)
                record = await kept(server, room, recordings)
            assert here.server.violations == []
    check_whole(record, "s2s", score_min=0.2)


async def test_a_candidate_who_leaves_and_returns_goes_on(server: LiveKitServer, recordings: Path) -> None:
    async with serving(server, recordings):
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(server.url, token, no_idea) as first:
            await first.until(lambda state: state.phase == "interviewer" and state.question_number == 1)
        async with RoomCandidate(server.url, token, no_idea) as second:
            await until_over(second)
        record = await kept(server, room, recordings)
    check_whole(record, "cascaded")
    (lost,) = [event for event in record.events if isinstance(event, DeviceLost)]
    (returned,) = [event for event in record.events if isinstance(event, DeviceReturned)]
    assert lost.at_ms == returned.at_ms, "audio time stands still while the candidate is away"


async def test_rooms_of_a_killed_worker_go_on_in_their_record(tmp_path: Path) -> None:
    """Its whole process group at once, in the middle of an answer; nothing that was written is lost."""
    run = await run_kill(tmp_path, 1)
    assert run.lost == []
    assert max(run.silence_s) < LIMIT_S


async def test_a_worker_that_is_told_to_stop_holds_its_interview_to_the_end(
    server: LiveKitServer, recordings: Path
) -> None:
    async with serving(server, recordings) as worker:
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(server.url, token, no_idea) as candidate:
            async with asyncio.timeout(LIMIT_S):
                await candidate.until(lambda state: state.question_number == 1)
            worker.process.send_signal(signal.SIGTERM)
            await until_over(candidate)
        record = await kept(server, room, recordings)
        assert worker.process.wait(timeout=60) == 0
        assert "1 interview goes on to the end" in worker.said()
    check_whole(record, "cascaded")


async def test_an_observer_listens_and_changes_nothing(server: LiveKitServer, recordings: Path) -> None:
    async with serving(server, recordings), open_rooms(server) as rooms:
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(server.url, token, no_idea) as candidate:
            async with asyncio.timeout(LIMIT_S):
                await candidate.until(lambda state: state.question_number == 1)
            async with Observer(server.url, await rooms.token(room, "observer", 600)) as observer:
                await observer.try_to_end()
                async with asyncio.timeout(LIMIT_S):
                    await observer.has_heard.wait()
                assert observer.identities == {"candidate", "interviewer"}
                assert observer.state is not None, "whoever comes late is told where the interview stands"
                await until_over(candidate)
        record = await kept(server, room, recordings)
    check_whole(record, "cascaded")


async def test_the_organiser_ends_it_politely(server: LiveKitServer, recordings: Path) -> None:
    async with serving(server, recordings), open_rooms(server) as rooms:
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(server.url, token, no_idea) as candidate:
            async with asyncio.timeout(LIMIT_S):
                await candidate.until(lambda state: state.question_number == 1)
            await rooms.end(room, is_now=False)
            await until_over(candidate)
        record = await kept(server, room, recordings)
    assert record.info.outcome is Outcome.STOPPED
    assert record.info.reason == "ended by the candidate"


async def test_a_button_of_the_page_skips_the_question(server: LiveKitServer, recordings: Path) -> None:
    async with serving(server, recordings):
        room, token = await make_room(server, ORDER)
        async with RoomCandidate(server.url, token, lambda _: say(NO_IDEA)[:0]) as candidate:
            async with asyncio.timeout(LIMIT_S):
                await candidate.until(lambda state: state.phase == "your_turn" and state.question_number == 1)
            await candidate.press(RoomCommand(command="skip"))
            await until_over(candidate)
        record = await kept(server, room, recordings)
    assert record.info.outcome is Outcome.COMPLETED
    assert '"skip"' in (record.folder / "events.jsonl").read_text(encoding="utf-8")


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "no such bank": ({"bank": "no-such-bank"}, "no-such-bank"),
    "a path": ({"bank": "../../etc/passwd"}, "bank"),
    "a level out of range": ({"level": 9}, "level"),
    "a provider, which the worker chooses": ({"stt": "openai"}, "stt"),
    "a mode without its key": ({"mode": "s2s"}, "key"),
}


async def test_what_cannot_be_held_is_refused_in_the_room(server: LiveKitServer, recordings: Path) -> None:
    async with serving(server, recordings), open_access(server) as access:
        for what, (metadata, told) in REFUSED.items():
            room, token = await make_room(server, RoomOrder())
            for dispatch in await access.agent_dispatch.list_dispatch(room):
                await access.agent_dispatch.delete_dispatch(dispatch.id, room)
            request = api.CreateAgentDispatchRequest(
                agent_name=AGENT_NAME, room=room, metadata=json.dumps(metadata)
            )
            await access.agent_dispatch.create_dispatch(request)
            async with RoomCandidate(server.url, token, no_idea) as candidate:
                await until_over(candidate)
            assert candidate.states[-1].phase == "refused", what
            assert told in candidate.states[-1].message, what
    assert session_folders(recordings) == ()
