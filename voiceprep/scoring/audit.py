"""How the interviewer did in one session: what it gave away, asked twice, asked at once, and how it kept the time.

Rules over what was said and when; must not know files. Made again from a session folder at any time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from voiceprep.answers import merge_answers
from voiceprep.conduct.leaks import told_points
from voiceprep.events import CandidatePaused, CandidateStarted, InterviewerStarted, Journaled
from voiceprep.model import (
    AuditFinding,
    AuditKind,
    FollowUpKind,
    InterviewerAudit,
    Question,
    Transcript,
    Turn,
    TurnKind,
    Word,
)
from voiceprep.ports import Judge
from voiceprep.turn_taking.last_words import plain_words
from voiceprep.wording import asks_twice, is_judging

ASKING = (TurnKind.QUESTION, TurnKind.FOLLOW_UP)
CUT_IN_MS = 600
"""A candidate who is heard so soon after the interviewer began had not finished."""
SENTENCES_BEFORE_MAX = 2
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class AuditScope:
    """What the session was to be. `planned_count` questions in `limit_ms` (None: no limit), `questions` by id."""

    questions: Mapping[str, Question]
    planned_count: int
    duration_ms: int
    limit_ms: int | None = None


def audit_interviewer(
    turns: Sequence[Turn], events: Sequence[Journaled], scope: AuditScope, judge: Judge
) -> InterviewerAudit:
    """Everything found, in the order it happened. `judge` says what an answer, or a line, would earn."""
    findings = [*_lines(turns), *_against_answers(turns, scope.questions, judge), *_cut_ins(events, turns)]
    interviewer_ms = sum(said.end_ms - said.start_ms for turn in turns for said in turn.said)
    candidate_ms = sum(turn.answer.end_ms - turn.answer.start_ms for turn in turns if turn.answer)
    talk_ms = interviewer_ms + candidate_ms
    asked = {turn.brief.question_id for turn in turns if turn.brief.kind is TurnKind.QUESTION}
    return InterviewerAudit(
        question_count=len(asked),
        planned_count=scope.planned_count,
        follow_up_count=sum(turn.brief.kind is TurnKind.FOLLOW_UP for turn in turns),
        probe_count=sum(turn.brief.key_point_id is not None for turn in turns),
        talk_share=interviewer_ms / talk_ms if talk_ms else None,
        used_share=scope.duration_ms / scope.limit_ms if scope.limit_ms else None,
        recoveries_ms=tuple(_recoveries_ms(turns)),
        findings=tuple(sorted(findings, key=lambda finding: finding.turn_index)),
    )


def _lines(turns: Sequence[Turn]) -> Iterator[AuditFinding]:
    """What can be seen in one line, beside what was said before it."""
    asked: set[tuple[str, ...]] = set()
    for turn in turns:
        line = turn.said[0].text if turn.said else ""
        if not line or turn.brief.kind not in ASKING:
            continue
        if asks_twice(line):
            yield AuditFinding(AuditKind.DOUBLE_QUESTION, turn.index, line)
        if is_judging(line.removesuffix(turn.brief.ask)):
            yield AuditFinding(AuditKind.JUDGEMENT, turn.index, line)
        sentences = _SENTENCE_END.split(line)
        scene = _SENTENCE_END.split(turn.brief.ask) if turn.brief.kind is TurnKind.QUESTION else [line]
        if len(sentences) - len(scene) > SENTENCES_BEFORE_MAX:  # a bank question may set its scene first
            yield AuditFinding(AuditKind.LONG_LEAD, turn.index, line)
        ask = tuple(plain_words(turn.brief.ask or sentences[-1]))
        if ask in asked:
            yield AuditFinding(AuditKind.REPEAT, turn.index, line)
        asked.add(ask)


def _against_answers(
    turns: Sequence[Turn], questions: Mapping[str, Question], judge: Judge
) -> Iterator[AuditFinding]:
    """Follow-ups beside what had been answered: probes for what was said, and lines whose words tell a key point
    that nobody had said and that would earn it."""
    for place, turn in enumerate(turns):
        question = questions.get(turn.brief.question_id or "")
        if question is None or turn.brief.kind is not TurnKind.FOLLOW_UP:
            continue
        line = turn.said[0].text if turn.said else turn.brief.text
        answers = _answers(turns[:place], question.id)
        said = _earned(question, answers, judge)
        if turn.brief.key_point_id in said:
            yield AuditFinding(AuditKind.NEEDLESS_PROBE, turn.index, line, turn.brief.key_point_id)
        lines = [spoken.text for earlier in turns[:place] for spoken in earlier.said]
        claims = [belief.text for belief in question.misconceptions if belief.text.lower()[1:] in line.lower()]
        told = told_points(line, question.key_points, (question.text, answers.text, *lines, *claims))
        for point_id in sorted(_earned(question, _as_said(line), judge).intersection(told) - said):
            yield AuditFinding(AuditKind.LEAK, turn.index, line, point_id)


def _answers(turns: Sequence[Turn], question_id: str) -> Transcript:
    """Everything answered to a question so far."""
    asked = (entry.transcript for entry in merge_answers(turns) if entry.question_id == question_id)
    return next(asked, Transcript())


def _as_said(line: str) -> Transcript:
    return Transcript(tuple(Word(word, 0, 0) for word in line.split()))


def _earned(question: Question, transcript: Transcript, judge: Judge) -> set[str]:
    return {point.id for point in judge.score(question, transcript).key_points if point.is_credited}


def _recoveries_ms(turns: Sequence[Turn]) -> Iterator[int]:
    """From the end of each deliberate interruption to the candidate's next word, where one came."""
    for turn in turns:
        if (
            turn.brief.follow_up is FollowUpKind.CUT_IN
            and turn.said
            and turn.answer
            and turn.answer.transcript.words
        ):
            yield max(0, turn.answer.start_ms - turn.said[0].end_ms)


def _cut_ins(events: Sequence[Journaled], turns: Sequence[Turn]) -> Iterator[AuditFinding]:
    """The interviewer began while the candidate spoke, or just before the candidate went on, and not on purpose."""
    is_speaking, began = False, InterviewerStarted(at_ms=-CUT_IN_MS, turn_index=0, text="")
    told: set[int] = set()
    for event in events:
        match event:
            case CandidateStarted():
                is_speaking = True
                if began.turn_index > 1 and 0 <= event.at_ms - began.at_ms < CUT_IN_MS:
                    told.add(began.turn_index)
            case CandidatePaused():
                is_speaking = False
            case InterviewerStarted():
                began = event
                if is_speaking and event.turn_index > 1:
                    told.add(event.turn_index)
            case _:
                pass
    on_purpose = {turn.index for turn in turns if turn.brief.follow_up is FollowUpKind.CUT_IN}
    for index in sorted(told - on_purpose):
        yield AuditFinding(AuditKind.CUT_IN, index, "")
