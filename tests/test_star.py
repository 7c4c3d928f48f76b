"""Which parts of a story were told: in the value and in every report."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests import sample_session as sample
from voiceprep.banks import bank_folders, find_bank
from voiceprep.model import ExampleLevel, KeyPoint, KeyPointScore, Question, QuestionKind, QuestionScore, StarPart
from voiceprep.recordings.reader import SessionRecord
from voiceprep.reports.document import build_document, render_json
from voiceprep.reports.markdown import render_markdown
from voiceprep.reports.terminal import render_terminal
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.star import star_structure

STORY = Question(
    "idempotent",
    "conflict",
    "Tell me about a conflict.",
    (
        KeyPoint("outcome", "What came of it", star=StarPart.RESULT),
        KeyPoint("setting", "Where it was", star=StarPart.SITUATION),
        KeyPoint("talked", "Talked to the other", star=StarPart.ACTION),
        KeyPoint("listened", "Listened first", star=StarPart.ACTION),
        KeyPoint("lesson", "What was learned"),
    ),
    kind=QuestionKind.BEHAVIOURAL,
)
TOLD = "sending it twice"
SCORE = QuestionScore(
    "idempotent",
    0.5,
    (
        KeyPointScore("outcome", False, 0.0),
        KeyPointScore("setting", True, 1.0, TOLD, 0, len(TOLD), 6_000, 7_150),
        KeyPointScore("talked", False, 0.2),
        KeyPointScore("listened", True, 1.0, "the same", 21, 29, 7_600, 8_300),
        KeyPointScore("lesson", True, 1.0, "effect", 30, 36, 8_400, 8_700),
    ),
)


@pytest.fixture
def told(tmp_path: Path) -> SessionRecord:
    record = sample.record_session(tmp_path)
    scores = sample.scores()
    return replace(
        record,
        info=replace(record.info, plan=(STORY, *sample.QUESTIONS[1:])),
        scores=replace(scores, questions=(SCORE, *scores.questions[1:])),
    )


def test_the_parts_come_in_the_order_of_a_story_with_what_was_credited() -> None:
    parts = star_structure(STORY, SCORE)
    assert [(each.part.value, [point.id for point in each.evidence]) for each in parts] == [
        ("situation", ["setting"]),
        ("action", ["listened"]),
        ("result", []),
    ]
    assert [each.is_covered for each in parts] == [True, True, False]


def test_a_question_without_marks_or_a_score_has_no_structure() -> None:
    assert star_structure(sample.QUESTIONS[0], sample.scores().questions[0]) == ()
    assert star_structure(STORY, None) == ()
    assert star_structure(STORY, replace(SCORE, score=None, is_abstained=True)) == ()


def test_every_report_shows_it(told: SessionRecord) -> None:
    document = build_document(told)
    first, second = json.loads(render_json(document))["questions"]
    assert [(part["part"], part["covered"]) for part in first["star"]] == [
        ("situation", True),
        ("action", True),
        ("result", False),
    ]
    (evidence,) = first["star"][0]["evidence"]
    assert first["answer"][evidence["start_char"] : evidence["end_char"]] == evidence["quote"] == TOLD
    assert "star" not in second
    markdown = render_markdown(document)
    assert f"- Story, ✓ situation: “{TOLD}” " in markdown
    assert "- Story, ✗ result: not told" in markdown
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(render_terminal(document, 80))
    assert isinstance(console.file, io.StringIO)
    assert "Story: ✓ situation, ✓ action, ✗ result" in console.file.getvalue()


def test_a_strong_shipped_story_tells_every_part_and_a_weak_one_does_not() -> None:
    bank = find_bank("behavioural", bank_folders())
    judge = OfflineJudge()
    missing = {ExampleLevel.STRONG: 0, ExampleLevel.WEAK: 0}
    for question in bank.questions[:5]:
        for example in question.examples:
            if example.level in missing:
                parts = star_structure(question, judge.score(question, sample.transcript(example.text, 0)))
                missing[example.level] += sum(not part.is_covered for part in parts)
    assert missing[ExampleLevel.STRONG] == 0
    assert missing[ExampleLevel.WEAK] > 5
