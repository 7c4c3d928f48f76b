"""Ctrl-C as a wish to end: the first one closes the interview properly, the second one cancels it.

Must not know what is being interrupted.
"""

import asyncio
import signal
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from voiceprep.ports import Command, CommandKind
from voiceprep.terminal.keys import Keyboard, NoControls, TypedAnswers

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruptible:
    """Controls whose END can also come from a signal. Use as a context."""

    def __init__(self, controls: Keyboard | TypedAnswers | NoControls) -> None:
        self.is_interrupted = False
        self._controls = controls
        self._is_told = False

    @property
    def keys_line(self) -> str:
        return self._controls.keys_line

    def take(self) -> Command | None:
        if self.is_interrupted and not self._is_told:
            self._is_told = True
            return Command(CommandKind.END)
        return self._controls.take()

    def __enter__(self) -> Self:
        self._controls.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controls.__exit__(kind, error, trace)

    async def watch(self, job: Coroutine[Any, Any, T]) -> T:
        """Run `job` while signals are caught. A second signal cancels it."""
        task = asyncio.ensure_future(job)

        def interrupt() -> None:
            if self.is_interrupted:
                task.cancel()
            self.is_interrupted = True

        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, interrupt)
        try:
            return await task
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
