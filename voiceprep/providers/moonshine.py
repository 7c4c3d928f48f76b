"""The local recogniser: Moonshine tiny, decoding an answer again and again while it grows.

Must not know when an answer ends, nor what the words are for.
"""

import asyncio
from collections.abc import Sequence

from voiceprep.errors import ProviderError
from voiceprep.model import Term
from voiceprep.ports import BLOCK_MS, OnText, Samples, ignore_text
from voiceprep.providers.answer_stream import AnswerStream
from voiceprep.providers.moonshine_model import MoonshineModel, load_recogniser
from voiceprep.providers.segments import Segment, Tokens
from voiceprep.providers.timed_words import Recognised
from voiceprep.tasks import Tasks

FIRST_DECODE_BLOCKS = 400 // BLOCK_MS
NEXT_DECODE_BLOCKS = 1_000 // BLOCK_MS
"""Speech before the first provisional text of a segment, and between two of them; a pause makes one at once."""


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

    def open_stream(self, on_text: OnText = ignore_text) -> AnswerStream:
        return AnswerStream(self._tasks, self._recognise, is_due, self._glossary, on_text)

    async def _loaded(self) -> MoonshineModel:
        async with self._loading:
            if self._model is None:
                self._model = await self._tasks.in_thread(load_recogniser)
            return self._model

    async def _recognise(self, samples: Samples, draft: Tokens) -> Recognised:
        model = await self._loaded()
        is_wanted = True
        try:
            tokens = await self._tasks.in_thread(model.decode, samples, draft, lambda: is_wanted)
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            raise ProviderError(
                f"The local recogniser failed: {type(error).__name__}.",
                "Start again with `--debug` for the details.",
                provider=self.name,
                stage="stt",
            ) from error
        finally:
            is_wanted = False  # given up, it ends at its next token
        assert tokens is not None  # nobody gave it up
        return Recognised(model.text(tokens), tokens=tokens)


def is_due(segment: Segment, *, is_first: bool) -> bool:
    """Without a pause: once there are words to show, then every second."""
    new_speech = segment.voiced_blocks - segment.decoded_voiced_blocks
    return new_speech >= (NEXT_DECODE_BLOCKS if segment.decoded_blocks else FIRST_DECODE_BLOCKS)
