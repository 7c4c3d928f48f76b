"""How fast a source without a clock of its own hands out its blocks: as life does, or as fast as the work allows.

Must not know what is in the blocks.
"""

import asyncio
from typing import Protocol

from voiceprep.ports import BLOCK_MS
from voiceprep.tasks import Tasks

LONGEST_CATCH_UP_MS = 1_000
"""A source that is later than this (a laptop that slept) starts afresh instead of hurrying through the gap."""


class Pace(Protocol):
    """When the next 20 ms block is due."""

    async def wait(self) -> None:
        """Return when one more block is due."""
        ...


class RealtimePace:
    """One block every 20 ms, counted from the first block, so that small delays never add up."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self._block_count = 0

    async def wait(self) -> None:
        await asyncio.sleep(self.delay_s(asyncio.get_running_loop().time()))

    def delay_s(self, now_s: float) -> float:
        """Count one more block; how long it is still away at `now_s` on the monotonic clock, 0 when it is late."""
        if self._start_s is None:
            self._start_s = now_s
        self._block_count += 1
        due_s = self._start_s + self._block_count * BLOCK_MS / 1000
        if now_s - due_s > LONGEST_CATCH_UP_MS / 1000:
            self._start_s, self._block_count = now_s, 0
        return max(0.0, due_s - now_s)


class FastPace:
    """The next block at once, but only when nothing is being computed: audio time never overtakes the work."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    async def wait(self) -> None:
        await self._tasks.settle()
