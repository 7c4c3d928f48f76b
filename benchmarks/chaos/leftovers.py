"""What a run must not leave behind: tasks, sockets, memory."""

import asyncio
import gc
from pathlib import Path

CLOSING_S = 5.0


async def left_tasks() -> list[str]:
    """Names of the tasks that nobody awaits and that do not end; those of transports that close are given time."""
    gc.collect()
    await asyncio.sleep(0.1)
    current = asyncio.current_task()
    tasks = {task for task in asyncio.all_tasks() if task is not current}
    left = (await asyncio.wait(tasks, timeout=CLOSING_S))[1] if tasks else set()
    return [task.get_name() for task in left]


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def open_sockets() -> int:
    """Sockets this process holds; 0 where there is no /proc."""
    total = 0
    for link in Path("/proc/self/fd").glob("*"):
        try:
            total += str(link.readlink()).startswith("socket:")
        except OSError:
            continue
    return total
