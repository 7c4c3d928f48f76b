"""Candidates rate their own answers: asked before the report, kept, shown beside the scores, compared over time."""

import asyncio
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests import sample_session as sample
from tests.commands import run
from tests.speech import blocks, quiet, spoken
from voiceprep.audio.vad import SileroDetector
from voiceprep.errors import RecordingError
from voiceprep.ports import BLOCK_MS, AudioBlock, Samples
from voiceprep.practice.progress import measure_progress
from voiceprep.practice.self_rating import measure_self_rating
from voiceprep.practice.spoken_rating import parse_rating
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.providers.moonshine import MoonshineTranscriber
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
from voiceprep.reports.html.rendering import render_progress_page
from voiceprep.reports.markdown import render_markdown
from voiceprep.reports.practice import self_rating_text
from voiceprep.tasks import Tasks
from voiceprep.terminal.self_scoring import ask_ratings, rate_answers
from voiceprep.wiring.listening import Ear


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


@pytest.mark.parametrize(
    ("said", "rating"),
    [
        ("Three out of five.", 6),
        ("I'd give it a seven", 7),
        ("four and a half out of five", 9),
        ("eight out of ten, I guess", 8),
        ("seventy percent", 7),
        ("six point five", 7),
        ("to out of five", 4),
        ("for out of five", 8),
        ("3/5", 6),
        ("ten", 10),
        ("zero", 0),
        ("eleven", None),
        ("six out of five", None),
        ("four or five", None),
        ("I went there for a week", None),
        ("it was good", None),
        ("", None),
    ],
)
def test_ratings_are_understood_as_people_say_them(said: str, rating: int | None) -> None:
    assert parse_rating(said, 10) == rating


def test_a_rating_is_heard_or_typed_after_all(record: SessionRecord) -> None:
    console = Console(file=io.StringIO(), width=80)
    heard = iter(["three out of five", "no [bold]idea"])
    given = ask_ratings(record, console, io.StringIO("7 out of 10\n").readline, lambda: next(heard))
    assert [each.rating for each in given] == [6, 7]
    assert isinstance(console.file, io.StringIO)
    assert "6 of 10" in console.file.getvalue()
    assert "I heard “no [bold]idea”" in console.file.getvalue()


def test_who_says_nothing_types(record: SessionRecord) -> None:
    console = Console(file=io.StringIO(), width=80)
    assert ask_ratings(record, console, io.StringIO("\n").readline, lambda: "") == []
    assert isinstance(console.file, io.StringIO)
    assert "I heard nothing" in console.file.getvalue()


class Spoken:
    """A microphone that plays samples, then silence. `is_ended` as soon as they are over."""

    def __init__(self, samples: Samples) -> None:
        self._blocks = list(blocks(samples))

    @property
    def position_ms(self) -> int:
        return 0

    @property
    def is_ended(self) -> bool:
        return not self._blocks

    async def read(self) -> AudioBlock:
        return self._blocks.pop(0) if self._blocks else next(blocks(quiet(BLOCK_MS)))


async def test_the_embedded_recogniser_hears_a_spoken_rating() -> None:
    async with asyncio.timeout(120), Tasks() as tasks:
        voice, transcriber = HibariSynthesizer(tasks), MoonshineTranscriber(tasks)
        ear = Ear(transcriber, SileroDetector(), tasks)
        said = await spoken(voice, "I would say three out of five.")
        assert parse_rating(await ear.hear(Spoken(np.concatenate((said, quiet(1_000))))), 10) == 6
        assert await ear.hear(Spoken(quiet(500))) == ""


def test_ratings_over_time_and_by_level_are_drawn(record: SessionRecord) -> None:
    results = [
        replace(result(number, number / 10), session=f"s{number // 4}", started_at=f"2026-03-0{number // 4 + 1}")
        for number in range(8)
    ]
    ratings = {f"s{half}": {f"q{n}": n / 10 + 0.2 - 0.1 * half for n in range(8)} for half in range(2)}
    own = measure_self_rating(results, ratings)
    assert own is not None
    assert [(each.session, each.answer_count) for each in own.sessions] == [("s0", 4), ("s1", 4)]
    assert [round(each.mean_rating - each.mean_score, 2) for each in own.sessions] == [0.2, 0.1]
    assert sum(band.answer_count for band in own.curve) == 8
    assert [band.mean_rating for band in own.curve] == sorted(band.mean_rating for band in own.curve)
    assert "By session: +0.20 +0.10" in self_rating_text(own)
    page = render_progress_page(measure_progress(results), sample.STARTED_AT, own)
    assert "Calibration curve" in page
    assert "2026-03-01: rated 0.35, scored 0.15" in page
    assert page.count('class="rated"') == 2


@pytest.mark.parametrize("command", ["resume", "retry", "interview", "practice"])
def test_every_spoken_command_can_ask_for_ratings(command: str) -> None:
    assert "--self-score" in run(command, "--help").out
