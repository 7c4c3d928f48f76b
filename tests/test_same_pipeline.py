"""The same interview over WebSocket and over LiveKit: one pipeline, and nothing changed but the transport.

`pytest -m livekit` runs it: the LiveKit server is a real one.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from livekit import api, rtc
from pipecat.frames.protobufs import frames_pb2
from pipecat.transports.base_transport import BaseTransport
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.far_candidate import FarCandidate
from tests.livekit_room import livekit_server, make_room
from voiceprep.audio.pace import RealtimePace
from voiceprep.hosting.messages import INTERVIEWER
from voiceprep.hosting.order import RoomOrder, choice_for
from voiceprep.hosting.pipeline.running import hold_over
from voiceprep.hosting.pipeline.transports import livekit_transport, websocket_transport
from voiceprep.hosting.server import LiveKitServer
from voiceprep.model import Outcome
from voiceprep.ports import MICROPHONE_RATE_HZ
from voiceprep.recordings.reader import SessionRecord
from voiceprep.tasks import Tasks

pytestmark = [pytest.mark.livekit, pytest.mark.timeout(900), pytest.mark.xdist_group("livekit")]
ORDER = RoomOrder(bank="python-backend", questions=1, seed=1, persona="hurried")
LIMIT_S = 600

Interview = Callable[[BaseTransport], Awaitable[SessionRecord]]
"""The pipeline: it is given a transport, and knows nothing of it."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with livekit_server(tmp_path_factory.mktemp("livekit")) as here:
        yield here


async def hold(transport: BaseTransport, recordings: Path) -> SessionRecord:
    choice = choice_for(ORDER, {}, {"recordings": str(recordings)})
    return (await hold_over(transport, choice, lambda event: None, lambda folder: None)).record


@asynccontextmanager
async def websocket_server(interview: Interview) -> AsyncIterator[tuple[str, asyncio.Future[SessionRecord]]]:
    """Takes one call; its address and what comes of it."""
    record: asyncio.Future[SessionRecord] = asyncio.get_running_loop().create_future()
    app = FastAPI()

    async def take(websocket: WebSocket) -> None:
        await websocket.accept()
        record.set_result(await interview(websocket_transport(websocket)))

    app.add_api_websocket_route("/ws", take)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="websockets-sansio"))
        async with Tasks() as tasks:
            serving = tasks.work(server.serve([listening]), "server")
            yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws", record
            server.should_exit = True
            await serving


async def over_websocket(server: LiveKitServer, recordings: Path, tasks: Tasks) -> SessionRecord:
    candidate = FarCandidate(recordings, tasks)
    async with websocket_server(lambda transport: hold(transport, recordings)) as (address, record):
        async with connect(address) as connection:

            async def listen() -> None:
                async for message in connection:
                    assert isinstance(message, bytes)
                    candidate.hear(np.frombuffer(frames_pb2.Frame.FromString(message).audio.audio, "<i2"))

            listening, pace = tasks.work(listen(), "ear"), RealtimePace()
            while not listening.done():
                await pace.wait()
                sound = (await candidate.block()).tobytes()
                audio = frames_pb2.AudioRawFrame(audio=sound, sample_rate=MICROPHONE_RATE_HZ, num_channels=1)
                try:
                    await connection.send(frames_pb2.Frame(audio=audio).SerializeToString())
                except ConnectionClosed:
                    break
            await listening
        return await record


async def over_livekit(server: LiveKitServer, recordings: Path, tasks: Tasks) -> SessionRecord:
    candidate = FarCandidate(recordings, tasks)
    name, invitation = await make_room(server, ORDER)
    transport = livekit_transport(server.url, interviewer_token(server, name), name)
    record = tasks.work(hold(transport, recordings), "interview")
    room, source = rtc.Room(), rtc.AudioSource(MICROPHONE_RATE_HZ, 1, queue_size_ms=0)

    async def listen(track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=24_000, num_channels=1, frame_size_ms=20):
            candidate.hear(np.frombuffer(event.frame.data, np.int16))

    room.on("track_subscribed", lambda track, *_: tasks.watch(listen(track), "ear"))
    await room.connect(server.url, invitation)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
    await room.local_participant.publish_track(track, options)
    pace = RealtimePace()
    while not record.done():
        await pace.wait()
        for piece in np.split(await candidate.block(), 2):
            await source.capture_frame(rtc.AudioFrame(piece.tobytes(), MICROPHONE_RATE_HZ, 1, piece.size))
    await room.disconnect()
    return await record


def interviewer_token(server: LiveKitServer, room: str) -> str:
    grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True)
    token = api.AccessToken(server.key, server.secret).with_identity(INTERVIEWER).with_grants(grants)
    return token.with_ttl(timedelta(minutes=10)).to_jwt()


Over = Callable[[LiveKitServer, Path, Tasks], Awaitable[SessionRecord]]


@pytest.mark.parametrize("over", [over_websocket, over_livekit])
async def test_only_the_transport_differs(over: Over, server: LiveKitServer, tmp_path: Path) -> None:
    async with asyncio.timeout(LIMIT_S), Tasks() as tasks:
        record = await over(server, tmp_path, tasks)
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    assert [question.id for question in record.info.plan] == planned()
    assert record.scores is not None
    assert (record.scores.questions[0].score or 0) > 0.2


def planned() -> list[str]:
    """The same for both: the seed decides."""
    return [question.id for question in choice_for(ORDER, {}, {}).plan.questions]
