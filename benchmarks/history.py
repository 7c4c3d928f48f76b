"""10,000 sessions on disk: how fast the index is made, and how long `report last`, `history` and `due` take.

`python -m benchmarks.history [COUNT]` makes the sessions in a temporary folder, prints each figure beside its
target and exits 1 when one is missed. Whole commands are timed, starting Python included.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.made_sessions import Size, make_many
from voiceprep.practice.deck import update_cards
from voiceprep.recordings.index import FRESH_NS, INDEX_NAME, open_index

FIRST_AT = datetime(2023, 1, 1, tzinfo=UTC)
SIZE = Size(question_count=5, words_per_answer=100)
RUNS = 11
COMMAND_MS_MAX = 300
SESSIONS_PER_S_MIN = 500
COMMANDS = (
    ("report", "last"),
    ("history",),
    ("history", "--search", "dictionary keys"),
    ("history", "--topic", "concurrency", "--sort", "best"),
    ("due",),
    ("progress",),
)


def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as made:
        recordings = Path(made)
        began_s = time.perf_counter()
        for _ in make_many(recordings, count, SIZE, FIRST_AT):
            pass
        print(f"{count} sessions made in {time.perf_counter() - began_s:.0f} s: {SIZE}")
        _wait_until_old(recordings)
        is_met = _index(recordings, count)
        for command in COMMANDS:
            took_ms = _median_ms(command, recordings)
            is_fast = took_ms < COMMAND_MS_MAX
            is_met &= is_fast or command[0] == "progress"
            target = f"target {COMMAND_MS_MAX}" if command[0] != "progress" else "no target"
            print(f"{' '.join(command):45} {took_ms:6.0f} ms (median of {RUNS}, {target})")
    return 0 if is_met else 1


def _wait_until_old(recordings: Path) -> None:
    """The index reads folders again that have just changed; an hour later nobody would see that."""
    newest_ns = max(folder.stat().st_mtime_ns for folder in recordings.iterdir())
    time.sleep(max(0.0, (newest_ns + FRESH_NS - time.time_ns()) / 1e9) + 0.1)


def _index(recordings: Path, count: int) -> bool:
    began_s = time.perf_counter()
    with open_index(recordings, is_new=True) as index:
        read_s = time.perf_counter() - began_s
        update_cards(index)
    whole_s = time.perf_counter() - began_s
    size_mb = (recordings / INDEX_NAME).stat().st_size / 1e6
    print(f"index made anew: {count / read_s:.0f} sessions/s (target {SESSIONS_PER_S_MIN}), {size_mb:.0f} MB")
    print(f"index and schedule: {count / whole_s:.0f} sessions/s")
    began_s = time.perf_counter()
    with open_index(recordings):
        pass
    print(f"opened without changes: {(time.perf_counter() - began_s) * 1000:.0f} ms")
    return count / read_s >= SESSIONS_PER_S_MIN


def _median_ms(command: tuple[str, ...], recordings: Path) -> float:
    """Of whole commands, each in a process of its own."""
    times_ms = []
    for _ in range(RUNS):
        began_s = time.perf_counter()
        line = [sys.executable, "-m", "voiceprep", *command, "--recordings", str(recordings)]
        subprocess.run(line, check=True, capture_output=True, timeout=60)
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(times_ms)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
