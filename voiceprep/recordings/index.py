"""An index over all session folders: lists, scores and full text in one SQLite file, made from the folders alone.

Deleting it loses nothing. Must not know what the numbers are used for.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self

from voiceprep.errors import RecordingError
from voiceprep.recordings.age import NO_SEAL, SUFFIX, Seal, seal_bytes, unseal_bytes
from voiceprep.recordings.folder import is_session_name

INDEX_NAME = ".index.sqlite3"
SEALED_NAME = INDEX_NAME + SUFFIX
VERSION = 2
"""Another one in the file means: make it anew."""
BATCH = 200
"""Sessions read in one transaction: what was read stays when the rest is interrupted."""
FRESH_NS = 2_000_000_000
"""A folder changed this lately is read again next time: its time stamp may not tell a further change apart."""
LINES_PER_SESSION = 10_000
BUSY_S = 30.0

_TABLES = """
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, seen_ns INTEGER NOT NULL, started_at TEXT NOT NULL,
  bank TEXT NOT NULL, bank_title TEXT NOT NULL, mode TEXT NOT NULL, outcome TEXT NOT NULL, judge TEXT NOT NULL,
  duration_ms INTEGER NOT NULL, overall REAL, low REAL, high REAL, planned_count INTEGER NOT NULL,
  asked_count INTEGER NOT NULL, scored_count INTEGER NOT NULL,
  candidate TEXT NOT NULL, problem TEXT NOT NULL);
CREATE INDEX sessions_started ON sessions (started_at);
CREATE TABLE questions (
  session INTEGER NOT NULL, place INTEGER NOT NULL, bank TEXT NOT NULL, question TEXT NOT NULL, topic TEXT NOT NULL,
  kind TEXT NOT NULL, text TEXT NOT NULL, score REAL, is_evidence INTEGER NOT NULL,
  PRIMARY KEY (session, place)) WITHOUT ROWID;
CREATE INDEX questions_question ON questions (bank, question);
CREATE TABLE points (
  session INTEGER NOT NULL, place INTEGER NOT NULL, point TEXT NOT NULL, text TEXT NOT NULL, credit REAL NOT NULL,
  PRIMARY KEY (session, place, point)) WITHOUT ROWID;
CREATE VIRTUAL TABLE lines USING fts5 (
  text, voice UNINDEXED, start_ms UNINDEXED, question UNINDEXED, tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE changed_questions (
  bank TEXT NOT NULL, question TEXT NOT NULL, PRIMARY KEY (bank, question)) WITHOUT ROWID;
CREATE TABLE cards (
  bank TEXT NOT NULL, question TEXT NOT NULL, point TEXT NOT NULL, due_at TEXT NOT NULL, reviewed_at TEXT NOT NULL,
  stability REAL NOT NULL, difficulty REAL NOT NULL, review_count INTEGER NOT NULL, last_rating INTEGER NOT NULL,
  digest INTEGER NOT NULL, PRIMARY KEY (bank, question, point)) WITHOUT ROWID;
CREATE TABLE texts (
  bank TEXT NOT NULL, question TEXT NOT NULL, point TEXT NOT NULL, text TEXT NOT NULL, topic TEXT NOT NULL,
  session TEXT NOT NULL, PRIMARY KEY (bank, question, point)) WITHOUT ROWID;
CREATE VIEW evidence AS SELECT * FROM sessions WHERE candidate = '' OR NOT EXISTS (
  SELECT 1 FROM sessions WHERE candidate = '' AND scored_count > 0);
CREATE TABLE stamps (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class SessionIndex:
    """An open index, in step with the folders at the moment it was opened. Use as a context manager.

    `changed_questions` collects what the schedule has not looked at yet; `cards`, `texts` and `stamps` are its own.
    """

    def __init__(self, connection: sqlite3.Connection, recordings_dir: Path, seal: Seal | None = None) -> None:
        """Use `open_index`. `seal`: the index is kept sealed, and looks into sealed sessions."""
        self.connection = connection
        self.recordings_dir = recordings_dir
        self.seal = seal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.seal is not None and self.connection.total_changes:
            with suppress(OSError):  # it can be made again
                seal_bytes(self.connection.serialize(), self.recordings_dir / SEALED_NAME, self.seal.recipients)
        self.connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else writes beside."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def distrust(self) -> None:
        """Read every folder again at the next `synchronise`, and work out every card again."""
        with self.writing() as run:
            run.execute("UPDATE sessions SET seen_ns = -1")
            run.execute("DELETE FROM cards")
            run.execute("DELETE FROM texts")

    def synchronise(self) -> int:
        """Read every folder that is new or has changed, forget those that are gone; how many changed.

        Raises RecordingError when the recordings folder cannot be listed.
        """
        there = _folders(self.recordings_dir)
        known = dict(self.connection.execute("SELECT name, seen_ns FROM sessions"))
        gone = [name for name in known if name not in there]
        stale = sorted(name for name, changed_ns in there.items() if known.get(name) != changed_ns)
        for start in range(0, len(gone), BATCH):
            with self.writing():
                for name in gone[start : start + BATCH]:
                    self._forget(name)
        now_ns = time.time_ns()
        for start in range(0, len(stale), BATCH):
            with self.writing():
                for name in stale[start : start + BATCH]:
                    self._read(name, there[name] if now_ns - there[name] > FRESH_NS else 0)
        return len(gone) + len(stale)

    def _read(self, name: str, seen_ns: int) -> None:
        from voiceprep.recordings.index_rows import rows_of  # pydantic: only when something has changed

        rows = rows_of(self.recordings_dir / name, self.seal)
        self._forget(name)
        run = self.connection
        columns = ", ".join("?" * (len(rows.session) + 2))
        cursor = run.execute(f"INSERT INTO sessions VALUES (NULL, {columns})", (name, seen_ns, *rows.session))
        number = cursor.lastrowid or 0
        self._insert("questions", 9, [(number, *row) for row in rows.questions])
        self._insert("points", 5, [(number, *row) for row in rows.points])
        first = number * LINES_PER_SESSION
        lines = [(first + place, *row) for place, row in enumerate(rows.lines[:LINES_PER_SESSION])]
        self._insert("lines (rowid, text, voice, start_ms, question)", 5, lines)
        self._note_changed(number)

    def _insert(self, table: str, column_count: int, rows: Sequence[tuple[object, ...]]) -> None:
        marks = ", ".join("?" * column_count)
        self.connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)

    def _forget(self, name: str) -> None:
        found = self.connection.execute("SELECT id FROM sessions WHERE name = ?", (name,)).fetchone()
        if found is None:
            return
        number = found[0]
        self._note_changed(number)
        for table in ("questions", "points"):
            self.connection.execute(f"DELETE FROM {table} WHERE session = ?", (number,))
        first = number * LINES_PER_SESSION
        span = (first, first + LINES_PER_SESSION - 1)
        self.connection.execute("DELETE FROM lines WHERE rowid BETWEEN ? AND ?", span)
        self.connection.execute("DELETE FROM sessions WHERE id = ?", (number,))

    def _note_changed(self, number: int) -> None:
        self.connection.execute(
            "INSERT OR IGNORE INTO changed_questions "
            "SELECT DISTINCT bank, question FROM questions WHERE session = ?",
            (number,),
        )


def open_index(recordings_dir: Path, seal: Seal = NO_SEAL, *, is_new: bool = False) -> SessionIndex:
    """The index beside the sessions, up to date; in memory where it cannot be written. Raises RecordingError.

    With a seal and its private key the index is sealed too, and holds what sealed sessions say; else only that they
    are there. `is_new`: made from the folders alone, whatever is there. Safe to call in several processes at once.
    """
    if seal.recipients and seal.has_identity:
        return _open_sealed(recordings_dir, seal, is_new)
    path = recordings_dir / INDEX_NAME
    for attempt in range(3):
        connection = None
        try:
            connection = _connect(path)
            index = SessionIndex(connection, recordings_dir)
            if is_new:
                index.distrust()
            index.synchronise()
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            if attempt == 2 or "locked" in str(error):
                break
            _remove(path)
        except RecordingError:
            if connection is not None:
                connection.close()
            raise
        else:
            return index
    index = SessionIndex(_in_memory(), recordings_dir)
    index.synchronise()
    return index


def _open_sealed(recordings_dir: Path, seal: Seal, is_new: bool) -> SessionIndex:
    """Raises RecordingError, ConfigError."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if not is_new:
            with suppress(OSError, RecordingError):
                connection.deserialize(unseal_bytes(recordings_dir / SEALED_NAME, seal))
        try:
            _prepare(connection)
        except sqlite3.Error:  # broken: made anew
            connection.close()
            connection = _in_memory()
        index = SessionIndex(connection, recordings_dir, seal)
        index.synchronise()
    except BaseException:
        connection.close()
        raise
    _remove(recordings_dir / INDEX_NAME)
    return index


def clear_index(recordings_dir: Path) -> None:
    """Take every word out of the index, also while others use it; the next command makes it anew."""
    with suppress(OSError):
        (recordings_dir / SEALED_NAME).unlink()
    clear_plain_index(recordings_dir)


def clear_plain_index(recordings_dir: Path) -> None:
    """The same for the one that can be read without a key."""
    path = recordings_dir / INDEX_NAME
    if not path.is_file():
        return
    try:
        with closing(_connect(path)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            _drop_tables(connection)
            _make_tables(connection)
            connection.execute("COMMIT")
            connection.execute("VACUUM")
    except sqlite3.Error:
        _remove(path)


def _remove(path: Path) -> None:
    """Only for a file that nobody can use: pulling one away from under another process would break theirs."""
    for ending in ("", "-journal"):
        with suppress(OSError):
            path.with_name(path.name + ending).unlink()


def _connect(path: Path) -> sqlite3.Connection:
    """Open or make the file. Raises sqlite3.Error when it cannot be used."""
    if not path.parent.is_dir():
        return _in_memory()
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except OSError:
        return _in_memory()
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _prepare(connection)
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Tables of this version. Raises sqlite3.Error for a broken file or another version's."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = OFF")  # what a power cut breaks is made again
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    if _version(connection) != VERSION:  # somebody else may have been quicker
        _drop_tables(connection)
        _make_tables(connection)
    connection.execute("COMMIT")


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in filter(None, map(str.strip, _TABLES.split(";\n"))):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _drop_tables(connection: sqlite3.Connection) -> None:
    """Whatever is there, with its bytes (secure_delete). The shadow tables of full text go with it."""
    made = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table')").fetchall()
    for kind, name in sorted(made, reverse=True):
        if not name.startswith("lines_"):
            connection.execute(f'DROP {kind} "{name}"')


def _version(connection: sqlite3.Connection) -> int:
    with closing(connection.execute("PRAGMA user_version")) as cursor:
        return int(cursor.fetchone()[0])


def _folders(recordings_dir: Path) -> dict[str, int]:
    """Session folder → when something in it was last made, replaced or removed, ns. Raises RecordingError."""
    try:
        with os.scandir(recordings_dir) as entries:
            return {
                entry.name: entry.stat(follow_symlinks=False).st_mtime_ns
                for entry in entries
                if is_session_name(entry.name) and entry.is_dir(follow_symlinks=False)
            }
    except FileNotFoundError:
        return {}
    except OSError as error:
        from voiceprep.recordings.files import recording_error

        hint = "Name another folder with --recordings DIR."
        raise recording_error("Cannot list the sessions in", recordings_dir, error, hint) from error
