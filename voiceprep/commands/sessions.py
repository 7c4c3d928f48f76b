"""Commands that hold a session."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from voiceprep.commands.options import (
    AsJson,
    Audio,
    Bank,
    Budget,
    Candidate,
    CandidateName,
    Coach,
    Eagerness,
    EchoCancel,
    Job,
    Level,
    Llm,
    Log,
    LogSpeech,
    Mic,
    Minutes,
    Mode,
    Notes,
    Notice,
    Offline,
    Pace,
    PaceName,
    Patience,
    Persona,
    Plain,
    PushToTalk,
    Questions,
    Realtime,
    Recordings,
    Resume,
    SecondTts,
    Seed,
    SelfScored,
    ShowPlan,
    SpeakerName,
    Stt,
    Telemetry,
    Topics,
    Tts,
    Turns,
    Which,
    as_text,
    end_with,
)
from voiceprep.errors import ConfigError
from voiceprep.terminal.order import Order

app = typer.Typer()


@app.command()
def interview(
    bank: Bank = None,
    questions: Questions = None,
    minutes: Minutes = None,
    level: Level = None,
    persona: Persona = None,
    resume: Resume = None,
    job: Job = None,
    notes: Notes = None,
    topic: Topics = None,
    patience: Patience = None,
    eagerness: Eagerness = None,
    seed: Seed = None,
    mic: Mic = None,
    speaker: SpeakerName = None,
    candidate: Candidate = None,
    pace: Pace = PaceName.REALTIME,
    echo_cancel: EchoCancel = None,
    mode: Mode = None,
    realtime: Realtime = None,
    turns: Turns = None,
    push_to_talk: PushToTalk = None,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    second_tts: SecondTts = None,
    budget_usd: Budget = None,
    recordings: Recordings = None,
    notice: Notice = None,
    log: Log = None,
    log_speech: LogSpeech = None,
    telemetry: Telemetry = None,
    audio: Audio = None,
    offline: Offline = None,
    plain: Plain = None,
    self_score: SelfScored = False,
    plan: ShowPlan = False,
    json: AsJson = False,
) -> None:
    """Hold a spoken interview: questions from a bank, follow-ups, a report at the end."""
    options = locals()
    from voiceprep.terminal import run

    end_with(run.hold_interview(os.environ, _flags(options), _order(options)))


@app.command()
def practice(
    bank: Bank = None,
    questions: Questions = None,
    minutes: Minutes = None,
    level: Level = None,
    persona: Persona = None,
    resume: Resume = None,
    job: Job = None,
    notes: Notes = None,
    topic: Topics = None,
    patience: Patience = None,
    eagerness: Eagerness = None,
    seed: Seed = None,
    mic: Mic = None,
    speaker: SpeakerName = None,
    candidate: Candidate = None,
    pace: Pace = PaceName.REALTIME,
    echo_cancel: EchoCancel = None,
    mode: Mode = None,
    realtime: Realtime = None,
    turns: Turns = None,
    push_to_talk: PushToTalk = None,
    coach: Coach = False,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    second_tts: SecondTts = None,
    budget_usd: Budget = None,
    recordings: Recordings = None,
    notice: Notice = None,
    log: Log = None,
    log_speech: LogSpeech = None,
    telemetry: Telemetry = None,
    audio: Audio = None,
    offline: Offline = None,
    plain: Plain = None,
    due: Annotated[bool, typer.Option("--due", help="Only what is due for review; see `voiceprep due`.")] = False,
    self_score: SelfScored = False,
    plan: ShowPlan = False,
    json: AsJson = False,
) -> None:
    """A short drill: like an interview, five minutes by default."""
    options = locals()
    from voiceprep.terminal import run

    end_with(run.hold_practice(os.environ, _flags(options), _order(options)))


@app.command()
def retry(
    question: Annotated[str, typer.Option("--question", help="The question's id; `report --json` names them.")],
    which: Which = "last",
    patience: Patience = None,
    seed: Seed = None,
    mic: Mic = None,
    speaker: SpeakerName = None,
    candidate: Candidate = None,
    pace: Pace = PaceName.REALTIME,
    echo_cancel: EchoCancel = None,
    mode: Mode = None,
    realtime: Realtime = None,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    second_tts: SecondTts = None,
    budget_usd: Budget = None,
    recordings: Recordings = None,
    notice: Notice = None,
    log: Log = None,
    log_speech: LogSpeech = None,
    telemetry: Telemetry = None,
    audio: Audio = None,
    offline: Offline = None,
    plain: Plain = None,
    self_score: SelfScored = False,
    json: AsJson = False,
) -> None:
    """Answer one question of a session again, and see what is better: judged blind, both to hear."""
    options = locals()
    from voiceprep.terminal import retrying

    end_with(retrying.hold_retry(os.environ, _flags(options), _order(options), which, question))


_FOR_ONE_SESSION = {
    *("topic", "seed", "candidate", "pace", "plan", "resume", "job", "notes", "json", "coach"),
    *("due", "which", "question", "self_score"),
}


def _flags(options: Mapping[str, Any]) -> dict[str, object | None]:
    """What overrides the settings of the same name."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in options.items()
        if name not in _FOR_ONE_SESSION
    }


def _order(options: Mapping[str, Any]) -> Order:
    """What is chosen for this session only. Raises ConfigError."""
    candidate = options["candidate"]
    if candidate is not None and options["mic"] is not None:
        raise ConfigError("--candidate answers instead of a microphone.", "Leave out --candidate or --mic.")
    return Order(
        seed=options.get("seed"),
        topics=tuple(options.get("topic") or ()),
        candidate=candidate.value if candidate else None,
        is_fast=options["pace"] is PaceName.FAST,
        is_json=options["json"],
        is_coached=options.get("coach", False),
        is_plan=options.get("plan", False),
        resume=options.get("resume"),
        job=options.get("job"),
        notes=options.get("notes"),
        is_due=options.get("due", False),
        is_self_scored=options.get("self_score", False),
        is_bank_named=options.get("bank") is not None,
    )


@app.command()
def resume(
    which: Which = "last",
    patience: Patience = None,
    mic: Mic = None,
    speaker: SpeakerName = None,
    candidate: Candidate = None,
    pace: Pace = PaceName.REALTIME,
    echo_cancel: EchoCancel = None,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    second_tts: SecondTts = None,
    budget_usd: Budget = None,
    recordings: Recordings = None,
    notice: Notice = None,
    log: Log = None,
    log_speech: LogSpeech = None,
    telemetry: Telemetry = None,
    offline: Offline = None,
    plain: Plain = None,
    self_score: SelfScored = False,
    json: AsJson = False,
) -> None:
    """Go on with an interview that was stopped or cut off, where it stopped, in the same record."""
    options = {name: value for name, value in locals().items() if name != "which"}
    from voiceprep.terminal import run

    end_with(run.resume_interview(os.environ, which, _flags(options), _order(options)))


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
