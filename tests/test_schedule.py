"""The schedule and progress: agree with examples worked by hand, made of evidence, nothing lost with the index."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.commands import run
from voiceprep.errors import ConfigError
from voiceprep.model import KeyPointScore, QuestionScore, SessionScores
from voiceprep.practice.cards import Card, Review, point_rating, question_rating, recall_chance
from voiceprep.practice.deck import due_questions, update_cards
from voiceprep.practice.progress import Direction, measure_progress, measure_trend
from voiceprep.practice.recall import history_for
from voiceprep.practice.schedule import replay
from voiceprep.recordings.codec import encode
from voiceprep.recordings.derived import rebuild_derived
from voiceprep.recordings.history import QuestionResult
from voiceprep.recordings.index import INDEX_NAME, clear_index, open_index
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.reviews import SCHEDULE_JSON, NamedReview, Rating, load_reviews, merge, save_reviews

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DECAY = -0.1542
FACTOR = 0.9 ** (1 / DECAY) - 1


# ---------------------------------------------------------------------------------------- cards


@pytest.mark.parametrize(
    ("rating", "stability", "difficulty", "days"),
    [
        (Rating.AGAIN, 0.212, 6.4133, 1),
        (Rating.HARD, 1.2931, 5.1122, 1),
        (Rating.GOOD, 2.3065, 2.1181, 2),
        (Rating.EASY, 8.2956, 1.0, 8),
    ],
)
def test_the_first_review(rating: Rating, stability: float, difficulty: float, days: int) -> None:
    """FSRS-6: stability is w0…w3; difficulty w4 − e^(w5 · (rating − 1)) + 1, at least 1; a day at least."""
    card = replay([Review(rating, NOON)])
    assert card.stability == pytest.approx(stability)
    assert card.difficulty == pytest.approx(max(1.0, 6.4133 - math.exp(0.8334 * (rating - 1)) + 1))
    assert card.difficulty == pytest.approx(difficulty, abs=1e-3)
    assert card.due_at == NOON + days * DAY


def test_a_second_review_worked_by_hand() -> None:
    """Good, and good again after 2 days: S' = S · (1 + e^w8 · (11 − D) · S^−w9 · (e^((1 − R) · w10) − 1))."""
    card = replay([Review(Rating.GOOD, NOON), Review(Rating.GOOD, NOON + 2 * DAY)])
    recall = (1 + FACTOR * 2 / 2.3065) ** DECAY
    gain = math.exp(1.8722) * (11 - 2.1181) * 2.3065**-0.1666 * (math.exp((1 - recall) * 0.796) - 1)
    assert card.stability == pytest.approx(2.3065 * (1 + gain), rel=1e-4)
    assert card.due_at == NOON + 2 * DAY + round(card.stability) * DAY
    assert card.due_at == NOON + 13 * DAY


def test_what_is_forgotten_comes_back_soon() -> None:
    known = replay([Review(Rating.GOOD, NOON + days * DAY) for days in (0, 2, 13)])
    forgotten = replay(
        [Review(Rating.GOOD, NOON), Review(Rating.GOOD, NOON + 2 * DAY), Review(Rating.AGAIN, NOON + 13 * DAY)]
    )
    assert (forgotten.due_at - NOON).days <= 16
    assert known.due_at - forgotten.due_at > 20 * DAY


def test_the_chance_to_know_it_is_nine_tenths_after_the_stability() -> None:
    card = Card(NOON, NOON, stability=4.0, difficulty=5.0, review_count=1, last_rating=Rating.GOOD, digest=0)
    assert recall_chance(card, NOON) == 1.0
    assert recall_chance(card, NOON + 4 * DAY) == pytest.approx(0.9)
    assert recall_chance(card, NOON + 40 * DAY) == pytest.approx((1 + FACTOR * 10) ** DECAY)


def test_a_known_card_goes_on_only_from_the_same_reviews() -> None:
    reviews = [Review(Rating(1 + n % 4), NOON + 3 * n * DAY) for n in range(8)]
    whole = replay(reviews)
    assert replay(reviews, replay(reviews[:5])) == whole
    changed = [replace(reviews[0], rating=Rating.EASY), *reviews[1:]]
    assert replay(reviews, replay(changed[:5])) == whole
    assert replay(reviews[:3], whole) == replay(reviews[:3])


def test_grades() -> None:
    assert [question_rating(score) for score in (0.0, 0.34, 0.35, 0.6, 0.89, 0.9, 1.0)] == [1, 1, 2, 3, 3, 4, 4]
    assert [point_rating(credit) for credit in (0.0, 0.5, 1.0)] == [1, 2, 3]


# ---------------------------------------------------------------------------------------- deck


def _scores(earned: Sequence[float]) -> SessionScores:
    """Scores of the sample's two questions: credits of same-effect (weight 2), which and writes."""
    points = [
        KeyPointScore(name, credit > 0, credit, "it" if credit else None)
        for name, credit in zip(("same-effect", "which", "writes"), earned, strict=True)
    ]
    first = QuestionScore("idempotent", (2 * earned[0] + earned[1]) / 3, tuple(points[:2]))
    second = QuestionScore("index", earned[2], (points[2],))
    return SessionScores("offline", "v1", "abc123", (first, second), None, None)


def _record(recordings: Path, day: int, earned: Sequence[float]) -> None:
    """The sample session, held at noon of a day of January 2026."""
    folder = sample.record_session(recordings).folder
    at = NOON + (day - 1) * DAY
    moved = folder.rename(recordings / f"{at:%Y%m%dT%H%M%SZ}-sample-bank-00ff")
    (moved / "session.json").write_bytes(encode(replace(load_info(moved), id=moved.name, started_at=at)))
    rebuild_derived(load_session(moved), lambda _: _scores(earned))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """1 January: only same-effect is said. 3 January: which is half said as well, and writes."""
    _record(tmp_path, 1, (1.0, 0.0, 0.0))
    _record(tmp_path, 3, (1.0, 0.5, 1.0))
    return tmp_path


def _due(recordings: Path, day: int) -> dict[str, list[str]]:
    with open_index(recordings) as index:
        update_cards(index)
        due = due_questions(index, NOON + (day - 1) * DAY)
    return {question.id: [point.id for point in question.points if point.is_due] for question in due}


def test_what_was_missed_is_due_first_and_what_was_said_later(recordings: Path) -> None:
    assert _due(recordings, 3) == {}
    assert _due(recordings, 5) == {"idempotent": ["which"], "index": ["writes"]}
    assert "same-effect" not in _due(recordings, 13)["idempotent"]
    assert "same-effect" in _due(recordings, 14)["idempotent"], "good twice: due on the 14th, as worked above"


def test_the_least_known_comes_first(recordings: Path) -> None:
    with open_index(recordings) as index:
        update_cards(index)
        due = due_questions(index, NOON + 60 * DAY)
    assert [question.recall for question in due] == sorted(question.recall for question in due)
    assert due[0].text in {question.text for question in sample.QUESTIONS}


def test_the_index_may_go_and_a_session_too(recordings: Path) -> None:
    before = _due(recordings, 20)
    clear_index(recordings)
    assert _due(recordings, 20) == before
    (recordings / INDEX_NAME).unlink()
    assert _due(recordings, 20) == before
    later = next(recordings.glob("20260103*"))
    hidden = later.rename(recordings / f".{later.name}")
    assert _due(recordings, 2) == {"idempotent": ["which"], "index": ["writes"]}
    hidden.rename(later)
    assert _due(recordings, 20) == before


def test_history_for_planning(recordings: Path) -> None:
    _record(recordings, 5, (1.0, 0.0, 1.0))
    with open_index(recordings) as index:
        update_cards(index)
        history = history_for(index, "sample-bank", NOON + 9 * DAY)
        nothing = history_for(index, "another", NOON)
    assert history.due[0] == "idempotent"
    assert history.missed == {"idempotent": ("which",)}
    assert history.topic_scores == {
        "http": (pytest.approx(2 / 3), pytest.approx(2.5 / 3), pytest.approx(2 / 3)),
        "databases": (0.0, 1.0, 1.0),
    }
    assert history.asked == ("idempotent", "index")
    assert (nothing.due, nothing.asked) == ((), ())


def test_an_exported_schedule_is_the_same_elsewhere(recordings: Path, tmp_path: Path) -> None:
    exported, elsewhere = tmp_path / "exported.json", tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert run("schedule", "export", exported, "--recordings", recordings).code == 0
    assert run("schedule", "import", exported, "--recordings", elsewhere).code == 0
    for day in (3, 4, 13, 14, 40):
        assert _due(elsewhere, day) == _due(recordings, day)
    again = run("schedule", "import", exported, "--recordings", elsewhere)
    assert again.out.startswith("0 new reviews of 10")
    back = run("schedule", "import", exported, "--recordings", recordings)
    assert back.code == 0
    assert _due(recordings, 20) == _due(elsewhere, 20), "its own reviews are not counted twice"
    (elsewhere / SCHEDULE_JSON).unlink()
    assert _due(elsewhere, 40) == {}


@pytest.mark.parametrize("content", ["", "[]", '{"schema_version": 99}', '{"reviews": [{"bank": 1}]}'])
def test_a_broken_schedule_is_refused_and_nothing_changes(recordings: Path, tmp_path: Path, content: str) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(content)
    done = run("schedule", "import", broken, "--recordings", recordings)
    assert done.code == 2
    assert "broken.json" in done.err
    assert not (recordings / SCHEDULE_JSON).exists()


def test_reviews_without_a_time_zone_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "naive.json"
    save_reviews(path, [NamedReview("b", "q", "", Rating.GOOD, NOON.replace(tzinfo=None))])
    with pytest.raises(ConfigError, match="time zone"):
        load_reviews(path)


def test_merging_keeps_each_moment_once() -> None:
    own = NamedReview("b", "q", "", Rating.GOOD, NOON, "own words")
    foreign = replace(own, text="other words", at=NOON.astimezone(None))
    later = replace(own, at=NOON + DAY)
    assert merge([own], [later, foreign]) == (own, later)


def test_due_says_what_was_missed_and_json_says_the_same(recordings: Path) -> None:
    done = run("due", "--recordings", recordings, changes={"COLUMNS": "80"})
    assert "2 questions due" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    content = json.loads(run("due", "--recordings", recordings, "--json").out)
    assert content["total"] == 2
    assert {question["id"] for question in content["due"]} == {"idempotent", "index"}


def test_nothing_due_is_said(tmp_path: Path) -> None:
    assert "Nothing is due" in run("due", "--recordings", tmp_path).out


def test_anki_gets_what_was_missed_and_no_markup_of_ours_is_broken(recordings: Path, tmp_path: Path) -> None:
    _record(recordings, 5, (0.0, 0.0, 1.0))
    out = tmp_path / "notes.txt"
    assert run("schedule", "anki", out, "--recordings", recordings).code == 0
    *head, note = out.read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") for line in head)
    guid, front, back, tags = note.split("\t")
    assert front == "What does it mean that an HTTP method is idempotent?"
    assert back.count("<li>") == 2
    assert "PUT and DELETE are idempotent, POST is not" in back
    assert tags == "voiceprep sample-bank http"
    run("schedule", "anki", out, "--recordings", recordings)
    assert out.read_text(encoding="utf-8").splitlines()[-1].split("\t")[0] == guid, "imported again it is an update"


def test_anki_without_misses_is_a_clear_error(tmp_path: Path) -> None:
    done = run("schedule", "anki", tmp_path / "notes.txt", "--recordings", tmp_path)
    assert (done.code, (tmp_path / "notes.txt").exists()) == (2, False)
    assert "Nothing was missed" in done.err


# ---------------------------------------------------------------------------------------- progress


def _result(day: int, score: float | None, topic: str = "http") -> QuestionResult:
    at = (NOON + day * DAY).isoformat()
    return QuestionResult(f"session-{day}", at, "bank", "q", topic, "technical", "Why?", score)


def test_a_trend_worked_by_hand() -> None:
    """Halves 0.2 0.4 0.2 0.4 and 0.8 0.6 0.8 0.6: each has squares 0.04, with the prior 0.04 + 2 · 0.09 = 0.22
    over 5 degrees of freedom, spread 0.20976, reach 2.015 · 0.20976 / 2 = 0.21134; both √2 · 0.21134 = 0.29888."""
    trend = measure_trend([0.2, 0.4, 0.2, 0.4, 0.8, 0.6, 0.8, 0.6])
    assert trend.change == pytest.approx(0.4)
    assert trend.reach == pytest.approx(0.29888, abs=1e-4)
    assert trend.direction is Direction.BETTER
    assert measure_trend([0.8, 0.6, 0.8, 0.6, 0.2, 0.4, 0.2, 0.4]).direction is Direction.WORSE
    assert measure_trend([0.4, 0.5, 0.4, 0.5, 0.5, 0.6, 0.5, 0.6]).direction is Direction.UNCLEAR


def test_no_trend_before_there_is_enough() -> None:
    seven = [_result(day, 0.1 * day) for day in range(7)]
    overall = measure_progress(seven).overall
    assert overall is not None
    assert overall.trend is None
    eight = measure_progress([*seven, _result(7, 0.7)]).overall
    assert eight is not None
    assert eight.trend is not None
    three_sessions = measure_progress([_result(day % 3, 0.1 * day) for day in range(9)]).overall
    assert three_sessions is not None
    assert three_sessions.trend is None


def test_topics_are_apart_weakest_first_and_unscored_answers_count_nothing() -> None:
    progress = measure_progress([_result(1, 0.9), _result(1, 0.2, "data"), _result(2, None), _result(2, 0.7)])
    assert [(series.name, series.answer_count) for series in progress.topics] == [("data", 1), ("http", 2)]
    http = progress.topics[1]
    assert http.mean == pytest.approx(0.8)
    assert [mean.score for mean in http.sessions] == [0.9, 0.7]
    assert progress.competencies[0].name == "technical"


def test_progress_on_the_terminal_fits(recordings: Path) -> None:
    for columns in (50, 80, 120):
        done = run("progress", "--recordings", recordings, changes={"COLUMNS": str(columns)})
        assert max(map(len, done.out.splitlines())) <= columns
    assert "too few answers" in done.out
    assert "4 scored answers in 2 sessions, 2026-01-01 to 2026-01-03" in done.out
    content = json.loads(run("progress", "--recordings", recordings, "--json").out)
    assert content["overall"]["mean"] == pytest.approx((2 / 3 + 0 + 2.5 / 3 + 1) / 4)


def test_progress_without_sessions(tmp_path: Path) -> None:
    assert "Nothing was scored yet" in run("progress", "--recordings", tmp_path).out
    assert json.loads(run("progress", "--recordings", tmp_path, "--json").out)["overall"] is None
