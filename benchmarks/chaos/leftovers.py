"""What a run must not leave behind: tasks, sockets, memory."""

import asyncio
import gc
from pathlib import Path


async def left_tasks() -> list[str]:
    """Names of the tasks that nobody awaited, once transports have had a chance to close."""
    gc.collect()
    await asyncio.sleep(0.1)
    current = asyncio.current_task()
    return [task.get_name() for task in asyncio.all_tasks() if task is not current]


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
