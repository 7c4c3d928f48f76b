"""What is found out while the candidate is silent for a moment: the likely next brief, and whether a turn model
hears an end. Must not know what is done with it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from voiceprep.endpointing import GateChange
from voiceprep.model import Answer, AnswerEnd, Transcript, TurnBrief, Word
from voiceprep.ports import Anticipate, Provisional, Samples, TurnModel
from voiceprep.tasks import Tasks


class LookAhead:
    """Works beside one turn; `prepare(brief, answer_text)` is called for each guess at what comes next."""

    def __init__(self, tasks: Tasks, anticipate: Anticipate, prepare: Callable[[TurnBrief, str], None]) -> None:
        self._tasks = tasks
        self._anticipate = anticipate
        self._prepare = prepare
        self._seen = ""
        self._covered = ""
        self._turn_probability: float | None = None
        self._under_way: list[asyncio.Task[None]] = []

    def is_covered(self, provisional: Provisional) -> bool:
        """This very text was found to say all that was asked for."""
        return bool(provisional.text) and provisional.text == self._covered

    def turn_probability(self, provisional: Provisional) -> float | None:
        """That the answer is over, 0..1: the recogniser's own judgement, else the turn model's."""
        theirs = provisional.end_of_turn_probability
        return self._turn_probability if theirs is None else theirs

    def read(self, provisional: Provisional, now_ms: int) -> None:
        """The candidate is silent; look at the text unless that was done already."""
        if provisional.text and provisional.text != self._seen:
            self._seen = provisional.text
            self._start(self._look(provisional.text, now_ms), "look ahead")

    def listen(self, change: GateChange | None, model: TurnModel | None, recent: Callable[[], Samples]) -> None:
        """Ask the turn model when speech stops; forget what it said when speech starts."""
        if change is GateChange.STARTED:
            self._turn_probability = None
        elif change is GateChange.STOPPED and model is not None:
            self._start(self._judge(model, recent()), "turn model")

    def close(self) -> None:
        for task in self._under_way:
            task.cancel()

    async def _look(self, text: str, now_ms: int) -> None:
        words = tuple(Word(word, now_ms, now_ms) for word in text.split())
        answer = Answer(Transcript(words), now_ms, now_ms, AnswerEnd.FINISHED)
        anticipation = await self._tasks.in_thread(self._anticipate, answer)
        if anticipation is not None:
            self._prepare(anticipation.brief, text)
            if anticipation.is_covered:
                self._covered = text

    async def _judge(self, model: TurnModel, recent: Samples) -> None:
        self._turn_probability = await model.probability(recent)

    def _start(self, job: Coroutine[Any, Any, None], name: str) -> None:
        self._under_way = [task for task in self._under_way if not task.done()]
        self._under_way.append(self._tasks.work(job, name))
