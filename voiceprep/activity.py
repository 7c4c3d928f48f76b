"""What whoever watches an interview knows, folded from events: a frozen value in, a frozen value out.

Must not know how it is drawn.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from voiceprep.events import (
    AnswerHeard,
    CandidatePaused,
    CandidateStarted,
    CommandGiven,
    DeviceLost,
    DeviceReturned,
    Event,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    LevelMeasured,
    ProvisionalHeard,
    SessionEnded,
    TurnEnded,
    TurnStarted,
)


class Activity(StrEnum):
    """Who has the word, as it reads on the screen."""

    STARTING = "getting ready"
    THINKING = "interviewer is thinking"
    INTERVIEWER = "interviewer is speaking"
    YOUR_TURN = "listening, take your time"
    CANDIDATE = "you are speaking"
    PAUSED = "paused"
    DEVICE_LOST = "paused: device lost"
    ENDED = "the interview is over"


@dataclass(frozen=True, slots=True)
class ScreenState:
    """`floor` is who has the word apart from pauses; `activity` is what to show.

    `brief_text` is what this turn is about; a nudge is the only other thing the interviewer says in it.
    `interviewer` is the name of who says it, where there are several.
    """

    at_ms: int = 0
    floor: Activity = Activity.STARTING
    is_paused: bool = False
    lost_devices: tuple[str, ...] = ()
    brief_text: str = ""
    interviewer: str = ""
    expects_answer: bool = False
    question_number: int = 0
    question_count: int = 0
    candidate_text: str = ""
    level_dbfs: float = -math.inf
    speech_probability: float = 0.0

    @property
    def activity(self) -> Activity:
        if self.floor is Activity.ENDED:
            return Activity.ENDED
        if self.lost_devices:
            return Activity.DEVICE_LOST
        return Activity.PAUSED if self.is_paused else self.floor


def advance(state: ScreenState, event: Event) -> ScreenState:
    """The state after `event`. The clock never goes back, whatever the event's own `at_ms` is."""
    return replace(_changed(state, event), at_ms=max(state.at_ms, event.at_ms))


def _changed(state: ScreenState, event: Event) -> ScreenState:
    match event:
        case LevelMeasured(level_dbfs=level_dbfs, speech_probability=probability):
            return replace(state, level_dbfs=level_dbfs, speech_probability=probability)
        case ProvisionalHeard(text=text):
            return replace(state, candidate_text=text)
        case TurnStarted():
            return _turn_started(state, event)
        case CommandGiven(command="pause"):
            return replace(state, is_paused=not state.is_paused)
        case CommandGiven(command="go_on" | "end"):
            return replace(state, is_paused=False)
        case DeviceLost(device=device):
            return replace(state, lost_devices=(*_without(state.lost_devices, device), device))
        case DeviceReturned(device=device):
            return replace(state, lost_devices=_without(state.lost_devices, device))
        case AnswerHeard() | TurnEnded():
            return replace(state, floor=Activity.THINKING, candidate_text="")
        case _:
            return replace(state, floor=_floor_after(state, event))


def _floor_after(state: ScreenState, event: Event) -> Activity:
    match event:
        case InterviewerStarted() | InterviewerResumed():
            return Activity.INTERVIEWER
        case InterviewerEnded():
            if state.floor is Activity.CANDIDATE:  # barge-in: already talking when the rest is dropped
                return state.floor
            return Activity.YOUR_TURN if state.expects_answer else Activity.THINKING
        case InterviewerPaused() | CandidateStarted():
            return Activity.CANDIDATE
        case CandidatePaused():
            return Activity.YOUR_TURN if state.floor is Activity.CANDIDATE else state.floor
        case SessionEnded():
            return Activity.ENDED
        case _:
            return state.floor


def _turn_started(state: ScreenState, event: TurnStarted) -> ScreenState:
    brief = event.brief
    return replace(
        state,
        floor=Activity.THINKING,
        brief_text=brief.text,
        interviewer=brief.interviewer,
        expects_answer=brief.expects_answer,
        question_number=brief.question_number or state.question_number,
        question_count=brief.question_count or state.question_count,
        candidate_text="",
    )


def _without(devices: tuple[str, ...], device: str) -> tuple[str, ...]:
    return tuple(other for other in devices if other != device)
