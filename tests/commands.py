"""Runs whole commands: in this process where nothing is held, in one of their own where isolation matters."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from voiceprep.cli import main

VOICEPREP = (sys.executable, "-m", "voiceprep")
SCRIPT = (str(Path(sys.executable).with_name("voiceprep")),)
DEADLINE_S = 100
NO_CHANGES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and everything it printed."""

    code: int
    out: str
    err: str


def environment(changes: Mapping[str, str] = NO_CHANGES) -> dict[str, str]:
    """This process's, without anybody's settings."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("VOICEPREP_")}
    return own | {"VOICEPREP_SETTINGS": os.devnull, "COLUMNS": "100", "NO_COLOR": "1"} | dict(changes)


def run(*arguments: str | Path, stdin: str = "", changes: Mapping[str, str] = NO_CHANGES) -> Done:
    """`voiceprep ARGUMENTS` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        _process_state([str(argument) for argument in arguments], stdin, environment(changes)),
        pytest.raises(SystemExit) as end,
    ):
        main()
    code = end.value.code
    assert isinstance(code, int)
    return Done(code, out.getvalue(), err.getvalue())


@contextmanager
def hearing(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """`voiceprep ARGUMENTS` in a process of its own that has just heard the candidate's first words (`--plain`)."""
    with subprocess.Popen(
        [*VOICEPREP, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment()
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("Hearing you"):
                break
        yield child


def run_apart(
    *arguments: str | Path,
    program: tuple[str, ...] = VOICEPREP,
    stdin: str = "",
    cwd: Path | None = None,
    changes: Mapping[str, str] = NO_CHANGES,
) -> Done:
    """`voiceprep ARGUMENTS` in a process of its own; `stdin` comes through a pipe."""
    done = subprocess.run(
        [*program, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment(changes),
        timeout=DEADLINE_S,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def _process_state(arguments: list[str], stdin: str, variables: Mapping[str, str]) -> Iterator[None]:
    before = sys.argv, sys.stdin, dict(os.environ)
    sys.argv, sys.stdin = ["voiceprep", *arguments], io.StringIO(stdin)
    _replace_environment(variables)
    try:
        yield
    finally:
        sys.argv, sys.stdin = before[:2]
        _replace_environment(before[2])


def _replace_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
