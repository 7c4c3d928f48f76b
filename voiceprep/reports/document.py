"""The report as a value, and as the JSON of `report --format json`. Reads only what was recorded.

Must not know folders' formats, judges or the terminal.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from voiceprep.answers import AskedQuestion, merge_answers
from voiceprep.model import (
    Delivery,
    InterviewerAudit,
    KeyPoint,
    KeyPointScore,
    Outcome,
    Question,
    QuestionScore,
    Turn,
)
from voiceprep.recordings.comparison import Comparison
from voiceprep.recordings.info import SCHEMA_VERSION
from voiceprep.recordings.reader import SessionRecord
from voiceprep.recordings.second_look import SecondLook
from voiceprep.recordings.self_scores import self_ratings
from voiceprep.recordings.transcript import TranscriptLine, transcript_of
from voiceprep.reports.ledger import CostLine, Incident, cost_lines, incidents
from voiceprep.reports.methods import DELIVERY_METHODS
from voiceprep.scoring.star import StarCoverage, star_structure

REPORT_SCHEMA_VERSION = 1
CUT_OFF_FLAG = "cut_off"
"""The session was killed during this answer: its words are the last provisional ones."""
NOT_SCORED_FLAG = "not_scored"
UNANSWERED_FLAG = "not_answered"


@dataclass(frozen=True, slots=True)
class ReportedPoint:
    """A key point and what became of it; `score` is None when the question was not scored."""

    point: KeyPoint
    score: KeyPointScore | None

    @property
    def is_credited(self) -> bool:
        return self.score is not None and self.score.is_credited


@dataclass(frozen=True, slots=True)
class ReportedQuestion:
    """One question that was asked. `answer` is all of its answers joined; quotes are offsets into it.

    `asked_by`: the name of the interviewer, where there were several.
    """

    question: Question
    answer: str
    heard: str
    answer_start_ms: int | None
    answer_end_ms: int | None
    follow_ups: tuple[str, ...]
    score: float | None
    is_scored: bool
    is_abstained: bool
    points: tuple[ReportedPoint, ...]
    flags: tuple[str, ...]
    star: tuple[StarCoverage, ...] = ()
    self_score: float | None = None
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """Somebody spoke."""

    is_candidate: bool
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Latency:
    """End of the candidate's speech to the first sound of the reply, over the turns where both happened.

    `replies` are (first sound, length of the wait) in ms, in order.
    """

    p50_ms: int | None
    p95_ms: int | None
    turn_count: int
    replies: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """Everything a report shows."""

    session_id: str
    folder: Path
    bank_id: str
    bank_title: str
    mode: str
    outcome: Outcome
    judge: str
    started_at: datetime
    duration_ms: int
    planned_count: int
    overall: float | None
    interval: tuple[float, float] | None
    questions: tuple[ReportedQuestion, ...]
    delivery: Delivery | None
    latency: Latency
    spans: tuple[VoiceSpan, ...]
    problems: tuple[str, ...]
    lines: tuple[TranscriptLine, ...] = ()
    judge_version: str = ""
    judge_kappa: float | None = None
    rubric_hash: str = ""
    providers: tuple[tuple[str, str], ...] = ()
    costs: tuple[CostLine, ...] = ()
    incidents: tuple[Incident, ...] = ()
    candidate: str = ""
    comparison: Comparison | None = None
    cost_usd: float = 0.0
    audit: InterviewerAudit | None = None
    second_look: SecondLook | None = None

    @property
    def is_scored(self) -> bool:
        return any(question.is_scored for question in self.questions)


def build_document(record: SessionRecord) -> ReportDocument:
    """Pure: the same record gives the same document. Questions come in the order they were asked."""
    info, scores = record.info, record.scores
    planned = info.questions
    own = self_ratings(record.self_scores)
    by_id = {score.question_id: score for score in scores.questions} if scores else {}
    costs = cost_lines(record.events)
    return ReportDocument(
        session_id=info.id,
        folder=record.folder,
        bank_id=info.bank_id,
        bank_title=info.bank_title or info.bank_id,
        mode=info.mode,
        outcome=info.outcome,
        judge=scores.judge if scores else info.judge,
        started_at=info.started_at,
        duration_ms=record.duration_ms,
        planned_count=len(info.plan),
        overall=scores.overall if scores else None,
        interval=scores.interval if scores else None,
        questions=tuple(
            replace(
                _reported(asked, planned, by_id.get(asked.question_id), record.provisional_turns),
                self_score=own.get(asked.question_id),
            )
            for asked in merge_answers(record.turns)
        ),
        delivery=record.delivery,
        audit=record.audit,
        second_look=record.second_look,
        latency=_latency(record.turns),
        spans=_spans(record.turns),
        problems=_problems(record),
        lines=transcript_of(info, record.turns, record.provisional_turns).lines,
        judge_version=scores.judge_version if scores else "",
        judge_kappa=scores.kappa if scores else None,
        rubric_hash=scores.rubric_hash if scores else "",
        providers=tuple(sorted(info.providers.items())),
        costs=costs,
        incidents=incidents(record.events),
        candidate=info.candidate,
        comparison=record.comparison,
        cost_usd=sum(line.cost_usd for line in costs),
    )


def document_json(document: ReportDocument) -> dict[str, Any]:
    """The content of `report --format json` and `interview --json`, in the shape DESIGN section 3 promises."""
    return {
        "schema_version": REPORT_SCHEMA_VERSION,
        "session": {
            "id": document.session_id,
            "folder": str(document.folder),
            "bank": document.bank_id,
            "mode": document.mode,
            "outcome": document.outcome.value,
            "judge": document.judge,
        },
        "overall": {
            "score": document.overall,
            "interval": None if document.interval is None else list(document.interval),
        },
        "questions": [_question_json(question) for question in document.questions],
        "delivery": _delivery_json(document.delivery),
        "latency": {"turn_ms": {"p50": document.latency.p50_ms, "p95": document.latency.p95_ms}},
        "cost_usd": document.cost_usd,
        "interviewer": None if document.audit is None else asdict(document.audit),
    }


def _delivery_json(delivery: Delivery | None) -> dict[str, Any] | None:
    return None if delivery is None else asdict(delivery) | {"methods": list(DELIVERY_METHODS)}


def render_json(document: ReportDocument) -> str:
    """One JSON document without its line break; every character that is not ASCII is escaped."""
    return json.dumps(document_json(document), indent=2, ensure_ascii=True)


def _question_json(question: ReportedQuestion) -> dict[str, Any]:
    """`star` is there only for a question that asks for a story, `self_score` only for a rated answer, `asked_by`
    only where there were several interviewers."""
    content = {
        "id": question.question.id,
        "score": question.score,
        "answer": question.answer,
        "heard": question.heard,
        "answer_start_ms": question.answer_start_ms,
        "answer_end_ms": question.answer_end_ms,
        "key_points": [_point_json(point.score) for point in question.points if point.score is not None],
        "flags": list(question.flags),
    }
    if question.asked_by:
        content["asked_by"] = question.asked_by
    if question.star:
        content["star"] = [_star_json(coverage) for coverage in question.star]
    if question.self_score is not None:
        content["self_score"] = question.self_score
    return content


def _star_json(coverage: StarCoverage) -> dict[str, Any]:
    return {
        "part": coverage.part.value,
        "covered": coverage.is_covered,
        "evidence": [_point_json(score) for score in coverage.evidence],
    }


def _point_json(score: KeyPointScore) -> dict[str, Any]:
    return {
        "id": score.id,
        "credited": score.is_credited,
        "credit": score.credit,
        "quote": score.quote,
        "start_char": score.start_char,
        "end_char": score.end_char,
        "audio_start_ms": score.audio_start_ms,
        "audio_end_ms": score.audio_end_ms,
    }


def _reported(
    asked: AskedQuestion,
    planned: Mapping[str, Question],
    score: QuestionScore | None,
    provisional_turns: frozenset[int],
) -> ReportedQuestion:
    question = planned.get(asked.question_id) or _unplanned(asked)
    flags = list(score.flags) if score else [NOT_SCORED_FLAG]
    if not asked.answers:
        flags.append(UNANSWERED_FLAG)
    if any(turn.index in provisional_turns for turn in asked.turns):
        flags.append(CUT_OFF_FLAG)
    return ReportedQuestion(
        question=question,
        answer=asked.transcript.text,
        heard=asked.transcript.heard,
        answer_start_ms=asked.start_ms,
        answer_end_ms=asked.end_ms,
        follow_ups=tuple(turn.brief.text for turn in asked.turns[1:]),
        score=score.score if score else None,
        is_scored=score is not None and score.score is not None,
        is_abstained=score is not None and score.is_abstained,
        points=_points(question, score),
        flags=tuple(flags),
        star=star_structure(question, score),
        asked_by=asked.turns[0].brief.interviewer,
    )


def _problems(record: SessionRecord) -> tuple[str, ...]:
    info, problems = record.info, [*record.problems]
    if not info.has_audio:
        problems.append("No audio was kept (--no-audio): nothing can be played, and loudness was not measured.")
    if (version := info.schema_version) < SCHEMA_VERSION:
        older = f"An older voiceprep recorded this (schema version {version}): what it did not write down"
        problems.append(f"{older} is not shown.")
    return tuple(problems)


def _unplanned(asked: AskedQuestion) -> Question:
    """A question the plan does not hold (a hand-edited folder): its words are all that is known."""
    return Question(asked.question_id, "", asked.turns[0].brief.text, ())


def _points(question: Question, score: QuestionScore | None) -> tuple[ReportedPoint, ...]:
    scored = {point.id: point for point in score.key_points} if score else {}
    known = [ReportedPoint(point, scored.pop(point.id, None)) for point in question.key_points]
    return (*known, *(ReportedPoint(KeyPoint(point.id, point.id), point) for point in scored.values()))


def _latency(turns: Sequence[Turn]) -> Latency:
    replies = [
        (turn.timings.first_sound_ms, turn.timings.reply_ms)
        for turn in turns
        if turn.timings.first_sound_ms is not None and turn.timings.reply_ms is not None
    ]
    waits_ms = sorted(reply_ms for _, reply_ms in replies)
    return Latency(_percentile(waits_ms, 50), _percentile(waits_ms, 95), len(waits_ms), tuple(replies))


def _percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Nearest-rank percentile: the smallest value that at least `percent` % of the values do not exceed."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _spans(turns: Sequence[Turn]) -> tuple[VoiceSpan, ...]:
    spans = [VoiceSpan(False, said.start_ms, said.end_ms) for turn in turns for said in turn.said]
    spans += [
        VoiceSpan(True, word.start_ms, word.end_ms)
        for turn in turns
        if turn.answer is not None
        for word in turn.answer.transcript.words
    ]
    return tuple(sorted(spans, key=lambda span: span.start_ms))
