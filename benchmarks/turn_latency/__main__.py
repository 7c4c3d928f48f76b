"""`python -m benchmarks.turn_latency [--turns 30] [--engines voiceprep,livekit,pipecat]`: see --help.

Makes what it needs, runs every engine against one loopback emulator, prints the table and writes the results.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.comparison import comparison_parser, publish, publish_lines
from benchmarks.peers.emulator import make_emulator
from benchmarks.peers.environments import cache_folder, python_for
from benchmarks.peers.picture import Bar
from benchmarks.peers.runs import (
    ON_REQUEST,
    SETTINGS,
    Run,
    chosen_settings,
    interleaved,
    load_runs,
    machine,
    run_all,
    save_runs,
)
from benchmarks.peers.utterances import ANSWERS, open_sounds
from benchmarks.turn_latency.table import Row, detail, make_row, render_table, render_targets

OPENING_MS, REST_MS = 900, 700
SECONDS_PER_TURN = 16


def read_arguments() -> argparse.Namespace:
    parser = comparison_parser(
        "turn_latency",
        "End of true speech to first audio: voiceprep, LiveKit Agents and Pipecat on the same work.",
        rounds=3,
    )
    parser.add_argument("--turns", type=int, default=30, help="answers for each engine and settings")
    parser.add_argument("--settings", default="", help="only these; `fastest` adds a livekit row")
    parser.add_argument("--more", action="store_true", help="add to what earlier calls measured, go on from there")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    settings = chosen_settings(arguments.engines.split(","), arguments.settings)
    for engine in settings:
        python_for(engine)
    folder, kept = cache_folder() / "sounds", cache_folder() / "turn_latency_runs.jsonl"
    earlier = load_runs(kept) if arguments.more else []
    emulator = make_emulator(open_sounds(folder), opening_ms=OPENING_MS, rest_ms=REST_MS)
    before = machine()
    jobs = [
        (engine, setting, _job(folder, arguments.turns, arguments.rounds, index, _turns(earlier, engine, setting)))
        for index, engine, setting in interleaved(settings, arguments.rounds)
    ]
    runs = [*earlier, *asyncio.run(run_all(jobs, emulator, SECONDS_PER_TURN))]
    save_runs(runs, kept)
    rows = [
        make_row(mine)
        for engine, names in SETTINGS.items()
        for setting in (*names, *ON_REQUEST.get(engine, ()))
        if (mine := [run for run in runs if (run.engine, run.settings) == (engine, setting)])
    ]
    print(f"\n{render_table(rows)}\n\n{render_targets(rows)}")
    for violation in emulator.violations:
        print(f"Protocol rule broken: {violation}")
    write(arguments.results, before, rows, runs)


def _turns(runs: Sequence[Run], engine: str, setting: str) -> int:
    return sum(len(run.record["said"]) for run in runs if (run.engine, run.settings) == (engine, setting))


def _job(folder: Path, turns: int, rounds: int, index: int, first: int) -> dict[str, Any]:
    """The share of one round, going on in the list of answers where the round before stopped."""
    edges = [first + turns * place // rounds for place in (index, index + 1)]
    return {"sounds": str(folder), "answers": [f"answer-{turn % len(ANSWERS)}" for turn in range(*edges)]}


def write(folder: Path, before: dict[str, object], rows: Sequence[Row], runs: Sequence[Run]) -> None:
    """The rows, every turn behind them, and a picture."""
    bars = [
        Bar(
            row["engine"],
            f"{row['engine']} · {row['settings']}",
            row["total_ms"]["p50"],
            row["total_ms"]["p95"],
            f"· {row['cut_ins']} cut-ins" if row["cut_ins"] else "",
        )
        for row in rows
        if row["total_ms"]["p50"] is not None
    ]
    publish_lines(folder / "turn_latency_turns.jsonl", detail(runs))
    publish(
        folder / "turn_latency",
        before,
        rows,
        "End of speech → first audio of the reply",
        "same audio, same loopback servers",
        bars,
    )


if __name__ == "__main__":
    main()
