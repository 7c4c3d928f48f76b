"""Answering a question again: which improvement to ask for, and whether the new answer is better.

Both answers are judged alone, so that nothing says which is the newer, and in both orders. Must not know files.
"""

from voiceprep.answers import AskedQuestion
from voiceprep.model import KeyPoint, KeyPointScore, Question, QuestionScore, Transcript
from voiceprep.ports import Judge
from voiceprep.recordings.comparison import ComparedAnswer, Comparison, PointChange, Verdict
from voiceprep.scoring.evidence import verify

NOTICEABLE = 0.05
"""A smaller difference of scores is called the same."""


def improvement(question: Question, score: QuestionScore | None) -> KeyPoint | None:
    """The one thing to say this time: the heaviest key point that was missing, None when nothing was."""
    credited = {point.id for point in score.key_points if point.is_credited} if score else set()
    missing = [point for point in question.key_points if point.id not in credited]
    return max(missing, key=lambda point: point.weight, default=None)


def compare(
    question: Question,
    before: tuple[str, AskedQuestion],
    after: tuple[str, AskedQuestion],
    asked_for: KeyPoint | None,
    judge: Judge,
) -> Comparison:
    """`before` and `after` are (session id, answers)."""
    old, new = before[1].transcript, after[1].transcript
    first = [_judged(question, transcript, judge) for transcript in (old, new)]
    second = [_judged(question, transcript, judge) for transcript in (new, old)][::-1]
    scores = list(zip(first, second, strict=True))
    is_stable = all(_credits(one) == _credits(other) for one, other in scores)
    changes = tuple(_change(point, *first) for point in question.key_points)
    return Comparison(
        question_id=question.id,
        judge=judge.name,
        judge_version=judge.version,
        before=_answer(*before, first[0]),
        after=_answer(*after, first[1]),
        points=changes,
        asked_for=asked_for.id if asked_for else None,
        is_done=any(change.after > 0 for change in changes if asked_for and change.id == asked_for.id),
        verdict=_verdict(first[0].score, first[1].score) if is_stable else Verdict.UNSURE,
    )


def _judged(question: Question, transcript: Transcript, judge: Judge) -> QuestionScore:
    return verify(judge.score(question, transcript), transcript, question)[0]


def _credits(score: QuestionScore) -> tuple[tuple[str, float], ...]:
    return tuple((point.id, point.credit if point.is_credited else 0.0) for point in score.key_points)


def _verdict(before: float | None, after: float | None) -> Verdict:
    if before is None or after is None:
        return Verdict.UNSURE
    if abs(after - before) < NOTICEABLE:
        return Verdict.SAME
    return Verdict.BETTER if after > before else Verdict.WORSE


def _change(point: KeyPoint, before: QuestionScore, after: QuestionScore) -> PointChange:
    old, new = _point(point.id, before), _point(point.id, after)
    return PointChange(
        id=point.id,
        text=point.text,
        before=old.credit,
        after=new.credit,
        before_quote=old.quote,
        before_ms=old.audio_start_ms,
        after_quote=new.quote,
        after_ms=new.audio_start_ms,
    )


def _point(point_id: str, score: QuestionScore) -> KeyPointScore:
    """What was credited; nothing where it was not."""
    found = (point for point in score.key_points if point.id == point_id and point.is_credited)
    return next(found, KeyPointScore(point_id, False, 0.0))


def _answer(session: str, asked: AskedQuestion, score: QuestionScore) -> ComparedAnswer:
    return ComparedAnswer(session, asked.transcript.text, asked.start_ms or 0, asked.end_ms or 0, score.score)
