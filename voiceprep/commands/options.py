"""Options that several commands share, and how a command ends. Must not import anything heavy."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voiceprep.errors import ExitCode


class PaceName(StrEnum):
    REALTIME = "realtime"
    FAST = "fast"


class CandidateName(StrEnum):
    """Simulated candidates; the same names as audio.candidate.CandidateStyle, which is heavy to import."""

    STRONG = "strong"
    PARTIAL = "partial"
    WEAK = "weak"
    SILENT = "silent"
    RAMBLING = "rambling"
    OFFTOPIC = "offtopic"
    INJECTION = "injection"


class PersonaName(StrEnum):
    """The interviewers of interviewers.INTERVIEWERS."""

    FRIENDLY = "friendly"
    NEUTRAL = "neutral"
    PROBING = "probing"
    HURRIED = "hurried"
    SILENT_TYPE = "silent-type"
    PANEL = "panel"


class EagernessName(StrEnum):
    """How soon a finished-sounding answer counts as over."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ReportFormat(StrEnum):
    TERMINAL = "terminal"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


Bank = Annotated[str | None, typer.Option("--bank", help="A bank's id, or a YAML file.")]
Questions = Annotated[int | None, typer.Option("--questions", help="How many questions.")]
Minutes = Annotated[
    float | None, typer.Option("--minutes", help="How long; without --questions they are filled. 0: no limit.")
]
Level = Annotated[int | None, typer.Option("--level", help="Difficulty, 1 to 5.")]
Persona = Annotated[PersonaName | None, typer.Option("--persona", help="Who interviews you.")]
Resume = Annotated[Path | None, typer.Option("--resume", help="Your résumé: PDF, DOCX, Markdown or text.")]
Job = Annotated[Path | None, typer.Option("--job", help="The job description, in the same formats.")]
Notes = Annotated[Path | None, typer.Option("--notes", help="A folder of your own notes to be asked about.")]
ShowPlan = Annotated[bool, typer.Option("--plan", help="Only show what would be asked, and why.")]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Only this topic; may be repeated.")]
Patience = Annotated[
    float | None, typer.Option("--patience", help="Seconds of silence after an answer that sounds unfinished.")
]
Eagerness = Annotated[
    EagernessName | None,
    typer.Option("--eagerness", help="high replies sooner and cuts in more often; low waits for every thought."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="The same seed asks the same questions.")]
Mic = Annotated[str | None, typer.Option("--mic", help="A device, FILE.wav, or keyboard for typed answers.")]
SpeakerName = Annotated[str | None, typer.Option("--speaker", help="A device, FILE.wav, or none.")]
Candidate = Annotated[
    CandidateName | None, typer.Option("--candidate", help="Let a simulated candidate answer the bank's questions.")
]
Pace = Annotated[PaceName, typer.Option("--pace", help="fast runs on audio time; for files and simulations.")]
EchoCancel = Annotated[
    bool | None, typer.Option("--echo-cancel/--no-echo-cancel", help="For loudspeakers instead of headphones.")
]
Stt = Annotated[str | None, typer.Option("--stt", help="Recogniser: PROVIDER[:MODEL], commas for failover.")]
Llm = Annotated[str | None, typer.Option("--llm", help="Model that words the follow-ups, or none.")]
Tts = Annotated[str | None, typer.Option("--tts", help="Voice: PROVIDER[:MODEL][@VOICE], commas for failover.")]
SecondTts = Annotated[str | None, typer.Option("--second-tts", help="The panel's second voice, like --tts.")]
Mode = Annotated[str | None, typer.Option("--mode", help="cascaded, s2s, or auto.")]
Realtime = Annotated[
    str | None, typer.Option("--realtime", help="Realtime model for speech-to-speech: PROVIDER[:MODEL].")
]
Turns = Annotated[
    str | None, typer.Option("--turns", help="Who ends a turn in speech-to-speech: server, client or auto.")
]
Coach = Annotated[bool, typer.Option("--coach", help="After each answer a hint, and another try if you like.")]
SelfScored = Annotated[bool, typer.Option("--self-score", help="Rate your answers before you see the scores.")]
PushToTalk = Annotated[
    bool | None, typer.Option("--push-to-talk/--no-push-to-talk", help="Only Enter ends an answer.")
]
Budget = Annotated[float | None, typer.Option("--budget-usd", help="Close politely before it costs more.")]
Recordings = Annotated[Path | None, typer.Option("--recordings", help="Where sessions are kept.")]
Notice = Annotated[
    bool | None, typer.Option("--notice/--no-notice", help="Say and show at the beginning that this is recorded.")
]
Audio = Annotated[
    bool | None,
    typer.Option("--audio/--no-audio", help="Keep the audio, or only what was said and when."),
]
Offline = Annotated[
    bool | None, typer.Option("--offline/--no-offline", help="Open no network connection, whatever happens.")
]
Log = Annotated[
    Path | None, typer.Option("--log", help="Add a JSON line for everything that happens to this file.")
]
LogSpeech = Annotated[
    bool | None, typer.Option("--log-speech/--no-log-speech", help="What is said is in the log too.")
]
Telemetry = Annotated[
    bool | None, typer.Option("--telemetry/--no-telemetry", help="Send spans to an OpenTelemetry collector.")
]
Plain = Annotated[bool | None, typer.Option("--plain/--no-plain", help="Plain lines instead of a live picture.")]
Dev = Annotated[bool, typer.Option("--dev", help="The server of `make livekit` on this machine; no configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Which = Annotated[str, typer.Argument(help="last, an id, the start of one, or a folder.")]


def as_text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def end_with(code: ExitCode) -> None:
    """Leave the command with this exit code."""
    if code is not ExitCode.DONE:
        raise typer.Exit(int(code))
