"""Scores answers inside anybody's Pipecat pipeline, beside the conversation and never in its way.

Put it anywhere after the recogniser; it needs no session of ours.
"""

import asyncio
from collections.abc import Callable

from pipecat.frames.frames import CancelFrame, EndFrame, Frame, LLMFullResponseEndFrame, TranscriptionFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from voiceprep.model import Question, QuestionScore
from voiceprep.ports import Judge
from voiceprep.scoring.grade import written_transcript
from voiceprep.scoring.offline import OfflineJudge

OnScore = Callable[[Question, str, QuestionScore], None]
"""Called in the pipeline's loop with the question, all that was said to it so far, and its score."""


class InterviewEvaluator(FrameProcessor):  # type: ignore[misc]  # Pipecat's way to be part of a pipeline
    """Every frame goes on before anything is done with it; judging happens in a thread.

    `ask` says which question the following answers belong to. What was said is scored when the language model has
    worded its reply, when the next question is asked, and when the pipeline ends.
    """

    def __init__(self, on_score: OnScore, judge: Judge | None = None) -> None:
        super().__init__()
        self._on_score = on_score
        self._judge = judge or OfflineJudge()
        self._question: Question | None = None
        self._said: list[str] = []
        self._scored_count = 0
        self._scoring: asyncio.Task[None] | None = None

    def ask(self, question: Question) -> None:
        """From now on answers belong to `question`."""
        self._score_answer()
        self._question, self._said, self._scored_count = question, [], 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self._said.append(frame.text.strip())
        elif isinstance(frame, LLMFullResponseEndFrame | EndFrame | CancelFrame):
            self._score_answer()

    async def cleanup(self) -> None:
        """The last answer is scored before the pipeline is gone."""
        if self._scoring is not None:
            await self._scoring
        await super().cleanup()

    def _score_answer(self) -> None:
        """One after the other, so that scores come in the order of the answers."""
        if self._question is None or len(self._said) == self._scored_count:
            return
        self._scored_count = len(self._said)
        score = self._score(self._question, " ".join(self._said), self._scoring)
        self._scoring = self.create_task(score)

    async def _score(self, question: Question, answer: str, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        transcript, _ = written_transcript(answer)
        score = await asyncio.to_thread(self._judge.score, question, transcript)
        self._on_score(question, answer, score)
