"""Question scores → one session score with its interval. Computed, never judged; must not know transcripts."""

import json
import math
from collections.abc import Sequence
from hashlib import sha256

from voiceprep.model import Question, QuestionScore, SessionScores
from voiceprep.ports import Judge

_T_95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753)
"""Student t, 95 % quantile (two-sided 90 %) for 1–15 degrees of freedom; 1.645 + 1.6/df beyond."""
PRIOR_SD = 0.3
"""Spread of question scores assumed before any are seen: scores of 0..1 spread evenly have 0.29."""
PRIOR_COUNT = 2


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


def summarise(judge: Judge, questions: Sequence[Question], scores: Sequence[QuestionScore]) -> SessionScores:
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


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """90 % interval of the mean over questions, within 0..1; None for no values.

    Student t with the spread pooled with a prior of PRIOR_COUNT pseudo-observations of spread PRIOR_SD, so
    that one question, or three alike, do not look certain.
    """
    count = len(values)
    if not count:
        return None
    mean = sum(values) / count
    squares = sum((value - mean) ** 2 for value in values)
    freedom = count - 1 + PRIOR_COUNT
    spread = math.sqrt((squares + PRIOR_COUNT * PRIOR_SD**2) / freedom)
    reach = _t_95(freedom) * spread / math.sqrt(count)
    return max(0.0, mean - reach), min(1.0, mean + reach)


def _t_95(freedom: int) -> float:
    return _T_95[freedom - 1] if freedom <= len(_T_95) else 1.645 + 1.6 / freedom
