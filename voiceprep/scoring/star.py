"""Which parts of a story about what somebody did were told: situation, task, action, result.

Decides nothing of its own: a part is told when a key point marked with it was credited. Must not know judges.
"""

from dataclasses import dataclass

from voiceprep.model import KeyPointScore, Question, QuestionScore, StarPart


@dataclass(frozen=True, slots=True)
class StarCoverage:
    """One part that the key points ask for; `evidence` are the credited ones, empty when it was not told."""

    part: StarPart
    evidence: tuple[KeyPointScore, ...]

    @property
    def is_covered(self) -> bool:
        return bool(self.evidence)


def star_structure(question: Question, score: QuestionScore | None) -> tuple[StarCoverage, ...]:
    """The marked parts in the order of a story; empty for a question without marks or an answer without a score."""
    if score is None or score.score is None:
        return ()
    credited = {point.id: point for point in score.key_points if point.is_credited}
    return tuple(
        StarCoverage(part, tuple(credited[key] for key in marked if key in credited))
        for part in StarPart
        if (marked := [point.id for point in question.key_points if point.star is part])
    )
