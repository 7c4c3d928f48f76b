"""Pure: where an interview stands. Must not know what comes next or how it is said."""

from dataclasses import dataclass
from enum import StrEnum

from voiceprep.conduct.coaching import hint_for
from voiceprep.conduct.planning import CLOSING_MS, Plan
from voiceprep.model import AnswerEnd, FollowUpKind, KeyPoint, Question, QuestionScore


class Stage(StrEnum):
    GREETING = "greeting"
    ASKING = "asking"
    ANSWERED = "answered"
    RETRYING = "retrying"
    CLOSING = "closing"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class InterviewState:
    """Where the interview stands. `question` is the one being answered; `score` judges its answers so far.

    `asked`: ids of all questions so far; `asks`: every bare question said; `scores`: of the questions before.
    With a coach `is_hinted` says that the question had its hint; `missed`: what each was left without.
    """

    plan: Plan
    stage: Stage = Stage.GREETING
    question: Question | None = None
    score: QuestionScore | None = None
    said: str = ""
    made: tuple[FollowUpKind, ...] = ()
    probed: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    asks: frozenset[str] = frozenset()
    scores: tuple[float, ...] = ()
    ended_by: AnswerEnd | None = None
    is_cut_short: bool = False
    turn_count: int = 0
    is_hinted: bool = False
    missed: tuple[KeyPoint, ...] = ()


def has_time(state: InterviewState, elapsed_ms: int, needed_ms: int) -> bool:
    limit_ms = state.plan.limit_ms
    return limit_ms is None or elapsed_ms + needed_ms + CLOSING_MS <= limit_ms


def missed_points(state: InterviewState) -> tuple[KeyPoint, ...]:
    """The most valuable key point each question so far was left without."""
    if state.question is None:
        return state.missed
    missing = hint_for(state.question, state.score).missing
    return state.missed if missing is None else (*state.missed, missing)
