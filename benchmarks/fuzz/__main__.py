"""`python -m benchmarks.fuzz [--inputs 1200000] [--minutes 10] [--targets bank,nova] [--seed 1]`

Mutated inputs for every target, `--inputs` of them shared out, a million being banks and messages of providers;
then `--minutes` of coverage-guided fuzzing by atheris, which `make fuzz` installs. Prints what became of them;
exits 1 at an exception, a hang or runaway memory.
"""

import argparse
import resource
import sys
import time
import traceback
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from benchmarks.fuzz import guided
from benchmarks.fuzz.targets import BY_NAME, TARGETS, Target

MEMORY_BYTES_MAX = 3_000_000_000
SLOW_S = 5.0
"""Of processor time."""
KINDS_SHOWN = 12


@dataclass
class Tally:
    """Of one target."""

    name: str
    inputs: int = 0
    calls: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        return (
            f"{self.name:<9} {self.inputs:>8} inputs in {self.calls:>7} calls ({self.refused} refused): "
            f"{sum(self.faults.values())} exceptions, slowest {self.slowest_s * 1000:.0f} ms ({self.seconds:.0f} s)"
        )


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz")
    parser.add_argument("--inputs", type=int, default=1_200_000, help="mutated ones, over all targets")
    parser.add_argument("--minutes", type=float, default=0.0, help="of atheris, over all targets")
    parser.add_argument("--targets", default=",".join(BY_NAME))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=Path, help="a folder for the inputs that did harm")
    return parser.parse_args()


def fuzz(target: Target, inputs: int, seed: int, faults: Path | None) -> Tally:
    """At least so many inputs; every kind of fault is shown once."""
    tally = Tally(target.name)
    source = target.source(seed, target.seeds())
    for data in target.seeds():
        target.accepts(data)  # what is imported late is not timed
    waiting = target.kept()
    began_s = time.monotonic()
    while tally.inputs < inputs:
        data, count = (waiting.pop(), 1) if waiting else source.make()
        tally.inputs += count
        tally.calls += 1
        call_s = time.process_time()
        try:
            tally.refused += not target.accepts(data)
        except Exception as error:  # what it looks for
            note(tally, error, data, faults)
        took_s = time.process_time() - call_s
        tally.slowest_s = max(tally.slowest_s, took_s)
        if took_s > SLOW_S:
            note(tally, TimeoutError(f"took {took_s:.0f} s"), data, faults)
    tally.seconds = time.monotonic() - began_s
    return tally


def note(tally: Tally, error: Exception, data: bytes, faults: Path | None) -> None:
    """Count a fault; a kind that is new is printed, and its input kept."""
    last = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
    kind = f"{type(error).__name__} in {last.filename.rpartition('/')[2]}:{last.lineno}" if last else repr(error)
    tally.faults[kind] = tally.faults.get(kind, 0) + 1
    if tally.faults[kind] == 1 and len(tally.faults) <= KINDS_SHOWN:
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "voiceprep/" in frame.filename]
        where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(ours[-3:]))
        print(f"{tally.name}: {kind}: {str(error)[:160]!r} [{where}] input {data[:80]!r}", flush=True)
        if faults is not None:
            (faults / tally.name).mkdir(parents=True, exist_ok=True)
            (faults / tally.name / sha256(data).hexdigest()[:12]).write_bytes(data)


def peak_mb() -> float:
    """Of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def main() -> None:
    arguments = read_arguments()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    wanted = [target for target in TARGETS if target.name in arguments.targets.split(",")]
    shares = sum(target.share for target in wanted)
    tallies = []
    for target in wanted:
        inputs = arguments.inputs * target.share // shares
        tallies.append(fuzz(target, inputs, arguments.seed, arguments.faults))
        print(f"{tallies[-1].line()}, peak {peak_mb():.0f} MB", flush=True)
    counts = {target.name: tally.inputs for target, tally in zip(wanted, tallies, strict=True)}
    asked = sum(counts[target.name] for target in wanted if target.name == "bank" or target.is_message)
    print(
        f"{'all':<9} {sum(counts.values()):>8} inputs, {asked} of them banks and messages, peak {peak_mb():.0f} MB",
        flush=True,
    )
    is_clean = not any(tally.faults for tally in tallies)
    if arguments.minutes:
        is_clean &= guided.fuzz_all(wanted, arguments.minutes, arguments.faults)
    sys.exit(not is_clean)


if __name__ == "__main__":
    main()
