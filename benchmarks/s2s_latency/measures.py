"""What one run of one client shows, from its own record and the server's log.

Pure. Times are seconds of the machine's monotonic clock in, milliseconds out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peers.realtime_emulator import RealtimeLog

SOON_S = 1.0
GAP_S = 0.06
"""A shorter hole is no silence."""


@dataclass(frozen=True)
class Run:
    """`kind`: interruptions, answers or opening."""

    kind: str
    engine: str
    settings: str
    spawned_s: float
    record: Mapping[str, Any]
    log: RealtimeLog


@dataclass
class Measures:
    """Each value one occasion. `late`: sounds of a reply heard after it had fallen silent for an interruption."""

    first_delta_ms: list[float] = field(default_factory=list)
    """First audio of a reply leaves the server → the client hands it to its sink."""
    started_ms: list[float] = field(default_factory=list)
    """"The candidate speaks" leaves the server → the last sound at the sink."""
    onset_ms: list[float] = field(default_factory=list)
    """The candidate really begins to speak → the last sound at the sink."""
    turn_ms: list[float] = field(default_factory=list)
    """The candidate's last word ends → the reply is heard."""
    cut_ins: int = 0
    late: int = 0
    not_stopped: int = 0


def measure(run: Run) -> Measures:
    found = Measures()
    heard, handed = run.record["heard"], run.record["handed"]
    firsts = sorted(pieces[0] for pieces in run.log.replies.values())
    for first_s in firsts:
        at_s = next((at for at in handed if first_s <= at < first_s + SOON_S), None)
        if at_s is not None:
            found.first_delta_ms.append((at_s - first_s) * 1000)
    for said in run.record["said"]:
        if said["kind"] == "interruption":
            _interruption(said, heard, run.log.started, firsts, found)
        elif said["kind"] == "answer":
            _answer(said, heard, found)
    return found


def _interruption(
    said: Mapping[str, Any],
    heard: Sequence[Sequence[float]],
    started: Sequence[float],
    firsts: Sequence[float],
    found: Measures,
) -> None:
    onset_s = said["onset_s"]
    begun = [(start, end) for start, end in heard if start <= onset_s]
    if not begun or begun[-1][1] <= onset_s:
        return  # the reply was over before it could be interrupted
    next_s = next((first for first in firsts if first > onset_s), float("inf"))
    silent_s = begun[-1][1]
    for start, end in heard:
        if start > onset_s and start - silent_s < GAP_S:
            silent_s = end
    if silent_s - onset_s > SOON_S:
        found.not_stopped += 1
        return
    found.onset_ms.append((silent_s - onset_s) * 1000)
    started_s = next((at for at in started if at >= onset_s), None)
    if started_s is not None:
        found.started_ms.append((silent_s - started_s) * 1000)
    found.late += sum(silent_s < start < next_s for start, _ in heard)


def _answer(said: Mapping[str, Any], heard: Sequence[Sequence[float]], found: Measures) -> None:
    onset_s, end_s = said["onset_s"], said["end_s"]
    if any(onset_s < start < end_s for start, _ in heard):
        found.cut_ins += 1
        return
    start_s = next((start for start, _ in heard if start >= end_s), None)
    if start_s is not None:
        found.turn_ms.append((start_s - end_s) * 1000)
