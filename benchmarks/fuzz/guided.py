"""Coverage-guided fuzzing by atheris, a child a target.

Atheris is no dependency of the tests: `make fuzz` installs it from a lock of its own.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.fuzz.targets import Target

MEMORY_MB_MAX = 2_000
SLOW_S = 20
INPUT_BYTES_MAX = 20_000


def fuzz_all(targets: Sequence[Target], minutes: float, faults: Path | None) -> bool:
    """Whether no target was harmed; the time is shared out evenly."""
    if find_spec("atheris") is None:
        print("atheris is not installed (make fuzz does that): NOT RUN")
        return False
    is_clean = True
    for target in targets:
        seconds = max(1, round(minutes * 60 / len(targets)))
        is_clean &= fuzz(target, seconds, faults)
    return is_clean


def fuzz(target: Target, seconds: int, faults: Path | None) -> bool:
    """One child; what it found is kept in `faults`."""
    with tempfile.TemporaryDirectory() as place:
        corpus = Path(place) / "corpus"
        corpus.mkdir()
        for number, data in enumerate((*target.seeds(), *target.kept())):
            (corpus / f"seed-{number}").write_bytes(data)
        found = (faults or Path(place)) / target.name
        found.mkdir(parents=True, exist_ok=True)
        options = (
            f"-max_total_time={seconds}",
            f"-rss_limit_mb={MEMORY_MB_MAX}",
            f"-timeout={SLOW_S}",
            f"-max_len={INPUT_BYTES_MAX}",
            f"-artifact_prefix={found}/",
            "-print_final_stats=1",
        )
        program = (sys.executable, "-m", "benchmarks.fuzz.child", target.name, *options, str(corpus))
        done = subprocess.run(program, capture_output=True, text=True, errors="replace", check=False)
    told = {name: int(value) for name, value in re.findall(r"stat::(\w+):\s+(\d+)", done.stderr)}
    edges = re.findall(r"\bcov: (\d+)", done.stderr)
    print(
        f"{target.name:<9} {told.get('number_of_executed_units', 0):>8} inputs by atheris in {seconds} s, "
        f"{told.get('new_units_added', 0)} new ways, {edges[-1] if edges else 0} edges, "
        f"peak {told.get('peak_rss_mb', 0)} MB: {'clean' if done.returncode == 0 else 'FAULT'}",
        flush=True,
    )
    if done.returncode:
        print(done.stderr[-3_000:], flush=True)
    return done.returncode == 0
