"""Commands about this machine."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Recordings, as_text, end_with

app = typer.Typer()


@app.command()
def devices(json: AsJson = False) -> None:
    """List microphones and loudspeakers by the names `--mic` and `--speaker` take."""
    from voiceprep.terminal import machine

    machine.show_devices(json)


@app.command()
def doctor(
    json: AsJson = False,
    listen: Annotated[bool, typer.Option("--listen/--no-listen", help="Test the microphone for 3 s.")] = True,
    recordings: Recordings = None,
) -> None:
    """Check what works on this machine: devices, levels, models, keys (present or not, never shown)."""
    from voiceprep.terminal import machine

    end_with(machine.show_doctor(os.environ, as_text(recordings), is_json=json, is_listening=listen))
