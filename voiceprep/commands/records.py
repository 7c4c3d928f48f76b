"""Commands about recorded sessions."""

import os
from pathlib import Path
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Recordings, ReportFormat, Which, as_text
from voiceprep.errors import ConfigError

app = typer.Typer()


@app.command()
def report(
    which: Which = "last",
    form: Annotated[ReportFormat | None, typer.Option("--format", help="How to show it.")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the HTML report in the browser.")] = False,
    single_file: Annotated[
        bool, typer.Option("--single-file", help="HTML with the audio inside, to be passed on as one file.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Where the HTML goes; else into the folder.")] = None,
    is_comparing: Annotated[
        bool, typer.Option("--compare", help="What differs between the two newest scorings, and why.")
    ] = False,
    judge: Annotated[
        str | None, typer.Option("--judge", help="Show the newest scores by this judge: offline, PROVIDER[:MODEL].")
    ] = None,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Show what was said in a session, what it was worth and why."""
    if is_comparing and judge:
        raise ConfigError("--compare shows two scorings, --judge one.", "Leave out one of them.")
    if is_comparing:
        from voiceprep.terminal import scoring_views

        scoring_views.show_comparison(os.environ, as_text(recordings), which, json)
        return
    from voiceprep.terminal import report_views

    is_page = open_page or single_file or out is not None
    chosen = form or (ReportFormat.JSON if json else ReportFormat.HTML if is_page else ReportFormat.TERMINAL)
    if json and chosen is not ReportFormat.JSON:
        raise ConfigError("--json is the same as --format json.", "Leave out --json or the other format.")
    if is_page and chosen is not ReportFormat.HTML:
        raise ConfigError("--open, --single-file and --out are for the HTML report.", "Add --format html.")
    page = report_views.PageOrder(out, single_file, open_page)
    report_views.show_report(os.environ, as_text(recordings), which, chosen.value, page, judge)


@app.command()
def export(
    which: Annotated[str, typer.Argument(help="last, an id, the start of one, a folder, or all.")] = "last",
    out: Annotated[Path | None, typer.Option("--out", help="The ZIP file; else named after the session.")] = None,
    audio: Annotated[bool, typer.Option("--audio/--no-audio", help="With the recordings, or words only.")] = True,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Take sessions out as one archive: audio, journal, transcript, scores and report."""
    from voiceprep.terminal import exporting

    exporting.export(os.environ, as_text(recordings), exporting.ExportOrder(which, out, audio, json))


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
