"""The loopback servers are held honest by clients nobody here wrote: each completes a turn with a barge-in.

`pytest -m peers` (or `make peers`) installs those clients once, in environments of their own (see
benchmarks/peers/environments.py); without that marker these tests are skipped.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.candidate import Trial
from benchmarks.peers.emulator import make_emulator
from benchmarks.peers.environments import cache_folder, python_for
from benchmarks.peers.realtime_emulator import REPLY_S, RealtimeEmulator
from benchmarks.peers.runs import ROOT, run_process
from benchmarks.peers.utterances import open_sounds
from tests.interviews import plan
from tests.loopback.deepgram import KEY as DEEPGRAM_KEY
from tests.loopback.gemini_live import KEY as GEMINI_KEY
from tests.loopback.gemini_live import GeminiLiveServer
from tests.loopback.grok_realtime import KEY as GROK_KEY
from tests.loopback.grok_realtime import GrokRealtimeServer
from tests.loopback.openai import KEY as OPENAI_KEY
from tests.loopback.openai_realtime import OpenAIRealtimeServer
from tests.loopback.realtime import RealtimeServer, Script
from tests.realtime_room import RealtimeRoom
from voiceprep.model import Outcome
from voiceprep.providers.scripted import Say, Wait
from voiceprep.providers.scripted import Script as Said

HEARD = "phrase 1 and phrase 2 and phrase 3 that's it"
INSTALLING_S = 900
LIMIT_S = 60.0
REPLY_MS = round(REPLY_S * 1000)
INTERRUPTED_AFTER_S = 2.0

pytestmark = [pytest.mark.peers, pytest.mark.timeout(INSTALLING_S)]


def sounds() -> Path:
    return cache_folder() / "sounds"


@pytest.fixture(scope="module", autouse=True)
def made_sounds() -> None:
    """Before any test's loop runs: making them needs a loop of its own, once."""
    open_sounds(sounds())


def job(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the runner needs
    """One prompt, and one interruption of the reply to it; the interruption is answered."""
    trial = Trial("interruption", "interruption-0", INTERRUPTED_AFTER_S)
    return {"sounds": str(sounds()), "trials": [asdict(trial)], **more}


def assert_interrupted(record: Any) -> None:  # noqa: ANN401 - what a runner reports
    """The first reply was not heard to its end; another one came. A busy machine may tear holes into both."""
    interruption = record["said"][1]
    first = [(start, end) for start, end in record["heard"] if start < interruption["onset_s"]]
    assert 0 < sum(end - start for start, end in first) < REPLY_S - 1.0
    assert record["heard"][-1][0] > interruption["end_s"], "nothing answered the interruption"


@pytest.mark.parametrize("engine", ["livekit", "pipecat"])
async def test_deepgram_and_openai(engine: str) -> None:
    python_for(engine)
    emulator = make_emulator(open_sounds(sounds()), opening_ms=5_500, rest_ms=REPLY_MS - 5_500)
    async with emulator.deepgram, emulator.openai:
        addresses = {
            "deepgram_url": emulator.deepgram.url,
            "openai_url": emulator.openai.base_url,
            "deepgram_key": DEEPGRAM_KEY,
            "openai_key": OPENAI_KEY,
        }
        ended = await run_process(engine, "minimum", job(**addresses), LIMIT_S)
        assert ended is not None
        log = emulator.take_log()
    assert emulator.violations == []
    assert len(log.chats) >= 2
    assert len(log.speeches) >= 3, "greeting, reply, and the reply to the interruption"
    assert len(ended[1]["heard"]) >= 3


async def test_our_adapter_talks_to_a_server_nobody_here_wrote(tmp_path: Path) -> None:
    """speech-to-speech's realtime server, with a loudness gate and a tone in its models' place."""
    process = await asyncio.create_subprocess_exec(
        python_for("speech_to_speech"),
        "-m",
        "benchmarks.peers.speech_to_speech_server",
        HEARD,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    port = int(await asyncio.wait_for(process.stdout.readline(), LIMIT_S))
    environment = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}
    barging_in = Said((Wait(600), Say("phrase one and two")), from_start=True)
    room = RealtimeRoom(plan(1), [barging_in] * 3, tmp_path, "openai", environment)
    outcome = await room.hold()
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), LIMIT_S) == 0
    assert outcome is Outcome.COMPLETED
    assert room.answers[0] == HEARD
    assert room.is_all_recorded
    said = [spoken for turn in room.record.turns for spoken in turn.said]
    assert any(spoken.is_interrupted for spoken in said)
    assert any(not spoken.is_interrupted for spoken in said)


def grok(script: Script, folder: Path) -> tuple[RealtimeServer, Callable[[], dict[str, Any]]]:
    server = GrokRealtimeServer(script)
    return server, lambda: {"openai_url": server.base_url, "openai_key": GROK_KEY}


def openai(script: Script, folder: Path) -> tuple[RealtimeServer, Callable[[], dict[str, Any]]]:
    server = OpenAIRealtimeServer(script)
    return server, lambda: {"openai_url": server.base_url, "openai_key": OPENAI_KEY}


def gemini(script: Script, folder: Path) -> tuple[RealtimeServer, Callable[[], dict[str, Any]]]:
    server = GeminiLiveServer(folder, script)
    return server, lambda: {"gemini_url": server.url, "gemini_key": GEMINI_KEY, "ca_path": str(server.ca_path)}


@pytest.mark.parametrize(
    ("engine", "make"),
    [
        ("openai_agents", openai),
        ("livekit_realtime", openai),
        ("pipecat_realtime", openai),
        ("livekit_xai", grok),
        ("livekit_google", gemini),
    ],
)
async def test_realtime(
    engine: str,
    make: Callable[[Script, Path], tuple[RealtimeServer, Callable[[], dict[str, Any]]]],
    tmp_path: Path,
) -> None:
    python_for(engine)
    server, address = make(RealtimeEmulator().server.script, tmp_path)
    async with server:
        ended = await run_process(engine, "default", job(**address()), LIMIT_S)
    assert ended is not None
    assert server.violations == []
    assert_interrupted(ended[1])
    truncated = server.received("conversation.item.truncate")
    assert all(0 <= message["audio_end_ms"] < REPLY_MS for message in truncated)
    assert truncated or make is gemini
