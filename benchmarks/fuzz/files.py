"""Bytes as the files that voiceprep reads. Each function may raise only the error it documents."""

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests import sample_session as sample
from voiceprep.banks.reading import load_source
from voiceprep.costs.prices import load_prices
from voiceprep.errors import ConfigError
from voiceprep.keys import with_keys
from voiceprep.knowledge.extraction import read_pages
from voiceprep.recordings.codec import decode_event, encode_event
from voiceprep.recordings.folder import EVENTS_JSONL, SESSION_JSON
from voiceprep.recordings.journal import parse_journal
from voiceprep.recordings.reader import AUDIT_JSON, DELIVERY_JSON, load_session
from voiceprep.recordings.reviews import load_reviews, merge
from voiceprep.recordings.turns import closed_turns, last_word, open_turns, provisional_turn_indices
from voiceprep.reports.document import build_document, render_json
from voiceprep.reports.markdown import render_markdown
from voiceprep.scoring.grade import grade_lines
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.settings import load_settings

SEPARATOR = b"\x1e"
"""Between the files of a session folder in one input."""
SESSION_FILES = (SESSION_JSON, EVENTS_JSONL, "scores-offline-abc123.json", DELIVERY_JSON, AUDIT_JSON)
KINDS = {b"p": ".pdf", b"d": ".docx", b"m": ".md"}
"""The first byte of a document says which format it claims to be."""


def bank(data: bytes) -> None:
    """A question bank. Raises BankError."""
    load_source(place("bank.yaml", data))


def settings(data: bytes) -> None:
    """The settings file, keys included. Raises ConfigError."""
    environment = {"VOICEPREP_SETTINGS": str(place("settings.toml", data))}
    load_settings(environment, {})
    with_keys(environment, ["DEEPGRAM_API_KEY"])


def prices(data: bytes) -> None:
    """A price table of one's own. Raises ConfigError."""
    load_prices.cache_clear()
    load_prices(place("prices.toml", data))


def reviews(data: bytes) -> None:
    """An exported schedule. Raises ConfigError."""
    merge(load_reviews(place("schedule.json", data)), ())


def journal(data: bytes) -> None:
    """events.jsonl. Raises nothing; what was understood can be written and read again."""
    content = parse_journal(data)
    closed_turns(content.events)
    open_turns(content.events)
    last_word(content.events)
    provisional_turn_indices(content.events)
    for event in content.events:
        if decode_event(encode_event(event)) != event:
            raise AssertionError("an event changes when it is written and read")


def session(data: bytes) -> None:
    """A whole session folder, and the reports made from it. Raises RecordingError."""
    folder = _folder() / sample.SESSION_ID
    folder.mkdir(exist_ok=True)
    parts = data.split(SEPARATOR)
    for name, part in zip(SESSION_FILES, parts, strict=False):
        (folder / name).write_bytes(part)
    for name in SESSION_FILES[len(parts) :]:
        (folder / name).unlink(missing_ok=True)
    report = build_document(load_session(folder))
    json.loads(render_json(report), parse_constant=_refuse)
    render_markdown(report)


def document(data: bytes) -> None:
    """A résumé or a job description, read where no process limits help. Raises ConfigError."""
    suffix = KINDS.get(data[:1])
    if suffix is None:
        raise ConfigError("No document.")
    read_pages(place(f"paper{suffix}", data[1:]))


def grading(data: bytes) -> None:
    """Lines for `grade --jsonl`. Raises nothing: a line that is wrong has an answer that says so."""
    for line in grade_lines(data.decode("utf-8", "replace").splitlines(), _judge()):
        json.loads(line, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


@cache
def _judge() -> OfflineJudge:
    return OfflineJudge(has_word_vectors=False, has_encoder=False)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="voiceprep-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def place(name: str, data: bytes) -> Path:
    """A file of these bytes, readable by its owner alone."""
    path = _folder() / name
    path.write_bytes(data)
    path.chmod(0o600)
    return path
