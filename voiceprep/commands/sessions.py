"""Commands that hold a session."""

import os
from typing import Annotated

import typer

from voiceprep.commands.options import (
    AsJson,
    Bank,
    Budget,
    Candidate,
    CandidateName,
    EchoCancel,
    Level,
    Llm,
    Mic,
    Minutes,
    Pace,
    PaceName,
    Patience,
    Plain,
    Questions,
    Recordings,
    Seed,
    SpeakerName,
    Stt,
    Topics,
    Tts,
    as_text,
    end_with,
)
from voiceprep.errors import ConfigError

app = typer.Typer()


@app.command()
def interview(
    bank: Bank = None,
    questions: Questions = None,
    minutes: Minutes = None,
    level: Level = None,
    topic: Topics = None,
    patience: Patience = None,
    seed: Seed = None,
    mic: Mic = None,
    speaker: SpeakerName = None,
    candidate: Candidate = None,
    pace: Pace = PaceName.REALTIME,
    echo_cancel: EchoCancel = None,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    budget_usd: Budget = None,
    recordings: Recordings = None,
    plain: Plain = None,
    json: AsJson = False,
) -> None:
    """Hold a spoken interview: questions from a bank, follow-ups, a report at the end."""
    from voiceprep.terminal import run

    if candidate is not None and mic is not None:
        raise ConfigError("--candidate answers instead of a microphone.", "Leave out --candidate or --mic.")
    flags = {
        "bank": bank,
        "questions": questions,
        "minutes": minutes,
        "level": level,
        "patience": patience,
        "mic": mic,
        "speaker": speaker,
        "echo_cancel": echo_cancel,
        "stt": stt,
        "llm": llm,
        "tts": tts,
        "budget_usd": budget_usd,
        "recordings": as_text(recordings),
        "plain": plain,
    }
    order = run.Order(
        seed=seed,
        topics=tuple(topic or ()),
        candidate=candidate.value if candidate else None,
        is_fast=pace is PaceName.FAST,
        is_json=json,
    )
    end_with(run.hold_interview(os.environ, flags, order))


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
    end_with(run.hold_demo(os.environ, flags, run.Order(seed=seed, candidate=name, is_fast=bool(is_fast)), is_fast))
