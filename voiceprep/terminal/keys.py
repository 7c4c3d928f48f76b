"""What the candidate's hands say: keys, typed answers, nothing, or a script.

Must not know the session; a command is only a wish until somebody takes it.
"""

import os
import queue
import select
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from voiceprep.ports import Command, CommandKind
from voiceprep.terminal.meters import printable
from voiceprep.terminal.restore import restored

_READ_BYTES = 4096
_KEYS = {"r": CommandKind.REPEAT, "s": CommandKind.SKIP, "q": CommandKind.END, "\n": CommandKind.DONE}
_LINES = {
    "/repeat": CommandKind.REPEAT,
    "/skip": CommandKind.SKIP,
    "/pause": CommandKind.PAUSE,
    "/go": CommandKind.GO_ON,
    "/end": CommandKind.END,
}


class NoControls:
    """Nobody is at the keyboard."""

    keys_line = ""

    def take(self) -> Command | None:
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class ScriptedControls(NoControls):
    """Commands that become due on audio time: `script` is (at_ms, command) in order, `position_ms` the clock."""

    def __init__(
        self, script: Iterable[tuple[int, Command]] = (), position_ms: Callable[[], int] = lambda: 0
    ) -> None:
        self._script = deque(script)
        self._position_ms = position_ms

    def take(self) -> Command | None:
        if self._script and self._script[0][0] <= self._position_ms():
            return self._script.popleft()[1]
        return None


class _Reading:
    """A thread that hands every piece read from a descriptor to `on_bytes`, and b"" once at its end."""

    def __init__(self, fd: int, on_bytes: Callable[[bytes], None]) -> None:
        self._fd = fd
        self._on_bytes = on_bytes
        self._wake_read_fd, self._wake_write_fd = os.pipe()
        self._thread = threading.Thread(target=self._run, name="voiceprep-keys", daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._wake_write_fd, b"x")
        self._thread.join()
        os.close(self._wake_read_fd)
        os.close(self._wake_write_fd)

    def _run(self) -> None:
        piece = b"first"
        while piece:
            try:
                ready, _, _ = select.select([self._fd, self._wake_read_fd], [], [])
                if self._wake_read_fd in ready:
                    return
                piece = os.read(self._fd, _READ_BYTES)
            except OSError:  # closed, or the terminal is gone
                piece = b""
            self._on_bytes(piece)


class Keyboard:
    """Single keys from a terminal, without Enter. Use as a context: the terminal is put back at its end.

    `fd` must be a terminal (see `open_keyboard`). Ctrl-C and Ctrl-Z keep their meaning.
    """

    keys_line = "Enter done   r repeat   s skip   p pause/go on   q end"

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._is_paused = False
        self._stack = ExitStack()

    def take(self) -> Command | None:
        return _next_of(self._commands)

    def __enter__(self) -> Self:
        before = termios.tcgetattr(self._fd)
        with ExitStack() as stack:
            stack.enter_context(restored(lambda: _set_terminal(self._fd, before)))
            tty.setcbreak(self._fd, termios.TCSADRAIN)
            stack.callback(_Reading(self._fd, self._on_bytes).close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _on_bytes(self, piece: bytes) -> None:
        for key in parse_keys(piece):
            if key == "p":
                self._is_paused = not self._is_paused
                self._commands.put(Command(CommandKind.PAUSE if self._is_paused else CommandKind.GO_ON))
            elif key in _KEYS:
                self._commands.put(Command(_KEYS[key]))


class TypedAnswers:
    """Lines from a terminal or a pipe: an answer each, or a command such as `/skip`; NO_MORE when the input ends.

    Use as a context. White space is tidied and control characters are dropped; empty lines are ignored.
    """

    keys_line = "type your answer and press Enter   /repeat   /skip   /pause   /go   /end"

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._unfinished = b""
        self._is_paused = False
        self._stack = ExitStack()

    def take(self) -> Command | None:
        return _next_of(self._commands)

    def __enter__(self) -> Self:
        self._stack.callback(_Reading(self._fd, self._on_bytes).close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _on_bytes(self, piece: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + piece).split(b"\n")
        if not piece:
            lines.append(self._unfinished)
        for line in lines:
            self._on_line(printable(line.decode("utf-8", "replace")))
        if not piece:
            self._commands.put(Command(CommandKind.NO_MORE))

    def _on_line(self, line: str) -> None:
        kind = _LINES.get(line.lower(), CommandKind.ANSWER)
        if not line:
            return
        if kind is CommandKind.ANSWER and self._is_paused:
            self._commands.put(Command(CommandKind.GO_ON))
        if kind in (CommandKind.PAUSE, CommandKind.GO_ON, CommandKind.ANSWER):
            self._is_paused = kind is CommandKind.PAUSE
        self._commands.put(Command(kind, line if kind is CommandKind.ANSWER else ""))


def open_keyboard(fd: int = 0) -> Keyboard | NoControls:
    """Keys when `fd` is a terminal this program may read; otherwise nobody is there."""
    return Keyboard(fd) if os.isatty(fd) and _is_in_foreground(fd) else NoControls()


def parse_keys(piece: bytes) -> list[str]:
    """The plain keys in what was read at once, in lower case. Arrow and function keys and Alt are left out."""
    keys: list[str] = []
    characters = iter(piece.decode("utf-8", "ignore").lower())
    for character in characters:
        if character != "\x1b":
            keys.append(character)
        elif (introducer := next(characters, "")) == "o":  # SS3: one more character
            next(characters, "")
        elif introducer == "[":  # CSI: up to a letter or ~
            next((c for c in characters if "@" <= c <= "~"), "")
    return keys


def _next_of(commands: queue.SimpleQueue[Command]) -> Command | None:
    try:
        return commands.get_nowait()
    except queue.Empty:
        return None


def _is_in_foreground(fd: int) -> bool:
    """A program in the background that touches its terminal is stopped by the kernel."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # a terminal, but not the one that controls this program
        return True


def _set_terminal(fd: int, attributes: list[int | list[bytes | int]]) -> None:
    if not _is_in_foreground(fd):
        return  # the shell has put its own settings back already
    try:
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    except (OSError, termios.error):
        return  # the terminal is gone: nothing is left to put back
