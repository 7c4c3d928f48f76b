"""What the interviewer does next, as a table and as properties. Pure: no audio, no clock."""

from collections import Counter
from dataclasses import replace
from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interviews import plan, question, score, turn
from voiceprep.conduct.briefs import CUT_IN_AFTER_MS
from voiceprep.conduct.interview import after_turn, next_brief, start
from voiceprep.conduct.interviewers import INTERVIEWERS, NEUTRAL
from voiceprep.conduct.planning import Plan, Wish, make_plan, speaking_ms
from voiceprep.conduct.standing import InterviewState
from voiceprep.model import AnswerEnd, Bank, FollowUpKind, Question, QuestionScore, TurnBrief, TurnKind
from voiceprep.turn_taking.requests import Request, spoken_request


def step(state: InterviewState, scored: QuestionScore | None = None, **options: AnswerEnd) -> InterviewState:
    brief = brief_of(state)
    return after_turn(state, turn(state.turn_count, brief, "words", **options), scored)


def brief_of(state: InterviewState) -> TurnBrief:
    brief = next_brief(state, 0)
    assert brief is not None
    return brief


def test_greeting_questions_closing() -> None:
    state = start(plan(2))
    told = []
    while (brief := next_brief(state, 0)) is not None:
        told.append((brief.kind, brief.question_id, brief.question_number))
        state = after_turn(state, turn(0, brief, "words"), score(brief.question_id or "", "p1", "p2", "p3"))
    assert told == [
        (TurnKind.GREETING, None, 0),
        (TurnKind.QUESTION, "q1", 1),
        (TurnKind.QUESTION, "q2", 2),
        (TurnKind.CLOSING, None, 0),
    ]


def test_the_heaviest_missing_point_is_probed_and_then_the_next() -> None:
    state = step(start(plan(1)))
    state = step(state, score("q1", "p2"))
    follow_up = brief_of(state)
    assert (follow_up.kind, follow_up.key_point_id) == (TurnKind.FOLLOW_UP, "p3")
    assert follow_up.text.endswith("And what of 3?")
    state = step(state, score("q1", "p2"))
    assert brief_of(state).key_point_id == "p1"
    state = step(state, score("q1", "p2"))
    assert brief_of(state).kind is TurnKind.CLOSING


@pytest.mark.parametrize("ended_by", [AnswerEnd.SILENT, AnswerEnd.SKIPPED, AnswerEnd.TIME_LIMIT])
def test_no_follow_up_after(ended_by: AnswerEnd) -> None:
    state = step(step(start(plan(2))), score("q1"), ended_by=ended_by)
    assert brief_of(state).question_id == "q2"


def test_no_follow_up_after_a_refusal() -> None:
    state = step(step(start(plan(2))), score("q1", flags=("refusal",)))
    assert brief_of(state).question_id == "q2"


def test_the_end_key_closes_from_anywhere() -> None:
    state = step(step(start(plan(3))), score("q1"), ended_by=AnswerEnd.SESSION_ENDED)
    closing = brief_of(state)
    assert closing.kind is TurnKind.CLOSING
    assert "stop here" in closing.text
    assert next_brief(step(state), 0) is None


def test_an_empty_plan_only_closes() -> None:
    assert brief_of(start(replace(plan(1), questions=()))).kind is TurnKind.CLOSING


def test_no_new_question_when_time_is_up() -> None:
    state = step(step(start(plan(3, limit_ms=60_000))), score("q1"))
    late = next_brief(state, 50_000)
    assert late is not None
    assert late.kind is TurnKind.CLOSING


def test_asking_changes_nothing() -> None:
    state = step(step(start(plan(2))), score("q1", "p1"))
    assert next_brief(state, 0) == next_brief(state, 0)


def test_lead_ins_do_not_repeat_in_a_row() -> None:
    state = step(start(plan(8)))
    leads = []
    for _ in range(7):
        state = step(state, score("q1", "p1", "p2", "p3"))
        leads.append(brief_of(state).text.split(".")[0])
    assert all(first != second for first, second in pairwise(leads))


def adaptive(count: int = 3) -> Plan:
    bank = Bank("b", "B", tuple(question(f"{topic}{n}", topic, n) for topic in "abcd" for n in range(1, 6)))
    return make_plan(bank, Wish(level=3, seed=1, question_count=count))


@pytest.mark.parametrize(("credited", "step_"), [(("p1", "p2", "p3"), 1), ((), -1), (("p2", "p3"), 0)])
def test_the_next_question_suits_the_answers_so_far(credited: tuple[str, ...], step_: int) -> None:
    plan_ = adaptive()
    state = step(start(plan_))
    first = brief_of(state)
    assert first.question_id == plan_.questions[0].id
    state = replace(state, plan=replace(plan_, interviewer=replace(NEUTRAL, follow_ups_max=0)))
    state = step(state, score(first.question_id or "", *credited))
    following = next(each for each in plan_.pool if each.id == brief_of(state).question_id)
    planned = plan_.questions[1]
    assert following.difficulty == planned.difficulty + step_
    assert following.topic == planned.topic


def test_what_is_due_is_asked_whatever_was_answered() -> None:
    plan_ = adaptive()
    fixed = replace(plan_, notes=tuple(replace(note, is_fixed=True) for note in plan_.notes))
    fixed = replace(fixed, interviewer=replace(NEUTRAL, follow_ups_max=0))
    state = start(fixed)
    asked = []
    while (brief := next_brief(state, 0)) is not None:
        asked += [brief.question_id] if brief.question_id else []
        state = after_turn(state, turn(0, brief, "w"), score(brief.question_id or "", "p1", "p2", "p3"))
    assert asked == [each.id for each in plan_.questions]


def test_the_hurried_interviewer_cuts_in_on_every_other_answer_but_the_first() -> None:
    state = start(plan(6, seed=0, interviewer=INTERVIEWERS["hurried"]))
    cut = []
    while (brief := next_brief(state, 0)) is not None:
        ended_by = AnswerEnd.TIME_LIMIT if brief.is_cut_short else AnswerEnd.FINISHED
        if brief.kind is TurnKind.QUESTION:
            cut.append(brief.is_cut_short)
            assert (brief.answer_limit_ms == CUT_IN_AFTER_MS) is brief.is_cut_short
        if state.is_cut_short:
            assert (brief.kind, brief.follow_up) == (TurnKind.FOLLOW_UP, FollowUpKind.CUT_IN)
        state = after_turn(state, turn(0, brief, "w", ended_by=ended_by), score(brief.question_id or "", "p1"))
    assert cut == [False, True, False, True, False, True]


def test_nobody_else_cuts_in() -> None:
    for interviewer in INTERVIEWERS.values():
        state = start(plan(2, interviewer=interviewer))
        state = step(step(state), score("q1", "p1", "p2", "p3"))
        if not interviewer.is_cutting_in:
            assert not brief_of(state).is_cut_short


ALL_ENDS = [end for end in AnswerEnd if end is not AnswerEnd.SESSION_ENDED]
TALK_MS = 80_000
answers = st.lists(
    st.tuples(st.sets(st.sampled_from(["p1", "p2", "p3"])), st.sampled_from(ALL_ENDS), st.integers(1_000, TALK_MS)),
    min_size=1,
    max_size=12,
)
plans = st.builds(
    lambda count, limit_ms, seed, persona: make_plan(
        Bank("b", "B", tuple(question(f"{topic}{n}", topic, n) for topic in "abcdefgh" for n in range(1, 6))),
        Wish(3, seed, count, limit_ms, interviewer=INTERVIEWERS[persona]),
    ),
    st.none() | st.integers(1, 9),
    st.integers(60_000, 900_000),
    st.integers(0, 99),
    st.sampled_from(sorted(INTERVIEWERS)),
)


@given(answers, plans)
def test_whatever_is_answered_limits_hold(
    given_answers: list[tuple[set[str], AnswerEnd, int]], plan_: Plan
) -> None:
    state, elapsed_ms = start(plan_), 0
    asks: list[str] = []
    follow_ups: Counter[str | None] = Counter()
    for credited, ended_by, took_ms in cycle(given_answers):
        brief = next_brief(state, elapsed_ms)
        if brief is None:
            break
        elapsed_ms += speaking_ms(brief.text)
        if brief.expects_answer:
            assert brief.ask in brief.text
            asks.append(brief.ask)
            assert brief.limit_from(elapsed_ms) > 0
            elapsed_ms += min(took_ms, brief.limit_from(elapsed_ms))
        if brief.kind is TurnKind.FOLLOW_UP:
            follow_ups[brief.question_id] += 1
        state = after_turn(state, turn(0, brief, "w", ended_by=ended_by), score(brief.question_id or "", *credited))
    assert plan_.limit_ms is not None
    assert elapsed_ms <= plan_.limit_ms
    assert len(asks) == len(set(asks))
    usual = [count for question_id, count in follow_ups.items() if question_id != state.asked[-1]]
    assert all(count <= plan_.interviewer.follow_ups_max for count in usual)


def unlike(question_id: str, topic: str, level: int) -> Question:
    """A question whose probes no other has."""
    plain = question(question_id, topic, level)
    points = tuple(replace(each, probe=f"And what of {each.id} in {question_id}?") for each in plain.key_points)
    return replace(plain, key_points=points)


@given(st.integers(8_000, 25_000), st.sampled_from([400_000, 600_000, 900_000]), st.integers(0, 99))
def test_planned_minutes_are_filled_and_kept(answer_ms: int, limit_ms: int, seed: int) -> None:
    """Answers that are finished: 5 % under the planned time at most, and never over it."""
    topics = "abcdefghijklm"
    bank = Bank("b", "B", tuple(unlike(f"{topic}{n}", topic, n) for topic in topics for n in range(1, 6)))
    state, elapsed_ms = start(make_plan(bank, Wish(3, seed, None, limit_ms))), 0
    while (brief := next_brief(state, elapsed_ms)) is not None:
        elapsed_ms += speaking_ms(brief.text) + 500
        if brief.expects_answer:
            elapsed_ms += min(answer_ms, brief.limit_from(elapsed_ms))
        state = after_turn(state, turn(0, brief, "w"), score(brief.question_id or "", "p1", "p3"))
    assert 0.95 * limit_ms <= elapsed_ms <= limit_ms


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("Could you repeat the question, please?", Request.REPEAT),
        ("Sorry, can you say that again?", Request.REPEAT),
        ("Repeat.", Request.REPEAT),
        ("Skip.", Request.SKIP),
        ("Let's skip this one.", Request.SKIP),
        ("Next question, please.", Request.SKIP),
        ("Let me think about that.", Request.MOMENT),
        ("Okay, give me a second.", Request.MOMENT),
        ("Please end the interview.", Request.END),
        ("You could skip the cache and read from the database.", None),
        ("A retry should repeat the request with the same key.", None),
        ("I would let the client say that it has seen the event already and only then repeat that.", None),
        ("Skip lists keep several levels of links.", None),
        ("", None),
    ],
)
def test_spoken_requests(text: str, request_: Request | None) -> None:
    assert spoken_request(text) is request_
