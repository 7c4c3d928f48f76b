"""Many sessions of which the worst is made, each from a seed of its own.

`python -m benchmarks.chaos [--sessions 20] [--seed N]` prints what happened and every complaint with the command
that repeats it; 1 when there was any. `--sessions 1000 --processes 2` is the nightly length; with `--results FILE`
the same command goes on after a run that was broken off, and counts only what the same commit played.
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.results import code_version, load_results, summary
from benchmarks.chaos.running import play_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of the first session; by chance without")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--results", type=Path, help="a file that keeps what became of each, to go on later")
    options = parser.parse_args()
    first = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    seeds, code = range(first, first + options.sessions), code_version()
    print(f"seeds {seeds[0]} to {seeds[-1]}, code {code}", flush=True)
    with tempfile.TemporaryDirectory(prefix="chaos-results-") as place:
        file = options.results or Path(place) / "results.jsonl"
        play_all(seeds, options.processes, code, file)
        results = list(load_results(file, code, seeds).values())
    print("\n".join(summary(results, seeds, code)))
    return 1 if any(result.complaints for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
