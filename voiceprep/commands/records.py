"""Commands about recorded sessions."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Recordings, ReportFormat, Which, as_text

app = typer.Typer()


@app.command()
def report(
    which: Which = "last",
    form: Annotated[ReportFormat, typer.Option("--format", help="How to show it.")] = ReportFormat.TERMINAL,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Show what was said in a session, what it was worth and why."""
    from voiceprep.terminal import show

    chosen = ReportFormat.JSON if json else form
    show.show_report(os.environ, as_text(recordings), which, chosen.value)


@app.command()
def recover(
    which: Annotated[str, typer.Argument(help="all, last, an id, the start of one, or a folder.")] = "all",
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Repair sessions that were cut off: nothing that was recorded is lost."""
    from voiceprep.terminal import show

    show.recover_sessions(os.environ, as_text(recordings), which, json)


@app.command()
def purge(
    which: Annotated[
        str | None, typer.Argument(help="last, an id, the start of one, or a folder.", show_default=False)
    ] = None,
    older_than: Annotated[
        float | None, typer.Option("--older-than", help="Every session that began more than so many days ago.")
    ] = None,
    everything: Annotated[bool, typer.Option("--everything", help="Every session.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete for good; without it only say what would go.")] = False,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Delete sessions for good: audio, transcripts, scores and what is derived from them."""
    from voiceprep.terminal import purging

    wanted = purging.Wanted(which, older_than, everything)
    purging.purge(os.environ, as_text(recordings), wanted, is_real=yes, is_json=json)
