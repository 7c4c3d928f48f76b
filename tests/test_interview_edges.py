"""Decisions of the interview that a mutant of it once survived: `python -m benchmarks.mutation` makes them."""

from dataclasses import replace

import pytest

from tests.interviews import plan, question, score, turn
from voiceprep.conduct.interview import after_turn, is_covered, next_brief, next_question, resume, start
from voiceprep.conduct.standing import InterviewState
from voiceprep.model import AnswerEnd, QuestionScore, Turn, TurnBrief, TurnKind

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
