"""What was answered to each question: pure joins over turns. Must not know files, judges or reports."""

from collections.abc import Iterable
from dataclasses import dataclass

from voiceprep.model import Answer, Transcript, Turn, TurnKind


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question with every turn it took (main question first, then follow-ups) and all that was answered.

    `transcript` joins the answers in order; it is what a judge scores and what quotes are offsets into.
    """

    question_id: str
    turns: tuple[Turn, ...]
    transcript: Transcript

    @property
    def answers(self) -> tuple[Answer, ...]:
        return tuple(turn.answer for turn in self.turns if turn.answer is not None)

    @property
    def start_ms(self) -> int | None:
        """Where the answering started; None when nobody listened."""
        spans = self._spans()
        return min(span.start_ms for span in spans) if spans else None

    @property
    def end_ms(self) -> int | None:
        spans = self._spans()
        return max(span.end_ms for span in spans) if spans else None

    def _spans(self) -> tuple[Answer, ...]:
        """The answers that hold words, or all of them when none does."""
        return tuple(answer for answer in self.answers if answer.transcript.words) or self.answers


def merge_answers(turns: Iterable[Turn]) -> tuple[AskedQuestion, ...]:
    """Group the turns by question, in the order the questions were first asked."""
    by_question: dict[str, list[Turn]] = {}
    for turn in turns:
        if turn.brief.question_id is not None and turn.brief.kind in (TurnKind.QUESTION, TurnKind.FOLLOW_UP):
            by_question.setdefault(turn.brief.question_id, []).append(turn)
    return tuple(
        AskedQuestion(question_id, tuple(asked), _joined(asked)) for question_id, asked in by_question.items()
    )


def _joined(turns: Iterable[Turn]) -> Transcript:
    return Transcript(
        tuple(word for turn in turns if turn.answer is not None for word in turn.answer.transcript.words)
    )
