"""Questions to the index: which sessions, what was said where, how each question went over time.

Imports nothing heavy: these answer within a blink.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from voiceprep.recordings.index import LINES_PER_SESSION, SessionIndex

MARK_START, MARK_END = "\x02", "\x03"
"""Around the words that were searched for, in an excerpt; no transcript holds them."""
EXCERPT_WORDS = 16


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    BEST = "best"
    WORST = "worst"
    LONGEST = "longest"


_ORDERS = {
    Order.NEWEST: "started_at DESC",
    Order.OLDEST: "started_at ASC",
    Order.BEST: "overall IS NULL, overall DESC, started_at DESC",
    Order.WORST: "overall IS NULL, overall ASC, started_at DESC",
    Order.LONGEST: "duration_ms DESC, started_at DESC",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sessions; None and empty do not filter. `since` and `until` are ISO dates, both days included."""

    bank: str | None = None
    topic: str | None = None
    mode: str | None = None
    outcome: str | None = None
    since: str | None = None
    until: str | None = None
    min_score: float | None = None
    max_score: float | None = None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session in a list. `started_at` is ISO, UTC."""

    folder: Path
    name: str
    started_at: str
    bank: str
    bank_title: str
    mode: str
    outcome: str
    judge: str
    duration_ms: int
    overall: float | None
    low: float | None
    high: float | None
    planned_count: int
    asked_count: int
    scored_count: int
    candidate: str
    problem: str


@dataclass(frozen=True, slots=True)
class Found:
    """A place where the words were said. `excerpt` has MARK_START and MARK_END around them."""

    session: str
    folder: Path
    started_at: str
    voice: str
    start_ms: int
    question: str | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """How one question went in one session; `score` None where it was not scored."""

    session: str
    started_at: str
    bank: str
    question: str
    topic: str
    kind: str
    text: str
    score: float | None


def count_sessions(index: SessionIndex, wanted: Filter) -> int:
    where, values = _where(wanted)
    return int(index.connection.execute(f"SELECT count(*) FROM sessions {where}", values).fetchone()[0])


def select_sessions(index: SessionIndex, wanted: Filter, order: Order, limit: int) -> tuple[SessionLine, ...]:
    """Sessions in order, at most `limit` (0: all)."""
    where, values = _where(wanted)
    rows = index.connection.execute(
        "SELECT name, started_at, bank, bank_title, mode, outcome, judge, duration_ms, overall, low, high, "
        f"planned_count, asked_count, scored_count, candidate, problem FROM sessions {where} "
        f"ORDER BY {_ORDERS[order]} LIMIT ?",
        (*values, limit or -1),
    )
    return tuple(SessionLine(index.recordings_dir / row[0], *row) for row in rows)


def search(index: SessionIndex, words: str, wanted: Filter, limit: int) -> tuple[Found, ...]:
    """Places where all of `words` were said in one breath, best first; "a phrase" in quotes is kept together."""
    query = _query(words)
    if not query:
        return ()
    where, values = _where(wanted)
    rows = index.connection.execute(
        "SELECT name, started_at, voice, start_ms, lines.question, "
        f"snippet(lines, 0, '{MARK_START}', '{MARK_END}', '…', {EXCERPT_WORDS}) FROM lines "
        f"JOIN sessions ON sessions.id = lines.rowid / {LINES_PER_SESSION} "
        f"{where + ' AND' if where else 'WHERE'} lines MATCH ? ORDER BY rank, started_at DESC LIMIT ?",
        (*values, query, limit or -1),
    )
    return tuple(
        Found(name, index.recordings_dir / name, started_at, voice, start_ms, question, excerpt)
        for name, started_at, voice, start_ms, question, excerpt in rows
    )


def select_results(index: SessionIndex, wanted: Filter) -> tuple[QuestionResult, ...]:
    """Every scored question of the sessions, oldest first. Simulated candidates count while there is no person."""
    where, values = _where(wanted)
    rows = index.connection.execute(
        "SELECT sessions.name, started_at, questions.bank, question, topic, kind, text, score FROM questions "
        "JOIN evidence AS sessions ON sessions.id = questions.session "
        f"{where + ' AND' if where else 'WHERE'} is_evidence ORDER BY started_at, place",
        values,
    )
    return tuple(QuestionResult(*row) for row in rows)


def _where(wanted: Filter) -> tuple[str, tuple[object, ...]]:
    topic = "EXISTS (SELECT 1 FROM questions q WHERE q.session = sessions.id AND q.topic = ?)"
    terms: list[tuple[str, object]] = [
        ("sessions.bank = ?", wanted.bank),
        (topic, wanted.topic),
        ("mode = ?", wanted.mode),
        ("outcome = ?", wanted.outcome),
        ("substr(started_at, 1, 10) >= ?", wanted.since),
        ("substr(started_at, 1, 10) <= ?", wanted.until),
        ("overall >= ?", wanted.min_score),
        ("overall <= ?", wanted.max_score),
    ]
    used = [(term, value) for term, value in terms if value is not None]
    clause = "WHERE " + " AND ".join(term for term, _ in used) if used else ""
    return clause, tuple(value for _, value in used)


def _query(words: str) -> str:
    """FTS5 syntax that can only mean "all of these": every part quoted, the last one also as a beginning."""
    parts = [phrase or word for phrase, word in re.findall(r'"([^"]+)"|(\S+)', words)]
    quoted = ['"' + part.replace('"', "") + '"' for part in parts if any(map(str.isalnum, part))]
    return " ".join(quoted) + "*" if quoted else ""
