"""Candidates rate their own answers: asked before the report, kept, shown beside the scores, compared over time."""

import io
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests import sample_session as sample
from tests.commands import run
from voiceprep.errors import RecordingError
from voiceprep.practice.self_rating import measure_self_rating
from voiceprep.recordings.history import QuestionResult
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.self_scores import (
    SELF_SCORES_JSON,
    SelfScore,
    add_self_scores,
    load_self_scores,
    self_ratings,
)
from voiceprep.reports.document import build_document, render_json
from voiceprep.reports.markdown import render_markdown
from voiceprep.terminal.self_scoring import ask_ratings, rate_answers


@pytest.fixture
def record(tmp_path: Path) -> SessionRecord:
    return sample.record_session(tmp_path)


def ask(record: SessionRecord, typed: str) -> tuple[list[tuple[str, int]], str]:
    """What was rated and what was shown for these lines."""
    console = Console(file=io.StringIO(), width=80)
    given = ask_ratings(record, console, io.StringIO(typed).readline)
    assert isinstance(console.file, io.StringIO)
    return [(each.question_id, each.rating) for each in given], console.file.getvalue()


def test_each_answer_is_asked_for_without_showing_a_score(record: SessionRecord) -> None:
    given, shown = ask(record, "7\n10\n")
    assert given == [("idempotent", 7), ("index", 10)]
    assert sample.QUESTIONS[0].text in shown
    assert "0.67" not in shown


def test_enter_skips_nonsense_is_asked_again_and_the_end_of_the_input_ends(record: SessionRecord) -> None:
    assert ask(record, "\n3\n")[0] == [("index", 3)]
    given, shown = ask(record, "eleven\n11\n-1\n²\n4.5\n 5 \n")
    assert given == [("idempotent", 5)]
    assert shown.count("A whole number from 0 to 10") == 5
    assert ask(record, "")[0] == []


def test_nobody_at_the_keyboard_is_no_error(record: SessionRecord) -> None:
    console = Console(file=io.StringIO(), width=80)
    with (record.folder / "session.json").open() as file:
        assert rate_answers(record, console, file.fileno()) is record
    assert isinstance(console.file, io.StringIO)
    assert "no answer was rated" in console.file.getvalue()
    assert not (record.folder / SELF_SCORES_JSON).exists()


def test_what_is_typed_at_a_terminal_is_kept(record: SessionRecord) -> None:
    master, terminal = os.openpty()
    try:
        os.write(master, b"8\n\n")
        rated = rate_answers(record, Console(file=io.StringIO(), width=80), terminal)
    finally:
        os.close(master)
        os.close(terminal)
    assert [(each.question_id, each.rating) for each in rated.self_scores] == [("idempotent", 8)]


def test_ratings_are_added_privately_and_the_first_one_counts(record: SessionRecord) -> None:
    add_self_scores(record.folder, [SelfScore("idempotent", 7, sample.STARTED_AT)])
    add_self_scores(record.folder, [SelfScore("idempotent", 2, sample.STARTED_AT)])
    kept = load_self_scores(record.folder)
    assert [each.rating for each in kept] == [7, 2]
    assert self_ratings(kept) == {"idempotent": 0.7}
    assert (record.folder / SELF_SCORES_JSON).stat().st_mode & 0o777 == 0o600


def test_a_broken_file_is_kept_and_hides_no_report(record: SessionRecord) -> None:
    path = record.folder / SELF_SCORES_JSON
    path.write_text("{")
    with pytest.raises(RecordingError, match="broken"):
        add_self_scores(record.folder, [SelfScore("index", 1, sample.STARTED_AT)])
    assert path.read_text() == "{"
    assert load_session(record.folder).self_scores == ()


def test_reports_show_both(record: SessionRecord) -> None:
    add_self_scores(record.folder, [SelfScore("idempotent", 9, sample.STARTED_AT)])
    document = build_document(load_session(record.folder))
    first, second = json.loads(render_json(document))["questions"]
    assert first["self_score"] == 0.9
    assert "self_score" not in second
    assert "**Score: 0.67 (you said 0.9)**" in render_markdown(document)
    shown = run("report", record.folder, "--recordings", record.folder.parent)
    assert "0.67 (you said 0.9)" in shown.out


def result(number: int, score: float | None) -> QuestionResult:
    return QuestionResult("s", "2026-03-01T00:00:00", "bank", f"q{number}", "topic", "technical", "?", score)


def test_agreement_needs_enough_answers_and_is_computed_as_defined() -> None:
    results = [result(number, number / 10) for number in range(8)]
    high = {"s": {f"q{number}": number / 10 + 0.2 for number in range(8)}}
    own = measure_self_rating(results, high)
    assert own is not None
    assert own.answer_count == 8
    assert own.mean_difference == pytest.approx(0.2)
    assert own.correlation == pytest.approx(1.0)
    assert measure_self_rating([*results[:7], replace(results[7], score=None)], high) is None
    same = measure_self_rating(results, {"s": {f"q{number}": 0.5 for number in range(8)}})
    assert same is not None
    assert same.correlation is None


def test_progress_says_nothing_about_few_ratings(record: SessionRecord) -> None:
    add_self_scores(record.folder, [SelfScore("idempotent", 9, sample.STARTED_AT)])
    assert json.loads(run("progress", "--recordings", record.folder.parent, "--json").out)["self_rating"] is None
