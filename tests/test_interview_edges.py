"""Decisions of the interview that a mutant of it once survived: `python -m benchmarks.mutation` makes them."""

from dataclasses import replace

import pytest

from tests.interviews import plan, question, score, turn
from voiceprep.conduct.briefs import FOLLOW_UP_ANSWER_MS
from voiceprep.conduct.interview import (
    QUESTION_MIN_MS,
    after_turn,
    follow_up_for,
    is_covered,
    next_brief,
    next_question,
    resume,
    start,
)
from voiceprep.conduct.planning import CLOSING_MS, REPLY_MS, Plan, speaking_ms
from voiceprep.conduct.standing import InterviewState, Stage
from voiceprep.model import AnswerEnd, FollowUpKind, QuestionScore, Turn, TurnBrief, TurnKind

LEVELS = replace(plan(2), reserve=tuple(question(f"r{level}", difficulty=level) for level in (1, 2, 3, 4, 5)))


def answered(*shares: float | None) -> InterviewState:
    """After a first question, with what earlier questions were worth and, last, what this one was."""
    state = start(LEVELS)
    for _ in range(2):
        brief = next_brief(state, 0)
        assert brief is not None
        state = after_turn(state, turn(0, brief, "words"), None)
    earlier = tuple(share for share in shares[:-1] if share is not None)
    return replace(state, scores=earlier, score=QuestionScore("q1", shares[-1], ()))


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ((0.75,), "r4"),
        ((0.74,), "q2"),
        ((0.36,), "q2"),
        ((0.35,), "r2"),
        ((None,), "q2"),
        ((0.0, 0.75, 0.75), "r4"),
        ((1.0, 0.3, 0.4), "r2"),
        ((0.5, None), "q2"),
    ],
)
def test_the_two_newest_scores_move_the_next_question_by_one_level(
    shares: tuple[float | None, ...], wanted: str
) -> None:
    following = next_question(answered(*shares), 0)
    assert following is not None
    assert following.id == wanted


@pytest.mark.parametrize(("is_filling", "follows"), [(True, True), (False, False)])
def test_the_reserve_is_asked_only_while_time_is_to_be_filled(is_filling: bool, follows: bool) -> None:
    state = replace(answered(0.5), asked=("q1", "q2"))
    state = replace(state, plan=replace(state.plan, is_filling=is_filling))
    assert (next_question(state, 0) is not None) is follows


@pytest.mark.parametrize("turn_count", [0, 1, 2])
def test_a_spent_budget_ends_what_has_been_greeted_and_never_says_goodbye_twice(turn_count: int) -> None:
    state = start(plan(2))
    for _ in range(turn_count):
        brief = next_brief(state, 0)
        assert brief is not None
        state = after_turn(state, turn(0, brief, "words"), score("q1"))
    brief = next_brief(state, 0, is_spent=True)
    assert brief is not None
    assert brief.kind is (TurnKind.CLOSING if turn_count else TurnKind.GREETING)
    over = after_turn(state, turn(0, brief), None) if turn_count else state
    assert not turn_count or next_brief(over, 0, is_spent=True) is None


WHOLE = TurnBrief(TurnKind.QUESTION, "What about q1?", "q1")
PROBE = replace(WHOLE, kind=TurnKind.FOLLOW_UP, key_point_id="p2")


@pytest.mark.parametrize(
    ("brief", "credited", "covered"),
    [
        (WHOLE, ("p1", "p2", "p3"), True),
        (WHOLE, ("p1", "p2"), False),
        (PROBE, ("p2",), True),
        (PROBE, ("p1", "p3"), False),
    ],
)
def test_what_a_brief_asked_for_was_said(brief: TurnBrief, credited: tuple[str, ...], covered: bool) -> None:
    assert is_covered(brief, score("q1", *credited)) is covered
    assert is_covered(brief, None) is False


def test_going_on_leaves_out_what_was_cut_off_and_hands_over_what_was_said() -> None:
    state = start(plan(2))
    turns: list[Turn] = []
    for ended_by in (AnswerEnd.FINISHED, AnswerEnd.FINISHED, AnswerEnd.SESSION_ENDED):
        brief = next_brief(state, 0)
        assert brief is not None
        turns.append(turn(len(turns), brief, "words", ended_by))
        state = after_turn(state, turns[-1], score("q1", "p1"))
    closing = next_brief(state, 0)
    assert closing is not None
    turns.append(turn(len(turns), closing))
    seen: list[int] = []

    def judge(brief: TurnBrief, so_far: object) -> QuestionScore | None:
        assert isinstance(so_far, list)
        seen.append(len(so_far))
        return score("q1", "p1")

    again = resume(plan(2), turns, judge)
    assert seen == [1, 2]
    assert again.turn_count == 2
    assert again.said == "words"
    assert again.asked == ("q1",)


def after_questions(plan_: Plan, count: int, *credited: str) -> InterviewState:
    """When so many questions were answered and none was followed up."""
    state = start(plan_)
    while len(state.asked) < count or state.stage is not Stage.ANSWERED:
        brief = next_question_brief(state)
        state = after_turn(state, turn(0, brief, "words"), score(brief.question_id or "", *credited))
    return state


def next_question_brief(state: InterviewState) -> TurnBrief:
    brief = next_brief(replace(state, made=tuple(FollowUpKind)), 0)
    assert brief is not None
    return brief


RESERVE = (
    question("used", "t", 3),
    question("far", "fresh", 1),
    question("near", "fresh", 3),
)
FILLING = replace(plan(2), reserve=RESERVE, is_filling=True)


def test_time_left_is_filled_from_the_topic_asked_least_at_the_level_that_suits() -> None:
    state = after_questions(FILLING, 2, "p1", "p2")
    following = next_question(state, 0)
    assert following is not None
    assert following.id == "near"


@pytest.mark.parametrize(("is_filling", "follows"), [(True, "short"), (False, None)])
def test_a_planned_question_that_does_not_fit_makes_room_for_a_shorter_one(
    is_filling: bool, follows: str | None
) -> None:
    short = replace(question("short"), answer_seconds=5)
    plan_ = replace(plan(2), reserve=(short,), is_filling=is_filling, limit_ms=600_000)
    following = next_question(after_questions(plan_, 1, "p1", "p2"), 575_000)
    assert (following.id if following else None) == follows


@pytest.mark.parametrize(("limit_ms", "fits"), [(100_000, True), (99_999, False)])
def test_a_follow_up_leaves_each_planned_question_its_time(limit_ms: int, fits: bool) -> None:
    """To the millisecond: with two questions to come and as much time as they and the follow-up take."""
    plan_ = plan(3)
    state = after_questions(plan_, 1, "p1")
    follow_up = follow_up_for(state, 0)
    assert follow_up is not None
    needed_ms = speaking_ms(follow_up.ask) + REPLY_MS + FOLLOW_UP_ANSWER_MS + 2 * QUESTION_MIN_MS + CLOSING_MS
    state = replace(state, plan=replace(plan_, limit_ms=limit_ms))
    assert (follow_up_for(state, 100_000 - needed_ms) is not None) is fits
    last = follow_up_for(state, 100_000 - needed_ms, is_last=True)
    assert last is not None, "no question is to come"


def test_a_question_asked_beyond_the_plan_takes_no_time_from_the_planned_ones() -> None:
    state = after_questions(replace(FILLING, limit_ms=None), 3, "p1")
    follow_up = follow_up_for(state, 0)
    assert follow_up is not None
    needed_ms = speaking_ms(follow_up.ask) + REPLY_MS + FOLLOW_UP_ANSWER_MS + CLOSING_MS
    state = replace(state, plan=replace(FILLING, limit_ms=100_000))
    assert follow_up_for(state, 100_000 - needed_ms) is not None
    assert follow_up_for(state, 100_001 - needed_ms) is None


@pytest.mark.parametrize("is_coached", [True, False])
def test_a_coach_says_what_was_missing_once_and_follows_nothing_up(is_coached: bool) -> None:
    state = after_questions(replace(plan(2), is_coached=is_coached), 1, "p1")
    brief = next_brief(state, 0)
    assert brief is not None
    assert brief.kind is (TurnKind.HINT if is_coached else TurnKind.FOLLOW_UP)
    if is_coached:
        state = after_turn(state, turn(0, brief, "no"), state.score)
        brief = next_brief(state, 0)
        assert brief is not None
        assert (brief.kind, brief.question_id) == (TurnKind.QUESTION, "q2")
        state = after_turn(state, turn(0, brief, "words"), score("q2", "p1"))
        brief = next_brief(state, 0)
        assert brief is not None
        assert brief.kind is TurnKind.HINT, "each question has its own"


def test_what_was_said_to_a_question_is_kept_in_order_and_begins_anew_with_the_next() -> None:
    state = after_questions(plan(2), 1, "p1")
    brief = next_brief(state, 0)
    assert brief is not None
    state = after_turn(state, turn(0, brief, "more"), score("q1", "p1"))
    assert (state.said, state.made, state.probed) == ("words more", (FollowUpKind.PROBE,), ("p3",))
    assert {"What about q1?", "And what of 3?"} <= state.asks
    state = after_questions(plan(2), 2, "p1")
    assert (state.said, state.made, state.probed, state.scores) == ("words", (), (), (1 / 3,))


@pytest.mark.parametrize(
    ("is_cut_short", "ended_by", "is_cut_in"),
    [
        (True, AnswerEnd.TIME_LIMIT, True),
        (True, AnswerEnd.FINISHED, False),  # it was short enough
        (False, AnswerEnd.TIME_LIMIT, False),
    ],
)
def test_only_who_was_cut_short_is_asked_what_a_cut_in_asks(
    is_cut_short: bool, ended_by: AnswerEnd, is_cut_in: bool
) -> None:
    state = start(plan(2))
    for _ in range(2):
        brief = replace(next_question_brief(state), is_cut_short=is_cut_short)
        state = after_turn(state, turn(0, brief, "words", ended_by), score("q1", "p1"))
    assert state.is_cut_short is is_cut_in
