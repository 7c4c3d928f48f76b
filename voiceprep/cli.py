"""The command line: flags → settings → wiring → print → exit code. The only printer.

Heavy imports live inside commands: `voiceprep --help` must not pay for numpy, models or SDKs.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from voiceprep import __version__
from voiceprep.errors import ConfigError, ExitCode, VoiceprepError

app = typer.Typer(
    name="voiceprep",
    help="Practise spoken interviews by voice. Start with `voiceprep demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich's help costs two thirds of the start-up time
)
banks_app = typer.Typer(no_args_is_help=True, help="Look at question banks and check your own.")
app.add_typer(banks_app, name="banks")


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


class ReportFormat(StrEnum):
    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    JSON = "json"


Bank = Annotated[str | None, typer.Option("--bank", help="A bank's id, or a YAML file.")]
Questions = Annotated[int | None, typer.Option("--questions", help="How many questions.")]
Minutes = Annotated[float | None, typer.Option("--minutes", help="Time limit; 0 is none.")]
Level = Annotated[int | None, typer.Option("--level", help="Difficulty, 1 to 5.")]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Only this topic; may be repeated.")]
Patience = Annotated[
    float | None, typer.Option("--patience", help="Seconds of silence after an answer that sounds unfinished.")
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
Tts = Annotated[str | None, typer.Option("--tts", help="Voice: PROVIDER[:MODEL], commas for failover.")]
Budget = Annotated[float | None, typer.Option("--budget-usd", help="Close politely before it costs more.")]
Recordings = Annotated[Path | None, typer.Option("--recordings", help="Where sessions are kept.")]
Plain = Annotated[bool | None, typer.Option("--plain/--no-plain", help="Plain lines instead of a live picture.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voiceprep {__version__}")
        raise typer.Exit


@app.callback()
def voiceprep(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Practise spoken interviews by voice. Start with `voiceprep demo`."""


# ------------------------------------------------------------------------------------------ sessions


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
        "recordings": _text(recordings),
        "plain": plain,
    }
    order = run.Order(
        seed=seed,
        topics=tuple(topic or ()),
        candidate=candidate.value if candidate else None,
        is_fast=pace is PaceName.FAST,
        is_json=json,
    )
    _exit(run.hold_interview(os.environ, flags, order))


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
        "recordings": _text(recordings),
        "plain": plain,
        "level": 2,
    }
    name = (candidate or CandidateName.PARTIAL).value
    _exit(run.hold_demo(os.environ, flags, run.Order(seed=seed, candidate=name, is_fast=bool(is_fast)), is_fast))


Which = Annotated[str, typer.Argument(help="last, an id, the start of one, or a folder.")]


@app.command()
def report(
    which: Which = "last",
    form: Annotated[ReportFormat, typer.Option("--format", help="How to show it.")] = ReportFormat.TERMINAL,
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Show what was said in a session, what it was worth and why."""
    from voiceprep.terminal import show

    chosen = ReportFormat.JSON if json else form
    show.show_report(os.environ, _text(recordings), which, chosen.value)


@app.command()
def recover(
    which: Annotated[str, typer.Argument(help="all, last, an id, the start of one, or a folder.")] = "all",
    json: AsJson = False,
    recordings: Recordings = None,
) -> None:
    """Repair sessions that were cut off: nothing that was recorded is lost."""
    from voiceprep.terminal import show

    show.recover_sessions(os.environ, _text(recordings), which, json)


@app.command()
def grade(
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Questions and answers as JSON lines on stdin.")] = False,
    bank: Bank = None,
    question: Annotated[
        str | None, typer.Option("--question", help="A question's id; the answer on stdin.")
    ] = None,
) -> None:
    """Grade written answers without a session; one JSON document per answer."""
    from voiceprep.terminal import show

    if jsonl == (question is not None):
        raise ConfigError(
            "Nothing to grade.", "Give either --jsonl, or --bank ID --question QID, and text on stdin."
        )
    show.grade_stdin(os.environ, bank, question)


# ------------------------------------------------------------------------------------------- machine


@app.command()
def devices(json: AsJson = False) -> None:
    """List microphones and loudspeakers by the names `--mic` and `--speaker` take."""
    from voiceprep.terminal import machine

    machine.show_devices(json)


@app.command()
def doctor(
    json: AsJson = False,
    listen: Annotated[bool, typer.Option("--listen/--no-listen", help="Test the microphone for 3 s.")] = True,
    recordings: Recordings = None,
) -> None:
    """Check what works on this machine: devices, levels, models, keys (present or not, never shown)."""
    from voiceprep.terminal import machine

    _exit(machine.show_doctor(os.environ, _text(recordings), is_json=json, is_listening=listen))


# --------------------------------------------------------------------------------------------- banks


@banks_app.command("list")
def banks_list(json: AsJson = False) -> None:
    """Every bank that can be used with --bank."""
    from voiceprep.terminal import bank_views

    bank_views.list_all(os.environ, json)


@banks_app.command("show")
def banks_show(bank: Annotated[str, typer.Argument(help="A bank's id or file.")], json: AsJson = False) -> None:
    """One bank: its topics, questions and key points."""
    from voiceprep.terminal import bank_views

    bank_views.show_one(os.environ, bank, json)


@banks_app.command("check")
def banks_check(bank: Annotated[str, typer.Argument(help="A bank's id or file.")], json: AsJson = False) -> None:
    """Look for mistakes in a bank; exit code 2 when there are some."""
    from voiceprep.terminal import bank_views

    _exit(bank_views.check_one(os.environ, bank, json))


# ---------------------------------------------------------------------------------------------- exit


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _exit(code: ExitCode) -> None:
    if code is not ExitCode.DONE:
        raise typer.Exit(int(code))


ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""Set before numpy is loaded. The judge's matrices are small: a second thread only spins, 0.7 s of CPU a minute."""


def main() -> NoReturn:
    """The console script. Every known error is one paragraph and its exit code; `--debug` adds the traceback."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except VoiceprepError as error:
        _complain(error)
        sys.exit(int(error.exit_code))
    except KeyboardInterrupt:
        sys.exit(int(ExitCode.INTERRUPTED))
    except BrokenPipeError:
        # The reader of our output (head, less) is gone; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(int(ExitCode.DONE))
    sys.exit(int(ExitCode.DONE))


def _complain(error: VoiceprepError) -> None:
    if "--debug" in sys.argv:
        import traceback

        traceback.print_exception(error)
    typer.echo(f"voiceprep: {error.message}", err=True)
    for line in error.hint.splitlines():
        typer.echo(f"  {line}", err=True)
