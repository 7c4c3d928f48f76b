"""Commands that hold a session."""

import os
from dataclasses import replace
from typing import Annotated

import typer

from voiceprep.commands.groups import (
    Asked,
    Held,
    Kept,
    Papers,
    Providers,
    Sound,
    ThisTime,
    Waiting,
    Watched,
    given_in,
    grouped,
)
from voiceprep.commands.options import (
    Bank,
    Candidate,
    CandidateName,
    Coach,
    PaceName,
    Plain,
    PushToTalk,
    Questions,
    Recordings,
    Seed,
    ShowPlan,
    SpeakerName,
    Which,
    as_text,
    end_with,
)
from voiceprep.errors import ConfigError
from voiceprep.terminal.order import Order

app = typer.Typer()


@app.command()
@grouped
def interview(
    asked: Asked,
    papers: Papers,
    waiting: Waiting,
    sound: Sound,
    held: Held,
    providers: Providers,
    kept: Kept,
    watched: Watched,
    once: ThisTime,
    push_to_talk: PushToTalk = None,
    seed: Seed = None,
    plan: ShowPlan = False,
) -> None:
    """Hold a spoken interview: questions from a bank, follow-ups, a report at the end."""
    from voiceprep.terminal import run

    flags = given_in(asked, waiting, sound, held, providers, kept, watched) | {"push_to_talk": push_to_talk}
    order = replace(_order(once, sound, papers), seed=seed, is_plan=plan, is_bank_named=asked.bank is not None)
    end_with(run.hold_interview(os.environ, flags, order))


@app.command()
@grouped
def practice(
    asked: Asked,
    papers: Papers,
    waiting: Waiting,
    sound: Sound,
    held: Held,
    providers: Providers,
    kept: Kept,
    watched: Watched,
    once: ThisTime,
    push_to_talk: PushToTalk = None,
    seed: Seed = None,
    coach: Coach = False,
    due: Annotated[bool, typer.Option("--due", help="Only what is due for review; see `voiceprep due`.")] = False,
    plan: ShowPlan = False,
) -> None:
    """A short drill: like an interview, five minutes by default."""
    from voiceprep.terminal import run

    flags = given_in(asked, waiting, sound, held, providers, kept, watched) | {"push_to_talk": push_to_talk}
    order = replace(
        _order(once, sound, papers),
        seed=seed,
        is_plan=plan,
        is_bank_named=asked.bank is not None,
        is_coached=coach,
        is_due=due,
    )
    end_with(run.hold_practice(os.environ, flags, order))


@app.command()
@grouped
def retry(
    question: Annotated[str, typer.Option("--question", help="The question's id; `report --json` names them.")],
    waiting: Waiting,
    sound: Sound,
    held: Held,
    providers: Providers,
    kept: Kept,
    watched: Watched,
    once: ThisTime,
    which: Which = "last",
    push_to_talk: PushToTalk = None,
    seed: Seed = None,
) -> None:
    """Answer one question of a session again, and see what is better: judged blind, both to hear."""
    from voiceprep.terminal import retrying

    flags = given_in(waiting, sound, held, providers, kept, watched) | {"push_to_talk": push_to_talk}
    end_with(retrying.hold_retry(os.environ, flags, replace(_order(once, sound), seed=seed), which, question))


@app.command()
@grouped
def resume(
    waiting: Waiting,
    sound: Sound,
    providers: Providers,
    kept: Kept,
    watched: Watched,
    once: ThisTime,
    which: Which = "last",
) -> None:
    """Go on with an interview that was stopped or cut off, where it stopped, in the same record."""
    from voiceprep.terminal import run

    flags = given_in(waiting, sound, providers, kept, watched)
    end_with(run.resume_interview(os.environ, which, flags, _order(once, sound)))


def _order(once: ThisTime, sound: Sound, papers: Papers | None = None) -> Order:
    """What is chosen for this session only. Raises ConfigError."""
    if once.candidate is not None and sound.mic is not None:
        raise ConfigError("--candidate answers instead of a microphone.", "Leave out --candidate or --mic.")
    papers = papers or Papers()
    return Order(
        topics=tuple(papers.topic or ()),
        candidate=once.candidate.value if once.candidate else None,
        is_fast=once.pace is PaceName.FAST,
        is_json=once.json,
        resume=papers.resume,
        job=papers.job,
        notes=papers.notes,
        is_self_scored=once.self_score,
    )


@app.command()
def demo(
    bank: Bank = None,
    questions: Questions = 2,
    seed: Seed = 1,
    candidate: Candidate = CandidateName.PARTIAL,
    speaker: SpeakerName = None,
    pace: Annotated[PaceName | None, typer.Option("--pace", help="fast, unless a loudspeaker is found.")] = None,
    recordings: Recordings = None,
    plain: Plain = None,
) -> None:
    """Watch and hear a whole interview with a simulated candidate: no key, no microphone, no network."""
    from voiceprep.terminal import run

    is_fast = None if pace is None else pace is PaceName.FAST
    flags = {
        "bank": bank,
        "questions": questions,
        "speaker": speaker,
        "recordings": as_text(recordings),
        "plain": plain,
        "level": 2,
    }
    name = (candidate or CandidateName.PARTIAL).value
    order = Order(seed=seed, candidate=name, is_fast=bool(is_fast), is_bank_named=bank is not None)
    end_with(run.hold_demo(os.environ, flags, order, is_fast))
