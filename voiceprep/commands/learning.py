"""Commands about many sessions: what there is, how it goes, what to practise next."""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Recordings, as_text

app = typer.Typer()
schedule = typer.Typer(help="Take the practice schedule out, or bring one in.", no_args_is_help=True)

OneBank = Annotated[str | None, typer.Option("--bank", help="Only this bank's id.")]
OneTopic = Annotated[str | None, typer.Option("--topic", help="Only this topic.")]
Since = Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="From this day on (UTC).")]
Until = Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Up to this day (UTC).")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="How many at most; 0 is all.")]


class SortName(StrEnum):
    """The same names as recordings.history.Order."""

    NEWEST = "newest"
    OLDEST = "oldest"
    BEST = "best"
    WORST = "worst"
    LONGEST = "longest"


class ProgressFormat(StrEnum):
    TERMINAL = "terminal"
    HTML = "html"
    JSON = "json"


@app.command()
def history(
    search: Annotated[
        str | None, typer.Option("--search", help="Words that were said; a phrase in quotes.")
    ] = None,
    bank: OneBank = None,
    topic: OneTopic = None,
    mode: Annotated[str | None, typer.Option("--mode", help="cascaded or s2s.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="completed, stopped, failed …")] = None,
    since: Since = None,
    until: Until = None,
    min_score: Annotated[float | None, typer.Option("--min-score", min=0, max=1)] = None,
    max_score: Annotated[float | None, typer.Option("--max-score", min=0, max=1)] = None,
    sort: Annotated[SortName, typer.Option("--sort", help="Which come first.")] = SortName.NEWEST,
    limit: Limit = 20,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew from the folders.")] = False,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """List recorded sessions, or find where something was said."""
    from voiceprep.recordings.history import Filter, Order
    from voiceprep.terminal import history_views

    wanted = Filter(bank, topic, mode, outcome, _day(since), _day(until), min_score, max_score)
    order = history_views.HistoryOrder(wanted, Order(sort.value), limit, search, json, rebuild)
    history_views.show_history(os.environ, as_text(recordings), order)


@app.command()
def progress(
    bank: OneBank = None,
    since: Since = None,
    until: Until = None,
    form: Annotated[ProgressFormat, typer.Option("--format", help="How to show it.")] = ProgressFormat.TERMINAL,
    open_page: Annotated[bool, typer.Option("--open", help="Open it as a page in the browser.")] = False,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Show how answers went over time, by topic and kind of question; trends only where there is enough."""
    from voiceprep.recordings.history import Filter
    from voiceprep.terminal import practice_views

    chosen = ProgressFormat.JSON if json else ProgressFormat.HTML if open_page else form
    wanted = Filter(bank=bank, since=_day(since), until=_day(until))
    practice_views.show_progress(
        os.environ, as_text(recordings), wanted, chosen.value, is_opened=open_page and not json
    )


@app.command()
def due(bank: OneBank = None, limit: Limit = 10, json: AsJson = False, recordings: Recordings = None) -> None:
    """Show what to practise today: questions and key points that are about to be forgotten."""
    from voiceprep.terminal import practice_views

    practice_views.show_due(os.environ, as_text(recordings), bank, limit, is_json=json)


@schedule.command("export")
def schedule_export(
    file: Annotated[Path, typer.Argument(help="Where to write it, JSON.")], recordings: Recordings = None
) -> None:
    """Write every review, so that another machine can go on with the schedule."""
    from voiceprep.terminal import practice_views

    practice_views.export_schedule(os.environ, as_text(recordings), file)


@schedule.command("import")
def schedule_import(
    file: Annotated[Path, typer.Argument(help="What `schedule export` wrote.")], recordings: Recordings = None
) -> None:
    """Add the reviews of another machine."""
    from voiceprep.terminal import practice_views

    practice_views.import_schedule(os.environ, as_text(recordings), file)


@schedule.command("anki")
def schedule_anki(
    file: Annotated[Path, typer.Argument(help="Where to write the notes, for Anki's text import.")],
    recordings: Recordings = None,
) -> None:
    """Write what was missed as notes for Anki."""
    from voiceprep.terminal import practice_views

    practice_views.export_anki(os.environ, as_text(recordings), file)


def _day(at: datetime | None) -> str | None:
    return None if at is None else at.date().isoformat()
