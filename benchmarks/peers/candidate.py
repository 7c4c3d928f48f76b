"""The scripted candidate: one 20 ms block at a time, reacting to what it hears. numpy only, no engine.

Times are seconds of the machine's monotonic clock, which all processes share. A block handed over at t was said
in the 20 ms before t.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import numpy as np

from benchmarks.peers.sounds import BLOCK_SAMPLES, RATE_HZ, Samples, Sound

GAP_S = 0.7
"""Silence before the candidate speaks."""
REPLY_WAIT_S = 8.0
"""Longer than anybody's patience with an unfinished sentence; then the turn counts as missed."""
GREETING_WAIT_S = 3.0
QUIET_S = 3.0
"""A reply that has paused may come back for so long."""
WATCH_S = 14.0


class Ear(Protocol):
    """What the candidate hears of the interviewer."""

    @property
    def last_s(self) -> float:
        """When the last sound was heard; 0.0 before the first."""
        ...

    def began_after(self, at_s: float) -> float | None:
        """When the first sound after `at_s` was heard; sound under way counts from `at_s`."""
        ...

    def run_after(self, at_s: float) -> float | None:
        """When the first unbroken sound that began after `at_s` began."""
        ...


@dataclass
class Said:
    """One sound and when it was really said. `reply_at_s`: the sound it interrupts began then."""

    sound: str
    onset_s: float
    end_s: float
    reply_at_s: float | None = None
    kind: str = "answer"


class Voice:
    """Says one sound at a time; silence otherwise."""

    def __init__(self, sounds: dict[str, Sound]) -> None:
        self.said: list[Said] = []
        self._sounds = sounds
        self._left: Samples = np.zeros(0, np.int16)

    @property
    def is_speaking(self) -> bool:
        return bool(self._left.size)

    def say(self, name: str, due_s: float, kind: str = "answer", reply_at_s: float | None = None) -> Said:
        """Begin with the block that is due at `due_s`."""
        sound = self._sounds[name]
        begin_s = due_s - BLOCK_SAMPLES / RATE_HZ
        self._left = sound.samples
        said = Said(
            name, begin_s + sound.onset_sample / RATE_HZ, begin_s + sound.end_sample / RATE_HZ, reply_at_s, kind
        )
        self.said.append(said)
        return said

    def block(self) -> Samples:
        """The next 20 ms."""
        block = np.zeros(BLOCK_SAMPLES, np.int16)
        piece, self._left = self._left[:BLOCK_SAMPLES], self._left[BLOCK_SAMPLES:]
        block[: piece.size] = piece
        return block


class Candidate(Protocol):
    """A script under way."""

    voice: Voice

    @property
    def is_done(self) -> bool: ...

    def step(self, due_s: float, ear: Ear) -> Samples:
        """The block that is due at `due_s`."""
        ...


@dataclass
class Answering:
    """Answers, one after the other: waits for silence, speaks, waits for the whole reply."""

    names: Sequence[str]
    voice: Voice
    _index: int = 0
    _begun_s: float | None = None
    _waiting_since_s: float | None = None

    @property
    def is_done(self) -> bool:
        return self._index >= len(self.names)

    def step(self, due_s: float, ear: Ear) -> Samples:
        if self._begun_s is None:
            self._begun_s = due_s
        if not self.voice.is_speaking and not self.is_done:
            self._decide(due_s, ear, self._begun_s)
        return self.voice.block()

    def _decide(self, due_s: float, ear: Ear, begun_s: float) -> None:
        is_quiet = due_s - ear.last_s >= GAP_S
        if self._waiting_since_s is not None:
            has_replied = ear.began_after(self._waiting_since_s) is not None
            if not (has_replied and is_quiet) and due_s - self._waiting_since_s < REPLY_WAIT_S:
                return
            self._index += 1
            self._waiting_since_s = None
        is_greeted = ear.last_s > 0 or due_s - begun_s > GREETING_WAIT_S
        if not self.is_done and is_quiet and is_greeted:
            self._waiting_since_s = self.voice.say(self.names[self._index], due_s).end_s


@dataclass(frozen=True)
class Trial:
    """A sound so many seconds into a reply."""

    kind: str
    sound: str
    offset_s: float

    @property
    def brings_reply(self) -> bool:
        """It is said to be answered."""
        return self.kind in ("interruption", "early")


@dataclass
class Interrupting:
    """Trials, one reply each. A real interruption brings the next reply; where none comes the candidate asks."""

    trials: Sequence[Trial]
    voice: Voice
    _index: int = 0
    _begun_s: float | None = None
    _asked_s: float | None = None
    _said_s: float | None = None

    @property
    def is_done(self) -> bool:
        return self._index >= len(self.trials)

    def step(self, due_s: float, ear: Ear) -> Samples:
        if self._begun_s is None:
            self._begun_s = due_s
        if not self.voice.is_speaking and not self.is_done:
            if self._said_s is not None:
                self._watch(due_s, ear, self._said_s)
            elif self._asked_s is not None:
                self._interrupt(due_s, ear, self._asked_s)
            elif due_s - ear.last_s >= GAP_S and (ear.last_s > 0 or due_s - self._begun_s > GREETING_WAIT_S):
                self._asked_s = self.voice.say("prompt", due_s, "prompt").end_s
        return self.voice.block()

    def _watch(self, due_s: float, ear: Ear, said_s: float) -> None:
        """What comes of the trial just made: an interruption is answered, anything else leaves the reply to end."""
        trial = self.trials[self._index]
        is_quiet = due_s - max(ear.last_s, said_s) >= QUIET_S
        if trial.brings_reply:
            is_last = self._index + 1 == len(self.trials)
            if is_last and ear.run_after(said_s) is None and due_s - said_s < REPLY_WAIT_S:
                return
            self._asked_s = said_s
        elif is_quiet or due_s - said_s >= WATCH_S:
            self._asked_s = None
        else:
            return
        self._said_s = None
        self._index += 1

    def _interrupt(self, due_s: float, ear: Ear, asked_s: float) -> None:
        trial = self.trials[self._index]
        reply_s = ear.run_after(asked_s)
        is_quiet = due_s - ear.last_s >= GAP_S
        if reply_s is None:
            if due_s - asked_s > REPLY_WAIT_S and is_quiet:
                self._asked_s = None
        elif due_s - reply_s >= trial.offset_s:
            if is_quiet:  # it ended before its time
                self._asked_s = None
            else:
                self._said_s = self.voice.say(trial.sound, due_s, trial.kind, reply_s).end_s


@dataclass
class Opening:
    """Speaks with the first block, whoever is listening; for what starting takes."""

    voice: Voice
    _is_begun: bool = False

    @property
    def is_done(self) -> bool:
        return self._is_begun and not self.voice.is_speaking

    def step(self, due_s: float, ear: Ear) -> Samples:
        if not self._is_begun:
            self._is_begun = True
            self.voice.say("prompt", due_s, "prompt")
        return self.voice.block()


@dataclass
class Marks:
    """What happened when, for the record."""

    handed: list[float] = field(default_factory=list)
    """Audio with sound in it given to the sink."""
    heard: list[list[float]] = field(default_factory=list)
    """Unbroken sound at the sink: from, to."""
    decided: list[float] = field(default_factory=list)
    """The engine held the candidate's turn to be over."""


def as_record(candidate: Candidate, marks: Marks) -> dict[str, object]:
    return {"said": [asdict(said) for said in candidate.voice.said], **asdict(marks)}
