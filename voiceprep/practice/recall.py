"""What earlier sessions say about what to ask, as planning takes it."""

from datetime import datetime
from itertools import groupby

from voiceprep.model import History
from voiceprep.practice.deck import due_questions
from voiceprep.recordings.index import SessionIndex

ASKED_LATELY = 50


def asked_counts(index: SessionIndex, bank: str) -> dict[str, int]:
    """Question id → in how many sessions it was asked."""
    rows = index.connection.execute(
        "SELECT question, count(*) FROM questions WHERE bank = ? GROUP BY question", (bank,)
    )
    return {str(question): int(count) for question, count in rows}


def history_for(index: SessionIndex, bank: str, now: datetime) -> History:
    """What earlier sessions say about what to ask from one bank."""
    run = index.connection
    missed: dict[str, tuple[str, ...]] = {}
    rows = run.execute(
        "SELECT question, point FROM cards WHERE bank = ? AND point != '' AND last_rating = 1 "
        "ORDER BY question, point",
        (bank,),
    )
    for question, points in groupby(rows, key=lambda row: str(row[0])):
        missed[question] = tuple(str(row[1]) for row in points)
    scores: dict[str, list[float]] = {}
    asked: dict[str, None] = {}
    for question, topic, score in run.execute(
        "SELECT question, topic, score FROM questions JOIN evidence AS sessions ON sessions.id = session "
        "WHERE questions.bank = ? AND is_evidence ORDER BY started_at, place",
        (bank,),
    ):
        scores.setdefault(topic, []).append(score)
        asked.pop(question, None)
        asked[question] = None
    return History(
        due=tuple(due.id for due in due_questions(index, now, bank=bank)),
        missed=missed,
        topic_scores={topic: tuple(values) for topic, values in scores.items()},
        asked=tuple(asked)[-ASKED_LATELY:],
    )
