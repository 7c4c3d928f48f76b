"""Whole practices with realtime servers that talk nonsense and hang up, for the tests and benchmarks of it."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.interviews import plan
from tests.loopback.gemini_live import GeminiLiveServer
from tests.loopback.grok_realtime import GrokRealtimeServer
from tests.loopback.openai_realtime import OpenAIRealtimeServer
from tests.loopback.realtime import Disturbance, Fault, RealtimeServer, Reply, Script
from tests.mutations import Mutator
from tests.realtime_room import RealtimeRoom
from voiceprep.errors import VoiceprepError
from voiceprep.events import TurnStarted
from voiceprep.providers.scripted import Say, Wait
from voiceprep.providers.scripted import Script as Said

ENDS = (
    Fault.DROP,
    Fault.CLOSE_1000,
    Fault.CLOSE_1001,
    Fault.CLOSE_1011,
    Fault.EXPIRE,
    Fault.ERROR,
    Fault.MALFORMED,
)
Make = Callable[[Path, Script], tuple[RealtimeServer, Callable[[], dict[str, str]]]]
"""A server, and what a client of it finds in its environment."""


def openai(folder: Path, script: Script) -> tuple[RealtimeServer, Callable[[], dict[str, str]]]:
    server = OpenAIRealtimeServer(script)
    return server, lambda: {"OPENAI_API_KEY": server.key, "OPENAI_BASE_URL": server.base_url}


def grok(folder: Path, script: Script) -> tuple[RealtimeServer, Callable[[], dict[str, str]]]:
    server = GrokRealtimeServer(script)
    return server, lambda: {"XAI_API_KEY": server.key, "XAI_BASE_URL": server.base_url}


def gemini(folder: Path, script: Script) -> tuple[RealtimeServer, Callable[[], dict[str, str]]]:
    server = GeminiLiveServer(folder / "tls", script)
    return server, lambda: {
        "GEMINI_API_KEY": server.key,
        "GOOGLE_GEMINI_BASE_URL": server.url,
        "SSL_CERT_FILE": str(server.ca_path),
    }


VENDORS: dict[str, Make] = {"openai": openai, "grok": grok, "gemini": gemini}


async def hold_with_nonsense(
    vendor: str, seed: int, folder: Path, *, questions: int = 2, limit_s: float = 100.0
) -> tuple[int, RealtimeRoom]:
    """One practice, barged into, with every second seed taking turns itself; how many messages were mutated.

    Raises what is no VoiceprepError; TimeoutError where it hangs.
    """
    script = Script(reply=lambda asked: Reply(asked.line, piece_ms=10), seed=seed)
    server, environment = VENDORS[vendor](folder, script)

    def break_off(chance: random.Random) -> None:
        if server.wires:
            server.wires[-1].disturbance = Disturbance(chance.choice(ENDS))

    mutator = Mutator(seed, break_off)
    script.tamper = mutator.tamper
    scripts = [
        Said((Wait(300), Say("phrase 1 and phrase 2 that's it"))),
        Said((Wait(400), Say("wait a moment please"), Wait(600), Say("phrase 3 that's it")), from_start=True),
    ]
    async with server:
        room = RealtimeRoom(
            plan(questions),
            [scripts[index % 2] for index in range(12)],
            folder,
            vendor,
            environment(),
            are_turns_ours=seed % 2 == 1,
            limit_s=limit_s,
        )
        with suppress(VoiceprepError):  # what a person is told
            await room.hold()
    return mutator.count, room


def losses(room: RealtimeRoom) -> list[str]:
    """What is wrong with the folder of a practice, however that ended."""
    if room.surroundings.folder is None:
        return []  # it never came to a session
    rules = {
        "not all of the candidate's audio": not room.is_all_recorded,
        "fewer events than were told": len(room.record.events) < len(room.of(TurnStarted)),
        "no transcript": not (room.record.folder / "transcript.json").is_file(),
    }
    return [what for what, is_broken in rules.items() if is_broken]
