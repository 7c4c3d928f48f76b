"""What the interviewer does next, as a table and as properties. Pure: no audio, no clock."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interviews import plan, score, turn
from voiceprep.interview import (
    InterviewState,
    Request,
    after_turn,
    next_brief,
    spoken_request,
    start,
)
from voiceprep.model import AnswerEnd, QuestionScore, TurnBrief, TurnKind
from voiceprep.planning import CLOSING_MS


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


answers = st.lists(
    st.tuples(
        st.sets(st.sampled_from(["p1", "p2", "p3"])),
        st.sampled_from([end for end in AnswerEnd if end is not AnswerEnd.SESSION_ENDED]),
        st.integers(1_000, 90_000),
    ),
    min_size=40,
    max_size=40,
)


@given(answers, st.integers(1, 5), st.integers(60_000, 900_000), st.integers(0, 99))
def test_whatever_is_answered_limits_hold(
    given_answers: list[tuple[set[str], AnswerEnd, int]], count: int, limit_ms: int, seed: int
) -> None:
    state = start(plan(count, limit_ms=limit_ms, seed=seed))
    elapsed_ms, asked, probes = 0, [], []
    for credited, ended_by, took_ms in given_answers:
        brief = next_brief(state, elapsed_ms)
        if brief is None:
            break
        if brief.kind is TurnKind.QUESTION:
            asked.append(brief.question_id)
        if brief.kind is TurnKind.FOLLOW_UP:
            probes.append((brief.question_id, brief.key_point_id))
        assert (
            brief.kind is TurnKind.CLOSING or elapsed_ms + CLOSING_MS <= limit_ms or brief.kind is TurnKind.GREETING
        )
        elapsed_ms += min(took_ms, brief.answer_limit_ms) if brief.expects_answer else 0
        state = after_turn(state, turn(0, brief, "w", ended_by=ended_by), score(brief.question_id or "", *credited))
    assert next_brief(state, elapsed_ms) is None
    assert len(asked) == len(set(asked))
    assert len(probes) == len(set(probes))
    assert all(sum(1 for probed, _ in probes if probed == name) <= 2 for name in asked)
    assert elapsed_ms <= limit_ms


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
