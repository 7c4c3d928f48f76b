"""The command line: puts the commands together, turns errors into one paragraph and an exit code.

Heavy imports live inside commands: `voiceprep --help` must not pay for numpy, models or SDKs.
"""

import os
import sys
from typing import Annotated, NoReturn

import typer

from voiceprep import __version__
from voiceprep.commands import (
    banks,
    costs,
    grading,
    learning,
    machine,
    records,
    rooms,
    sealing,
    serving,
    sessions,
    storing,
)
from voiceprep.errors import ExitCode, VoiceprepError
from voiceprep.language.plaintext import plain, plain_lines

app = typer.Typer(
    name="voiceprep",
    help="Practise spoken interviews by voice. Start with `voiceprep demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help costs two thirds of the start-up time
)
for group in (sessions, records, learning, grading, machine, costs, sealing):
    app.add_typer(group.app)
app.add_typer(banks.app, name="banks")
app.add_typer(sealing.keys, name="keys")
app.add_typer(rooms.app, name="rooms")
app.add_typer(learning.schedule, name="schedule")
app.add_typer(serving.serve, name="serve")
app.add_typer(storing.store, name="store")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voiceprep {__version__}")
        raise typer.Exit


@app.callback()
def voiceprep(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Practise spoken interviews by voice. Start with `voiceprep demo`."""


LIGHT = {"OPENBLAS_NUM_THREADS": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}
"""Set before anything heavy is loaded. The matrices of judge and speech detector are small: a second thread only
spins, up to 50 s of CPU a minute. Looking for pydantic plugins reads the metadata of every installed package, and
there are none for us."""


def main() -> NoReturn:
    """The console script. Every known error is one paragraph and its exit code; `--debug` adds the traceback."""
    for name, value in LIGHT.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except VoiceprepError as error:
        _complain(error)
        sys.exit(int(error.exit_code))
    except KeyboardInterrupt:
        sys.exit(int(ExitCode.INTERRUPTED))
    except BrokenPipeError:
        # The reader of our output (head, less) is gone; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(int(ExitCode.DONE))
    sys.exit(int(ExitCode.DONE))


def _complain(error: VoiceprepError) -> None:
    if "--debug" in sys.argv:
        import traceback

        typer.echo(plain_lines("".join(traceback.format_exception(error))), err=True, nl=False)
    typer.echo(f"voiceprep: {plain(error.message)}", err=True)
    for line in error.hint.splitlines():
        typer.echo(f"  {plain_lines(line)}", err=True)
