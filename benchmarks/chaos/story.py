"""What is to happen to one session, drawn from a seed: the same seed tells the same story. Pure."""

import random
from dataclasses import dataclass
from enum import StrEnum

from voiceprep.providers.scripted import Say, Script, Wait

LENGTH_MS = 22_000
"""About as long as an undisturbed session of this kind."""
CREATION_CALLS, MIDDLE_CALLS, CLOSING_CALLS = 36, 12, 90
"""About as many disk calls as it takes to begin a folder, for 0.2 s, and to close with everything derived."""
RECOVERY_CALLS = 60
REAL_KILL_SHARE = 0.1
CASCADES = (
    ("deepgram,openai", "openai,groq", "deepgram,openai"),
    ("openai,deepgram", "groq,openai", "openai,deepgram"),
    ("deepgram", "none", "deepgram"),
    ("openai", "openai", "openai"),
)
REALTIMES = (("openai", True), ("openai", False), ("grok", True), ("gemini", True), ("gemini", False))
"""The provider, and whether it is us who say when a turn ends."""


class Stage(StrEnum):
    """Of a session's life."""

    BEGINNING = "beginning"
    MIDDLE = "middle"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Death:
    """The process is killed in its `call_count`-th disk call from a stage on, of which `share` is done.

    `is_real`: by SIGKILL in a process of its own; else the folder is copied as it is at that instant.
    """

    stage: Stage
    at_ms: int
    call_count: int
    share: float
    is_real: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """The microphone vanishes at `at_ms` and is back after so much wall time; never with None."""

    at_ms: int
    away_s: float | None


@dataclass(frozen=True, slots=True)
class Story:
    """`blows`: audio time → seed of the fault then. `recovery_death`: in which disk call recovery is killed."""

    seed: int
    cascade: tuple[str, str, str] | None
    realtime: tuple[str, bool] | None
    question_count: int
    blows: tuple[tuple[int, int], ...]
    losses: tuple[Loss, ...]
    death: Death | None
    interrupt_at_ms: int | None
    recovery_death: int | None
    is_resumed: bool

    @property
    def name(self) -> str:
        return self.realtime[0] if self.realtime else "cascaded"


def draw(seed: int) -> Story:
    """The story of a seed."""
    chance = random.Random(f"chaos {seed}")
    is_cascaded = chance.random() < 0.5
    ending = chance.choices(("death", "interrupt", "loss", "none"), (60, 10, 8, 22))[0]
    losses = [Loss(chance.randrange(LENGTH_MS), chance.choice((0.0, 0.05, 0.3)))] * (chance.random() < 0.3)
    if ending == "loss":
        losses.append(Loss(chance.randrange(LENGTH_MS), None))
    return Story(
        seed,
        chance.choice(CASCADES) if is_cascaded else None,
        None if is_cascaded else chance.choice(REALTIMES),
        chance.randint(1, 2),
        tuple((chance.randrange(LENGTH_MS), chance.randrange(2**32)) for _ in range(chance.randint(0, 4))),
        tuple(losses),
        _death(chance) if ending == "death" else None,
        chance.randrange(LENGTH_MS) if ending == "interrupt" else None,
        chance.randrange(RECOVERY_CALLS) if chance.random() < 0.4 else None,
        chance.random() < 0.4,
    )


def _death(chance: random.Random) -> Death:
    stage = chance.choices(tuple(Stage), (15, 65, 20))[0]
    calls = {Stage.BEGINNING: CREATION_CALLS, Stage.MIDDLE: MIDDLE_CALLS, Stage.CLOSING: CLOSING_CALLS}[stage]
    return Death(
        stage,
        chance.randrange(LENGTH_MS),
        chance.randrange(calls),
        chance.choice((0.0, 0.5, chance.random())),
        chance.random() < REAL_KILL_SHARE,
    )


def answers(seed: int) -> list[Script]:
    """More than are needed; with thinking pauses, some over the question, some with nothing in them."""
    chance = random.Random(f"answers {seed}")
    return [_answer(chance, number) for number in range(12)]


def _answer(chance: random.Random, number: int) -> Script:
    parts = [
        f"well this is answer {number} and it begins with phrase 1 because",
        f"there is phrase {chance.randint(2, 3)} to think of and then",
        f"in the end we kept phrase {chance.randint(1, 3)} in case {number} that's it.",
    ]
    steps: list[Say | Wait] = []
    for part in parts[chance.randint(0, 2) :]:
        steps += [Wait(chance.randrange(300, 1_200, 20)), Say(part)]
    if chance.random() < 0.1:
        steps = [Say(sound_ms=400), *steps]
    return Script(tuple(steps), from_start=chance.random() < 0.2)
