"""Commands about judging answers without a session."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import AsJson, Bank, Recordings, Which, as_text
from voiceprep.errors import ConfigError

app = typer.Typer()


@app.command()
def grade(
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Questions and answers as JSON lines on stdin.")] = False,
    bank: Bank = None,
    question: Annotated[
        str | None, typer.Option("--question", help="A question's id; the answer on stdin.")
    ] = None,
    judge: Annotated[str, typer.Option("--judge", help="offline, or PROVIDER[:MODEL].")] = "offline",
) -> None:
    """Grade written answers without a session; one JSON document per answer."""
    from voiceprep.terminal import show

    if jsonl == (question is not None):
        raise ConfigError(
            "Nothing to grade.", "Give either --jsonl, or --bank ID --question QID, and text on stdin."
        )
    show.grade_stdin(os.environ, bank, question, judge)


@app.command()
def score(
    which: Which = "last",
    judge: Annotated[str, typer.Option("--judge", help="offline, or PROVIDER[:MODEL].")] = "offline",
    votes: Annotated[int, typer.Option("--votes", help="Calls an answer; the median decides.")] = 1,
    recordings: Recordings = None,
    json: AsJson = False,
) -> None:
    """Score a session again, with another judge or version; every score file is kept and the difference shown."""
    from voiceprep.terminal import scoring_views

    scoring_views.score_again(os.environ, as_text(recordings), which, judge, votes, json)


@app.command()
def audit(
    which: Which = "last",
    judge: Annotated[
        str | None,
        typer.Option("--judge", help="A model that looks too and gets the words: PROVIDER[:MODEL]."),
    ] = None,
    recordings: Recordings = None,
    json: AsJson = False,
) -> None:
    """How the interviewer did: what it gave away, repeated, judged, and how it kept the time."""
    from voiceprep.terminal import audit_views

    audit_views.audit_session(os.environ, as_text(recordings), which, judge, json)


@app.command()
def calibrate(
    bank: Bank = None,
    judge: Annotated[str, typer.Option("--judge", help="offline, or PROVIDER[:MODEL].")] = "offline",
    votes: Annotated[int, typer.Option("--votes", min=1, max=9, help="Calls an answer; the median decides.")] = 1,
    recordings: Recordings = None,
    json: AsJson = False,
) -> None:
    """Measure a judge on graded examples and on traps: agreement, bias, what it falls for, cost and time."""
    from voiceprep.terminal import scoring_views

    scoring_views.calibrate_judge(os.environ, as_text(recordings), bank, judge, votes, json)
