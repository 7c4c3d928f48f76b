"""One answer over a recogniser that takes whole pieces of audio: when each piece is recognised, and again.

Must not know which recogniser it is, when an answer ends, nor what the words are for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voiceprep.errors import ProviderError
from voiceprep.language.glossary import repair
from voiceprep.model import Term, Transcript, Word
from voiceprep.ports import BLOCK_MS, AudioBlock, OnText, Provisional, Samples, ignore_text
from voiceprep.providers.segments import PAUSE_BLOCKS, AnswerAudio, Segment, Tokens
from voiceprep.providers.timed_words import Recognised, place_words
from voiceprep.tasks import Tasks

LEAST_SPEECH_BLOCKS = 100 // BLOCK_MS
"""Anything shorter is a click or a breath, for which a model would invent a word."""

Recognise = Callable[[Samples, Tokens], Awaitable[Recognised]]
"""16 kHz audio, and what `Recognised.tokens` were of a shorter piece of it → text. Given up by cancelling it.
Raises ProviderError."""


class IsDue(Protocol):
    """Whether a segment is recognised without a pause; `is_first`: nothing of the answer was recognised so far."""

    def __call__(self, segment: Segment, *, is_first: bool) -> bool: ...


@dataclass(slots=True, eq=False)
class _Job:
    """What is under way: the first `block_count` blocks of `segment`."""

    segment: Segment
    block_count: int
    work: asyncio.Task[None] | None = None


class AnswerStream:
    """A TranscriptionStream. A pause makes a piece due, and gives up what is under way without its last words."""

    def __init__(
        self,
        tasks: Tasks,
        recognise: Recognise,
        is_due: IsDue,
        glossary: Sequence[Term] = (),
        on_text: OnText = ignore_text,
    ) -> None:
        self._tasks = tasks
        self._recognise = recognise
        self._is_due_early = is_due
        self._glossary = glossary
        self._on_text = on_text
        self._audio = AnswerAudio()
        self._recognised: dict[Segment, Recognised] = {}
        self._job: _Job | None = None
        self._error: ProviderError | None = None
        self._is_closed = False
        self._provisional = Provisional()

    @property
    def provisional(self) -> Provisional:
        """The newest text, glossary repairs included."""
        return self._provisional

    @property
    def error(self) -> ProviderError | None:
        """Known before `finish` raises it: the newest try failed. The next pause makes another."""
        return self._error

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        """Take 20 ms, in order; begins what is due. Never blocks. Does nothing after `close`."""
        if self._is_closed:
            return
        self._audio.push(block, is_speech)
        segment = self._audio.open_segment
        if segment is not None and segment.trailing_blocks == PAUSE_BLOCKS:
            self._error = None  # once more at every pause; whether it matters in the end is for `finish` to say
        if all(map(_is_done, self._audio.segments)):
            self._show(block.end_ms)
        self._continue()

    async def finish(self) -> Transcript:
        """The final transcript: at once when a pause was recognised already. Raises ProviderError."""
        self._audio.close()
        self._error = None
        self._continue()
        while (job := self._job) is not None and job.work is not None:
            await asyncio.wait((job.work,))
            if job.work.cancelled():
                break
            job.work.result()
        if self._error is not None:
            raise self._error
        return Transcript(repair([word for s in self._audio.segments for word in self._words(s)], self._glossary))

    def close(self) -> None:
        """Give up what is under way."""
        self._is_closed = True
        self._give_up()

    def _continue(self) -> None:
        """Begin what is due, after giving up what has become pointless."""
        if self._is_closed or self._error is not None:
            return
        if self._job is not None and not self._is_useful(self._job):
            self._give_up()
        if self._job is not None:
            return
        segment = next(filter(self._is_due, self._audio.segments), None)
        if segment is not None:
            job = _Job(segment, len(segment.blocks))
            self._job = job
            job.work = self._tasks.work(self._carry_out(job), name="transcription")

    def _is_due(self, segment: Segment) -> bool:
        if _is_done(segment):
            return False
        is_first = not any(one.decoded_blocks for one in self._audio.segments)
        return segment.is_at_rest or self._is_due_early(segment, is_first=is_first)

    def _is_useful(self, job: _Job) -> bool:
        segment = job.segment
        is_there = any(one is segment for one in self._audio.segments)  # else it was cut in two
        return is_there and (not segment.is_at_rest or segment.covers(job.block_count))

    def _give_up(self) -> None:
        job, self._job = self._job, None
        if job is not None and job.work is not None:
            job.work.cancel()

    async def _carry_out(self, job: _Job) -> None:
        segment = job.segment
        try:
            recognised = await self._recognise(segment.samples(job.block_count), segment.tokens)
            if self._job is job:
                self._take(job, recognised)
        except ProviderError as error:
            if self._job is job:
                self._error = error
        finally:
            if self._job is job:
                self._job = None
        self._continue()

    def _take(self, job: _Job, recognised: Recognised) -> None:
        segment = job.segment
        segment.take(job.block_count, recognised.tokens, recognised.text)
        self._recognised[segment] = recognised
        segment.shown = " ".join(word.text for word in repair(self._words(segment), self._glossary))
        self._show(segment.blocks[job.block_count - 1].end_ms)
        self._on_text()

    def _show(self, through_ms: int) -> None:
        text = " ".join(filter(None, (segment.shown for segment in self._audio.segments)))
        self._provisional = Provisional(text, max(self._provisional.through_ms, through_ms))

    def _words(self, segment: Segment) -> tuple[Word, ...]:
        """With the model's own times where it gave some for just this text, else spread over the speech."""
        recognised = self._recognised.get(segment)
        placed: tuple[Word, ...] = ()
        if recognised is not None and recognised.text == segment.text:
            placed = place_words(recognised, [block.start_ms for block in segment.blocks])
        return placed or segment.words()


def _is_done(segment: Segment) -> bool:
    return segment.voiced_blocks < LEAST_SPEECH_BLOCKS or segment.covers(segment.decoded_blocks)
