"""The audit of the interviewer: what it must find and what it must not, and where it is kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.interviews import transcript
from voiceprep.events import CandidatePaused, CandidateStarted, InterviewerStarted, Journaled
from voiceprep.model import (
    Answer,
    AnswerEnd,
    AuditKind,
    FollowUpKind,
    KeyPoint,
    Question,
    Spoken,
    Turn,
    TurnBrief,
    TurnKind,
)
from voiceprep.recordings.reader import load_session
from voiceprep.reports.audit_lines import audit_lines
from voiceprep.reports.document import build_document
from voiceprep.reports.markdown import render_markdown
from voiceprep.scoring.audit import AuditScope, audit_interviewer
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.wiring.records import audit_record, finish

JUDGE = OfflineJudge(has_word_vectors=False)
QUESTION = Question(
    "cache",
    "caching",
    "A page reads the same rows again and again. What would you do?",
    (
        KeyPoint(
            "ttl", "Entries expire after a time to live.", 2, ("set a time to live",), "How would old copies go?"
        ),
        KeyPoint(
            "lock",
            "A lock keeps clients from recomputing it at once.",
            1,
            ("a lock around it",),
            "And when many ask?",
        ),
    ),
)
SCOPE = AuditScope({"cache": QUESTION}, 2, 95_000, 100_000)
SAID = "I would keep the rows in memory and set a time to live so that entries expire."


def turns(*lines: str, probes: str | None = None) -> tuple[Turn, ...]:
    """The question, then each line as a follow-up, answered by SAID first and by nothing much later."""
    made = []
    for index, line in enumerate((QUESTION.text, *lines), start=1):
        kind = TurnKind.QUESTION if index == 1 else TurnKind.FOLLOW_UP
        ask = line if kind is TurnKind.QUESTION else line.rpartition(". ")[2]
        brief = TurnBrief(kind, line, "cache", None if index == 1 else probes, ask=ask)
        start_ms = index * 20_000
        words = transcript(SAID if index == 1 else "Hm.", start_ms + 5_000)
        answer = Answer(words, start_ms + 5_000, start_ms + 10_000, AnswerEnd.FINISHED)
        made.append(Turn(index, brief, (Spoken(line, line, start_ms, start_ms + 4_000),), answer))
    return tuple(made)


CASES = [
    ("nothing wrong", "Thanks. What happens when many ask at once?", "lock", []),
    ("a leak", "Thanks. Would you put a lock around it?", "lock", [(AuditKind.LEAK, "lock")]),
    ("a needless probe", "Thanks. How would old copies go?", "ttl", [(AuditKind.NEEDLESS_PROBE, "ttl")]),
    ("two questions", "Okay. What if many ask? And what if none does?", None, [(AuditKind.DOUBLE_QUESTION, None)]),
    ("two in one", "What if many ask, and how would you notice?", None, [(AuditKind.DOUBLE_QUESTION, None)]),
    ("a judgement", "Great answer. What if many ask?", None, [(AuditKind.JUDGEMENT, None)]),
    ("a repeat", f"Okay. {QUESTION.text}", None, [(AuditKind.REPEAT, None)]),
    ("a lecture", "Okay. I see. One moment. And what if many ask?", None, [(AuditKind.LONG_LEAD, None)]),
]


@pytest.mark.parametrize(("line", "probes", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_table(line: str, probes: str | None, found: list[tuple[AuditKind, str | None]]) -> None:
    made = turns(line, probes=probes)
    if found and found[0][0] is AuditKind.REPEAT:
        asked_again = replace(made[1].brief, ask=QUESTION.text)
        made = (made[0], replace(made[1], brief=asked_again))
    audit = audit_interviewer(made, (), SCOPE, JUDGE)
    assert [(finding.kind, finding.key_point_id) for finding in audit.findings] == found
    assert all(finding.turn_index == 2 and finding.line == line for finding in audit.findings)


def test_what_the_candidate_said_is_no_leak() -> None:
    audit = audit_interviewer(turns("You said you set a time to live. Why that?"), (), SCOPE, JUDGE)
    assert audit.findings == ()


def test_counts_and_shares() -> None:
    audit = audit_interviewer(turns("Thanks. What happens when many ask?", probes="lock"), (), SCOPE, JUDGE)
    assert (audit.question_count, audit.planned_count) == (1, 2)
    assert (audit.follow_up_count, audit.probe_count) == (1, 1)
    assert audit.talk_share == pytest.approx(8 / 18)
    assert audit.used_share == pytest.approx(0.95)


def test_recovery_from_an_interruption_is_measured() -> None:
    asked, cut = turns("Sorry, I have to stop you there. What is your main point?")
    cut = replace(cut, brief=replace(cut.brief, follow_up=FollowUpKind.CUT_IN))
    spoken_over = InterviewerStarted(at_ms=20_000, turn_index=2, text=""), CandidateStarted(at_ms=20_300)
    audit = audit_interviewer((asked, cut), spoken_over, SCOPE, JUDGE)
    assert audit.findings == ()
    assert audit.recoveries_ms == (1_000,)
    assert "Cut in on purpose 1 time; you went on after 1.0 s (median)" in audit_lines(audit)


@pytest.mark.parametrize(
    ("offsets_ms", "cut_in_count"),
    [((), 0), ((300,), 1), ((900,), 0), ((-2_000,), 1)],
    ids=["silent", "had not finished", "barged in later", "was speaking"],
)
def test_cutting_in(offsets_ms: tuple[int, ...], cut_in_count: int) -> None:
    events: list[Journaled] = [InterviewerStarted(at_ms=20_000, turn_index=2, text="And?")]
    events += [CandidateStarted(at_ms=20_000 + offset_ms) for offset_ms in offsets_ms]
    events.sort(key=lambda event: event.at_ms)
    events.append(CandidatePaused(at_ms=25_000))
    audit = audit_interviewer(turns(), events, SCOPE, JUDGE)
    assert [finding.kind for finding in audit.findings] == [AuditKind.CUT_IN] * cut_in_count


def test_it_is_kept_in_the_folder_and_made_again(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    record = finish(folder)
    assert record.audit == audit_record(record)
    (folder / "audit.json").write_text("broken")
    assert load_session(folder).audit is None
    assert finish(folder).audit == record.audit


def test_reports_tell_it(tmp_path: Path) -> None:
    record = finish(sample.record_session(tmp_path).folder)
    assert record.audit is not None
    text = render_markdown(build_document(record))
    assert "## Interviewer" in text
    assert f"- {audit_lines(record.audit)[0]}" in text
    assert audit_lines(record.audit)[0] == "Asked 2 of 2 planned questions and 1 follow-up"
