"""Commands about this machine."""

import os
from pathlib import Path
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
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="Write what a maintainer needs to this ZIP; no speech, no keys.")
    ] = None,
) -> None:
    """Check what works on this machine: devices, levels, models, keys (present or not, never shown)."""
    from voiceprep.terminal import machine

    place = as_text(recordings)
    end_with(machine.show_doctor(os.environ, place, is_json=json, is_listening=listen, bundle=bundle))
