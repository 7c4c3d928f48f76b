"""Many sessions of which the worst is made, each from a seed of its own.

`python -m benchmarks.chaos [--sessions 20] [--seed N]` prints what happened and every complaint with the command
that repeats it; 1 when there was any. `--sessions 1000` is the nightly length.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.chaos.playing import Played, play
from benchmarks.chaos.story import draw


def played(first_seed: int, count: int, tell: Callable[[str], None] = print) -> Iterator[Played]:
    """The stories of so many seeds, one after another; complaints are told at once."""
    for seed in range(first_seed, first_seed + count):
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            done = play(draw(seed), Path(folder))
        for complaint in done.complaints:
            tell(f"✗ seed {seed}, {done.story.name}, {'; '.join([*done.blows, *done.ends])}: {complaint}")
        if done.complaints:
            tell(f"  again: python -m benchmarks.chaos --sessions 1 --seed {seed}")
        yield done


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="of the first session; by chance without")
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seeds {seed} to {seed + options.sessions - 1}", flush=True)
    started_s = time.monotonic()
    ends: Counter[str] = Counter()
    names: Counter[str] = Counter()
    blow_count = bad_count = 0
    for done in played(seed, options.sessions, lambda line: print(line, flush=True)):
        ends.update(done.ends)
        names[done.story.name] += 1
        blow_count += len(done.blows)
        bad_count += bool(done.complaints)
    for what, times in ends.most_common():
        print(f"{times:6}  {what}")
    print(f"{names.total():6}  sessions ({', '.join(f'{name} {n}' for name, n in names.most_common())})")
    print(f"{blow_count:6}  faults of providers; {time.monotonic() - started_s:.0f} s")
    print(f"{bad_count:6}  unrecoverable, inconsistent, wrongly marked or hung")
    return 1 if bad_count else 0


if __name__ == "__main__":
    sys.exit(main())
