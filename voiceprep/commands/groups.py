"""Options that come together, each declared once; a command takes groups. Must not import anything heavy."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import get_args, get_type_hints

from voiceprep.commands.options import (
    AsJson,
    Audio,
    Bank,
    Budget,
    Candidate,
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
    Questions,
    Realtime,
    Recordings,
    Resume,
    SecondTts,
    SelfScored,
    SpeakerName,
    Stt,
    Telemetry,
    Topics,
    Tts,
    Turns,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked."""

    bank: Bank = None
    questions: Questions = None
    minutes: Minutes = None
    level: Level = None
    persona: Persona = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Your own documents and topics."""

    resume: Resume = None
    job: Job = None
    notes: Notes = None
    topic: Topics = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """When an answer is over."""

    patience: Patience = None
    eagerness: Eagerness = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Microphone and loudspeaker."""

    mic: Mic = None
    speaker: SpeakerName = None
    echo_cancel: EchoCancel = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How it is held, once for a whole record."""

    mode: Mode = None
    realtime: Realtime = None
    turns: Turns = None
    audio: Audio = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Who hears, words and speaks."""

    stt: Stt = None
    llm: Llm = None
    tts: Tts = None
    second_tts: SecondTts = None
    budget_usd: Budget = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept."""

    recordings: Recordings = None
    notice: Notice = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is shown, logged and sent."""

    plain: Plain = None
    offline: Offline = None
    log: Log = None
    log_speech: LogSpeech = None
    telemetry: Telemetry = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThisTime:
    """This time only."""

    candidate: Candidate = None
    pace: Pace = PaceName.REALTIME
    self_score: SelfScored = False
    json: AsJson = False


Group = Asked | Papers | Waiting | Sound | Held | Providers | Kept | Watched | ThisTime


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer shall see it: in place of each group the options in it."""
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Group]] = {}
    for parameter in inspect.signature(command).parameters.values():
        if parameter.annotation in get_args(Group):
            groups[parameter.name] = parameter.annotation
            parameters.extend(_options(parameter.annotation))
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def run(**given: object) -> None:
        filled = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})  # type: ignore[arg-type]
            for name, group in groups.items()
        }
        command(**filled, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    return run


def _options(group: type[Group]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(field.name, kind, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]


def given_in(*groups: Group) -> dict[str, object]:
    """What the groups' options set, by the setting of the same name; paths as text."""
    values = {field.name: getattr(group, field.name) for group in groups for field in fields(group)}
    given = {name: value for name, value in values.items() if value is not None}
    return {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
