"""The lines that stay on the screen: what was said by whom, and what happened. Pure.

Must not know whether they are printed above a live picture or as plain lines.
"""

from dataclasses import dataclass
from enum import StrEnum

from voiceprep.activity import ScreenState
from voiceprep.events import (
    AnswerHeard,
    CommandGiven,
    DeviceLost,
    DeviceReturned,
    Event,
    HintGiven,
    InterviewerEnded,
    InterviewerStarted,
    ProviderFailed,
    SessionEnded,
    TurnStarted,
)
from voiceprep.model import Answer, AnswerEnd, TurnKind
from voiceprep.terminal.meters import time_left_text


class CaptionKind(StrEnum):
    INTERVIEWER = "interviewer"
    CANDIDATE = "candidate"
    NOTE = "note"  # something out of the ordinary
    STATUS = "status"  # what a live picture shows anyway; said only by plain lines


@dataclass(frozen=True, slots=True)
class Caption:
    """`name`: who of several interviewers says it."""

    kind: CaptionKind
    text: str
    name: str = ""


_COMMAND_TEXTS = {
    "repeat": "Repeating.",
    "skip": "Skipping this question.",
    "pause": "Paused.",
    "go_on": "Going on.",
    "end": "Ending the interview.",
}

_END_TEXTS = {
    AnswerEnd.SILENT: "You said nothing.",
    AnswerEnd.SKIPPED: "Skipped.",
    AnswerEnd.TIME_LIMIT: "The time for this answer is over.",
}


def captions_of(event: Event, state: ScreenState, limit_ms: int) -> tuple[Caption, ...]:
    """What to print for `event` after `state`, in order; mostly nothing. `limit_ms` as in `open_screen`."""
    match event:
        case InterviewerStarted(text=text):
            return (Caption(CaptionKind.INTERVIEWER, text, state.interviewer),)
        case InterviewerEnded(spoken=spoken) if spoken.is_interrupted and spoken.text == state.brief_text:
            heard = f'Interrupted after "{spoken.heard_text}".' if spoken.heard_text else "Interrupted."
            return (Caption(CaptionKind.NOTE, heard),)
        case AnswerHeard(answer=answer):
            return _answer_captions(answer)
        case TurnStarted(brief=brief) if brief.kind is TurnKind.QUESTION:
            time = time_left_text(event.at_ms, limit_ms)
            place = f"Question {brief.question_number} of {brief.question_count}"
            return (Caption(CaptionKind.STATUS, f"{place}, {time}."),)
        case CommandGiven(command=command):
            return (Caption(CaptionKind.STATUS, _COMMAND_TEXTS.get(command, f"{command}.")),)
        case _:
            return _trouble_captions(event)


def _answer_captions(answer: Answer) -> tuple[Caption, ...]:
    said = (Caption(CaptionKind.CANDIDATE, answer.transcript.text),) if answer.transcript.words else ()
    if answer.ended_by is AnswerEnd.SILENT and said:
        return said
    end_text = _END_TEXTS.get(answer.ended_by)
    return (*said, Caption(CaptionKind.NOTE, end_text)) if end_text else said


def _trouble_captions(event: Event) -> tuple[Caption, ...]:
    match event:
        case DeviceLost(device=device, message=message):
            text = f"Paused: the {device} is lost. {message}".rstrip()
        case DeviceReturned(device=device, name=name):
            text = f"The {device} is back: {name}."
        case ProviderFailed(provider=provider, stage=stage, message=message):
            text = f"{provider} ({stage}) failed. {message}".rstrip()
        case HintGiven(message=message):
            text = message
        case SessionEnded(outcome=outcome, reason=reason):
            end_text = f"The interview is over: {outcome.value}."
            return (Caption(CaptionKind.STATUS, f"{end_text} {reason}".rstrip()),)
        case _:
            return ()
    return (Caption(CaptionKind.NOTE, text),)
