"""Commands about question banks: `voiceprep banks …`."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Offline, end_with

app = typer.Typer(help="Look at question banks and check your own.", no_args_is_help=True)


@app.command("list")
def banks_list(json: AsJson = False) -> None:
    """Every bank that can be used with --bank."""
    from voiceprep.terminal import bank_views

    bank_views.list_all(os.environ, json)


@app.command("show")
def banks_show(
    bank: Annotated[str, typer.Argument(help="A bank's id or file.")],
    question: Annotated[
        str | None, typer.Option("--question", help="Only this one, with everything in it.")
    ] = None,
    json: AsJson = False,
) -> None:
    """One bank: its topics, questions and key points; or one question with its answers."""
    from voiceprep.terminal import bank_views

    bank_views.show_one(os.environ, bank, question, json)


@app.command("check")
def banks_check(bank: Annotated[str, typer.Argument(help="A bank's id or file.")], json: AsJson = False) -> None:
    """Look for mistakes in a bank; exit code 2 when there are some."""
    from voiceprep.terminal import bank_views

    end_with(bank_views.check_one(os.environ, bank, json))


class ExportFormat(StrEnum):
    ANKI = "anki"
    MARKDOWN = "markdown"


@app.command("new")
def banks_new(
    bank: Annotated[str, typer.Argument(help="The id of the new bank, such as my-stack.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to; else the folder of your banks.")
    ] = None,
    notes: Annotated[Path | None, typer.Option("--from", help="Draft it from the notes in this folder.")] = None,
    llm: Annotated[
        str | None, typer.Option("--llm", help="Model that drafts; it gets the notes. Without one, templates do.")
    ] = None,
    questions: Annotated[int, typer.Option("--questions", min=1, max=100, help="About how many, from notes.")] = 10,
    offline: Offline = None,
) -> None:
    """Write a commented bank to start from, or draft one from your notes."""
    from voiceprep.terminal import bank_files

    if notes is None:
        bank_files.make_new(os.environ, bank, folder)
    else:
        flags = {"llm": llm, "offline": offline}
        bank_files.make_draft(os.environ, bank, folder, notes, flags, questions)


@app.command("export")
def banks_export(
    bank: Annotated[str, typer.Argument(help="A bank's id or file.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="anki: cards to import.")] = ExportFormat.MARKDOWN,
) -> None:
    """Print a bank for another tool."""
    from voiceprep.terminal import bank_files

    bank_files.export(os.environ, bank, form.value)
