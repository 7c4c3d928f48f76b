"""What can happen in a session. Frozen, one class per fact; the journal is a list of these.

Must not know who listens. `type` is the stable name on disk; `at_ms` is session audio time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from voiceprep.model import Answer, Outcome, QuestionScore, Spoken, Turn, TurnBrief, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """With `at_ms` above 0 it was resumed there."""

    at_ms: int
    started_at: datetime
    type: Literal["session_started"] = "session_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted:
    """The interviewer is about to carry out `brief`; nothing has been heard of it yet."""

    at_ms: int
    turn_index: int
    brief: TurnBrief
    type: Literal["turn_started"] = "turn_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerStarted:
    """The first sample of `text` was heard at `at_ms`."""

    at_ms: int
    turn_index: int
    text: str
    type: Literal["interviewer_started"] = "interviewer_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerPaused:
    """Possible barge-in: the loudspeaker is silent, the rest is kept."""

    at_ms: int
    turn_index: int
    type: Literal["interviewer_paused"] = "interviewer_paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerResumed:
    """No words came: the interviewer goes on where it paused."""

    at_ms: int
    turn_index: int
    type: Literal["interviewer_resumed"] = "interviewer_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerEnded:
    at_ms: int
    turn_index: int
    spoken: Spoken
    type: Literal["interviewer_ended"] = "interviewer_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateStarted:
    """Speech onset."""

    at_ms: int
    type: Literal["candidate_started"] = "candidate_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePaused:
    """Speech offset: `at_ms` is the last speech sample. The answer may go on."""

    at_ms: int
    type: Literal["candidate_paused"] = "candidate_paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionalHeard:
    """The answer so far, revisable."""

    at_ms: int
    turn_index: int
    text: str
    type: Literal["provisional_heard"] = "provisional_heard"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHeard:
    at_ms: int
    turn_index: int
    answer: Answer
    type: Literal["answer_heard"] = "answer_heard"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    at_ms: int
    turn: Turn
    type: Literal["turn_ended"] = "turn_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionScored:
    at_ms: int
    score: QuestionScore
    type: Literal["question_scored"] = "question_scored"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven:
    """A key was pressed: `repeat`, `skip`, `pause`, `go_on`, `end`."""

    at_ms: int
    command: str
    type: Literal["command_given"] = "command_given"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLost:
    """`device` is `microphone` or `speaker`. Audio time stands still until it is back."""

    at_ms: int
    device: str
    message: str
    type: Literal["device_lost"] = "device_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceReturned:
    at_ms: int
    device: str
    name: str
    type: Literal["device_returned"] = "device_returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFailed:
    at_ms: int
    provider: str
    stage: str
    message: str
    type: Literal["provider_failed"] = "provider_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageMeasured:
    """A provider was used. `cost_usd` is None when nobody knows the price."""

    at_ms: int
    usage: Usage
    cost_usd: float | None
    type: Literal["usage_measured"] = "usage_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class HintGiven:
    """Something the candidate should know now, such as a muted microphone."""

    at_ms: int
    message: str
    type: Literal["hint_given"] = "hint_given"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerNoted:
    """What a realtime model wrote down about an answer; it decides nothing."""

    at_ms: int
    turn_index: int
    text: str
    type: Literal["interviewer_noted"] = "interviewer_noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    at_ms: int
    outcome: Outcome
    reason: str
    type: Literal["session_ended"] = "session_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMeasured:
    """For the screen only, a few times a second; never journaled."""

    at_ms: int
    level_dbfs: float
    speech_probability: float
    type: Literal["level_measured"] = "level_measured"


Journaled = (
    SessionStarted
    | TurnStarted
    | InterviewerStarted
    | InterviewerPaused
    | InterviewerResumed
    | InterviewerEnded
    | CandidateStarted
    | CandidatePaused
    | ProvisionalHeard
    | AnswerHeard
    | TurnEnded
    | QuestionScored
    | CommandGiven
    | DeviceLost
    | DeviceReturned
    | ProviderFailed
    | UsageMeasured
    | HintGiven
    | InterviewerNoted
    | SessionEnded
)
"""Every event that is written down, a tagged union on `type`."""

Event = Journaled | LevelMeasured
Emit = Callable[[Event], None]
