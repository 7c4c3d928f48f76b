"""Reports: what a session folder says, as JSON, on a terminal and in Markdown."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests import sample_session as sample
from tests.hostile_session import hostile_record
from voiceprep.events import SessionStarted, TurnStarted
from voiceprep.language.plaintext import clock, escape_markdown, plain
from voiceprep.model import Outcome, SessionScores, Word
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.writer import SessionWriter
from voiceprep.reports.document import ReportDocument, build_document, document_json, render_json
from voiceprep.reports.markdown import render_markdown
from voiceprep.reports.phrases import flag_text
from voiceprep.reports.terminal import render_terminal

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def record(tmp_path: Path) -> SessionRecord:
    """The sample session, under a folder name that is the same on every machine."""
    return replace(sample.record_session(tmp_path), folder=Path("recordings") / sample.SESSION_ID)


def _document(record: SessionRecord) -> ReportDocument:
    return build_document(record)


def _shown(document: ReportDocument, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(render_terminal(document, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


# ---------------------------------------------------------------------------------------- document


def test_json_has_exactly_the_promised_shape(record: SessionRecord) -> None:
    content = json.loads(render_json(_document(record)))
    assert list(content) == [
        *("schema_version", "session", "overall", "questions", "delivery", "latency", "cost_usd", "interviewer")
    ]
    assert content["schema_version"] == 1
    assert content["session"] == {
        "id": sample.SESSION_ID,
        "folder": f"recordings/{sample.SESSION_ID}",
        "bank": "sample-bank",
        "mode": "cascaded",
        "outcome": "completed",
        "judge": "offline",
    }
    assert content["overall"] == {"score": pytest.approx(1 / 3), "interval": [0.0, 0.81]}
    assert content["latency"] == {"turn_ms": {"p50": 550, "p95": 1250}}
    assert content["cost_usd"] == 0.0
    assert content["delivery"]["pauses"] == [
        {"start_ms": 8_000, "end_ms": 10_700},
        {"start_ms": 11_000, "end_ms": 11_600},
    ]


def test_json_questions_hold_joined_answers_and_quotes_that_are_in_them(record: SessionRecord) -> None:
    first, second = json.loads(render_json(_document(record)))["questions"]
    assert list(first) == [
        *("id", "score", "answer", "heard", "answer_start_ms", "answer_end_ms", "key_points", "flags")
    ]
    credited, missing = first["key_points"]
    assert list(credited) == [
        *("id", "credited", "credit", "quote", "start_char", "end_char", "audio_start_ms", "audio_end_ms")
    ]
    assert first["answer"][credited["start_char"] : credited["end_char"]] == credited["quote"]
    assert (missing["credited"], missing["quote"], missing["audio_start_ms"]) == (False, None, None)
    assert (first["answer_start_ms"], first["answer_end_ms"]) == (6_000, 17_950)
    assert (second["answer"], second["score"], second["flags"]) == ("", 0.0, ["empty"])


def test_heard_is_what_came_before_glossary_repairs(record: SessionRecord) -> None:
    asked = record.turns[1]
    assert asked.answer is not None
    words = (Word("idempotent", 6_000, 6_900, heard="item potent"), Word("means", 7_000, 7_200))
    repaired = replace(
        asked, answer=replace(asked.answer, transcript=replace(asked.answer.transcript, words=words))
    )
    question = build_document(replace(record, turns=(repaired,))).questions[0]
    assert (question.answer, question.heard) == ("idempotent means", "item potent means")


def test_without_scores_everything_says_so(record: SessionRecord) -> None:
    document = build_document(replace(record, scores=None, delivery=None))
    content = document_json(document)
    assert content["overall"] == {"score": None, "interval": None}
    assert content["delivery"] is None
    assert [question["score"] for question in content["questions"]] == [None, None]
    assert all("not_scored" in question["flags"] for question in content["questions"])
    assert "not scored" in _shown(document)
    assert "✗" not in _shown(document)
    assert "Not scored: PUT and DELETE" in render_markdown(document)


def test_abstained_is_not_zero(record: SessionRecord) -> None:
    first, second = sample.scores().questions
    abstained = replace(second, score=None, is_abstained=True)
    document = build_document(
        replace(record, scores=SessionScores("offline", "v1", "x", (first, abstained), 0.5, None))
    )
    assert "not enough evidence" in _shown(document)
    assert "1 of 2 questions scored" in _shown(document)


def test_a_session_without_turns_reports_nothing_and_does_not_fail(record: SessionRecord) -> None:
    document = build_document(replace(record, turns=(), scores=None, delivery=None, duration_ms=0))
    assert document_json(document)["latency"] == {"turn_ms": {"p50": None, "p95": None}}
    assert "No question was asked." in _shown(document)
    assert "voiceprep doctor" in render_markdown(document)


def test_questions_that_were_planned_and_not_asked_are_counted_not_scored(record: SessionRecord) -> None:
    document = build_document(replace(record, turns=record.turns[:3]))
    assert len(document.questions) == 1
    assert "1 planned but not asked" in _shown(document)


def test_a_session_that_was_killed_can_be_reported_before_it_is_recovered(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path, sample.info())
    writer.on_event(SessionStarted(at_ms=0, started_at=sample.STARTED_AT))
    writer.on_event(TurnStarted(at_ms=9, turn_index=0, brief=sample.turns()[1].brief))
    document = build_document(load_session(writer.folder))
    writer.close(Outcome.STOPPED)
    assert document.outcome is Outcome.RUNNING
    assert f"voiceprep recover {sample.SESSION_ID}" in _shown(document, 200)
    assert "the session ended before it was answered" in _shown(document)


# ---------------------------------------------------------------------------------------- terminal


def test_terminal_report_is_the_golden_one(record: SessionRecord) -> None:
    """When it should change: read the difference, then copy the new text to tests/golden/report.txt."""
    assert _shown(_document(record)) == (GOLDEN / "report.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [30, 40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(record: SessionRecord, width: int) -> None:
    assert max(len(line) for line in _shown(_document(record), width).splitlines()) <= width


def test_colour_changes_no_word(record: SessionRecord) -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="truecolor", record=True)
    console.print(render_terminal(_document(record), 80))
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[" in console.file.getvalue()
    assert console.export_text() == _shown(_document(record))


# ---------------------------------------------------------------------------------------- hostility


@pytest.fixture
def hostile(record: SessionRecord) -> ReportDocument:
    return build_document(hostile_record(record))


def test_nothing_recorded_reaches_the_terminal_as_a_command(hostile: ReportDocument) -> None:
    shown = _shown(hostile)
    assert not set(shown) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}
    assert "[bold]x[/bold]" in shown


def test_nothing_recorded_becomes_markdown(hostile: ReportDocument) -> None:
    text = render_markdown(hostile)
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\r", "\u202e"}
    assert "<" not in text
    assert "[l](" not in text
    assert "*a*" not in text.replace("\\*", "")
    assert "`" not in text.replace("\\`", "")
    assert [line for line in text.splitlines() if line.startswith("# ")] == [text.splitlines()[0]]


def test_json_escapes_what_a_terminal_would_obey(hostile: ReportDocument) -> None:
    text = render_json(hostile)
    assert text.isascii()
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a *b* _c_", "a \\*b\\* \\_c\\_"),
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("1. one", "1\\. one"),
        ("12) twelve", "12\\) twelve"),
        ("> quote", "&gt; quote"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ("![x](y)", "\\!\\[x\\](y)"),
        ("one\n\n# two", "one # two"),
        ("a\\b", "a\\\\b"),
        ("2.5 seconds", "2.5 seconds"),
        ("plain words, don't touch.", "plain words, don't touch."),
    ],
)
def test_escape_markdown(text: str, expected: str) -> None:
    assert escape_markdown(text) == expected


def test_plain_keeps_every_script_and_drops_every_control() -> None:
    assert plain("Größe 日本語 हिन्दी 👍🏽") == "Größe 日本語 हिन्दी 👍🏽"
    assert plain("a\x00b\x08c\x1b[2Jd\u2028e\udc80") == "abcd e\ufffd"


def test_clock() -> None:
    assert [clock(ms) for ms in (0, 999, 61_000, 3_600_000)] == ["0:00", "0:00", "1:01", "1:00:00"]


# ---------------------------------------------------------------------------------------- markdown


def test_markdown_holds_everything_a_reader_needs(record: SessionRecord) -> None:
    text = render_markdown(_document(record))
    for part in (
        "# Interview report: A sample bank",
        "## Overall: 0.33",
        "90 % interval 0.00–0.81",
        "## 1. What does it mean that an HTTP method is idempotent?",
        "**Score: 0.67**",
        "✓ Repeating the request has the same effect as sending it once: “sending it twice",
        "has the same effect” [0:06]",
        "✗ Missing: PUT and DELETE are idempotent, POST is not",
        "a common mistake: Idempotent means the response is always the same",
        "Follow-up asked: Which methods?",
        "> sending it twice",
        "(no words were heard)",
        "1 pause over 2.5 s, the longest 2.7 s",
        "6.7 fillers per 100 words: um 1×",
        "## What to do next",
    ):
        assert part in text


def test_the_terminal_shows_what_a_session_cost(record: SessionRecord) -> None:
    document = replace(_document(record), cost_usd=0.123, duration_ms=120_000)
    assert "Cost        $0.12, $0.061 a minute" in _shown(document)


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("judge_failed", "this judge could not mark it: what you see is the offline score"),
        ("unfound_quotes:2", "2 quotes of the judge not found in what you said, so nothing was earned by it"),
        ("votes:0.25-0.75", "asked more than once, the judge gave between 0.25 and 0.75"),
        ("disagrees_with_offline", "the offline judge sees it very differently: take a second look"),
        ("something_new", "something new"),
    ],
)
def test_flags_are_told_in_sentences(record: SessionRecord, flag: str, text: str) -> None:
    assert flag_text(flag, build_document(record).questions[0]) == text


def test_a_denied_key_point_is_named(record: SessionRecord) -> None:
    question = build_document(record).questions[0]
    point = question.question.key_points[0]
    assert flag_text(f"denied:{point.id}", question) == f"it says the contrary of: {point.text}"
