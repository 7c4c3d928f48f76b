"""Decisions of the offline judge without any vectors that a mutant of it once survived (`make mutation`)."""

from dataclasses import replace

import pytest

from tests.test_offline_judge import THREADS, credited, score
from voiceprep.model import KeyPoint, Question
from voiceprep.scoring.coverage import best_window, make_view
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.statements import make_statement
from voiceprep.scoring.words import tokenize

BARE = OfflineJudge(has_word_vectors=False, has_encoder=False)
COOKING = (
    "I like to cook pasta with tomatoes and basil on Sunday evenings, because my grandmother taught me her old "
    "recipes from Naples"
)


@pytest.mark.parametrize(
    "question",
    [
        replace(THREADS, key_points=()),
        replace(THREADS, key_points=tuple(replace(point, weight=0.0) for point in THREADS.key_points)),
    ],
    ids=["no key points", "none with a weight"],
)
def test_what_nothing_can_be_earned_for_is_not_scored(question: object) -> None:
    assert isinstance(question, type(THREADS))
    result = score("Threads share the memory of their process.", question, BARE)
    assert (result.score, result.is_abstained, result.flags) == (None, True, ("no_key_points",))


@pytest.mark.parametrize("answer", [COOKING, f"{COOKING} and the memory makes me happy"])
def test_fluent_talk_about_something_else_is_off_topic(answer: str) -> None:
    result = score(answer, judge=BARE)
    assert "off_topic" in result.flags
    assert (result.score, result.is_abstained) == (0.0, False)
    assert all((point.credit, point.quote, point.is_credited) == (0.0, None, False) for point in result.key_points)


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        (
            "a process has its own memory and a thread belongs to the process, the operating system switches "
            "between them",
            {"isolated", "cheap"},
        ),
        (
            "A process crash does not bring another process down because the operating system keeps them isolated "
            "from each other, threads share.",
            {"memory", "isolated"},
        ),
    ],
)
def test_what_is_about_the_subject_is_not(answer: str, points: set[str]) -> None:
    result = score(answer, judge=BARE)
    assert "off_topic" not in result.flags
    assert credited(result) == points
    for point in result.key_points:
        assert point.is_credited is (point.id in points)
        assert (point.quote is None) is (point.credit == 0.0)


def test_a_wrong_belief_is_named_and_earns_nothing() -> None:
    result = score("every thread has its own copy of the memory, so writing is always safe there", judge=BARE)
    assert "misconception:copy" in result.flags
    assert result.score == 0.0


def test_what_says_nothing_is_worth_nothing_and_what_is_left_out_is_not_credited() -> None:
    refused = score("I don't know.", judge=BARE)
    assert (refused.score, refused.is_abstained, credited(refused)) == (0.0, False, set())
    partial = score("Threads share the memory of their process.", judge=BARE)
    assert credited(partial) == {"memory"}
    assert [point.credit for point in partial.key_points if point.id == "isolated"] == [0.0]


def test_a_near_miss_counts_alone_only_where_no_phrases_are_listed() -> None:
    unlisted = replace(THREADS, key_points=tuple(replace(point, phrases=()) for point in THREADS.key_points))
    assert score("A process is isolated by the operating system", THREADS, BARE).score == 0.0
    alone = score("A process is isolated by the operating system", unlisted, BARE)
    assert alone.score
    assert not credited(alone)


def test_what_is_surely_said_counts_however_much_talk_of_something_else_is_around_it() -> None:
    result = score(f"{COOKING}. {COOKING}. Threads share the memory of their process. {COOKING}.", judge=BARE)
    assert "off_topic" not in result.flags
    assert "memory" in credited(result)


def test_one_point_of_weight_one_is_scored() -> None:
    point = KeyPoint("jitter", "Random delays spread them", 1.0, ("jitter",))
    question = replace(THREADS, text="What do you do about retries that come all at once?", key_points=(point,))
    assert score("For that I would add jitter, I think, as we always did.", question, BARE).score == 1.0


ASKED = Question(
    "project",
    "work",
    "When would you choose a linked list over an array?",
    key_points=(
        KeyPoint("end", "The outcome was a good one", 1.0, ("it worked out well",)),
        KeyPoint("copies", "Elements that are there twice", 1.0, ("duplicates",)),
        KeyPoint("first", "The usual choice of most programmers", 1.0, ("the array is my default",)),
    ),
)


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ("I would say it all worked out quite well for us", {"end"}),
        ("I would say that the work is done by somebody else", set()),
        ("You have to look for duplicates before that", {"copies"}),
        ("You have to make a copy before that", set()),
        ("For me the array is the default", {"first"}),
        ("For me the list is the default", set()),
    ],
)
def test_a_phrase_is_said_when_its_words_are_said_of_what_it_is_about(answer: str, points: set[str]) -> None:
    for judge in (BARE, OfflineJudge()):
        assert credited(score(answer, ASKED, judge)) == points


def test_a_word_speaks_for_one_word_of_a_statement() -> None:
    statement = make_statement("Identical objects look equal", frozenset())
    tokens = tokenize("It is the same")
    once = best_window(statement, make_view("It is the same", tokens, (False,) * len(tokens)))
    assert 0 < once.agreement < 0.3
