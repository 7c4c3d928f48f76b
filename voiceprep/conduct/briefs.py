"""Pure: what was decided, in words. Each function makes one brief for where the interview stands.

Must not know why it was decided; the same seed and turn give the same words.
"""

from collections.abc import Sequence
from dataclasses import replace

from voiceprep.conduct.coaching import OFFER, RETRY, hint_for, take_away
from voiceprep.conduct.follow_ups import FollowUp
from voiceprep.conduct.interviewers import NEUTRAL
from voiceprep.conduct.planning import CLOSING_MS, REPLY_MS, Plan, chance, speaking_ms
from voiceprep.conduct.standing import InterviewState, has_time, missed_points
from voiceprep.model import AnswerEnd, FollowUpKind, Question, TurnBrief, TurnKind

NUDGES = NEUTRAL.nudges
WELCOME_BACK = "Welcome back. We go on where we stopped."
SPENT = "This is as far as the budget for this interview goes. Thank you for your answers, and goodbye."

FOLLOW_UP_ANSWER_MS = 6_000
CUT_IN_AFTER_MS = 10_000
"""Where an interviewer who cuts in does so, at the candidate's next breath."""
OFFER_ANSWER_MS = 1_000
FOLLOW_UP_SHARE = 4
"""A follow-up asks for one point of several: a quarter of the question's answer is what to expect."""

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def greeting(plan: Plan) -> TurnBrief:
    if plan.is_filling and plan.limit_ms is not None:
        minutes = max(1, round(plan.limit_ms / 60_000))
        agenda = f"We have {_number(minutes)} minute{'s' * (minutes != 1)}."
    else:
        count = len(plan.questions)
        we_have = "I have" if plan.interviewer.colleague is None else "We have"
        agenda = f"{we_have} {_number(count)} question{'s' * (count != 1)} for you."
    return TurnBrief(TurnKind.GREETING, plan.interviewer.welcome.format(agenda=agenda), expects_answer=False)


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def welcome_back(brief: TurnBrief) -> TurnBrief:
    """The first thing that is said after a break."""
    return replace(brief, text=f"{WELCOME_BACK} {brief.ask or brief.text}")


def question_brief(state: InterviewState, question: Question, elapsed_ms: int) -> TurnBrief:
    brief = TurnBrief(
        TurnKind.QUESTION,
        f"{_lead_over(state)} {question.text}".strip(),
        question.id,
        expected_answer_ms=question.answer_seconds * 1000,
        question_number=len(state.asked) + 1,
        ask=question.text,
    )
    return _cut_short(state, _in_time(state, brief, question, elapsed_ms, 1.0))


def _lead_over(state: InterviewState) -> str:
    """From the answer before to the next question; whoever takes over says so."""
    if not state.asked:
        return ""
    number = len(state.asked)
    asker = state.plan.asker(number + 1)
    if asker is not state.plan.asker(number):
        return _pick(asker.taking_over, state, "over")
    was_answered = state.ended_by in (AnswerEnd.FINISHED, AnswerEnd.TIME_LIMIT)
    return _pick(asker.acknowledgements, state, "thanks") if was_answered else _pick(asker.moving_on, state, "on")


def _pick(options: Sequence[str], state: InterviewState, salt: str) -> str:
    """Varies with the turn, never the same twice in a row."""
    start_at = chance(state.plan.seed, salt) % len(options)
    return options[(start_at + state.turn_count) % len(options)]


def _cut_short(state: InterviewState, brief: TurnBrief) -> TurnBrief:
    """Every other answer, for an interviewer who cuts in; never the first, so that it comes unexpected."""
    is_cutting_in = state.plan.interviewer.is_cutting_in and not state.plan.is_coached
    is_chosen = is_cutting_in and (len(state.asked) + state.plan.seed) % 2 == 1
    if not is_chosen or not state.asked or brief.answer_limit_ms <= CUT_IN_AFTER_MS:
        return brief
    return replace(brief, answer_limit_ms=CUT_IN_AFTER_MS, is_cut_short=True)


def follow_up_brief(state: InterviewState, follow_up: FollowUp, elapsed_ms: int) -> TurnBrief:
    question = state.question
    assert question is not None  # a follow-up belongs to one
    is_abrupt = follow_up.kind is FollowUpKind.CUT_IN
    asker = state.plan.asker(len(state.asked))
    lead = "" if is_abrupt else _pick(asker.acknowledgements, state, "thanks")
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


def hint_brief(state: InterviewState, question: Question, elapsed_ms: int) -> TurnBrief:
    """What was missing; there is an offer to try again when something was, and time for it."""
    hint = hint_for(question, state.score)
    needed_ms = speaking_ms(f"{hint.text} {RETRY} {question.text}") + REPLY_MS + FOLLOW_UP_ANSWER_MS
    is_offered = hint.missing is not None and has_time(state, elapsed_ms, needed_ms)
    text = f"{hint.text} {OFFER}" if is_offered else hint.text
    brief = TurnBrief(
        TurnKind.HINT,
        text,
        expects_answer=is_offered,
        expected_answer_ms=OFFER_ANSWER_MS,
        question_number=len(state.asked),
    )
    return _in_time(state, brief, question, elapsed_ms, 0.2)


def retry_brief(state: InterviewState, question: Question, elapsed_ms: int) -> TurnBrief:
    brief = TurnBrief(
        TurnKind.FOLLOW_UP,
        f"{RETRY} {question.text}",
        question.id,
        expected_answer_ms=question.answer_seconds * 1000,
        question_number=len(state.asked),
        ask=question.text,
    )
    return _in_time(state, brief, question, elapsed_ms, 1.0)


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


def closing(state: InterviewState) -> TurnBrief:
    is_early = state.ended_by is AnswerEnd.SESSION_ENDED
    text = "All right, we stop here. Thank you for your time." if is_early else state.plan.interviewer.goodbye
    if state.plan.is_coached and state.question is not None:
        text = f"{take_away(missed_points(state))} {text}"
    return TurnBrief(TurnKind.CLOSING, text, expects_answer=False)


def closing_spent() -> TurnBrief:
    """The budget allows no more."""
    return TurnBrief(TurnKind.CLOSING, SPENT, expects_answer=False)
