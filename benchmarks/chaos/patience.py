"""Waiting that does not count the time in which other programs had the processors, so that nothing seems to hang
on a busy machine."""

import asyncio
import time
from pathlib import Path

SCHEDSTAT = Path("/proc/self/schedstat")


async def is_over(limit_s: float) -> None:
    """Return when this process has worked or slept for so long."""
    begun_s, left_s = own_time_s(), limit_s
    while left_s > 0:
        await asyncio.sleep(left_s)
        left_s = limit_s - (own_time_s() - begun_s)


def own_time_s() -> float:
    """Wall time, less what the first thread waited for a processor where the system counts that."""
    waited_ns = int(SCHEDSTAT.read_text().split()[1]) if SCHEDSTAT.exists() else 0
    return time.monotonic() - waited_ns / 1e9
