"""What an answer is followed up with, as a table and as properties. Pure."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceprep.conduct.follow_ups import Answered, FollowUp, choose_follow_up
from voiceprep.conduct.interviewers import INTERVIEWERS, NEUTRAL
from voiceprep.conduct.leaks import told_points
from voiceprep.model import (
    FollowUpKind,
    KeyPoint,
    KeyPointScore,
    Misconception,
    Question,
    QuestionKind,
    QuestionScore,
)

PROBE, CHALLENGE = FollowUpKind.PROBE, FollowUpKind.CHALLENGE
EXAMPLE, DEEPER = FollowUpKind.EXAMPLE, FollowUpKind.DEEPER
QUESTION = Question(
    "pool",
    "databases",
    "How would you size a connection pool?",
    (
        KeyPoint("measure", "Measure how long requests wait.", 3, ("measure the waiting",), "How do you find it?"),
        KeyPoint("limit", "The database has a limit of its own.", 5, ("the server's limit",), "What else matters?"),
        KeyPoint("small", "A small pool is often faster.", 1, ("small is fast",), "Is more always better?"),
        KeyPoint("mute", "Nobody asks for this.", 3, ("nobody asks",)),
    ),
    misconceptions=(Misconception("bigger", "A bigger pool is always faster.", ("bigger is faster",)),),
)


def score(*credited: str, flags: tuple[str, ...] = (), **near: float) -> QuestionScore:
    points = tuple(
        KeyPointScore(point.id, point.id in credited, near.get(point.id, float(point.id in credited)))
        for point in QUESTION.key_points
    )
    total = sum(point.weight for point in QUESTION.key_points)
    value = sum(point.weight for point in QUESTION.key_points if point.id in credited) / total
    return QuestionScore("pool", value, points, flags=flags)


def answered(
    result: QuestionScore, said: str = "something", kind: QuestionKind = QuestionKind.TECHNICAL
) -> Answered:
    return Answered(replace(QUESTION, kind=kind), result, said)


ALL = ("measure", "limit", "small", "mute")
CASES = [
    ("the most valuable missing point", answered(score("measure")), PROBE, "limit"),
    ("the next, once that was probed", replace(answered(score()), probed=("limit",)), PROBE, "measure"),
    ("not what was nearly said", answered(score(limit=0.45)), PROBE, "measure"),
    ("a misconception first", answered(score("limit", flags=("misconception:bigger",))), CHALLENGE, None),
    (
        "but only once",
        replace(answered(score("limit", flags=("misconception:bigger",))), made=(CHALLENGE,)),
        PROBE,
        "measure",
    ),
    ("a strong answer goes deeper", answered(score("measure", "limit", "mute")), DEEPER, None),
    ("unless something of weight is missing", answered(score("limit", "mute", "small")), PROBE, "measure"),
    ("nothing is left to ask for", answered(score("limit", "measure")), PROBE, "small"),
    ("nor where nobody can ask", replace(answered(score("limit")), probed=("measure", "small")), None, None),
    ("once", replace(answered(score(*ALL)), made=(DEEPER,)), None, None),
    (
        "claims about oneself need a case",
        answered(score("limit"), "I always plan ahead.", QuestionKind.BEHAVIOURAL),
        PROBE,
        "measure",
    ),
    ("a case is enough", answered(score(*ALL), "Last year we moved it.", QuestionKind.EXPERIENCE), DEEPER, None),
    ("and none is missed", answered(score(*ALL), "I usually plan ahead.", QuestionKind.EXPERIENCE), EXAMPLE, None),
    ("in technical answers neither", answered(score(*ALL), "I usually plan ahead."), DEEPER, None),
]


@pytest.mark.parametrize(("answer", "kind", "point"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_table(answer: Answered, kind: FollowUpKind | None, point: str | None) -> None:
    chosen = choose_follow_up(answer, NEUTRAL.follow_ups)
    assert (chosen and chosen.kind) == kind
    assert (chosen and chosen.key_point_id) == point


def test_an_interruption_is_worded_without_a_hint() -> None:
    chosen = choose_follow_up(answered(score()), (FollowUpKind.CUT_IN,))
    assert chosen is not None
    assert chosen.ask.count("?") == 1


def test_what_was_asked_in_this_interview_is_not_asked_again() -> None:
    answer = answered(score(*ALL))
    asked: set[str] = set()
    while (chosen := choose_follow_up(replace(answer, asked=frozenset(asked)), NEUTRAL.follow_ups)) is not None:
        assert chosen.ask not in asked
        asked.add(chosen.ask)
    assert len(asked) >= 5


def test_the_challenged_claim_is_the_candidates_own() -> None:
    chosen = choose_follow_up(answered(score(flags=("misconception:bigger",))), (CHALLENGE,))
    assert isinstance(chosen, FollowUp)
    assert "a bigger pool is always faster." in chosen.ask.lower()
    assert chosen.ask.count("?") == 1


scores = st.builds(
    lambda credited, flags: score(*credited, flags=flags),
    st.sets(st.sampled_from(ALL)),
    st.sampled_from([(), ("misconception:bigger",), ("hedged",)]),
)


@given(
    scores,
    st.sampled_from(list(INTERVIEWERS.values())).map(lambda each: each.follow_ups),
    st.sampled_from(list(QuestionKind)),
    st.lists(st.sampled_from(ALL)).map(tuple),
    st.lists(st.sampled_from(list(FollowUpKind))).map(tuple),
    st.integers(0, 50),
)
def test_whatever_was_said_a_follow_up_keeps_the_rules(
    result: QuestionScore,
    kinds: tuple[FollowUpKind, ...],
    kind: QuestionKind,
    probed: tuple[str, ...],
    made: tuple[FollowUpKind, ...],
    seed: int,
) -> None:
    answer = replace(answered(result, kind=kind), probed=probed, made=made, seed=seed)
    chosen = choose_follow_up(answer, kinds)
    if chosen is None:
        return
    assert chosen.kind in kinds
    assert chosen.ask.count("?") == 1
    assert chosen.ask.endswith("?")
    missing = [point for point in QUESTION.key_points if point.id not in _credited(result)]
    known = (QUESTION.text, answer.said, *(belief.text for belief in QUESTION.misconceptions))
    if chosen.kind is not PROBE:
        assert told_points(chosen.ask, missing, known) == ()
    else:
        assert chosen.key_point_id not in (*probed, *_credited(result))


def _credited(result: QuestionScore) -> set[str]:
    return {point.id for point in result.key_points if point.is_credited}
