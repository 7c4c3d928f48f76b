"""Pipecat's transports that need packages of their own: a whole interview over each, where those are installed.

`pytest -m peers` installs those once (benchmarks/peers/environments.py).
"""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.environments import python_for
from tests.commands import environment
from tests.device.soundcard import SoundCard, sound_card
from tests.far_candidate import LOUD, FarCandidate
from voiceprep.audio.pace import RealtimePace
from voiceprep.errors import ExitCode
from voiceprep.model import Outcome
from voiceprep.ports import MICROPHONE_RATE_HZ
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session
from voiceprep.tasks import Tasks

ROOT = Path(__file__).parents[1]
OPTIONS = ("--questions", "1", "--persona", "hurried", "--seed", "1")
LIMIT_S = 600
pytestmark = [pytest.mark.peers, pytest.mark.timeout(900)]


@asynccontextmanager
async def serving(python: str, recordings: Path, *options: str) -> AsyncIterator[Process]:
    """`voiceprep serve pipecat` in an environment of its own."""
    command = [python, "-m", "voiceprep", "serve", "pipecat", *options, *OPTIONS, "--recordings", str(recordings)]
    changes = {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environment(changes))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, told = await process.communicate()
        sys.stderr.write(told.decode(errors="replace"))


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


def check_held(recordings: Path) -> None:
    (folder,) = session_folders(recordings)
    record = load_session(folder)
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    assert record.scores is not None
    assert (record.scores.questions[0].score or 0) > 0.2


async def test_peer_to_peer(tmp_path: Path) -> None:
    """aiortc on both sides: offer and answer, ICE, DTLS, Opus."""
    python = python_for("webrtc")
    async with (
        asyncio.timeout(LIMIT_S),
        serving(python, tmp_path, "--transport", "webrtc", "--port", "0") as process,
    ):
        told = await line_of(process)
        address = re.search(r"http://[\d.]+:\d+/offer", told)
        assert address is not None, told
        caller = await asyncio.create_subprocess_exec(
            *(python, "-m", "benchmarks.peers.webrtc_caller", address[0], str(tmp_path)), stdout=PIPE, cwd=ROOT
        )
        assert (await line_of(process)).startswith("completed: ")
        heard, _ = await caller.communicate()
        assert caller.returncode == 0
    assert int(heard) > 0
    check_held(tmp_path)


@pytest.fixture
def card(tmp_path: Path) -> Iterator[SoundCard]:
    with sound_card(tmp_path / "soundcard") as here:
        yield here


async def test_sound_devices(card: SoundCard, tmp_path: Path) -> None:
    """PyAudio on a virtual sound card: answers into its microphone, questions out of its loudspeaker."""
    python = python_for("local_sound")
    loudspeaker = card.record(tmp_path / "loudspeaker.raw")
    async with (
        asyncio.timeout(LIMIT_S),
        serving(python, tmp_path, "--transport", "local") as process,
        Tasks() as tasks,
    ):
        candidate, pace = FarCandidate(tmp_path, tasks), RealtimePace()
        plug = await asyncio.create_subprocess_exec(
            *("paplay", "--raw", "--device=voiceprep_mic_in", f"--rate={MICROPHONE_RATE_HZ}", "--channels=1"),
            *("--format=s16le", "--latency-msec=20"),
            stdin=PIPE,
        )
        assert plug.stdin is not None
        ended = tasks.work(line_of(process), "the interview's end")
        while not ended.done():
            await pace.wait()
            plug.stdin.write((await candidate.block()).tobytes())
            await plug.stdin.drain()
        plug.terminate()
        await plug.wait()
        assert (await ended).startswith("completed: ")
    assert np.abs(loudspeaker.stop().astype(np.int32)).max() > LOUD
    check_held(tmp_path)


async def test_a_daily_room_that_cannot_be_entered_is_said(tmp_path: Path) -> None:
    """The real client joins; a whole interview needs an account in Daily's cloud."""
    python = python_for("daily")
    options = ("--transport", "daily", "--url", "not-an-address")
    async with asyncio.timeout(LIMIT_S), serving(python, tmp_path, *options) as process:
        _, told = await process.communicate()
    assert process.returncode == ExitCode.AUDIO_DEVICE
    assert b"There is no connection: Error joining not-an-address" in told
    assert not session_folders(tmp_path)
