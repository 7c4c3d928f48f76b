"""Three hours of speech-to-speech on compressed time: sessions rotate, one is lost, and nothing is left behind.

`python -m benchmarks.s2s_soak [--hours 3] [--provider openai|grok]` prints what happened; 1 when something leaked.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.leftovers import left_tasks, open_sockets, resident_mb
from tests.interviews import plan
from tests.loopback.realtime import Fault
from tests.realtime_room import RealtimeRoom
from tests.realtime_servers import served
from voiceprep.conduct.planning import Plan
from voiceprep.events import Event, HintGiven, ProviderFailed, SessionEnded, TurnStarted
from voiceprep.model import Outcome
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.turn_taking.endpointing import EndpointPolicy

THINKING_MS = 50_000
"""Silence costs the least computing; the candidate of this run thinks a lot."""
PATIENT = EndpointPolicy(nudge_at_ms=(), give_up_ms=None)
GROWTH_MB_MAX = 10.0


@dataclass
class Soaked:
    """What happened. Memory is resident; growth is from a third of the way to the end."""

    hours: float
    outcome: Outcome | None = None
    session_count: int = 0
    answer_count: int = 0
    lost_answers: int = 0
    notices: list[str] = field(default_factory=list)
    growth_mb: float = 0.0
    leaked_tasks: list[str] = field(default_factory=list)
    leaked_sockets: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        """Why this run is not good enough."""
        wrong = {
            f"it ended {self.outcome}": self.outcome is not Outcome.COMPLETED,
            f"{self.lost_answers} answers lost": self.lost_answers > 0,
            f"the person was bothered: {self.notices}": bool(self.notices),
            f"{self.growth_mb:.1f} MB more memory": self.growth_mb > GROWTH_MB_MAX,
            f"tasks left over: {self.leaked_tasks}": bool(self.leaked_tasks),
            f"{self.leaked_sockets} sockets left over": self.leaked_sockets > 0,
            f"protocol violations: {self.violations}": bool(self.violations),
        }
        return [what for what, is_wrong in wrong.items() if is_wrong]


async def soak(hours: float, name: str = "openai") -> Soaked:
    """Hold one practice of so many hours, in minutes of wall time."""
    soaked = Soaked(hours)
    sockets_before = open_sockets()
    with tempfile.TemporaryDirectory(prefix="s2s-soak-") as folder:
        async with served(name, Path(folder)) as here:
            long = _plan(hours)
            said = list(_scripts(len(long.questions)))
            room = RealtimeRoom(
                long,
                said,
                Path(folder),
                name,
                here.environment,
                are_turns_ours=True,
                is_fast=True,
                policy=PATIENT,
                limit_s=hours * 1200,
            )
            quarter = len(long.questions) // 4
            early_mb: list[float] = []

            def watch(event: Event) -> None:
                if isinstance(event, TurnStarted) and event.turn_index == quarter:
                    here.server.disturb_now(Fault.DROP)
                if isinstance(event, TurnStarted) and event.turn_index == len(long.questions) // 3:
                    early_mb.append(resident_mb())
                if isinstance(event, SessionEnded):  # judging it all loads word vectors, which is no leak
                    soaked.growth_mb = resident_mb() - early_mb[0]
                if isinstance(event, HintGiven | ProviderFailed):
                    soaked.notices.append(event.message)

            room.hooks.append(watch)
            soaked.outcome = await room.hold()
            soaked.violations = here.server.violations
            assert room.link is not None
            soaked.session_count = room.link.session_count
            words = [" ".join(step.text for step in script.steps if isinstance(step, Say)) for script in said]
            soaked.answer_count = len(room.answers)
            soaked.lost_answers = sum(one != other for one, other in zip(words, room.answers, strict=True))
            await here.server.until(lambda: here.server.serving.open_count == 0)
    soaked.leaked_tasks = await left_tasks()
    soaked.leaked_sockets = open_sockets() - sockets_before
    return soaked


def _plan(hours: float) -> Plan:
    """A question a minute, no follow-ups: every answer says all."""
    return plan(round(hours * 60))


def _scripts(answer_count: int) -> Iterator[Script]:
    for number in range(answer_count):
        yield Script((Wait(THINKING_MS), Say(f"phrase 1 and phrase 2 and phrase 3 as {number % 50} that's it")))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.s2s_soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--provider", default="openai", choices=("openai", "grok", "gemini"))
    arguments = parser.parse_args()
    soaked = asyncio.run(soak(arguments.hours, arguments.provider))
    print(f"{soaked.hours:g} hours of {arguments.provider}: {soaked.answer_count} answers, {soaked.outcome}")
    print(f"sessions {soaked.session_count} (one connection was cut), notices {len(soaked.notices)}")
    print(
        f"memory {soaked.growth_mb:+.1f} MB from a third of the way, tasks left {len(soaked.leaked_tasks)}, "
        f"sockets left {soaked.leaked_sockets}"
    )
    for complaint in soaked.complaints:
        print(f"✗ {complaint}")
    return 1 if soaked.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
