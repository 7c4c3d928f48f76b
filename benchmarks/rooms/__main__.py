"""`python -m benchmarks.rooms [--rooms 1,4,10] [--workers 1] [--kill 4]`: what rooms cost, and what a kill does.

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
from benchmarks.rooms.runs import KillRun, RoomsRun, run_kill, run_rooms

RESULTS = Path(__file__).parents[1] / "results" / "rooms.json"
GROWTH_MAX = 1.5
CPU_MAX_S = 6.0
SILENCE_MAX_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rooms", description=__doc__)
    parser.add_argument("--rooms", default="1,4,10", help="how many at once, one run each; empty for none")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--questions", type=int, default=1)
    parser.add_argument("--kill", type=int, default=0, help="kill a worker that holds so many rooms")
    arguments = parser.parse_args()
    before = machine()
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
    print("\n".join(render_targets(runs, kill)))
    write(before, runs, kill)


def render_run(run: RoomsRun) -> str:
    return (
        f"{run.room_count:>3} rooms, {run.worker_count} worker(s): replies at the ear "
        f"{_percentiles(run.ear_ms)} ms, in the record {_percentiles(run.journal_ms)} ms (P50 / P95, n="
        f"{len(run.ear_ms)}); CPU {run.cpu_s_per_minute:.1f} s a room and minute; memory {run.pss_mb:.0f} MB each; "
        f"failures {len(run.failures)} {' '.join(run.failures)}"
    )


def render_kill(kill: KillRun) -> str:
    seconds = ", ".join(f"{each:.1f}" for each in sorted(kill.silence_s))
    lost = "; ".join(kill.lost) or "nothing"
    return f"Worker of {kill.room_count} rooms killed: next words after {seconds} s; lost: {lost}"


def render_targets(runs: Sequence[RoomsRun], kill: KillRun | None) -> list[str]:
    lines = []
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


def write(before: dict[str, object], runs: Sequence[RoomsRun], kill: KillRun | None) -> None:
    """Add to what earlier calls measured, a row a number of rooms and workers."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"rooms": {}, "kill": None}
    for run in runs:
        kept["rooms"][f"{run.room_count} rooms, {run.worker_count} workers"] = asdict(run)
    kept["machine"] = before
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
