"""One interruption of a long reply: when it fell silent, whether it came back, whether it was lost.

Pure: takes what a run reported and what the servers logged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmarks.peers.emulator import OPENINGS, Log
from benchmarks.peers.runs import Run

REPLY_S = 8.0
GAP_S = 0.06
"""A shorter hole is no pause."""
STOPPED_S = 0.5
"""Silence that means the reply has stopped."""
SLACK_S = 0.25
NEW_REPLY_S = 8.0


class Outcome(StrEnum):
    """What became of the reply."""

    WENT_ON = "went_on"
    RESUMED = "resumed"
    LOST = "lost"


@dataclass(frozen=True)
class TrialResult:
    """`silent_ms`: from the true onset to the last sound before silence; None when it never fell silent.

    `resumed_ms`: from the true end of the sound to the reply going on.
    """

    kind: str
    outcome: Outcome
    is_answered: bool
    silent_ms: float | None = None
    resumed_ms: float | None = None


def trial_results(run: Run) -> list[TrialResult]:
    """Every trial of a run."""
    said = run.record["said"]
    untils_s = [*(entry["onset_s"] for entry in said[1:]), float("inf")]
    return [
        _result(entry, until_s, run.record["heard"], run.log)
        for entry, until_s in zip(said, untils_s, strict=True)
        if entry["reply_at_s"] is not None
    ]


def _result(said: Mapping[str, Any], until_s: float, heard: Sequence[Sequence[float]], log: Log) -> TrialResult:
    onset_s, end_s, reply_s = said["onset_s"], said["end_s"], said["reply_at_s"]
    runs = [(start, end) for start, end in heard if end > reply_s and start < until_s]
    new_reply = [
        speech.arrived_s
        for speech in log.speeches
        if onset_s < speech.arrived_s < min(until_s, onset_s + NEW_REPLY_S) and _is_opening(speech.text)
    ]
    silent_s = _silent_from(runs, onset_s, GAP_S)
    resumed_s = None if silent_s is None else next((start for start, _ in runs if start > silent_s), None)
    played_s = sum(end - start for start, end in runs)
    if new_reply or played_s < REPLY_S - SLACK_S:
        outcome = Outcome.LOST
    elif silent_s is None or silent_s - reply_s >= REPLY_S - SLACK_S:
        outcome = Outcome.WENT_ON
    else:
        outcome = Outcome.RESUMED
    stopped_s = _silent_from(runs, onset_s, STOPPED_S)
    is_stop = stopped_s is not None and (outcome is Outcome.LOST or outcome is Outcome.RESUMED)
    return TrialResult(
        said["kind"],
        outcome,
        is_answered=bool(new_reply),
        silent_ms=(stopped_s - onset_s) * 1000 if is_stop and stopped_s is not None else None,
        resumed_ms=(resumed_s - end_s) * 1000 if outcome is Outcome.RESUMED and resumed_s is not None else None,
    )


def _is_opening(text: str) -> bool:
    """The first sentence of a reply: worded by the model, or a brief as written."""
    return text.strip() in OPENINGS


def _silent_from(runs: Sequence[tuple[float, float]], onset_s: float, gap_s: float) -> float | None:
    """When sound that lasted at the onset ended for at least `gap_s`."""
    for index, (start, end) in enumerate(runs):
        following_s = runs[index + 1][0] if index + 1 < len(runs) else float("inf")
        lasted = start <= onset_s < end or (start > onset_s and index > 0)
        if lasted and following_s - end >= gap_s:
            return end
    return None
