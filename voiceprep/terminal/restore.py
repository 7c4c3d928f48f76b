"""Puts the terminal back however the program ends. Knows nothing of keys or screens."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_DEADLY = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def restored(restore: Callable[[], None]) -> Iterator[None]:
    """Run `restore` when the block ends: normally, by an exception, or by a signal that kills.

    Handlers that were there before still run, after `restore`; blocks nest. Outside the main thread, where
    Python allows no handlers, signals are not watched. `restore` may run twice.
    """
    with_handlers = threading.current_thread() is threading.main_thread()
    undo = [_chain(number, restore) for number in _DEADLY] if with_handlers else []
    try:
        yield
    finally:
        restore()
        for undo_one in reversed(undo):
            undo_one()


def _chain(number: int, restore: Callable[[], None]) -> Callable[[], None]:
    """Put `restore` before what `number` does now. Returns what takes it out again."""
    previous = signal.getsignal(number)
    if previous is signal.SIG_IGN or previous is None:  # ignored (nohup), or not Python's to change
        return lambda: None

    def restore_first(received: int, stack: FrameType | None) -> None:
        restore()
        if callable(previous):
            previous(received, stack)
        else:
            signal.signal(received, signal.SIG_DFL)
            os.kill(os.getpid(), received)

    def undo() -> None:
        if signal.getsignal(number) is restore_first:
            signal.signal(number, previous)

    signal.signal(number, restore_first)
    return undo
