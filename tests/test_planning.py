"""What is asked and why: as a table and as properties. Pure: no audio, no clock, no chance."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interviews import question
from voiceprep.conduct.planning import Plan, Role, Wish, make_plan
from voiceprep.model import Bank, History

TOPICS = ("a", "b", "c", "d", "e")
BANK = Bank(
    "b", "B", tuple(question(f"{topic}-{level}", topic, level) for topic in TOPICS for level in range(1, 6))
)
WISH = Wish(level=3, seed=7, question_count=5)


def ids(plan: Plan) -> list[str]:
    return [asked.id for asked in plan.questions]


def test_a_plan_warms_up_covers_deepens_and_closes() -> None:
    plan = make_plan(BANK, WISH)
    assert {asked.topic for asked in plan.questions} == set(TOPICS)
    assert [asked.difficulty for asked in plan.questions] == [2, 3, 3, 4, 3]
    assert [note.role for note in plan.notes] == [Role.WARM_UP, Role.COVER, Role.COVER, Role.DEEPEN, Role.CLOSE]
    assert plan.notes[0].reason == f"warms up: opens {plan.questions[0].topic}, level 2"


@pytest.mark.parametrize(
    ("count", "roles"),
    [
        (0, []),
        (1, [Role.COVER]),
        (2, [Role.WARM_UP, Role.DEEPEN]),
        (3, [Role.WARM_UP, Role.COVER, Role.DEEPEN]),
        (4, [Role.WARM_UP, Role.COVER, Role.DEEPEN, Role.CLOSE]),
    ],
)
def test_roles_of_short_plans(count: int, roles: list[Role]) -> None:
    bank = replace(BANK, questions=BANK.questions[:count])
    assert [note.role for note in make_plan(bank, WISH).notes] == roles


def test_the_seed_decides() -> None:
    assert make_plan(BANK, WISH) == make_plan(BANK, WISH)
    assert len({tuple(ids(make_plan(BANK, replace(WISH, seed=seed)))) for seed in range(8)}) > 1


def test_topics_can_be_chosen() -> None:
    plan = make_plan(BANK, replace(WISH, question_count=9, topics=["b"]))
    assert sorted(ids(plan)) == ["b-1", "b-2", "b-3", "b-4", "b-5"]


def test_what_is_due_and_what_was_missed_takes_half_of_the_plan() -> None:
    history = History(due=("c-5", "gone", "a-1"), missed={"a-1": ("p1",), "e-4": ("p1", "p2"), "d-2": ()})
    plan = make_plan(BANK, replace(WISH, question_count=6, history=history))
    fixed = {asked.id: note.reason for asked, note in zip(plan.questions, plan.notes, strict=True) if note.is_fixed}
    assert set(fixed) == {"c-5", "a-1", "e-4"}
    assert fixed["a-1"] == "warms up: due for review today, 1 key point missed last time"
    assert fixed["e-4"].endswith("2 key points missed last time")
    assert len({asked.topic for asked in plan.questions}) == 5


def test_practice_may_ask_only_what_is_due() -> None:
    wish = replace(WISH, question_count=2, history=History(due=("c-5", "a-1", "b-1")), due_share=1.0)
    assert set(ids(make_plan(BANK, wish))) == {"c-5", "a-1"}


def test_a_topic_done_well_is_asked_harder_and_one_done_badly_easier() -> None:
    history = History(topic_scores={"a": (0.1, 0.9, 0.8, 0.9), "b": (0.9, 0.2, 0.1, 0.3)})
    plan = make_plan(BANK, replace(WISH, question_count=15, history=history))
    covering = {"a": 4, "b": 2, "c": 3}
    for topic, level in covering.items():
        levels = [asked.difficulty for asked in plan.questions if asked.topic == topic]
        assert level in levels, topic
    assert any("you did well there" in note.reason for note in plan.notes)


def test_what_was_asked_lately_comes_last() -> None:
    lately = ids(make_plan(BANK, WISH))
    bank = Bank("b", "B", (*BANK.questions, *(replace(each, id=f"{each.id}-new") for each in BANK.questions)))
    again = make_plan(bank, replace(WISH, history=History(asked=tuple(each.id for each in BANK.questions))))
    assert not set(ids(again)) & set(lately)


def test_minutes_alone_are_filled() -> None:
    plan = make_plan(BANK, Wish(level=3, seed=1, limit_ms=600_000))
    assert plan.is_filling
    assert 0.7 * 600_000 <= plan.expected_ms <= 600_000
    assert not make_plan(BANK, replace(WISH, limit_ms=600_000)).is_filling


wishes = st.builds(
    Wish,
    level=st.integers(1, 5),
    seed=st.integers(0, 99),
    question_count=st.none() | st.integers(1, 40),
    limit_ms=st.none() | st.integers(30_000, 3_600_000),
    topics=st.lists(st.sampled_from(TOPICS), unique=True),
    history=st.builds(
        History,
        due=st.lists(st.sampled_from([each.id for each in BANK.questions])).map(tuple),
        missed=st.dictionaries(st.sampled_from([each.id for each in BANK.questions]), st.just(("p1",))),
        topic_scores=st.dictionaries(st.sampled_from(TOPICS), st.lists(st.floats(0, 1)).map(tuple)),
        asked=st.lists(st.sampled_from([each.id for each in BANK.questions]), unique=True).map(tuple),
    ),
    due_share=st.sampled_from([0.0, 0.5, 1.0]),
)


@given(wishes)
def test_whatever_is_wished_every_question_stands_in_a_plan_once(wish: Wish) -> None:
    plan = make_plan(BANK, wish)
    counts = Counter(ids(plan) + [each.id for each in plan.reserve])
    assert set(counts.values()) <= {1}
    assert len(plan.notes) == len(plan.questions)
    assert len(plan.questions) >= 1
    if wish.question_count is not None:
        pool = [each for each in BANK.questions if not wish.topics or each.topic in wish.topics]
        assert len(plan.questions) == min(wish.question_count, len(pool))
    if wish.topics:
        assert {each.topic for each in (*plan.questions, *plan.reserve)} <= set(wish.topics)
    assert sum(note.is_fixed for note in plan.notes) <= max(1, round(len(plan.questions) * wish.due_share + 0.49))
