"""What the candidate sees while talking: captions that stay, and below them a small live picture.

Fed by events only. A terminal that is slow, stopped or gone never holds up the interview.
"""

import os
import sys
import threading
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from voiceprep.activity import ScreenState, advance
from voiceprep.events import Event
from voiceprep.terminal.captions import Caption, CaptionKind, captions_of
from voiceprep.terminal.picture import render_caption, render_picture
from voiceprep.terminal.plain import PlainScreen
from voiceprep.terminal.quiet import quiet_c_stderr
from voiceprep.terminal.restore import restored

REFRESH_S = 0.2
_TERMINAL_GONE = (OSError, SystemExit)
"""rich turns a broken pipe into SystemExit; the interview goes on unseen."""


class Screen(Protocol):
    """Shows a session. Use as a context; `keys_line` says what the candidate can press."""

    keys_line: str

    def on_event(self, event: Event) -> None:
        """Never blocks on the terminal for long, and never raises because of it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LiveScreen:
    """Redraws in a thread of its own, at most every `REFRESH_S` and only when something changed."""

    def __init__(self, console: Console, bank_title: str, minutes_limit_ms: int) -> None:
        self.keys_line = ""
        self._console = console
        self._bank_title = bank_title
        self._limit_ms = minutes_limit_ms
        self._state = ScreenState()
        self._captions: list[Caption] = []
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._stack = ExitStack()

    def on_event(self, event: Event) -> None:
        with self._lock:
            new = captions_of(event, self._state, self._limit_ms)
            self._captions += (caption for caption in new if caption.kind is not CaptionKind.STATUS)
            self._state = advance(self._state, event)
        self._changed.set()

    def __enter__(self) -> Self:
        is_stderr_shown = sys.stderr is not None and sys.stderr.isatty()
        live = Live(console=self._console, auto_refresh=False, transient=True, redirect_stderr=is_stderr_shown)
        with ExitStack() as stack:
            stack.enter_context(quiet_c_stderr())
            stack.enter_context(restored(self._show_cursor))
            stack.enter_context(live)
            thread = threading.Thread(target=self._draw_until_closed, args=(live,), name="voiceprep-screen")
            thread.daemon = True
            thread.start()
            stack.callback(thread.join)
            self._stack = stack.pop_all()
        self._changed.set()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._changed.set()
        with suppress(*_TERMINAL_GONE):
            self._stack.close()

    def _draw_until_closed(self, live: Live) -> None:
        shown: list[Text] = []
        with suppress(*_TERMINAL_GONE):
            while not self._closing.is_set():
                self._changed.wait()
                self._changed.clear()
                shown = self._draw(live, shown)
                self._closing.wait(REFRESH_S)
            self._draw(live, shown)

    def _draw(self, live: Live, shown: list[Text]) -> list[Text]:
        """Print new captions and redraw the picture if it differs from `shown`, in one write."""
        with self._lock:
            state = self._state
            captions, self._captions = self._captions, []
        picture = render_picture(state, self._bank_title, self._limit_ms, self.keys_line, self._console)
        if not captions and picture == shown:
            return shown
        with self._console:
            for caption in captions:
                self._console.print(render_caption(caption, self._console), highlight=False)
            live.update(Group(*picture), refresh=True)
        return picture

    def _show_cursor(self) -> None:
        """Straight to the terminal: a killed program has no time for rich."""
        with suppress(OSError, ValueError):
            if self._console.file.isatty():
                os.write(self._console.file.fileno(), b"\x1b[?25h")


def open_screen(console: Console, bank_title: str, minutes_limit_ms: int, is_plain: bool) -> Screen:
    """A live picture on a terminal; plain lines when asked for (typed answers need it) or when it is none.

    `minutes_limit_ms` is the length of the interview, 0 for no limit.
    """
    if is_plain or not console.is_terminal or console.is_dumb_terminal:
        return PlainScreen(console, bank_title, minutes_limit_ms)
    return LiveScreen(console, bank_title, minutes_limit_ms)
