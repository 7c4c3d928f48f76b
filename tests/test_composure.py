"""The composure drill: the hurried interviewer cuts in on a long answer, and the time to recover is measured."""

from dataclasses import replace

import pytest

from tests.interviews import plan
from tests.room import PhraseJudge, Room
from voiceprep.conduct.briefs import CUT_IN_AFTER_MS
from voiceprep.conduct.interviewers import HURRIED
from voiceprep.events import LevelMeasured
from voiceprep.model import AnswerEnd, AuditKind, FollowUpKind, InterviewerAudit, Turn
from voiceprep.providers.scripted import WORD_MS, Say, Script, Wait
from voiceprep.reports.audit_lines import audit_lines
from voiceprep.scoring.audit import AuditScope, audit_interviewer

BREATH = Wait(300)
CLAUSE = Say("and then another part of it comes to mind")
CLAUSE_MS = len(CLAUSE.text.split()) * WORD_MS
SHORT = Script((Wait(400), Say("phrase 1 and phrase 2 and phrase 3. That's it.")))
CLAUSES = CUT_IN_AFTER_MS // (CLAUSE_MS + BREATH.silence_ms) + 1
LONG = Script((Wait(400), *[step for _ in range(CLAUSES) for step in (CLAUSE, BREATH)]))
"""In the middle of it when the interviewer cuts in; then this candidate listens."""
ENDLESS = Script((Wait(400), *[step for _ in range(3 * CLAUSES) for step in (CLAUSE, BREATH)]))
"""Talks on whatever the interviewer does."""


def recovering_after(silence_ms: int) -> Script:
    return Script((Wait(silence_ms), Say("phrase 1 is what matters most. That's it.")))


async def drill(*scripts: Script, seed: int = 0) -> tuple[list[Turn], InterviewerAudit]:
    """Two questions of a hurried interviewer, held in audio time."""
    room = Room(replace(plan(2, seed=seed), interviewer=HURRIED), list(scripts))
    await room.hold()
    assert room.session is not None
    questions = {question.id: question for question in room.plan.questions}
    scope = AuditScope(questions, 2, 60_000)
    journal = [event for event in room.events if not isinstance(event, LevelMeasured)]
    return room.session.turns, audit_interviewer(room.session.turns, journal, scope, PhraseJudge())


@pytest.mark.parametrize("silence_ms", [600, 2_000])
async def test_a_long_answer_is_cut_at_a_breath_and_recovery_is_measured(silence_ms: int) -> None:
    turns, audit = await drill(SHORT, LONG, recovering_after(silence_ms))
    (cut,) = [turn for turn in turns if turn.brief.is_cut_short]
    assert cut.answer is not None
    assert cut.answer.ended_by is AnswerEnd.TIME_LIMIT
    spoken_ms = cut.answer.end_ms - cut.said[-1].end_ms
    assert CUT_IN_AFTER_MS - CLAUSE_MS <= spoken_ms <= CUT_IN_AFTER_MS + CLAUSE_MS + BREATH.silence_ms
    (interrupting,) = [turn for turn in turns if turn.brief.follow_up is FollowUpKind.CUT_IN]
    assert interrupting.index == cut.index + 1
    (recovery_ms,) = audit.recoveries_ms
    assert silence_ms <= recovery_ms <= silence_ms + WORD_MS
    assert not [finding for finding in audit.findings if finding.kind is AuditKind.CUT_IN], "it was on purpose"
    assert any(f"{recovery_ms / 1000:.1f} s" in line for line in audit_lines(audit))


async def test_a_candidate_who_is_brief_is_not_cut() -> None:
    turns, audit = await drill(SHORT, SHORT)
    assert all(turn.brief.follow_up is not FollowUpKind.CUT_IN for turn in turns)
    assert audit.recoveries_ms == ()


async def test_who_talks_on_needs_no_time_to_recover() -> None:
    _, audit = await drill(SHORT, ENDLESS)
    assert audit.recoveries_ms == (0,)


async def test_who_says_nothing_after_it_has_not_recovered() -> None:
    _, audit = await drill(SHORT, LONG)
    assert audit.recoveries_ms == ()
