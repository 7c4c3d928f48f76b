"""One thing the interviewer says: text → sentences → voice → speaker, and how much of it was heard.

Must not know which voice it is or why the text is said.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Hashable, Sequence
from contextlib import aclosing

from voiceprep.language.spoken import spoken
from voiceprep.model import Spoken
from voiceprep.ports import SPEAKER_RATE_HZ, Samples, Speaker, Synthesizer
from voiceprep.tasks import Tasks

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")


def split_sentences(text: str) -> list[str]:
    """Sentences as they will be synthesized; their audio is the unit of knowing what was heard."""
    return [sentence for sentence in _SENTENCE_END.split(text.strip()) if sentence]


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


Sentences = AsyncGenerator[str]
"""What will be said, sentence by sentence, as soon as each is known."""


class Voice:
    """Speaks through one synthesizer and keeps what is rendered ahead, by key."""

    def __init__(self, synthesizer: Synthesizer, tasks: Tasks) -> None:
        self._synthesizer = synthesizer
        self._tasks = tasks
        self._prepared: dict[Hashable, _Rendering] = {}

    def prepare(self, key: Hashable, sentences: Callable[[], Sentences]) -> None:
        """Word and synthesize in the background, in case it is said next. The same key is rendered once; what
        was prepared under other keys is given up."""
        for stale in [other for other in self._prepared if other != key]:
            self._prepared.pop(stale).cancel()
        if key not in self._prepared:
            self._prepared[key] = self._render(sentences())

    def say(self, key: Hashable, sentences: Callable[[], Sentences], speaker: Speaker) -> "Speech":
        """Start saying it; what is rendered already is played at once, the rest as it comes."""
        rendering = self._prepared.pop(key, None)
        if rendering is None or rendering.has_failed:
            rendering = self._render(sentences())
        return Speech(rendering, speaker)

    def _render(self, sentences: Sentences) -> "_Rendering":
        rendering = _Rendering()
        rendering.task = self._tasks.work(self._fill(rendering, sentences), "render speech")
        rendering.task.add_done_callback(_take_note)
        return rendering

    async def _fill(self, rendering: "_Rendering", sentences: Sentences) -> None:
        async with aclosing(sentences):
            async for sentence in sentences:
                rendering.begin(sentence)
                async with aclosing(self._synthesizer.synthesize(spoken(sentence))) as chunks:
                    async for chunk in chunks:
                        rendering.add(chunk)
        rendering.is_whole = True


def _take_note(task: asyncio.Task[None]) -> None:
    """What fails ahead and is never said troubles nobody; who says it gets the error from `Speech.check`."""
    if not task.cancelled():
        task.exception()


class _Rendering:
    """Audio of one text while it is being made. Whoever speaks it gets what is there, then the rest as it comes."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.sample_counts: list[int] = []
        self.is_whole = False
        self.task: asyncio.Task[None] | None = None
        self._kept: list[Samples] = []
        self._play: Callable[[Samples], None] = self._kept.append

    @property
    def has_failed(self) -> bool:
        task = self.task
        return task is not None and task.done() and (task.cancelled() or task.exception() is not None)

    @property
    def text(self) -> str:
        return " ".join(self.sentences)

    def begin(self, sentence: str) -> None:
        """The next audio belongs to `sentence`."""
        self.sentences.append(sentence)
        self.sample_counts.append(0)

    def add(self, samples: Samples) -> None:
        self.sample_counts[-1] += len(samples)
        self._play(samples)

    def play_through(self, play: Callable[[Samples], None]) -> None:
        for samples in self._kept:
            play(samples)
        self._kept.clear()
        self._play = play

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()


class Speech:
    """One text on its way to the speaker."""

    def __init__(self, rendering: _Rendering, speaker: Speaker) -> None:
        self.started_ms: int | None = None
        self._rendering = rendering
        self._speaker = speaker
        rendering.play_through(speaker.enqueue)

    @property
    def text(self) -> str:
        """All of it that is known so far."""
        return self._rendering.text

    def check(self) -> None:
        """Raises what wording or synthesizing raised."""
        task = self._rendering.task
        if task is not None and task.done() and not task.cancelled():
            task.result()

    @property
    def is_over(self) -> bool:
        """Everything was synthesized and heard."""
        return self._rendering.is_whole and self._speaker.is_idle

    def finish(self, now_ms: int) -> Spoken:
        """Settle what was heard, once `is_over`."""
        self._speaker.stop()
        return Spoken(self.text, self.text, self._start(now_ms), now_ms)

    def interrupt(self, now_ms: int) -> Spoken:
        """Stop at once and settle what was heard. The playback position is the speaker's, not a guess."""
        self._rendering.cancel()
        self._rendering.play_through(_drop)
        heard_ms = self._speaker.stop()
        return Spoken(self.text, self._heard(heard_ms), self._start(now_ms), now_ms, is_interrupted=True)

    def _heard(self, heard_ms: int) -> str:
        sentences = self._rendering.sentences
        lengths_ms = [count * 1000 / SPEAKER_RATE_HZ for count in self._rendering.sample_counts]
        if lengths_ms and not self._rendering.is_whole:
            lengths_ms[-1] = max(lengths_ms[-1], len(sentences[-1].split()) * WORD_MS)
        return heard_part(list(zip(sentences, lengths_ms, strict=True)), heard_ms)

    def _start(self, now_ms: int) -> int:
        return now_ms if self.started_ms is None else self.started_ms


def _drop(samples: Samples) -> None:
    """Nobody listens any more."""
