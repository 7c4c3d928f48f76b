"""Each single call to the disk of a whole interview fails in three ways: a clear error, and a folder that recovers?

`python -m benchmarks.disk_faults [--sample N] [--minutes N] [--workers N] [--state FILE]` tries every call, or N of
each way, in an order that is mixed but always the same, and prints what came of it; 1 when there was any complaint.
With `--state` a run that was broken off, or that ended after `--minutes`, goes on.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

from tests.consistency import inconsistencies
from tests.faulty_disk import Fault, FaultyDisk
from tests.killed_session import hold_scripted
from voiceprep.errors import RecordingError
from voiceprep.recordings.disk import Disk
from voiceprep.recordings.folder import session_folders
from voiceprep.wiring.records import finish, recover_folder

LIMIT_S = 300.0
FINE, NOT_REACHED = "fine", "not reached"


def hold_and_finish(recordings: Path, disk: Disk) -> None:
    """The real engine, then everything derived. Raises RecordingError, TimeoutError."""

    async def hold() -> Path:
        async with asyncio.timeout(LIMIT_S):
            return await hold_scripted(recordings, disk=disk)

    finish(asyncio.run(hold()), disk)


def count_calls() -> int:
    """How many calls a session makes whose disk works."""
    disk = FaultyDisk()
    with tempfile.TemporaryDirectory(prefix="disk-faults-") as place:
        hold_and_finish(Path(place) / "whole", disk)
    return len(disk.calls)


def play(fault: Fault, at: int) -> str:
    """A session whose disk fails at call `at`: FINE, NOT_REACHED where there was no such call, or what is wrong."""
    disk = FaultyDisk(at, fault)
    with tempfile.TemporaryDirectory(prefix="disk-faults-") as place:
        recordings = Path(place) / "recordings"
        try:
            hold_and_finish(recordings, disk)
        except RecordingError as error:
            if not error.hint:
                return f"says nothing about what to do: {error.message}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        else:
            return NOT_REACHED if len(disk.calls) <= at else "no error"
        return _recover_all(recordings)


def _recover_all(recordings: Path) -> str:
    for folder in session_folders(recordings):
        try:
            recover_folder(folder)
        except RecordingError as error:
            return f"unrecoverable: {error.message}"
        found = inconsistencies(folder)
        if found:
            return f"inconsistent: {'; '.join(found)}"
    return FINE


def _play(case: tuple[str, int]) -> tuple[str, int, str]:
    fault, at = case
    return fault, at, play(Fault[fault], at)


def _cases(count: int, sample: int) -> list[tuple[str, int]]:
    """Mixed, so that those of a run that was broken off are a fair sample of all."""
    calls = list(range(count))
    random.Random(1).shuffle(calls)
    return [(fault.name, at) for at in calls[: sample or count] for fault in Fault]


def _known(state: Path | None) -> dict[tuple[str, int], str]:
    """What an earlier run found; a line each: fault, call, what came of it."""
    if state is None or not state.exists():
        return {}
    lines = (line.split("\t", 2) for line in state.read_text(encoding="utf-8").splitlines())
    return {(line[0], int(line[1])): line[2] for line in lines if len(line) == 3}


def played(cases: list[tuple[str, int]], workers: int) -> Iterator[tuple[str, int, str]]:
    with get_context("spawn").Pool(workers, maxtasksperchild=100) as pool:
        yield from pool.imap_unordered(_play, cases)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disk_faults", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="so many calls of each way to fail; 0: every one")
    parser.add_argument("--minutes", type=float, default=0.0, help="end after so long; 0: when all are tried")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--state", type=Path, default=None, help="a file that keeps what was found")
    options = parser.parse_args()
    started_s = time.monotonic()
    count = count_calls()
    cases = _cases(count, options.sample)
    known = _known(options.state)
    results = {case: known[case] for case in cases if case in known}
    print(f"{count} calls, {len(Fault)} ways to fail, {len(cases)} cases, {len(results)} known already", flush=True)
    for fault, at, result in played([case for case in cases if case not in results], options.workers):
        results[fault, at] = result
        if result not in (FINE, NOT_REACHED):
            print(f"✗ {fault} at call {at}: {result}", flush=True)
        if options.state is not None:
            with options.state.open("a", encoding="utf-8") as kept:
                kept.write(f"{fault}\t{at}\t{result}\n")
        if options.minutes and time.monotonic() - started_s > options.minutes * 60:
            break
    counted = Counter(result if result in (FINE, NOT_REACHED) else "wrong" for result in results.values())
    for what in (FINE, NOT_REACHED, "wrong"):
        print(f"{counted[what]:6}  {what}")
    print(f"{len(results):6}  of {len(cases)} failing sessions tried, in {time.monotonic() - started_s:.0f} s")
    return 1 if counted["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
