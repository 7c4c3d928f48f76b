"""An interview in real time over the loopback servers while something fails every few seconds.

`python -m benchmarks.soak [--minutes 5] [--seed N] [--every-s 10]` prints what happened; 1 when anything was lost.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from benchmarks.chaos.cascaded import Servers, cascaded_servers
from benchmarks.chaos.leftovers import left_tasks, open_sockets, resident_mb
from tests.interviews import plan
from tests.provider_room import ProviderRoom, recorded_words
from voiceprep.audio.pace import RealtimePace
from voiceprep.conduct.interviewers import NEUTRAL
from voiceprep.conduct.planning import Plan
from voiceprep.events import Event, ProviderFailed, SessionEnded
from voiceprep.model import Outcome
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.tasks import Tasks

QUESTION_S = 10.0
"""Less than what a question takes here: the time limit ends the interview, not the plan."""
GROWTH_MB_MAX = 15.0
HEARD_SHARE_MIN = 0.95


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
        async with cascaded_servers() as servers:
            await _hold(servers, minutes, every_s, soaked, Path(folder), tell)
    soaked.leaked_tasks = await left_tasks()
    soaked.leaked_sockets = open_sockets() - sockets_before
    return soaked


async def _hold(
    servers: Servers, minutes: float, every_s: float, soaked: Soaked, folder: Path, tell: Callable[[str], None]
) -> None:
    chance = random.Random(soaked.seed)
    room = ProviderRoom(
        _plan(minutes),
        _answers(random.Random(soaked.seed)),
        folder,
        servers.environment,
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


# ------------------------------------------------------------------------------------- while it is held


async def _trouble(servers: Servers, chance: random.Random, every_s: float, note: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(every_s)
        note(servers.strike(chance))
        for server in (servers.openai, servers.groq):
            server.transcripts.clear()  # they hold audio


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
