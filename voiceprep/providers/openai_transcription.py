"""Recognisers over OpenAI's audio/transcriptions: one request at each pause, the last one usually in time.

Must not know when an answer ends, nor what the words are for.
"""

import io
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np

from voiceprep.costs.prices import told_count
from voiceprep.model import Term, Usage
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, OnText, OnUsage, Samples, ignore_text
from voiceprep.providers.answer_stream import AnswerStream
from voiceprep.providers.openai_common import Connection, MalformedAnswerError, OptionalParameters, Waits
from voiceprep.providers.segments import Segment, Tokens
from voiceprep.providers.timed_words import Recognised, TimedWord
from voiceprep.tasks import Tasks

FIRST_REQUEST_BLOCKS = 600 // BLOCK_MS
"""So much speech makes the first request of an answer even without a pause, so that an interruption is noticed."""

PROMPT_CHARS_MAX = 600
"""Models other than gpt-transcribe read expected terms from a prompt, of which they keep the last 224 tokens."""

TRANSCRIPTION_WAITS = Waits(first_s=10.0)


class OpenAITranscriber:
    """A Transcriber. An answer is sent in pieces of up to 12 s, each again at its pauses until it is whole.

    `name` as for OpenAITextModel. An empty `model` is the service's default. Whisper models give word times; for
    the others they are estimated (see Segment.words). `language` is an ISO 639-1 code.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        api_key: str,
        base_url: str | None = None,
        model: str = "",
        name: str = "openai",
        glossary: Sequence[Term] = (),
        language: str = "en",
        on_usage: OnUsage | None = None,
        waits: Waits | None = None,
    ) -> None:
        self.name = name
        self._tasks = tasks
        self._glossary = tuple(glossary)
        self._connection = Connection(
            name=name,
            stage="stt",
            api_key=api_key,
            base_url=base_url,
            model=model,
            waits=waits or TRANSCRIPTION_WAITS,
        )
        self._connection.model = model or self._connection.service.transcription_model
        self._on_usage = on_usage
        self._parameters = _parameters(self._connection.model, self._glossary, language)

    @property
    def model(self) -> str:
        """The model asked; known after `warm` where the server decides."""
        return self._connection.model

    async def warm(self) -> None:
        """Connect, check key and model. Raises ProviderError."""
        await self._connection.warm()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    def open_stream(self, on_text: OnText = ignore_text) -> AnswerStream:
        return AnswerStream(self._tasks, self._recognise, _is_due, self._glossary, on_text)

    async def _recognise(self, samples: Samples, _draft: Tokens) -> Recognised:
        wav = wav_bytes(samples)
        answer = await self._connection.attempt(lambda: self._request(wav), adapt=self._parameters.adapt)
        self._report(answer, len(samples) * 1000 // MICROPHONE_RATE_HZ)
        return _recognised(answer)

    async def _request(self, wav: bytes) -> Any:  # noqa: ANN401 - openai is imported late
        client = await self._connection.client()
        answer = await client.audio.transcriptions.create(
            model=self.model, file=("answer.wav", wav, "audio/wav"), **self._parameters.values
        )
        if not isinstance(getattr(answer, "text", None), str):
            raise MalformedAnswerError("sent no transcript")
        return answer

    def _report(self, answer: object, sent_ms: int) -> None:
        if self._on_usage is None:
            return
        counted = getattr(answer, "usage", None)
        input_tokens, output_tokens = (getattr(counted, name, None) for name in ("input_tokens", "output_tokens"))
        self._on_usage(
            Usage(
                self.name,
                "stt",
                self.model,
                input_tokens=told_count(input_tokens),
                output_tokens=told_count(output_tokens),
                audio_ms=sent_ms,
            )
        )


def wav_bytes(samples: Samples) -> bytes:
    """A 16 kHz mono WAV file in memory."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_RATE_HZ)
        file.writeframes(samples.astype("<i2", copy=False).tobytes())
    return buffer.getvalue()


def _is_due(segment: Segment, *, is_first: bool) -> bool:
    """Only so that an interruption is noticed: each request sends all of the segment again."""
    return is_first and segment.voiced_blocks >= FIRST_REQUEST_BLOCKS


def _parameters(model: str, glossary: Sequence[Term], language: str) -> OptionalParameters:
    values: dict[str, Any] = {"language": language} if language else {}
    terms = [term.written for term in glossary]
    if model.startswith("gpt-transcribe"):
        if values:
            values = {"languages": [language]}
        if terms:
            values["keywords"] = terms
        return OptionalParameters(values)
    if terms and "diarize" not in model:
        prompt = ", ".join(terms)
        values["prompt"] = (
            prompt if len(prompt) <= PROMPT_CHARS_MAX else prompt[:PROMPT_CHARS_MAX].rpartition(",")[0]
        )
    if "whisper" in model.lower():
        values |= {"response_format": "verbose_json", "timestamp_granularities": ["word"]}
    return OptionalParameters(values)


def _recognised(answer: Any) -> Recognised:  # noqa: ANN401 - an openai Transcription or TranscriptionVerbose
    words = getattr(answer, "words", None)
    timed = [
        TimedWord(word.word, round(word.start * 1000), round(word.end * 1000))
        for word in (words if isinstance(words, list) else ())
        if _is_timed(word)
    ]
    return Recognised(" ".join(answer.text.split()), tuple(timed))


def _is_timed(word: object) -> bool:
    times = (getattr(word, "start", None), getattr(word, "end", None))
    return isinstance(getattr(word, "word", None), str) and all(
        isinstance(time, int | float) and np.isfinite(time) for time in times
    )
