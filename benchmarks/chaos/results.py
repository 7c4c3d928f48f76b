"""What became of each session, a line of JSON each: a run that was broken off goes on, and several make one figure.

Must not know how a session is played.
"""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Result:
    """Of one seed, played by one version of the code. `cpu_s`: processor time, that of its children included."""

    code: str
    seed: int
    name: str
    ends: tuple[str, ...]
    blows: tuple[str, ...]
    complaints: tuple[str, ...]
    cpu_s: float

    def lines(self) -> Iterator[str]:
        """The complaints, and how to hear them again."""
        for complaint in self.complaints:
            yield f"✗ seed {self.seed}, {self.name}, {'; '.join([*self.blows, *self.ends])}: {complaint}"
        if self.complaints:
            yield f"  again: python -m benchmarks.chaos --sessions 1 --seed {self.seed}"


def code_version() -> str:
    """The commit that is played, with a `+` when files differ from it; `unknown` without git."""
    try:
        commit = _git("rev-parse", "--short=10", "HEAD")
        return f"{commit}{'+' if _git('status', '--porcelain', '--untracked-files=no') else ''}"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def append_result(file: Path, result: Result) -> None:
    """One line in one write, so that several processes can share the file."""
    line = json.dumps(asdict(result), ensure_ascii=False).encode() + b"\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def load_results(file: Path, code: str, seeds: Sequence[int]) -> dict[int, Result]:
    """Seed → what this version of the code made of it, for those of `seeds` that were played. Of two, the first."""
    found: dict[int, Result] = {}
    wanted = frozenset(seeds)
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        content = json.loads(line)
        if content["code"] == code and content["seed"] in wanted:
            texts = {name: tuple(content[name]) for name in ("ends", "blows", "complaints")}
            found.setdefault(content["seed"], Result(**content | texts))
    return found


def summary(results: Sequence[Result], seeds: Sequence[int], code: str) -> list[str]:
    """One figure for all of them."""
    ends = Counter(end for result in results for end in result.ends)
    names = Counter(result.name for result in results)
    bad = [str(result.seed) for result in results if result.complaints]
    blow_count, cpu_s = sum(len(result.blows) for result in results), sum(result.cpu_s for result in results)
    kinds = ", ".join(f"{name} {count}" for name, count in names.most_common())
    return [
        *(f"{times:6}  {what}" for what, times in ends.most_common()),
        f"{blow_count:6}  faults of providers",
        f"{len(results):6}  sessions ({kinds}), seeds {seeds[0]} to {seeds[-1]}, code {code}, "
        f"{cpu_s:.0f} s of processor",
        f"{len(bad):6}  unrecoverable, inconsistent, wrongly marked or hung"
        + (f": seeds {', '.join(bad)}" if bad else ""),
    ]
