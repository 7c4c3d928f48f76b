"""Keeps what C libraries write to file descriptor 2 out of the picture. Knows nothing of screens."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STDERR_FD = 2


@contextmanager
def quiet_c_stderr(log_file: Path | None = None) -> Iterator[None]:
    """While the block runs, descriptor 2 goes to `log_file` (appended), or nowhere.

    Python's own `sys.stderr` keeps reaching the terminal. Both are put back however the block ends. Does
    nothing when the process has no descriptor 2. Raises OSError when `log_file` cannot be opened.
    """
    try:
        saved_fd = os.dup(_STDERR_FD)
    except OSError:
        yield
        return
    python_stderr = sys.stderr
    visible = None
    try:
        target_fd = os.open(log_file or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if _writes_to_stderr_fd():
            python_stderr.flush()
            visible = os.fdopen(
                os.dup(saved_fd), "w", 1, encoding=python_stderr.encoding, errors="backslashreplace"
            )
            sys.stderr = visible
        os.dup2(target_fd, _STDERR_FD)
        os.close(target_fd)
        yield
    finally:
        os.dup2(saved_fd, _STDERR_FD)
        os.close(saved_fd)
        if visible is not None:
            if sys.stderr is visible:
                sys.stderr = python_stderr
            visible.close()


def _writes_to_stderr_fd() -> bool:
    """Whether `sys.stderr` is descriptor 2 itself, not something a test or a program put in its place."""
    try:
        return sys.stderr.fileno() == _STDERR_FD
    except (AttributeError, OSError, ValueError):
        return False
