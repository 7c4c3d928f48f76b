"""Pure: what the interviewer does next (ask, follow up, close, in time) and what a spoken request means.

Must not know audio, engines, files, chance or the clock; the same seed and answers give the same interview.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from voiceprep.endpointing import plain_words
from voiceprep.model import AnswerEnd, KeyPoint, Question, QuestionScore, Turn, TurnBrief, TurnKind
from voiceprep.planning import CLOSING_MS, Plan, chance

QUESTION_MIN_MS = 30_000


# ------------------------------------------------------------------------------------------- state


class Stage(StrEnum):
    GREETING = "greeting"
    ASKING = "asking"
    ANSWERED = "answered"
    CLOSING = "closing"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class InterviewState:
    """Where the interview stands. `score` judges the current question's answers so far."""

    plan: Plan
    stage: Stage = Stage.GREETING
    question_index: int = 0
    probed: tuple[str, ...] = ()
    score: QuestionScore | None = None
    ended_by: AnswerEnd | None = None
    turn_count: int = 0

    @property
    def question(self) -> Question | None:
        """The question being asked or just answered."""
        questions = self.plan.questions
        return questions[self.question_index] if self.question_index < len(questions) else None


def start(plan: Plan) -> InterviewState:
    return InterviewState(plan, Stage.GREETING if plan.questions else Stage.CLOSING)


def next_brief(state: InterviewState, elapsed_ms: int, *, is_spent: bool = False) -> TurnBrief | None:
    """What to say and whether to listen; None when the interview is over. `is_spent`: the budget allows no more."""
    if is_spent and state.stage in (Stage.ASKING, Stage.ANSWERED):
        return TurnBrief(TurnKind.CLOSING, SPENT, expects_answer=False)
    if state.stage is Stage.DONE:
        return None
    if state.stage is Stage.GREETING:
        return TurnBrief(TurnKind.GREETING, _greeting(state.plan), expects_answer=False)
    if state.stage is Stage.ASKING:
        return _ask(state, elapsed_ms)
    if state.stage is Stage.ANSWERED:
        point = follow_up_point(state, elapsed_ms)
        if point is not None:
            return _follow_up(state, point, elapsed_ms)
        moved = _move_on(state, elapsed_ms)
        return next_brief(moved, elapsed_ms)
    return TurnBrief(TurnKind.CLOSING, _closing(state), expects_answer=False)


def after_turn(state: InterviewState, turn: Turn, score: QuestionScore | None) -> InterviewState:
    """The state once `turn` is over. `score` covers all answers to the current question so far."""
    brief = turn.brief
    state = replace(state, turn_count=state.turn_count + 1)
    if brief.kind is TurnKind.CLOSING:
        return replace(state, stage=Stage.DONE)
    ended_by = turn.answer.ended_by if turn.answer else AnswerEnd.SILENT
    if ended_by is AnswerEnd.SESSION_ENDED:
        return replace(state, stage=Stage.CLOSING, ended_by=ended_by, score=score)
    if brief.kind is TurnKind.GREETING:
        return replace(state, stage=Stage.ASKING)
    if brief.kind is TurnKind.QUESTION:
        ids = [question.id for question in state.plan.questions]
        state = replace(state, question_index=ids.index(brief.question_id or ""), probed=())
    probed = state.probed + ((brief.key_point_id,) if brief.key_point_id else ())
    return replace(state, stage=Stage.ANSWERED, probed=probed, score=score, ended_by=ended_by)


def follow_up_point(state: InterviewState, elapsed_ms: int) -> KeyPoint | None:
    """The most valuable key point still missing that may be probed, or None to move on."""
    question = state.question
    if question is None or state.score is None or len(state.probed) >= state.plan.follow_ups_max:
        return None
    if state.ended_by is not AnswerEnd.FINISHED or "refusal" in state.score.flags:
        return None
    if not _has_time(state, elapsed_ms, QUESTION_MIN_MS * (1 + _questions_left(state))):
        return None
    credited = {point.id for point in state.score.key_points if point.is_credited}
    missing = [
        point
        for point in question.key_points
        if point.id not in credited and point.id not in state.probed and point.probe
    ]
    return max(missing, key=lambda point: point.weight, default=None)


def is_covered(brief: TurnBrief, score: QuestionScore | None) -> bool:
    """Everything this brief asked for was said: the probed key point, or all of the question's."""
    if score is None:
        return False
    wanted = [point for point in score.key_points if brief.key_point_id in (None, point.id)]
    return all(point.is_credited for point in wanted)


def _questions_left(state: InterviewState) -> int:
    return len(state.plan.questions) - state.question_index - 1


def _has_time(state: InterviewState, elapsed_ms: int, needed_ms: int) -> bool:
    limit_ms = state.plan.limit_ms
    return limit_ms is None or elapsed_ms + needed_ms + CLOSING_MS <= limit_ms


def _move_on(state: InterviewState, elapsed_ms: int) -> InterviewState:
    next_index = state.question_index + 1
    is_over = next_index >= len(state.plan.questions) or not _has_time(state, elapsed_ms, QUESTION_MIN_MS)
    if is_over:
        return replace(state, stage=Stage.CLOSING)
    return replace(state, stage=Stage.ASKING, question_index=next_index, probed=(), score=None)


# --------------------------------------------------------------------------------------- what is said

_ACKNOWLEDGEMENTS = ("Thank you.", "Okay.", "All right.", "Thanks.", "I see.", "Understood.")
SPENT = "This is as far as the budget for this interview goes. Thank you for your answers, and goodbye."
_MOVING_ON = ("Let's go on.", "Here is the next one.", "Next question.", "Let's move on.")
NUDGES = (
    "Take your time.",
    "There is no hurry. I can repeat the question if you like.",
    "We can also move on. Say skip, or start whenever you are ready.",
)
"""What a long silence is met with, in order; the last one offers to skip."""


def _pick(options: Sequence[str], state: InterviewState, salt: str) -> str:
    """Varies with the turn, never the same twice in a row."""
    start_at = chance(state.plan.seed, salt) % len(options)
    return options[(start_at + state.turn_count) % len(options)]


def _answer_limit_ms(state: InterviewState, question: Question, elapsed_ms: int, share: float) -> int:
    limit_ms = round(question.answer_seconds * 1000 * 2.5 * share)
    if state.plan.limit_ms is not None:
        limit_ms = min(limit_ms, state.plan.limit_ms - elapsed_ms - CLOSING_MS)
    return max(limit_ms, 5_000)


def _ask(state: InterviewState, elapsed_ms: int) -> TurnBrief:
    question = state.question
    assert question is not None  # ASKING implies a question: _move_on and start see to it
    text = question.text
    if state.question_index > 0:
        was_answered = state.ended_by in (AnswerEnd.FINISHED, AnswerEnd.TIME_LIMIT)
        lead = _pick(_ACKNOWLEDGEMENTS, state, "thanks") if was_answered else _pick(_MOVING_ON, state, "on")
        text = f"{lead} {text}"
    return TurnBrief(
        TurnKind.QUESTION,
        text,
        question.id,
        answer_limit_ms=_answer_limit_ms(state, question, elapsed_ms, 1.0),
        expected_answer_ms=question.answer_seconds * 1000,
        question_number=state.question_index + 1,
        question_count=len(state.plan.questions),
    )


def _follow_up(state: InterviewState, point: KeyPoint, elapsed_ms: int) -> TurnBrief:
    question = state.question
    assert question is not None  # a key point to probe belongs to one
    return TurnBrief(
        TurnKind.FOLLOW_UP,
        f"{_pick(_ACKNOWLEDGEMENTS, state, 'thanks')} {point.probe}",
        question.id,
        point.id,
        answer_limit_ms=_answer_limit_ms(state, question, elapsed_ms, 0.6),
        question_number=state.question_index + 1,
        question_count=len(state.plan.questions),
    )


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def _greeting(plan: Plan) -> str:
    count = len(plan.questions)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    noun = "question" if count == 1 else "questions"
    return f"Hello, and welcome. I have {number} {noun} for you. Take your time, I will wait while you think."


def _closing(state: InterviewState) -> str:
    is_early = state.ended_by is AnswerEnd.SESSION_ENDED
    if is_early:
        return "All right, we stop here. Thank you for your time."
    return "That was my last question. Thank you for your answers, and goodbye."


# ------------------------------------------------------------------------------------ spoken requests


class Request(StrEnum):
    """Something the candidate asks of the interviewer instead of answering."""

    REPEAT = "repeat"
    SKIP = "skip"
    MOMENT = "moment"
    END = "end"


_REQUESTS: Iterable[tuple[Request, re.Pattern[str]]] = (
    (
        Request.REPEAT,
        re.compile(
            r"\b(?:repeat|say) (?:that|it|the question|this)(?: again| once more)?\b|\bcome again\b|\bsay again\b"
            r"|\b(?:could|can|would) you (?:please )?repeat\b|^(?:please )?repeat$|\bwhat was the question\b"
        ),
    ),
    (
        Request.SKIP,
        re.compile(
            r"^(?:let's |please |can we |could we |i'd like to |i would like to )*skip"
            r"(?: (?:it|this|that|the question))?(?: one| question)?(?: please)?$"
            r"|^(?:next question|let's move on|move on|pass)(?: please)?$"
        ),
    ),
    (
        Request.MOMENT,
        re.compile(
            r"^(?:okay |ok |so |um |uh |hmm |well |please )*(?:give me|i need|just|let me have|let me take)"
            r" (?:a|one) (?:moment|second|minute|sec)\b|^(?:okay |ok |so |um |uh |hmm |well )*let me think"
        ),
    ),
    (Request.END, re.compile(r"^(?:please )?(?:stop|end) the interview(?: please| now)?$")),
)
REQUEST_WORDS_MAX = 10


def spoken_request(text: str) -> Request | None:
    """What a short utterance asks for, or None when it is an answer (long texts always are)."""
    words = plain_words(text)
    if not words or len(words) > REQUEST_WORDS_MAX:
        return None
    plain = " ".join(words)
    return next((request for request, pattern in _REQUESTS if pattern.search(plain)), None)
