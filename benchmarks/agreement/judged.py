"""What the offline judge makes of graded answers. Must not know how their texts came about."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from benchmarks.agreement.answers import GradedAnswer
from benchmarks.agreement.figures import correlation, kappa
from voiceprep.scoring.grade import grade_lines
from voiceprep.scoring.intervals import bootstrap_interval
from voiceprep.scoring.offline import OfflineJudge

Decision = tuple[bool, bool]
"""Of one key point: credited by the marker, by the judge."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer. `decisions` are empty where its question has no key points; `mark`, `score`: 0..1."""

    question: str
    decisions: tuple[Decision, ...]
    mark: float
    score: float


def judge_answers(answers: Sequence[GradedAnswer], texts: Sequence[str], judge: OfflineJudge) -> list[Judged]:
    """As if `texts` were what was answered."""
    entries = [json.loads(answer.line) | {"answer": text} for answer, text in zip(answers, texts, strict=True)]
    documents = [json.loads(line) for line in grade_lines(map(json.dumps, entries), judge)]
    return [
        Judged(
            answer.question,
            tuple((point["id"] in answer.credited, point["credited"]) for point in document["key_points"])
            if entry["key_points"]
            else (),
            answer.mark,
            document["score"] or 0.0,
        )
        for answer, entry, document in zip(answers, entries, documents, strict=True)
    ]


def decisions(judged: Sequence[Judged]) -> list[Decision]:
    return [decision for each in judged for decision in each.decisions]


def agreement(judged: Sequence[Judged]) -> float:
    """Cohen's kappa per key point."""
    return kappa(decisions(judged))


def mark_correlation(judged: Sequence[Judged]) -> float:
    """Pearson's, of the scores with the marks."""
    return correlation([each.mark for each in judged], [each.score for each in judged])


def by_question(judged: Sequence[Judged]) -> list[list[Judged]]:
    """In the order of the file."""
    return [list(each) for _, each in groupby(judged, key=lambda one: one.question)]


def agreement_interval(judged: Sequence[Judged]) -> tuple[float, float] | None:
    """90 %, by drawing questions with replacement."""
    return bootstrap_interval(by_question(judged), agreement)
