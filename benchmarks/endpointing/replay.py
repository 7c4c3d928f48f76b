"""Plays recorded evidence through one policy after another: when would each have said that the answer is over?

Must not know audio. A decision inside a pause is a cut-in; the first one after the true end is the delay.
"""

from bisect import bisect_left
from dataclasses import dataclass
from typing import Protocol

from benchmarks.endpointing.evidence import Evidence, Step
from voiceprep.turn_taking.endpointing import Endpointer, EndpointPolicy, Hearing, Verdict

SESSION_ANSWERS = 5
"""Answers of one candidate in a row; what was learnt of the candidate is forgotten after them."""
ONSET_LAG_MS = 200
"""Speech goes on before anybody can know: a decision this soon after a pause still cuts in."""


class Decider(Protocol):
    """One policy at work, for one candidate."""

    def begin(self, answer: Evidence, now_ms: int) -> None:
        """Listening starts, or goes on after a decision that was wrong."""
        ...

    def is_over(self, step: Step) -> bool: ...


class FixedTimeout:
    """So much silence ends an answer, whatever was said."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms

    def begin(self, answer: Evidence, now_ms: int) -> None:
        """Learns nothing."""

    def is_over(self, step: Step) -> bool:
        return not step.is_speech and 0 < step.last_speech_ms <= step.now_ms - self._timeout_ms


class Ours:
    """voiceprep's endpointing; evidence can be withheld."""

    def __init__(
        self,
        policy: EndpointPolicy,
        *,
        has_coverage: bool = True,
        has_turn_model: bool = True,
        is_told: bool = False,
    ) -> None:
        self._endpointer = Endpointer(policy)
        self._is_told = is_told
        self._has_coverage, self._has_turn_model = has_coverage, has_turn_model

    def begin(self, answer: Evidence, now_ms: int) -> None:
        if now_ms and self._is_told:
            self._endpointer.went_on()
        self._endpointer.begin(now_ms, None, answer.answer_seconds * 1000)

    def is_over(self, step: Step) -> bool:
        hearing = Hearing(
            step.now_ms,
            step.is_speech,
            step.last_speech_ms,
            step.text,
            step.through_ms,
            step.is_covered and self._has_coverage,
            step.turn_probability if self._has_turn_model else None,
        )
        return self._endpointer.step(hearing) is Verdict.FINISHED


@dataclass(frozen=True, slots=True)
class Played:
    """What one policy did to one answer. `cuts[i]`: it cut in at `answer.pauses[i]`; `stray_cuts`: elsewhere.

    `delay_ms` is counted from the true end; None when it did not decide while there was audio.
    """

    answer: Evidence
    cuts: tuple[bool, ...]
    stray_cuts: int
    delay_ms: int | None

    @property
    def cut_count(self) -> int:
        return sum(self.cuts) + self.stray_cuts


def play(answer: Evidence, decider: Decider) -> Played:
    """All of one answer; a policy that cuts in goes on listening from the candidate's next word."""
    ends = [pause.end_ms + ONSET_LAG_MS for pause in answer.pauses]
    cuts = [False] * len(ends)
    stray_cuts = 0
    is_waiting = True
    decider.begin(answer, 0)
    for step in answer.steps:
        if step.is_speech:
            is_waiting = True
        if not is_waiting or not decider.is_over(step):
            continue
        if step.now_ms >= answer.end_ms:
            return Played(answer, tuple(cuts), stray_cuts, step.now_ms - answer.end_ms)
        index = bisect_left(ends, step.now_ms)
        if index < len(ends) and answer.pauses[index].start_ms <= step.now_ms:
            cuts[index] = True
        else:
            stray_cuts += 1
        decider.begin(answer, step.now_ms)
        is_waiting = False
    return Played(answer, tuple(cuts), stray_cuts, None)
