"""An interview in real time over the loopback servers while something fails every few seconds.

`python -m benchmarks.soak [--minutes 5] [--seed N] [--every-s 10]` prints what happened; 1 when anything was lost.
"""

import argparse
import asyncio
import gc
import random
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from tests.interviews import plan
from tests.loopback.deepgram import DeepgramServer
from tests.loopback.deepgram import Fault as Cut
from tests.loopback.deepgram_messages import LISTEN_V1, SPEAK_V1
from tests.loopback.openai import (
    CHAT,
    SPEECH,
    TRANSCRIPTIONS,
    ChatReply,
    OpenAIServer,
    SpeechReply,
    TranscriptReply,
    openai_error,
)
from tests.loopback.openai import Fault as Break
from tests.loopback.serving import LoopbackServer, Refusal, Trouble, hang_up
from tests.provider_room import ProviderRoom, environment_of, hears_coded_speech, recorded_words
from voiceprep.audio.pace import RealtimePace
from voiceprep.events import Event, ProviderFailed, SessionEnded
from voiceprep.interviewers import NEUTRAL
from voiceprep.model import Outcome
from voiceprep.planning import Plan
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.tasks import Tasks

QUESTION_S = 10.0
"""Less than what a question takes here: the time limit ends the interview, not the plan."""
GROWTH_MB_MAX = 15.0
HEARD_SHARE_MIN = 0.95
WORDED = ("I follow you so far. ", "And how about the rest of it, ", "would you say?")
CUTS = tuple(Cut)
BREAKS = (Break.HANG_UP, Break.STALL, Break.MALFORMED, Break.TRUNCATED)
STATUSES = (429, 500, 503)


@dataclass
class Servers:
    """Everybody who can fail."""

    deepgram: DeepgramServer
    openai: OpenAIServer
    groq: OpenAIServer

    @property
    def all(self) -> tuple[LoopbackServer, ...]:
        return self.deepgram.serving, self.openai, self.groq

    @property
    def violations(self) -> list[str]:
        return [violation for server in self.all for violation in server.violations]


@dataclass
class Soaked:
    """What happened. Shares are of words; memory is resident, from two fifths of the way to the end."""

    seed: int
    outcome: Outcome | None = None
    faults: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    problems: tuple[str, ...] = ()
    violations: Sequence[str] = ()
    is_all_recorded: bool = False
    said_count: int = 0
    heard_count: int = 0
    answer_count: int = 0
    duration_ms: int = 0
    growth_mb: float = 0.0
    leaked_tasks: list[str] = field(default_factory=list)
    leaked_sockets: int = 0

    @property
    def heard_share(self) -> float:
        return self.heard_count / max(self.said_count, 1)

    @property
    def complaints(self) -> list[str]:
        """Why this run is not good enough."""
        wrong = {
            f"it ended {self.outcome}": self.outcome is not Outcome.COMPLETED,
            f"the folder: {'; '.join(self.problems)}": bool(self.problems),
            f"protocol violations: {self.violations}": bool(self.violations),
            "candidate.wav is not what was said": not self.is_all_recorded,
            f"only {self.heard_share:.0%} of the words were heard": self.heard_share < HEARD_SHARE_MIN,
            f"{self.growth_mb:.0f} MB more memory": self.growth_mb > GROWTH_MB_MAX,
            f"tasks left over: {self.leaked_tasks}": bool(self.leaked_tasks),
            f"{self.leaked_sockets} sockets left over": self.leaked_sockets > 0,
        }
        return [what for what, is_wrong in wrong.items() if is_wrong]


async def soak(minutes: float, seed: int, every_s: float, tell: Callable[[str], None] = print) -> Soaked:
    """Hold one interview. Raises nothing that a fault may cause; the result says how it went."""
    soaked = Soaked(seed)
    sockets_before = open_sockets()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with (
            DeepgramServer() as deepgram,
            OpenAIServer() as openai,
            OpenAIServer(key="gsk-loopback") as groq,
        ):
            servers = Servers(deepgram, openai, groq)
            await _hold(servers, minutes, every_s, soaked, Path(folder), tell)
    gc.collect()
    await asyncio.sleep(0.1)  # transports close in the next round of the loop
    current = asyncio.current_task()
    soaked.leaked_tasks = [task.get_name() for task in asyncio.all_tasks() if task is not current]
    soaked.leaked_sockets = open_sockets() - sockets_before
    return soaked


async def _hold(
    servers: Servers, minutes: float, every_s: float, soaked: Soaked, folder: Path, tell: Callable[[str], None]
) -> None:
    chance = random.Random(soaked.seed)
    for server in (servers.openai, servers.groq):
        hears_coded_speech(server)
        server.script.chat = lambda _: ChatReply(WORDED, first_token_ms=100)
        server.script.speech = lambda request: SpeechReply(b"\x00\x04" * 2_400 * len(request["input"].split()))
    room = ProviderRoom(
        _plan(minutes),
        _answers(random.Random(soaked.seed)),
        folder,
        environment_of(servers.deepgram, servers.openai, servers.groq),
        stt="deepgram,openai",
        llm="openai,groq",
        tts="deepgram,openai",
        is_impatient=False,
        pace=RealtimePace(),
        limit_s=minutes * 120 + 120,
    )

    def hear(event: Event) -> None:
        if isinstance(event, ProviderFailed):
            soaked.failures.append(event.message)
            tell(f"{event.at_ms / 1000:7.1f} s    {event.provider} ({event.stage}): {event.message}")
        elif isinstance(event, SessionEnded):  # judging loads word vectors, which is no leak
            soaked.growth_mb = memory.growth_mb

    memory = _Memory(after_s=minutes * 24)
    room.hooks.append(hear)
    started_s = asyncio.get_running_loop().time()
    async with Tasks() as tasks:

        def note(what: str) -> None:
            soaked.faults.append(what)
            tell(f"{asyncio.get_running_loop().time() - started_s:7.1f} s  ! {what}")

        tasks.watch(_trouble(servers, chance, every_s, note), "trouble")
        tasks.watch(memory.watch(), "memory")
        try:
            soaked.outcome = await room.hold()
        except Exception as error:  # the run goes on to say what was kept
            tell(f"{type(error).__name__}: {error}")
    soaked.violations = servers.violations
    record = room.record
    soaked.problems, soaked.duration_ms = record.problems, record.duration_ms
    soaked.is_all_recorded = room.is_all_recorded
    soaked.said_count = len(recorded_words(record.folder).split())
    soaked.heard_count = sum(len(answer.split()) for answer in room.answers)
    soaked.answer_count = len(room.answers)


def _plan(minutes: float) -> Plan:
    """As many questions as fit, and a limit that lets the last one end."""
    questions = plan(max(1, round(minutes * 60 / QUESTION_S)))
    return replace(
        questions, limit_ms=round(minutes * 60_000) + 40_000, interviewer=replace(NEUTRAL, follow_ups_max=1)
    )


def _answers(chance: random.Random) -> Iterator[Script]:
    """Without end: every answer is unlike the others, with thinking pauses."""
    for number in count(1):
        parts = [
            f"well, this is answer number {number} and it begins with phrase 1 because",
            f"there is phrase {chance.randint(2, 3)} to think of, and then we measured it and",
            f"in the end we kept what worked in case {number}. That's it.",
        ]
        steps: list[Say | Wait] = []
        for part in parts[chance.randint(0, 1) :]:
            steps += [Wait(chance.randrange(300, 1_500, 20)), Say(part)]
        yield Script(tuple(steps))


# ------------------------------------------------------------------------------------------------ faults


async def _trouble(servers: Servers, chance: random.Random, every_s: float, note: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(every_s)
        note(chance.choice(FAULTS)(servers, chance))
        for server in (servers.openai, servers.groq):
            server.transcripts.clear()  # they hold audio


def _cut_recogniser(servers: Servers, chance: random.Random) -> str:
    cut = chance.choice(CUTS)
    servers.deepgram.disturb_now(LISTEN_V1, cut)
    return f"recogniser: {cut}"


def _cut_voice(servers: Servers, chance: random.Random) -> str:
    cut = chance.choice(CUTS)
    servers.deepgram.disturb_now(SPEAK_V1, cut)
    return f"voice: {cut}"


def _refuse_reconnects(servers: Servers, chance: random.Random) -> str:
    path, status, times = chance.choice((LISTEN_V1, SPEAK_V1)), chance.choice(STATUSES), chance.randint(1, 3)
    servers.deepgram.serving.trouble_next(path, *[Refusal(status)] * times)
    servers.deepgram.disturb_now(path, Cut.DROP)
    return f"{path}: dropped, then HTTP {status} {times} times"


def _fail_http(servers: Servers, chance: random.Random) -> str:
    path = chance.choice((CHAT, SPEECH, TRANSCRIPTIONS))
    trouble = chance.choice((openai_error(chance.choice(STATUSES)), Trouble.HANG_UP, Trouble.STALL))
    for server in (servers.openai, servers.groq):
        server.trouble_next(path, trouble)
    return f"{path}: {trouble.status if isinstance(trouble, Refusal) else trouble}"


def _break_answer(servers: Servers, chance: random.Random) -> str:
    how = chance.choice(BREAKS)
    for server in (servers.openai, servers.groq):
        server.script.chats.append(ChatReply(WORDED, fault=how, fault_after=chance.randint(0, 2)))
        server.script.transcripts.append(TranscriptReply("", fault=how))
    return f"http: the next answers break: {how}"


def _slow_model(servers: Servers, chance: random.Random) -> str:
    byte_ms = chance.choice((5, 20))
    servers.openai.script.chats.append(ChatReply(WORDED, slow_byte_ms=byte_ms))
    return f"model: a byte every {byte_ms} ms"


def _hang_up_all(servers: Servers, chance: random.Random) -> str:
    for server in servers.all:
        for request in server.open_requests:
            hang_up(request)
    return "network: every connection cut"


FAULTS = (
    _cut_recogniser,
    _cut_recogniser,
    _cut_voice,
    _refuse_reconnects,
    _fail_http,
    _break_answer,
    _slow_model,
    _hang_up_all,
)


# --------------------------------------------------------------------------------------------- measuring


class _Memory:
    """Resident memory, from `after_s` on; 0 where there is no /proc."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._first_mb: float | None = None

    async def watch(self) -> None:
        await asyncio.sleep(self._after_s)
        self._first_mb = resident_mb()

    @property
    def growth_mb(self) -> float:
        return 0.0 if self._first_mb is None else resident_mb() - self._first_mb


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def open_sockets() -> int:
    """Sockets this process holds; 0 where there is no /proc."""
    total = 0
    for link in Path("/proc/self/fd").glob("*"):
        try:
            total += str(link.readlink()).startswith("socket:")
        except OSError:
            continue
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--every-s", type=float, default=10.0)
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    soaked = asyncio.run(soak(options.minutes, seed, options.every_s, lambda line: print(line, flush=True)))
    print(
        f"{soaked.duration_ms / 1000:.0f} s of interview, {len(soaked.faults)} faults, "
        f"{soaked.answer_count} answers, "
        f"{soaked.heard_count} of {soaked.said_count} words heard, {len(soaked.failures)} failures told, "
        f"{soaked.growth_mb:+.1f} MB, outcome {soaked.outcome}"
    )
    for complaint in soaked.complaints:
        print(f"WRONG: {complaint}")
    return 1 if soaked.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
