"""The schedule of everything that was ever asked: cards kept up to date in the index, and what is due.

Everything here can be made again from the session folders and what was imported.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from voiceprep.practice.cards import Card, Review, point_rating, question_rating, recall_chance
from voiceprep.recordings.index import SessionIndex
from voiceprep.recordings.reviews import SCHEDULE_JSON, NamedReview, Rating, load_imports, merge

_CARD_COLUMNS = "due_at, reviewed_at, stability, difficulty, review_count, last_rating, digest"
_STAMP = "cards"


@dataclass(frozen=True, slots=True)
class DuePoint:
    """A key point that was missing or half said last time, or is due."""

    id: str
    text: str
    is_missed: bool
    is_due: bool


@dataclass(frozen=True, slots=True)
class DueQuestion:
    """A question of which something is due. `recall` is the lowest chance that a part of it is still known."""

    bank: str
    id: str
    topic: str
    text: str
    due_at: datetime
    recall: float
    review_count: int
    session: str
    points: tuple[DuePoint, ...]


def update_cards(index: SessionIndex) -> int:
    """Bring the cards of every question with news up to date; how many questions had some. Raises ConfigError."""
    stamp = _stamp(index)
    has_news = index.connection.execute("SELECT 1 FROM changed_questions LIMIT 1").fetchone() is not None
    if not has_news and stamp == _stored_stamp(index):
        return 0
    with index.writing() as run:
        imported = _by_question(load_imports(index.recordings_dir))
        if stamp != _stored_stamp(index):
            run.execute("INSERT OR IGNORE INTO changed_questions SELECT DISTINCT bank, question FROM cards")
            run.executemany("INSERT OR IGNORE INTO changed_questions VALUES (?, ?)", list(imported))
            run.execute("INSERT OR REPLACE INTO stamps VALUES (?, ?)", (_STAMP, stamp))
        changed = run.execute("SELECT bank, question FROM changed_questions").fetchall()
        for bank, question in changed:
            _update_question(run, bank, question, imported.get((bank, question), []))
        run.execute("DELETE FROM changed_questions")
    return len(changed)


def all_reviews(index: SessionIndex) -> tuple[NamedReview, ...]:
    """Every review there is, from sessions and imports, oldest first: what an export holds."""
    keys = index.connection.execute("SELECT DISTINCT bank, question FROM questions").fetchall()
    own = [review for bank, question in keys for review in _session_reviews(index.connection, bank, question)]
    return merge(own, load_imports(index.recordings_dir))


def due_questions(index: SessionIndex, now: datetime, *, bank: str | None = None) -> tuple[DueQuestion, ...]:
    """Every question of which a card is due, the one least likely to be known first."""
    cards = index.connection.execute(
        f"SELECT bank, question, point, {_CARD_COLUMNS}, text, topic, session "
        "FROM cards JOIN texts USING (bank, question, point) "
        "WHERE (bank, question) IN (SELECT bank, question FROM cards WHERE due_at <= ?) "
        "AND (? IS NULL OR bank = ?) ORDER BY bank, question, point",
        (now.astimezone(UTC).isoformat(), bank, bank),
    )
    found = [_due_question(list(rows), now) for _, rows in groupby(cards, key=lambda row: row[:2])]
    return tuple(sorted(found, key=lambda due: (due.recall, due.due_at, due.id)))


def _due_question(rows: Sequence[tuple[Any, ...]], now: datetime) -> DueQuestion:
    """`rows`: the question's own card and those of its key points."""
    cards = {row[2]: _card(row[3:10]) for row in rows}
    own = next((row for row in rows if row[2] == ""), rows[0])
    due = [card for card in cards.values() if card.due_at <= now]
    return DueQuestion(
        bank=own[0],
        id=own[1],
        topic=own[11],
        text=own[10] if own[2] == "" else own[1],
        due_at=min(card.due_at for card in due),
        recall=min(recall_chance(card, now) for card in due),
        review_count=max(card.review_count for card in cards.values()),
        session=own[12],
        points=tuple(
            DuePoint(row[2], row[10], cards[row[2]].last_rating is Rating.AGAIN, cards[row[2]].due_at <= now)
            for row in rows
            if row[2] != ""
        ),
    )


def _card(row: Sequence[Any]) -> Card:
    due_at, reviewed_at, stability, difficulty, review_count, last_rating, digest = row
    times = datetime.fromisoformat(due_at), datetime.fromisoformat(reviewed_at)
    return Card(*times, stability, difficulty, review_count, Rating(last_rating), digest)


def _update_question(run: sqlite3.Connection, bank: str, question: str, imported: Iterable[NamedReview]) -> None:
    from voiceprep.practice.schedule import replay

    own = _session_reviews(run, bank, question)
    by_point: dict[str, list[NamedReview]] = {}
    for review in merge(own, imported):
        by_point.setdefault(review.point, []).append(review)
    known = {
        row[0]: _card(row[1:])
        for row in run.execute(
            f"SELECT point, {_CARD_COLUMNS} FROM cards WHERE bank = ? AND question = ?",
            (bank, question),
        )
    }
    for table in ("cards", "texts"):
        run.execute(f"DELETE FROM {table} WHERE bank = ? AND question = ?", (bank, question))
    current = {review.point for review in own if review.at == own[-1].at} if own else set(by_point)
    for point in current:
        reviews = by_point[point]
        card, last = replay([Review(each.rating, each.at) for each in reviews], known.get(point)), reviews[-1]
        _store(run, (bank, question, point), card, last)


def _store(run: sqlite3.Connection, name: tuple[str, str, str], card: Card, last: NamedReview) -> None:
    times = card.due_at.isoformat(), card.reviewed_at.isoformat()
    numbers = (card.stability, card.difficulty, card.review_count, int(card.last_rating), card.digest)
    run.execute("INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*name, *times, *numbers))
    run.execute("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)", (*name, last.text, last.topic, last.session))


def _session_reviews(run: sqlite3.Connection, bank: str, question: str) -> list[NamedReview]:
    """How the question and its key points went, oldest first. Only sessions that are evidence count."""
    rows = run.execute(
        "SELECT started_at, sessions.name, questions.topic, questions.text, score, point, points.text, credit "
        "FROM questions JOIN evidence AS sessions ON sessions.id = questions.session "
        "LEFT JOIN points ON points.session = questions.session AND points.place = questions.place "
        "WHERE questions.bank = ? AND question = ? AND is_evidence ORDER BY started_at, sessions.name",
        (bank, question),
    )
    reviews: list[NamedReview] = []
    for (at, name, topic), parts in groupby(rows, key=lambda row: row[:3]):
        moment = datetime.fromisoformat(at).astimezone(UTC)
        for number, (*_, text, score, point, point_text, credit) in enumerate(parts):
            if number == 0:
                rating = question_rating(score)
                reviews.append(NamedReview(bank, question, "", rating, moment, text, topic, name))
            if point is not None:
                rating = point_rating(credit)
                reviews.append(NamedReview(bank, question, point, rating, moment, point_text, topic, name))
    return reviews


def _by_question(reviews: Iterable[NamedReview]) -> dict[tuple[str, str], list[NamedReview]]:
    found: dict[tuple[str, str], list[NamedReview]] = {}
    for review in reviews:
        found.setdefault((review.bank, review.question), []).append(review)
    return found


def _stamp(index: SessionIndex) -> str:
    """Changes when schedule.json does, and when the first person takes the place of simulated candidates."""
    person = index.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM sessions WHERE candidate = '' AND scored_count > 0)"
    ).fetchone()[0]
    try:
        status = (index.recordings_dir / SCHEDULE_JSON).stat()
    except OSError:
        return f"{person}"
    return f"{person}:{status.st_mtime_ns}:{status.st_size}"


def _stored_stamp(index: SessionIndex) -> str:
    found = index.connection.execute("SELECT value FROM stamps WHERE name = ?", (_STAMP,)).fetchone()
    return str(found[0]) if found else ""
