"""The only creator of tasks; always awaits them. Knows nothing of audio or interviews.

Counting the work under way lets a session run on audio time: a microphone without a clock of its own
(`--pace fast`) hands out the next block only when nothing is being computed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Tasks:
    """Owns every background task of one session.

    `work` is finite computing that audio time may wait for; `watch` lives until it is cancelled at the end.
    An exception in a watch task surfaces in `__aexit__`.
    """

    def __init__(self) -> None:
        self._work: set[asyncio.Task[Any]] = set()
        self._watches: set[asyncio.Task[Any]] = set()
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="voiceprep")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._work, *self._watches]
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=True, cancel_futures=True)
        if error is None:
            for result in results:
                if isinstance(result, Exception):
                    raise result

    def work(self, job: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start finite computing. The caller awaits or cancels the task."""
        task = asyncio.create_task(job, name=name)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def watch(self, job: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start something that lives as long as the session."""
        task = asyncio.create_task(job, name=name)
        self._watches.add(task)
        return task

    async def in_thread(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Run blocking computing off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(function, *arguments, **options)
        )

    async def settle(self) -> None:
        """Wait until no work is under way, including work that finishing work has started."""
        await asyncio.sleep(0)
        while self._work:
            await asyncio.wait(self._work)
            await asyncio.sleep(0)
