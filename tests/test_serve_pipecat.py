"""Interviews over Pipecat's transports, and who is not let in."""

import asyncio
import json
import re
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.commands import VOICEPREP, environment, run, run_apart
from tests.far_candidate import FarCandidate
from tests.phone import Phone, decode, encode
from voiceprep.errors import ExitCode
from voiceprep.model import Outcome
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session
from voiceprep.tasks import Tasks

pytest.importorskip("loguru", reason="needs the extra pipecat")
DEADLINE_S = 580
ADDRESS = re.compile(r"ws://([\d.]+:\d+)/ws")


@asynccontextmanager
async def serving(*options: str, **changes: str) -> AsyncIterator[tuple[Process, str]]:
    """`voiceprep serve pipecat` on a free port; the process and its address."""
    command = [*VOICEPREP, "serve", "pipecat", "--port", "0", *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environment(changes))
    try:
        async with asyncio.timeout(DEADLINE_S):
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            found = ADDRESS.search(line)
            assert found is not None, line
            yield process, found[1]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()


def only_session(recordings: Path) -> Path:
    (folder,) = session_folders(recordings)
    return folder


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def twiml(address: str) -> str:
    form = {"CallSid": "CA1", "From": "+15550100"}
    async with aiohttp.ClientSession() as http, http.post(f"http://{address}/twilio", data=form) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/xml"
        return await answer.text()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_telephone_holds_an_interview(tmp_path: Path) -> None:
    options = ("--questions", "1", "--persona", "hurried", "--recordings", str(tmp_path))
    async with serving(*options) as (process, address), Tasks() as tasks:
        phone = Phone(FarCandidate(tmp_path, tasks))
        await phone.call(address, await twiml(address))
        assert process.stdout is not None
        ended = (await process.stdout.readline()).decode()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert ended.startswith("completed: ")
    record = load_session(only_session(tmp_path))
    said = " ".join(turn.answer.transcript.text for turn in record.turns if turn.answer)
    assert len(said.split()) > 10
    assert record.scores is not None
    assert record.scores.overall is not None
    assert {"candidate.wav", "interviewer.wav", "events.jsonl", "session.json"} <= names_in(record.folder)


async def test_hanging_up_stops_the_session_and_keeps_it(tmp_path: Path) -> None:
    async with serving("--questions", "1", "--recordings", str(tmp_path)) as (process, address):
        async with connect(f"ws://{address}/ws") as pipecat:
            from pipecat.frames.protobufs import frames_pb2

            silence = frames_pb2.AudioRawFrame(audio=bytes(640), sample_rate=16_000, num_channels=1)
            for _ in range(10):
                await pipecat.send(frames_pb2.Frame(audio=silence).SerializeToString())
            heard = frames_pb2.Frame.FromString(await pipecat.recv()).audio
            assert (heard.sample_rate, heard.num_channels) == (24_000, 1)
        assert process.stdout is not None
        assert (await process.stdout.readline()).decode().startswith("stopped: ")
    assert load_session(only_session(tmp_path)).info.outcome is Outcome.STOPPED


async def test_a_stream_without_a_ticket_is_refused(tmp_path: Path) -> None:
    async with serving("--recordings", str(tmp_path)) as (_, address):
        wrong: list[object] = [{"event": "start", "start": {"streamSid": "MZ1"}}, {"event": "media"}, [], {}]
        for message in wrong:
            async with connect(f"ws://{address}/twilio/stream") as stream:
                await stream.send(json.dumps(message))
                with pytest.raises(ConnectionClosed) as closed:
                    await stream.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1008
    assert names_in(tmp_path) == set()


async def test_unsigned_calls_and_wrong_keys_are_refused(tmp_path: Path) -> None:
    """Served to the world, with a key; the address stands in for one that others can reach."""
    keys = {"VOICEPREP_CALL_KEY": "right", "TWILIO_AUTH_TOKEN": "secret"}
    async with serving("--host", "0.0.0.0", "--recordings", str(tmp_path), **keys) as (_, address):
        url = f"http://{address}/twilio"
        async with aiohttp.ClientSession() as http, http.post(url, data={"CallSid": "CA1"}) as answer:
            assert answer.status == 403
        for key in ("", "wrong"):
            with pytest.raises((ConnectionClosed, Exception)) as refused:
                await connect(f"ws://{address}/ws?key={key}")
            assert "403" in str(refused.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--transport", "pigeon"), "no transport 'pigeon'"),
        (("--transport", "daily"), "needs the address of a room"),
        (("--transport", "livekit", "--url", "ws://127.0.0.1:1"), "needs a token and a room"),
        (("--host", "0.0.0.0"), "no key protects it"),
        (("--transport", "webrtc"), "Pipecat's webrtc transport is not installed"),
        (("--transport", "local"), "Pipecat's local transport is not installed"),
        (
            ("--transport", "daily", "--url", "https://here.daily.co/room"),
            "Pipecat's daily transport is not installed",
        ),
        (("--bank", "none-such"), "none-such"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(options: tuple[str, ...], told: str) -> None:
    done = run("serve", "pipecat", *options)
    assert done.code == 2, done.err
    assert told in done.err


@pytest.mark.slow
def test_a_room_that_cannot_be_entered_is_said(tmp_path: Path) -> None:
    """The client tries again for some seconds before it gives up."""
    room = ("--url", "ws://127.0.0.1:9", "--room", "here", "--token", "any")
    done = run_apart("serve", "pipecat", "--transport", "livekit", *room, "--recordings", str(tmp_path))
    assert done.code == ExitCode.AUDIO_DEVICE, done.err
    assert "There is no connection: " in done.err
    assert names_in(tmp_path) == set()


def test_the_telephones_mu_law_is_that_of_the_standard() -> None:
    """Values from ITU-T G.711, table 2a: decision values to code words, and silence."""
    assert encode(np.array([0, -1, 32_635, -32_635], np.int16)).tolist() == [0xFF, 0x7F, 0x80, 0x00]
    samples = np.arange(-32_000, 32_000, 7, dtype=np.int16)
    back = decode(encode(samples))
    assert np.all(np.abs(back.astype(int) - samples) <= np.maximum(8, np.abs(samples.astype(int)) // 16))
