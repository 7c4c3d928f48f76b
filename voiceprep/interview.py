"""Pure: what the interviewer does next (ask, follow up, close, in time) and what a spoken request means.

Must not know audio, engines, files, chance or the clock; the same seed and answers give the same interview.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from voiceprep.coaching import OFFER, RETRY, hint_for, take_away, wants_retry
from voiceprep.follow_ups import Answered, FollowUp, choose_follow_up
from voiceprep.interviewers import NEUTRAL
from voiceprep.last_words import plain_words
from voiceprep.model import AnswerEnd, FollowUpKind, KeyPoint, Question, QuestionScore, Turn, TurnBrief, TurnKind
from voiceprep.planning import (
    CLOSING_MS,
    LEVEL_HIGHEST,
    LEVEL_LOWEST,
    REPLY_MS,
    Plan,
    chance,
    speaking_ms,
)

QUESTION_MIN_MS = 30_000
"""So much is kept free for each planned question before an answer is followed up."""
ANSWER_SHARE_MIN = 0.6
"""A question is only asked when so much of its expected answer fits."""
FOLLOW_UP_ANSWER_MS = 6_000
CUT_IN_AFTER_MS = 10_000
"""Where an interviewer who cuts in does so, at the candidate's next breath."""
OFFER_ANSWER_MS = 1_000
RECENT_SCORES = 2
DOING_WELL, DOING_POORLY = 0.75, 0.35
"""Mean of the newest scores from which the next question is a level harder, or easier."""


# ------------------------------------------------------------------------------------------- state


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
    if state.stage is Stage.CLOSING:
        return _close(state)
    if state.stage is Stage.RETRYING and state.question is not None:
        return _retry(state, state.question, elapsed_ms)
    if (
        state.plan.is_coached
        and state.stage is Stage.ANSWERED
        and not state.is_hinted
        and state.question is not None
    ):
        return _hint(state, state.question, elapsed_ms)
    follow_up = follow_up_for(state, elapsed_ms)
    question = None if follow_up else next_question(state, elapsed_ms)
    if follow_up is None and question is None:
        follow_up = follow_up_for(state, elapsed_ms, is_last=True)
    if follow_up is not None:
        return _follow_up(state, follow_up, elapsed_ms)
    return _close(state) if question is None else _ask(state, question, elapsed_ms)


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
    words = turn.answer.transcript.text if turn.answer else ""
    if brief.kind is TurnKind.HINT:
        is_again = ended_by is AnswerEnd.FINISHED and wants_retry(words)
        return replace(state, stage=Stage.RETRYING if is_again else Stage.ANSWERED, is_hinted=True)
    if brief.kind is TurnKind.QUESTION:
        state = _begin(state, brief)
    return replace(
        state,
        stage=Stage.ANSWERED,
        score=score,
        said=f"{state.said} {words}".strip(),
        made=state.made + ((brief.follow_up,) if brief.follow_up else ()),
        probed=state.probed + ((brief.key_point_id,) if brief.key_point_id else ()),
        asks=state.asks | {brief.ask},
        ended_by=ended_by,
        is_cut_short=brief.is_cut_short and ended_by is AnswerEnd.TIME_LIMIT,
    )


def resume(
    plan: Plan, turns: Sequence[Turn], judge: Callable[[TurnBrief, Sequence[Turn]], QuestionScore | None]
) -> InterviewState:
    """The state after recorded turns; what was cut off, and a goodbye, do not count and come again."""
    state = start(plan)
    for place, turn in enumerate(turns, start=1):
        if not _was_cut_off(turn):
            state = after_turn(state, turn, judge(turn.brief, turns[:place]))
    return state


def welcome_back(brief: TurnBrief) -> TurnBrief:
    """The first thing that is said after a break."""
    return replace(brief, text=f"{WELCOME_BACK} {brief.ask or brief.text}")


def _was_cut_off(turn: Turn) -> bool:
    is_unanswered = turn.answer is None or turn.answer.ended_by is AnswerEnd.SESSION_ENDED
    return turn.brief.kind is TurnKind.CLOSING or (turn.brief.expects_answer and is_unanswered)


def _begin(state: InterviewState, brief: TurnBrief) -> InterviewState:
    """A new question: what the one before was worth is kept."""
    question = next(each for each in state.plan.pool if each.id == brief.question_id)
    before = state.score.score if state.score else None
    return replace(
        state,
        question=question,
        said="",
        made=(),
        probed=(),
        is_hinted=False,
        missed=missed_points(state),
        asked=(*state.asked, question.id),
        scores=state.scores if before is None else (*state.scores, before),
    )


def is_covered(brief: TurnBrief, score: QuestionScore | None) -> bool:
    """Everything this brief asked for was said: the probed key point, or all of the question's."""
    if score is None:
        return False
    wanted = [point for point in score.key_points if brief.key_point_id in (None, point.id)]
    return all(point.is_credited for point in wanted)


# --------------------------------------------------------------------------------------- what to ask


def follow_up_for(state: InterviewState, elapsed_ms: int, *, is_last: bool = False) -> FollowUp | None:
    """How the newest answer is followed up, or None to move on. `is_last`: no question fits any more, and what
    is left of the time may be used beyond the usual number."""
    interviewer, question = state.plan.interviewer, state.question
    if state.stage is not Stage.ANSWERED or question is None or state.score is None or state.plan.is_coached:
        return None
    is_filling = is_last and state.plan.is_filling
    if len(state.made) >= interviewer.follow_ups_max and not is_filling:
        return None
    kinds: tuple[FollowUpKind, ...]
    if state.is_cut_short:
        kinds = (FollowUpKind.CUT_IN,)
    elif state.ended_by is not AnswerEnd.FINISHED or "refusal" in state.score.flags:
        return None
    else:
        kinds = (*interviewer.follow_ups, *((FollowUpKind.LAST_WORD,) if is_filling else ()))
    answered = Answered(question, state.score, state.said, state.made, state.probed, state.asks, state.plan.seed)
    follow_up = choose_follow_up(answered, kinds)
    if follow_up is None:
        return None
    others_ms = 0 if is_last else QUESTION_MIN_MS * _planned_left(state)
    needed_ms = speaking_ms(follow_up.ask) + REPLY_MS + FOLLOW_UP_ANSWER_MS + others_ms
    return follow_up if _has_time(state, elapsed_ms, needed_ms) else None


def next_question(state: InterviewState, elapsed_ms: int) -> Question | None:
    """The planned question, or one from the reserve that suits the answers so far better; None when it is over."""
    plan, position = state.plan, len(state.asked)
    reserve = [
        question
        for question in plan.reserve
        if question.id not in state.asked and _fits(state, question, elapsed_ms)
    ]
    if position >= len(plan.questions):
        return _one_more(state, reserve) if plan.is_filling else None
    planned = plan.questions[position]
    if not _fits(state, planned, elapsed_ms):
        return _one_more(state, reserve) if plan.is_filling else None
    note = plan.note(planned.id)
    if not _shift(state) or (note is not None and note.is_fixed):
        return planned
    wanted = _wanted(state, planned)
    same_topic = [question for question in reserve if question.topic == planned.topic]
    return min([planned, *same_topic], key=lambda question: abs(question.difficulty - wanted))


def _one_more(state: InterviewState, reserve: Sequence[Question]) -> Question | None:
    """While there is time: from a topic asked least, near the level that suits."""
    wanted = _wanted(state, state.plan.questions[-1])
    topics = [question.topic for question in state.plan.pool if question.id in state.asked]

    def rank(question: Question) -> tuple[int, int]:
        return topics.count(question.topic), abs(question.difficulty - wanted)

    return min(reserve, key=rank, default=None)


def _fits(state: InterviewState, question: Question, elapsed_ms: int) -> bool:
    answer_ms = round(question.answer_seconds * 1000 * ANSWER_SHARE_MIN)
    return _has_time(state, elapsed_ms, speaking_ms(question.text) + REPLY_MS + answer_ms)


def _shift(state: InterviewState) -> int:
    """One level up or down by the newest scores, the question just answered included."""
    newest = state.score.score if state.score else None
    recent = (*state.scores, *(() if newest is None else (newest,)))[-RECENT_SCORES:]
    if not recent:
        return 0
    mean = sum(recent) / len(recent)
    return 1 if mean >= DOING_WELL else -1 if mean <= DOING_POORLY else 0


def _wanted(state: InterviewState, planned: Question) -> int:
    return min(LEVEL_HIGHEST, max(LEVEL_LOWEST, planned.difficulty + _shift(state)))


def _planned_left(state: InterviewState) -> int:
    return max(0, len(state.plan.questions) - len(state.asked))


def _has_time(state: InterviewState, elapsed_ms: int, needed_ms: int) -> bool:
    limit_ms = state.plan.limit_ms
    return limit_ms is None or elapsed_ms + needed_ms + CLOSING_MS <= limit_ms


# --------------------------------------------------------------------------------------- what is said

NUDGES = NEUTRAL.nudges
WELCOME_BACK = "Welcome back. We go on where we stopped."
SPENT = "This is as far as the budget for this interview goes. Thank you for your answers, and goodbye."


def _pick(options: Sequence[str], state: InterviewState, salt: str) -> str:
    """Varies with the turn, never the same twice in a row."""
    start_at = chance(state.plan.seed, salt) % len(options)
    return options[(start_at + state.turn_count) % len(options)]


def _ask(state: InterviewState, question: Question, elapsed_ms: int) -> TurnBrief:
    lead = ""
    if state.asked:
        was_answered = state.ended_by in (AnswerEnd.FINISHED, AnswerEnd.TIME_LIMIT)
        interviewer = state.plan.interviewer
        lead = (
            _pick(interviewer.acknowledgements, state, "thanks")
            if was_answered
            else _pick(interviewer.moving_on, state, "on")
        )
    brief = TurnBrief(
        TurnKind.QUESTION,
        f"{lead} {question.text}".strip(),
        question.id,
        expected_answer_ms=question.answer_seconds * 1000,
        question_number=len(state.asked) + 1,
        ask=question.text,
    )
    return _cut_short(state, _in_time(state, brief, question, elapsed_ms, 1.0))


def _cut_short(state: InterviewState, brief: TurnBrief) -> TurnBrief:
    """Every other answer, for an interviewer who cuts in; never the first, so that it comes unexpected."""
    is_cutting_in = state.plan.interviewer.is_cutting_in and not state.plan.is_coached
    is_chosen = is_cutting_in and (len(state.asked) + state.plan.seed) % 2 == 1
    if not is_chosen or not state.asked or brief.answer_limit_ms <= CUT_IN_AFTER_MS:
        return brief
    return replace(brief, answer_limit_ms=CUT_IN_AFTER_MS, is_cut_short=True)


FOLLOW_UP_SHARE = 4
"""A follow-up asks for one point of several: a quarter of the question's answer is what to expect."""


def _follow_up(state: InterviewState, follow_up: FollowUp, elapsed_ms: int) -> TurnBrief:
    question = state.question
    assert question is not None  # a follow-up belongs to one
    is_abrupt = follow_up.kind is FollowUpKind.CUT_IN
    lead = "" if is_abrupt else _pick(state.plan.interviewer.acknowledgements, state, "thanks")
    brief = TurnBrief(
        TurnKind.FOLLOW_UP,
        f"{lead} {follow_up.ask}".strip(),
        question.id,
        follow_up.key_point_id,
        expected_answer_ms=question.answer_seconds * 1000 // FOLLOW_UP_SHARE,
        question_number=len(state.asked),
        ask=follow_up.ask,
        follow_up=follow_up.kind,
    )
    return _in_time(state, brief, question, elapsed_ms, 0.6)


def _hint(state: InterviewState, question: Question, elapsed_ms: int) -> TurnBrief:
    """What was missing; there is an offer to try again when something was, and time for it."""
    hint = hint_for(question, state.score)
    needed_ms = speaking_ms(f"{hint.text} {RETRY} {question.text}") + REPLY_MS + FOLLOW_UP_ANSWER_MS
    is_offered = hint.missing is not None and _has_time(state, elapsed_ms, needed_ms)
    text = f"{hint.text} {OFFER}" if is_offered else hint.text
    brief = TurnBrief(
        TurnKind.HINT,
        text,
        expects_answer=is_offered,
        expected_answer_ms=OFFER_ANSWER_MS,
        question_number=len(state.asked),
    )
    return _in_time(state, brief, question, elapsed_ms, 0.2)


def _retry(state: InterviewState, question: Question, elapsed_ms: int) -> TurnBrief:
    brief = TurnBrief(
        TurnKind.FOLLOW_UP,
        f"{RETRY} {question.text}",
        question.id,
        expected_answer_ms=question.answer_seconds * 1000,
        question_number=len(state.asked),
        ask=question.text,
    )
    return _in_time(state, brief, question, elapsed_ms, 1.0)


def missed_points(state: InterviewState) -> tuple[KeyPoint, ...]:
    """The most valuable key point each question so far was left without."""
    if state.question is None:
        return state.missed
    missing = hint_for(state.question, state.score).missing
    return state.missed if missing is None else (*state.missed, missing)


def _in_time(
    state: InterviewState, brief: TurnBrief, question: Question, elapsed_ms: int, share: float
) -> TurnBrief:
    """With its place among the questions and the limits of its answer, `share` of what the question may take."""
    answer_limit_ms = round(question.answer_seconds * 1000 * 2.5 * share)
    listen_until_ms = None
    if state.plan.limit_ms is not None:
        listen_until_ms = state.plan.limit_ms - CLOSING_MS
        left_ms = listen_until_ms - elapsed_ms - speaking_ms(brief.text)
        answer_limit_ms = max(min(answer_limit_ms, left_ms), REPLY_MS)
    return replace(
        brief,
        answer_limit_ms=answer_limit_ms,
        listen_until_ms=listen_until_ms,
        question_count=max(len(state.plan.questions), brief.question_number),
    )


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def _greeting(plan: Plan) -> str:
    if plan.is_filling and plan.limit_ms is not None:
        minutes = max(1, round(plan.limit_ms / 60_000))
        agenda = f"We have {_number(minutes)} minute{'s' * (minutes != 1)}."
    else:
        count = len(plan.questions)
        agenda = f"I have {_number(count)} question{'s' * (count != 1)} for you."
    return plan.interviewer.welcome.format(agenda=agenda)


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _close(state: InterviewState) -> TurnBrief:
    is_early = state.ended_by is AnswerEnd.SESSION_ENDED
    text = "All right, we stop here. Thank you for your time." if is_early else state.plan.interviewer.goodbye
    if state.plan.is_coached and state.question is not None:
        text = f"{take_away(missed_points(state))} {text}"
    return TurnBrief(TurnKind.CLOSING, text, expects_answer=False)


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
