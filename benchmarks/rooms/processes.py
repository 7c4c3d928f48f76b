"""What a worker and its rooms cost: processor and memory of a process and everything below it, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu_s` counts processes that have ended too. `pss_mb` is memory with shared pages divided among sharers."""

    cpu_s: float
    pss_mb: float
    process_count: int


def cost_of(pid: int) -> Cost:
    """Of `pid` and all its descendants."""
    pids = [pid, *descendants(pid)]
    return Cost(sum(map(_cpu_s, pids)), sum(map(pss_mb, pids)), len(pids))


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        if stat := _stat(int(path.name)):
            children.setdefault(int(stat[1]), []).append(int(path.name))
    found, waiting = [], list(children.get(pid, ()))
    while waiting:
        child = waiting.pop()
        found.append(child)
        waiting += children.get(child, ())
    return found


def pss_mb(pid: int) -> float:
    """0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _cpu_s(pid: int) -> float:
    stat = _stat(pid)
    return sum(int(value) for value in stat[11:15]) / TICKS_PER_S if stat else 0.0


def _stat(pid: int) -> list[str]:
    """The fields after the program's name: state, parent, …"""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
