"""What is found out while the answer is not over yet: the likely next brief, and whether a turn model hears an end.

Must not know what is done with it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from voiceprep.model import Answer, AnswerEnd, Transcript, TurnBrief, Word
from voiceprep.ports import Anticipate, Provisional, Samples, TurnModel
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.last_words import Sounds, how_it_sounds, plain_words
from voiceprep.turn_taking.speech_gate import GateChange

LULL_MS = 60
OPEN_LULL_MS = 200
UNFINISHED_LULL_MS = 500
"""Silence after which words are looked at: more than a consonant's where a sentence has ended, long before anybody
can say that it is a pause; later, and still in time, the less likely these words are the last."""


class LookAhead:
    """Works beside one turn; `prepare(brief, answer_text)` is called for each guess at what comes next.

    The text is empty while the candidate still talks: then only what comes next is known, not what it replies to.
    """

    def __init__(self, tasks: Tasks, anticipate: Anticipate, prepare: Callable[[TurnBrief, str], None]) -> None:
        self._tasks = tasks
        self._anticipate = anticipate
        self._prepare = prepare
        self._text = ""
        self._words: Sequence[str] = ()
        self._seen: Sequence[str] = ()
        self._covered: Sequence[str] = ()
        self._likely: TurnBrief | None = None
        self._turn_probability: float | None = None
        self._before_silence: Samples | None = None  # what a turn model has not heard yet
        self._silence_count = 0
        self._is_model_awaited = False
        self._under_way: list[asyncio.Task[None]] = []

    def is_covered(self, provisional: Provisional) -> bool:
        """These very words were found to say all that was asked for."""
        words = self._plain(provisional.text)
        return bool(words) and words == self._covered

    def turn_probability(self, provisional: Provisional) -> float | None:
        """That the answer is over, 0..1: the recogniser's own judgement, else the turn model's."""
        theirs = provisional.end_of_turn_probability
        return self._turn_probability if theirs is None else theirs

    def is_model_awaited(self, provisional: Provisional) -> bool:
        """A turn model could say something about this silence, and neither it nor the recogniser has."""
        return self._is_model_awaited and provisional.end_of_turn_probability is None

    def read(self, provisional: Provisional, now_ms: int, silence_ms: int) -> None:
        """Look at the newest text: once at its first words, then whenever it has new words and speech has ceased.

        What was likely so far is prepared for these words at once, and again only if it turns out otherwise.
        """
        text = provisional.text
        words = self._plain(text)
        if not words or words == self._seen:
            return
        if silence_ms < LULL_MS:
            if not self._seen:
                self._look(text, now_ms, reply_to="")
            return
        if silence_ms < {Sounds.OPEN: OPEN_LULL_MS, Sounds.UNFINISHED: UNFINISHED_LULL_MS}.get(
            how_it_sounds(text), 0
        ):
            return
        if self._likely is not None:
            self._prepare(self._likely, text)
        self._look(text, now_ms, reply_to=text)

    def listen(
        self,
        change: GateChange | None,
        model: TurnModel | None,
        recent: Callable[[], Samples],
        *,
        is_wanted: bool,
    ) -> None:
        """Ask the turn model once in a silence, if its answer is wanted; forget it when speech starts.

        It hears what there was when speech stopped.
        """
        if change is GateChange.STARTED:
            self._silence_count += 1
            self._turn_probability = self._before_silence = None
            self._is_model_awaited = False
        elif change is GateChange.STOPPED and model is not None:
            self._before_silence = recent()
            self._is_model_awaited = True
        if is_wanted and model is not None and self._before_silence is not None:
            self._start(self._judge(model, self._before_silence, self._silence_count), "turn model")
            self._before_silence = None

    def close(self) -> None:
        for task in self._under_way:
            task.cancel()

    def _plain(self, text: str) -> Sequence[str]:
        """Its words, found once per text: recognisers put in marks and capitals later."""
        if text != self._text:
            self._text, self._words = text, plain_words(text)
        return self._words

    def _look(self, text: str, now_ms: int, *, reply_to: str) -> None:
        self._seen = self._plain(text)
        words = tuple(Word(word, now_ms, now_ms) for word in text.split())
        answer = Answer(Transcript(words), now_ms, now_ms, AnswerEnd.FINISHED)
        self._start(self._foresee(answer, self._seen, reply_to), "look ahead")

    async def _foresee(self, answer: Answer, seen: Sequence[str], reply_to: str) -> None:
        anticipation = await self._tasks.in_thread(self._anticipate, answer)
        if anticipation is None or seen is not self._seen:
            return  # the newest words are what counts
        self._likely = anticipation.brief
        self._prepare(anticipation.brief, reply_to)
        if anticipation.is_covered:
            self._covered = seen

    async def _judge(self, model: TurnModel, recent: Samples, silence: int) -> None:
        probability = await model.probability(recent)
        if silence == self._silence_count:  # else they speak again
            self._turn_probability = probability
            self._is_model_awaited = False

    def _start(self, job: Coroutine[Any, Any, None], name: str) -> None:
        self._under_way = [task for task in self._under_way if not task.done()]
        self._under_way.append(self._tasks.work(job, name))
