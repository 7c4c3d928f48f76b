"""`python -m benchmarks.barge_in [--trials 16] [--engines voiceprep,livekit,pipecat]`: see --help."""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.barge_in.table import Row, detail, make_row, render_table, render_targets
from benchmarks.barge_in.trials import REPLY_S
from benchmarks.peers.candidate import Trial
from benchmarks.peers.comparison import comparison_parser, publish, publish_lines
from benchmarks.peers.emulator import make_emulator
from benchmarks.peers.environments import cache_folder, python_for
from benchmarks.peers.picture import Bar
from benchmarks.peers.runs import (
    Run,
    chosen_settings,
    interleaved,
    load_runs,
    machine,
    run_all,
    save_runs,
)
from benchmarks.peers.utterances import INTERRUPTIONS, open_sounds

SETTINGS = dict.fromkeys(("voiceprep", "livekit", "pipecat"), ("default", "minimum"))
OPENING_MS = 5_500
SECONDS_PER_TRIAL = 30


def read_arguments() -> argparse.Namespace:
    parser = comparison_parser(
        "barge_in",
        "Interruptions of an 8 s reply: onset of the voice to silence at the sink; noises and murmurs.",
        rounds=2,
    )
    parser.add_argument("--trials", type=int, default=16, help="interruptions for each engine and settings")
    parser.add_argument("--others", type=int, default=4, help="early interruptions, noises, murmurs: of each")
    parser.add_argument("--settings", default="", help="only these; `fastest` adds a livekit row")
    parser.add_argument("--more", action="store_true", help="add to what earlier calls measured")
    return parser.parse_args()


def make_trials(count: int, others: int) -> list[Trial]:
    """Real interruptions 2 to 5 s into a reply, early ones, and sounds that want nothing; mixed."""
    trials = [
        Trial("interruption", f"interruption-{index % len(INTERRUPTIONS)}", 2.0 + 3.0 * index / max(count, 1))
        for index in range(count)
    ]
    for index in range(others):
        trials += [
            Trial("noise", "noise", 2.0 + 0.4 * index),
            Trial("murmur-heard", "murmur-heard", 2.2 + 0.4 * index),
            Trial("early", f"interruption-{index % len(INTERRUPTIONS)}", 0.5),
            Trial("murmur-unheard", "murmur-unheard", 2.1 + 0.4 * index),
        ]
    return trials


def main() -> None:
    arguments = read_arguments()
    settings = chosen_settings(arguments.engines.split(","), arguments.settings, SETTINGS)
    for engine in settings:
        python_for(engine)
    folder, kept = cache_folder() / "sounds", cache_folder() / "barge_in_runs.jsonl"
    earlier = load_runs(kept) if arguments.more else []
    emulator = make_emulator(open_sounds(folder), opening_ms=OPENING_MS, rest_ms=round(REPLY_S * 1000) - OPENING_MS)
    before = machine()
    trials = make_trials(arguments.trials, arguments.others)
    jobs: list[tuple[str, str, dict[str, Any]]] = []
    for index, engine, setting in interleaved(settings, arguments.rounds):
        share = [asdict(trial) for trial in trials[index :: arguments.rounds]]
        jobs.append((engine, setting, {"sounds": str(folder), "trials": share}))
    runs = [*earlier, *asyncio.run(run_all(jobs, emulator, SECONDS_PER_TRIAL))]
    save_runs(runs, kept)
    rows = [
        make_row(mine)
        for engine, names in SETTINGS.items()
        for setting in names
        if (mine := [run for run in runs if (run.engine, run.settings) == (engine, setting)])
    ]
    print(f"\n{render_table(rows)}\n\n{render_targets(rows)}")
    for violation in emulator.violations:
        print(f"Protocol rule broken: {violation}")
    write(arguments.results, before, rows, runs)


def write(folder: Path, before: dict[str, object], rows: Sequence[Row], runs: Sequence[Run]) -> None:
    """The rows, every trial behind them, and a picture."""
    bars = [
        Bar(
            row["engine"],
            f"{row['engine']} · {row['settings']}",
            row["interruption"]["silent_ms"]["p50"],
            row["interruption"]["silent_ms"]["p95"],
        )
        for row in rows
        if row["interruption"]["silent_ms"]["p50"] is not None
    ]
    publish_lines(folder / "barge_in_trials.jsonl", detail(runs))
    publish(
        folder / "barge_in",
        before,
        rows,
        "Candidate begins to speak → the reply is silent",
        "onset of the voice to the last sound at the sink",
        bars,
    )


if __name__ == "__main__":
    main()
