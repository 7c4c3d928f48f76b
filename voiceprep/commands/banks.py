"""Commands about question banks: `voiceprep banks …`."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, end_with

app = typer.Typer(help="Look at question banks and check your own.", no_args_is_help=True)


@app.command("list")
def banks_list(json: AsJson = False) -> None:
    """Every bank that can be used with --bank."""
    from voiceprep.terminal import bank_views

    bank_views.list_all(os.environ, json)


@app.command("show")
def banks_show(bank: Annotated[str, typer.Argument(help="A bank's id or file.")], json: AsJson = False) -> None:
    """One bank: its topics, questions and key points."""
    from voiceprep.terminal import bank_views

    bank_views.show_one(os.environ, bank, json)


@app.command("check")
def banks_check(bank: Annotated[str, typer.Argument(help="A bank's id or file.")], json: AsJson = False) -> None:
    """Look for mistakes in a bank; exit code 2 when there are some."""
    from voiceprep.terminal import bank_views

    end_with(bank_views.check_one(os.environ, bank, json))
