"""One thing the interviewer says: text → sentences → voice → speaker, and how much of it was heard.

Must not know which voice it is or why the text is said.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voiceprep.model import Spoken
from voiceprep.ports import SPEAKER_RATE_HZ, Samples, Speaker, Synthesizer
from voiceprep.tasks import Tasks

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")


def split_sentences(text: str) -> list[str]:
    """Sentences as they will be synthesized; their audio is the unit of knowing what was heard."""
    return [sentence for sentence in _SENTENCE_END.split(text.strip()) if sentence]


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence and its audio, shape (n_samples,) at 24 kHz."""

    text: str
    samples: Samples


WORD_MS = 330
"""Length of a word nobody has synthesized yet: conversation runs at about 185 words a minute."""


def heard_part(sentences: Sequence[tuple[str, float]], heard_ms: float) -> str:
    """The words of (sentence, length in ms) pairs that fit into `heard_ms`; words of a sentence count as even."""
    heard: list[str] = []
    for text, length_ms in sentences:
        words = text.split()
        share = 1.0 if heard_ms >= length_ms else max(heard_ms, 0.0) / length_ms
        heard.extend(words[: int(len(words) * share)])
        heard_ms -= length_ms
    return " ".join(heard)


class Voice:
    """Speaks through one synthesizer and keeps audio prepared ahead, by text."""

    PREPARED_MAX = 8

    def __init__(self, synthesizer: Synthesizer, tasks: Tasks) -> None:
        self._synthesizer = synthesizer
        self._tasks = tasks
        self._prepared: dict[str, asyncio.Task[list[Piece]]] = {}

    def prepare(self, text: str) -> None:
        """Synthesize `text` in the background, in case it is said next."""
        if text in self._prepared:
            return
        while len(self._prepared) >= self.PREPARED_MAX:
            self._prepared.pop(next(iter(self._prepared))).cancel()
        self._prepared[text] = self._tasks.work(self._synthesize_all(text), "prepare speech")

    def say(self, text: str, speaker: Speaker) -> "Speech":
        """Start saying `text`; prepared audio is used when it is ready."""
        task = self._prepared.pop(text, None)
        is_ready = task is not None and task.done() and not task.cancelled() and task.exception() is None
        speech = Speech(text, speaker)
        if task is not None and is_ready:
            for piece in task.result():
                speech.begin(piece.text)
                speech.play(piece.samples)
            speech.is_synthesized = True
        else:
            if task is not None:
                task.cancel()
            speech.task = self._tasks.work(self._stream(speech), "speak")
        return speech

    async def _synthesize_all(self, text: str) -> list[Piece]:
        return [await self._synthesize(sentence) for sentence in split_sentences(text)]

    async def _synthesize(self, sentence: str) -> Piece:
        chunks = [chunk async for chunk in self._synthesizer.synthesize(sentence)]
        return Piece(sentence, np.concatenate(chunks) if chunks else np.zeros(0, np.int16))

    async def _stream(self, speech: "Speech") -> None:
        for sentence in split_sentences(speech.text):
            speech.begin(sentence)
            async for chunk in self._synthesizer.synthesize(sentence):
                speech.play(chunk)
        speech.is_synthesized = True


class Speech:
    """One text on its way to the speaker."""

    def __init__(self, text: str, speaker: Speaker) -> None:
        self.text = text
        self.task: asyncio.Task[None] | None = None
        self.is_synthesized = False
        self.started_ms: int | None = None
        self._speaker = speaker
        self._sentences: list[str] = []
        self._samples: list[int] = []
        self._is_stopped = False

    def begin(self, sentence: str) -> None:
        """The next audio belongs to `sentence`."""
        self._sentences.append(sentence)
        self._samples.append(0)

    def play(self, samples: Samples) -> None:
        if not self._is_stopped:
            self._samples[-1] += len(samples)
            self._speaker.enqueue(samples)

    def check(self) -> None:
        """Raises what the synthesizer raised."""
        if self.task is not None and self.task.done() and not self.task.cancelled():
            self.task.result()

    @property
    def is_over(self) -> bool:
        """Everything was synthesized and heard."""
        return self.is_synthesized and self._speaker.is_idle

    @property
    def has_heard_sentence(self) -> bool:
        """The first sentence has reached the ear in full."""
        is_whole = len(self._samples) > 1 or self.is_synthesized
        return is_whole and self._speaker.heard_ms * SPEAKER_RATE_HZ >= self._samples[0] * 1000

    def finish(self, now_ms: int) -> Spoken:
        """Settle what was heard, once `is_over`."""
        self._speaker.stop()
        return Spoken(self.text, self.text, self._start(now_ms), now_ms)

    def interrupt(self, now_ms: int) -> Spoken:
        """Stop at once and settle what was heard. The playback position is the speaker's, not a guess."""
        self._is_stopped = True
        if self.task is not None:
            self.task.cancel()
        heard_ms = self._speaker.stop()
        return Spoken(self.text, self._heard(heard_ms), self._start(now_ms), now_ms, is_interrupted=True)

    def _heard(self, heard_ms: int) -> str:
        lengths = [count * 1000 / SPEAKER_RATE_HZ for count in self._samples]
        if lengths and not self.is_synthesized:
            lengths[-1] = max(lengths[-1], len(self._sentences[-1].split()) * WORD_MS)
        return heard_part(list(zip(self._sentences, lengths, strict=True)), heard_ms)

    def _start(self, now_ms: int) -> int:
        return now_ms if self.started_ms is None else self.started_ms
