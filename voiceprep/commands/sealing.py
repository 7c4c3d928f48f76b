"""Commands about sealing sessions: encryption of what is kept."""

import os
from pathlib import Path
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Recordings, Which, as_text

app = typer.Typer()
keys = typer.Typer(help="Keys that open sealed sessions.", no_args_is_help=True)


@app.command()
def seal(
    which: Annotated[str, typer.Argument(help="last, an id, the start of one, a folder, or all.")] = "last",
    to: Annotated[
        list[str] | None,
        typer.Option("--to", help="A public key, age1… or ssh-ed25519 …; else as the settings say."),
    ] = None,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Encrypt sessions that are over (age): afterwards only the private key opens them."""
    from voiceprep.terminal import sealing

    sealing.seal(os.environ, {"encrypt_to": to, "recordings": as_text(recordings)}, which, json)


@app.command()
def unseal(which: Which = "last", json: AsJson = False, recordings: Recordings = None) -> None:
    """Put the files of a sealed session back into the open, for good."""
    from voiceprep.terminal import sealing

    sealing.unseal(os.environ, {"recordings": as_text(recordings)}, which, json)


@keys.command("create")
def keys_create(
    out: Annotated[
        Path | None, typer.Option("--out", help="The file for the private key; else where it is looked for.")
    ] = None,
) -> None:
    """Make a pair of keys; print the public one for `encrypt_to`."""
    from voiceprep.terminal import sealing

    sealing.create_keys(os.environ, out)
