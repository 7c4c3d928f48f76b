"""Pure: what the interviewer does next: ask, follow up, close, in time; the words are those of briefs.py.

Must not know audio, engines, files, chance or the clock; the same seed and answers give the same interview.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from voiceprep.conduct.briefs import (
    FOLLOW_UP_ANSWER_MS,
    closing,
    closing_spent,
    follow_up_brief,
    greeting,
    hint_brief,
    question_brief,
    retry_brief,
)
from voiceprep.conduct.coaching import wants_retry
from voiceprep.conduct.follow_ups import Answered, FollowUp, choose_follow_up
from voiceprep.conduct.planning import LEVEL_HIGHEST, LEVEL_LOWEST, REPLY_MS, Plan, speaking_ms
from voiceprep.conduct.standing import InterviewState, Stage, has_time, missed_points
from voiceprep.model import AnswerEnd, FollowUpKind, Question, QuestionScore, Turn, TurnBrief, TurnKind

QUESTION_MIN_MS = 30_000
"""So much is kept free for each planned question before an answer is followed up."""
ANSWER_SHARE_MIN = 0.6
"""A question is only asked when so much of its expected answer fits."""
RECENT_SCORES = 2
DOING_WELL, DOING_POORLY = 0.75, 0.35
"""Mean of the newest scores from which the next question is a level harder, or easier."""


def start(plan: Plan) -> InterviewState:
    return InterviewState(plan, Stage.GREETING if plan.questions else Stage.CLOSING)


def next_brief(state: InterviewState, elapsed_ms: int, *, is_spent: bool = False) -> TurnBrief | None:
    """What to say, who says it and whether to listen; None when the interview is over. `is_spent`: the budget
    allows no more."""
    is_over_budget = is_spent and state.stage in (Stage.ASKING, Stage.ANSWERED)
    brief = closing_spent() if is_over_budget else _next_brief(state, elapsed_ms)
    if brief is None:
        return None
    return replace(brief, interviewer=state.plan.asker(brief.question_number).person)


def _next_brief(state: InterviewState, elapsed_ms: int) -> TurnBrief | None:
    question = state.question
    if state.stage is Stage.DONE:
        return None
    if state.stage is Stage.GREETING:
        return greeting(state.plan)
    if state.stage is Stage.CLOSING:
        return closing(state)
    if state.stage is Stage.RETRYING and question is not None:
        return retry_brief(state, question, elapsed_ms)
    is_hint_due = state.plan.is_coached and state.stage is Stage.ANSWERED and not state.is_hinted
    if is_hint_due and question is not None:
        return hint_brief(state, question, elapsed_ms)
    follow_up = follow_up_for(state, elapsed_ms)
    following = None if follow_up else next_question(state, elapsed_ms)
    if follow_up is None and following is None:
        follow_up = follow_up_for(state, elapsed_ms, is_last=True)
    if follow_up is not None:
        return follow_up_brief(state, follow_up, elapsed_ms)
    return closing(state) if following is None else question_brief(state, following, elapsed_ms)


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
    interviewer, question = state.plan.asker(len(state.asked)), state.question
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
    return follow_up if has_time(state, elapsed_ms, needed_ms) else None


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
    return has_time(state, elapsed_ms, speaking_ms(question.text) + REPLY_MS + answer_ms)


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
