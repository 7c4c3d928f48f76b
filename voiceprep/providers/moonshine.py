"""The local recogniser: Moonshine tiny, decoding an answer again and again while it grows.

Must not know when an answer ends, nor what the words are for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from voiceprep.errors import ProviderError
from voiceprep.language.glossary import repair
from voiceprep.model import Term, Transcript, Word
from voiceprep.ports import BLOCK_MS, AudioBlock, OnText, Provisional, Samples, ignore_text
from voiceprep.providers.moonshine_model import MoonshineModel, Tokens
from voiceprep.providers.segments import PAUSE_BLOCKS, AnswerAudio, Segment
from voiceprep.tasks import Tasks

FIRST_DECODE_BLOCKS = 400 // BLOCK_MS
NEXT_DECODE_BLOCKS = 1_000 // BLOCK_MS
"""Speech before the first provisional text of a segment, and between two of them; a pause makes one at once."""

LEAST_SPEECH_BLOCKS = 100 // BLOCK_MS
"""Anything shorter is a click or a breath, for which the model would invent a word."""

Decode = Callable[[Samples, Tokens, Callable[[], bool]], Awaitable[tuple[Tokens, str] | None]]
"""16 kHz audio, the tokens of a shorter piece of it, and whether the result is still wanted → tokens and text."""


class MoonshineTranscriber:
    """A Transcriber that needs no network: provisional text about every second, final text at once after a pause.

    `python -m benchmarks.recogniser` prints what it costs and how often it errs.
    """

    name = "local"

    def __init__(self, tasks: Tasks, glossary: Sequence[Term] = ()) -> None:
        self._tasks = tasks
        self._glossary = tuple(glossary)
        self._loading = asyncio.Lock()
        self._model: MoonshineModel | None = None

    async def close(self) -> None:
        """Nothing is open."""

    async def warm(self) -> None:
        """Load the model and run it once, about 0.4 s; nothing when already warm. Raises ProviderError (`stt`)."""
        await self._loaded()

    def open_stream(self, on_text: OnText = ignore_text) -> "MoonshineStream":
        return MoonshineStream(self._tasks, self._decode, self._glossary, on_text)

    async def _loaded(self) -> MoonshineModel:
        async with self._loading:
            if self._model is None:
                self._model = await self._tasks.in_thread(MoonshineModel)
            return self._model

    async def _decode(
        self, samples: Samples, draft: Tokens, is_wanted: Callable[[], bool]
    ) -> tuple[Tokens, str] | None:
        model = await self._loaded()
        try:
            tokens = await self._tasks.in_thread(model.decode, samples, draft, is_wanted)
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            raise ProviderError(
                f"The local recogniser failed: {type(error).__name__}.",
                "Start again with `--debug` for the details.",
                provider=self.name,
                stage="stt",
            ) from error
        return None if tokens is None else (tokens, model.text(tokens))


@dataclass(slots=True, eq=False)
class _Job:
    """One decode under way: the first `block_count` blocks of `segment`."""

    segment: Segment
    block_count: int
    is_wanted: bool = True


class MoonshineStream:
    """One answer. At most one decode is under way; one that a pause has made pointless is given up."""

    def __init__(
        self, tasks: Tasks, decode: Decode, glossary: Sequence[Term] = (), on_text: OnText = ignore_text
    ) -> None:
        self._tasks = tasks
        self._decode = decode
        self._glossary = glossary
        self._on_text = on_text
        self._audio = AnswerAudio()
        self._job: _Job | None = None
        self._work: asyncio.Task[None] | None = None
        self._error: ProviderError | None = None
        self._is_closed = False
        self._through_ms = 0

    @property
    def provisional(self) -> Provisional:
        """The newest text, glossary repairs included."""
        return Provisional(" ".join(filter(None, (s.shown for s in self._audio.segments))), self._through_ms)

    @property
    def error(self) -> ProviderError | None:
        """Known before `finish` raises it."""
        return self._error

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        """Take 20 ms, in order; starts a decode when one is due. Never blocks. Does nothing after `close`."""
        if self._is_closed:
            return
        self._audio.push(block, is_speech)
        if all(_is_done(segment) for segment in self._audio.segments):
            self._through_ms = block.end_ms
        self._continue()

    async def finish(self) -> Transcript:
        """The final transcript; at once when a pause was decoded already. Raises ProviderError."""
        self._audio.close()
        self._continue()
        while (work := self._work) is not None and not work.cancelled():
            await asyncio.wait((work,))
        if self._error is not None:
            raise self._error
        return Transcript(self._words())

    def close(self) -> None:
        """Give up; a decode under way ends at its next token."""
        self._is_closed = True
        if self._job is not None:
            self._job.is_wanted = False

    def _continue(self) -> None:
        """Start the next decode, or give up one that has become pointless."""
        if self._is_closed or self._error is not None:
            return
        if self._job is not None:
            self._job.is_wanted = self._is_useful(self._job)
            return
        segment = next(filter(_is_due, self._audio.segments), None)
        if segment is not None:
            self._job = _Job(segment, len(segment.blocks))
            self._work = self._tasks.work(self._carry_out(self._job), name="local recogniser")

    def _is_useful(self, job: _Job) -> bool:
        is_cut_up = job.segment not in self._audio.segments
        is_at_rest = job.segment.is_closed or job.segment.trailing_blocks >= PAUSE_BLOCKS
        return not is_cut_up and (not is_at_rest or job.segment.covers(job.block_count))

    async def _carry_out(self, job: _Job) -> None:
        segment = job.segment
        try:
            result = await self._decode(segment.samples(job.block_count), segment.tokens, lambda: job.is_wanted)
            if result is not None and job.is_wanted:
                segment.take(job.block_count, *result)
                segment.shown = " ".join(word.text for word in repair(segment.words(), self._glossary))
                self._through_ms = max(self._through_ms, segment.blocks[job.block_count - 1].end_ms)
                if not self._is_closed:
                    self._on_text()
        except ProviderError as error:
            self._error = error
        finally:
            self._job = self._work = None
        self._continue()

    def _words(self) -> tuple[Word, ...]:
        heard = [word for segment in self._audio.segments for word in segment.words()]
        return repair(heard, self._glossary)


def _is_done(segment: Segment) -> bool:
    return segment.voiced_blocks < LEAST_SPEECH_BLOCKS or segment.covers(segment.decoded_blocks)


def _is_due(segment: Segment) -> bool:
    """Whether to decode what the segment holds now."""
    if _is_done(segment):
        return False
    if segment.is_closed or segment.trailing_blocks >= PAUSE_BLOCKS:
        return True
    new_speech = segment.voiced_blocks - segment.decoded_voiced_blocks
    return new_speech >= (NEXT_DECODE_BLOCKS if segment.decoded_blocks else FIRST_DECODE_BLOCKS)
