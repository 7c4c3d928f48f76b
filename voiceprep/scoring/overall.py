"""Question scores → one session score with its interval. Computed, never judged; must not know transcripts."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from voiceprep.model import Question, QuestionScore, SessionScores
from voiceprep.scoring.intervals import mean_interval


def rubric_hash(questions: Sequence[Question]) -> str:
    """12 hex digits over everything in the questions that may decide a score, whatever their order."""
    rubric = [
        {
            "id": question.id,
            "text": question.text,
            "reference": question.reference,
            "key_points": [[p.id, p.text, p.weight, list(p.phrases)] for p in question.key_points],
            "misconceptions": [[m.id, m.text, list(m.phrases)] for m in question.misconceptions],
        }
        for question in sorted(questions, key=lambda question: question.id)
    ]
    return sha256(json.dumps(rubric, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:12]


class JudgeName(Protocol):
    """Which judge, and a hash of everything that decides its scores apart from the rubric."""

    name: str
    version: str


def summarise(judge: JudgeName, questions: Sequence[Question], scores: Sequence[QuestionScore]) -> SessionScores:
    """The mean of the scored questions with equal weights, and its 90 % interval; None where nothing was scored."""
    values = [score.score for score in scores if score.score is not None]
    overall = sum(values) / len(values) if values else None
    return SessionScores(
        judge=judge.name,
        judge_version=judge.version,
        rubric_hash=rubric_hash(questions),
        questions=tuple(scores),
        overall=overall,
        interval=mean_interval(values),
    )
