"""`python -m benchmarks.rooms [--rooms 1,4,10] [--workers 1] [--direct] [--kill 4]`: what they cost, what kills do.

Builds the LiveKit server when there is none. Engines are the embedded ones: recognising and speaking are in it.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.peers.runs import machine
from benchmarks.rooms.answers import NO_IDEA, say
from benchmarks.rooms.direct import run_direct
from benchmarks.rooms.runs import BANK, KillRun, RoomsRun, run_kill, run_rooms

RESULTS = Path(__file__).parents[1] / "results" / "rooms.json"
ADDED_MAX_MS = 40.0
GROWTH_MAX = 1.5
CPU_MAX_S = 6.0
SILENCE_MAX_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rooms", description=__doc__)
    parser.add_argument("--rooms", default="1,4,10", help="how many at once, one run each; empty for none")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--questions", type=int, default=1)
    parser.add_argument("--direct", action="store_true", help="the same interview without a room, to compare")
    parser.add_argument("--kill", type=int, default=0, help="kill a worker that holds so many rooms")
    arguments = parser.parse_args()
    before = machine()
    direct_ms: list[float] = []
    if arguments.direct:
        say(NO_IDEA)  # the voice is loaded before the clock runs
        with tempfile.TemporaryDirectory() as folder:
            direct_ms = asyncio.run(run_direct(Path(folder), BANK, arguments.questions, 0))
        print(f"Directly: replies {_percentiles(direct_ms)} ms (P50 / P95, n={len(direct_ms)})", flush=True)
    runs: list[RoomsRun] = []
    for count in filter(None, arguments.rooms.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(asyncio.run(run_rooms(Path(folder), int(count), arguments.workers, arguments.questions)))
        print(render_run(runs[-1]), flush=True)
    kill = None
    if arguments.kill:
        with tempfile.TemporaryDirectory() as folder:
            kill = asyncio.run(run_kill(Path(folder), arguments.kill))
        print(render_kill(kill), flush=True)
    print("\n".join(render_targets(direct_ms, runs, kill)))
    write(before, direct_ms, runs, kill)


def render_run(run: RoomsRun) -> str:
    return (
        f"{run.room_count:>3} rooms, {run.worker_count} worker(s): replies at the ear "
        f"{_percentiles(run.ear_ms)} ms, in the record {_percentiles(run.journal_ms)} ms (P50 / P95, n="
        f"{len(run.ear_ms)}); CPU {run.cpu_s_per_minute:.1f} s a room and minute, {run.whole_cpu_s:.0f} s a whole "
        f"interview; memory {run.pss_mb:.0f} MB a room, the worker's included; "
        f"failures {len(run.failures)} {' '.join(run.failures)}"
    )


def render_kill(kill: KillRun) -> str:
    seconds = ", ".join(f"{each:.1f}" for each in sorted(kill.silence_s))
    lost = "; ".join(kill.lost) or "nothing"
    return f"Worker of {kill.room_count} rooms killed: next words after {seconds} s; lost: {lost}"


def render_targets(direct_ms: Sequence[float], runs: Sequence[RoomsRun], kill: KillRun | None) -> list[str]:
    lines = []
    if direct_ms and runs:
        added_ms = _percentile(runs[0].ear_ms, 50) - _percentile(direct_ms, 50)
        lines.append(f"{_verdict(added_ms <= ADDED_MAX_MS)} a room adds {added_ms:.0f} ms, both ways (P50)")
    if len(runs) > 1:
        growth = _percentile(runs[-1].ear_ms, 95) / _percentile(runs[0].ear_ms, 95)
        lines.append(
            f"{_verdict(growth <= GROWTH_MAX)} P95 of {runs[-1].room_count} rooms is {growth:.2f} × of one"
        )
    lines += [
        f"{_verdict(run.cpu_s_per_minute <= CPU_MAX_S)} {run.room_count} rooms: {run.cpu_s_per_minute:.1f} s CPU"
        f" a room and minute (at most {CPU_MAX_S:g})"
        for run in runs
    ]
    if kill is not None:
        worst = max(kill.silence_s)
        lines.append(f"{_verdict(worst <= SILENCE_MAX_S and not kill.lost)} all rooms go on within {worst:.1f} s")
    return lines


def write(
    before: dict[str, object], direct_ms: Sequence[float], runs: Sequence[RoomsRun], kill: KillRun | None
) -> None:
    """Add to what earlier calls measured, a row a number of rooms and workers."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"rooms": {}, "kill": None}
    for run in runs:
        kept["rooms"][f"{run.room_count} rooms, {run.worker_count} workers"] = asdict(run)
    kept["machine"] = before
    if direct_ms:
        kept["direct_ms"] = list(direct_ms)
    if kill is not None:
        kept["kill"] = asdict(kill)
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _verdict(is_met: bool) -> str:
    return "met   " if is_met else "MISSED"


def _percentile(values: Sequence[float], share: float) -> float:
    return float(np.percentile(values, share)) if len(values) else float("nan")


def _percentiles(values: Sequence[float]) -> str:
    return f"{_percentile(values, 50):.0f} / {_percentile(values, 95):.0f}"


if __name__ == "__main__":
    main()
