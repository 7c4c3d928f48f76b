"""Commands about session folders in S3-compatible storage."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Recordings, as_text

store = typer.Typer(help="Session folders in S3-compatible storage.", no_args_is_help=True)
Url = Annotated[str | None, typer.Option("--storage", help="s3://BUCKET/PREFIX; else as the settings say.")]


@store.command()
def push(
    which: Annotated[str, typer.Argument(help="last, an id, the start of one, a folder, or all.")] = "last",
    storage: Url = None,
    recordings: Recordings = None,
    json: AsJson = False,
) -> None:
    """Store sessions; what is there already is not sent again."""
    from voiceprep.terminal import storing

    storing.push(os.environ, {"storage": storage, "recordings": as_text(recordings)}, which, json)


@store.command()
def pull(
    which: Annotated[str, typer.Argument(help="An id as `store list` shows it, or all.")],
    storage: Url = None,
    recordings: Recordings = None,
    json: AsJson = False,
) -> None:
    """Fetch sessions that are not on this machine; one that was broken off is fetched as far as it got."""
    from voiceprep.terminal import storing

    storing.pull(os.environ, {"storage": storage, "recordings": as_text(recordings)}, which, json)


@store.command("list")
def list_(storage: Url = None, json: AsJson = False) -> None:
    """Every stored session."""
    from voiceprep.terminal import storing

    storing.show_stored(os.environ, {"storage": storage}, json)
