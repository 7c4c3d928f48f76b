"""What changed between two scorings of the same session, and why. Must not know files or judges' insides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voiceprep.model import QuestionScore, SessionScores


@dataclass(frozen=True, slots=True)
class PointChange:
    """A key point that one scoring credits and the other does not, with the quote of the one that does."""

    question_id: str
    point_id: str
    is_gained: bool
    quote: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`reasons`: what differs in how it was scored, in words."""

    before: SessionScores
    after: SessionScores
    reasons: tuple[str, ...]
    changes: tuple[PointChange, ...]

    @property
    def difference(self) -> float | None:
        """Overall after − before."""
        if self.before.overall is None or self.after.overall is None:
            return None
        return self.after.overall - self.before.overall


def compare(before: SessionScores, after: SessionScores) -> Comparison:
    return Comparison(before, after, tuple(_reasons(before, after)), tuple(_changes(before, after)))


def _reasons(before: SessionScores, after: SessionScores) -> Iterator[str]:
    if before.judge != after.judge:
        yield f"another judge: {before.judge} → {after.judge}"
    elif before.judge_version != after.judge_version:
        yield f"another version of the judge: {before.judge_version} → {after.judge_version}"
    if before.rubric_hash != after.rubric_hash:
        yield f"the rubric was edited: {before.rubric_hash} → {after.rubric_hash}"


def _changes(before: SessionScores, after: SessionScores) -> Iterator[PointChange]:
    old = {score.question_id: score for score in before.questions}
    for score in after.questions:
        had, has = _quotes(old.get(score.question_id)), _quotes(score)
        for point_id in sorted(has.keys() - had.keys()):
            yield PointChange(score.question_id, point_id, True, has[point_id])
        for point_id in sorted(had.keys() - has.keys()):
            yield PointChange(score.question_id, point_id, False, had[point_id])


def _quotes(score: QuestionScore | None) -> dict[str, str | None]:
    return {point.id: point.quote for point in score.key_points if point.is_credited} if score else {}


def latest_two(kept: Sequence[SessionScores]) -> tuple[SessionScores, SessionScores] | None:
    """(older, newer) of score files that come newest first; None for fewer than two."""
    return (kept[1], kept[0]) if len(kept) > 1 else None
