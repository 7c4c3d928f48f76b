"""Recognisers over OpenAI's audio/transcriptions: one request at each pause, the last one usually in time.

Must not know when an answer ends, nor what the words are for.
"""

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from voiceprep.costs.prices import told_count
from voiceprep.errors import ProviderError
from voiceprep.language.glossary import repair
from voiceprep.model import Term, Transcript, Usage, Word
from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_RATE_HZ,
    AudioBlock,
    OnText,
    OnUsage,
    Provisional,
    Samples,
    ignore_text,
)
from voiceprep.providers.openai_common import Connection, MalformedAnswerError, OptionalParameters, Waits
from voiceprep.providers.segments import PAUSE_BLOCKS, AnswerAudio, Segment
from voiceprep.tasks import Tasks

FIRST_REQUEST_BLOCKS = 600 // BLOCK_MS
"""So much speech makes the first request of an answer even without a pause, so that an interruption is noticed."""

LEAST_SPEECH_BLOCKS = 100 // BLOCK_MS
"""Anything shorter is a click or a breath, for which a model would invent a word."""

PROMPT_CHARS_MAX = 600
"""Models other than gpt-transcribe read expected terms from a prompt, of which they keep the last 224 tokens."""

TRANSCRIPTION_WAITS = Waits(first_s=10.0)


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word and its place in the audio that was sent."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a model made of one piece of audio; `words` are empty where it gives no times."""

    text: str
    words: tuple[TimedWord, ...] = ()


Recognise = Callable[[Samples], Awaitable[Recognised]]
"""16 kHz audio → text. Raises ProviderError."""


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

    def open_stream(self, on_text: OnText = ignore_text) -> "OpenAITranscription":
        return OpenAITranscription(self._tasks, self._recognise, self._glossary, on_text)

    async def _recognise(self, samples: Samples) -> Recognised:
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


@dataclass(slots=True, eq=False)
class _Job:
    """The request under way: the first `block_count` blocks of `segment`."""

    segment: Segment
    block_count: int
    work: asyncio.Task[None] | None = None


class OpenAITranscription:
    """One answer: a TranscriptionStream. At most one request is under way; one that lacks speech is given up."""

    def __init__(
        self, tasks: Tasks, recognise: Recognise, glossary: Sequence[Term] = (), on_text: OnText = ignore_text
    ) -> None:
        self._tasks = tasks
        self._recognise = recognise
        self._glossary = glossary
        self._on_text = on_text
        self._audio = AnswerAudio()
        self._recognised: dict[Segment, Recognised] = {}
        self._job: _Job | None = None
        self._error: ProviderError | None = None
        self._is_closed = False
        self._through_ms = 0

    @property
    def provisional(self) -> Provisional:
        """The newest text, glossary repairs included."""
        return Provisional(" ".join(filter(None, (s.shown for s in self._audio.segments))), self._through_ms)

    @property
    def error(self) -> ProviderError | None:
        """Known before `finish` raises it: the newest request failed. The next pause makes another."""
        return self._error

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        """Take 20 ms, in order; sends a request when one is due. Never blocks. Does nothing after `close`."""
        if self._is_closed:
            return
        self._audio.push(block, is_speech)
        segment = self._audio.open_segment
        if segment is not None and segment.trailing_blocks == PAUSE_BLOCKS:
            self._error = None  # once more at every pause; whether it matters in the end is for `finish` to say
        if all(map(_is_done, self._audio.segments)):
            self._through_ms = block.end_ms
        self._continue()

    async def finish(self) -> Transcript:
        """The final transcript: at once when everything was sent at a pause. Raises ProviderError."""
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
        """Give up; a request under way is cancelled."""
        self._is_closed = True
        self._give_up()

    def _continue(self) -> None:
        """Send the next request, after giving up one that has become pointless."""
        if self._is_closed or self._error is not None:
            return
        if self._job is not None and not self._is_useful(self._job):
            self._give_up()
        if self._job is not None:
            return
        is_first = not any(segment.decoded_blocks for segment in self._audio.segments)
        segment = next((s for s in self._audio.segments if _is_due(s, is_first=is_first)), None)
        if segment is not None:
            job = _Job(segment, len(segment.blocks))
            self._job = job
            job.work = self._tasks.work(self._carry_out(job), name="transcription")

    def _give_up(self) -> None:
        job, self._job = self._job, None
        if job is not None and job.work is not None:
            job.work.cancel()

    def _is_useful(self, job: _Job) -> bool:
        segment = job.segment
        is_at_rest = segment.is_closed or segment.trailing_blocks >= PAUSE_BLOCKS
        return segment in self._audio.segments and (not is_at_rest or segment.covers(job.block_count))

    async def _carry_out(self, job: _Job) -> None:
        segment = job.segment
        try:
            recognised = await self._recognise(segment.samples(job.block_count))
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
        segment.take(job.block_count, (), recognised.text)
        self._recognised[segment] = recognised
        segment.shown = " ".join(word.text for word in repair(self._words(segment), self._glossary))
        self._through_ms = max(self._through_ms, segment.blocks[job.block_count - 1].end_ms)
        if not self._is_closed:
            self._on_text()

    def _words(self, segment: Segment) -> tuple[Word, ...]:
        """With the model's own times where it gave some for just this text, else spread over the speech."""
        recognised = self._recognised.get(segment)
        placed: tuple[Word, ...] = ()
        if recognised is not None and recognised.text == segment.text:
            placed = place_words(recognised, [block.start_ms for block in segment.blocks])
        return placed or segment.words()


def place_words(recognised: Recognised, block_starts_ms: Sequence[int]) -> tuple[Word, ...]:
    """The words of the text, with punctuation, on the session clock; none where times and text do not match.

    `block_starts_ms`: session time of each 20 ms block that was sent. Timed words lack punctuation and may be cut
    differently, so both are matched letter by letter.
    """
    letters: list[tuple[int, int]] = []
    spelled = ""
    for word in recognised.words:
        bare = _letters(word.text)
        length_ms = max(0, word.end_ms - word.start_ms)
        for place in range(len(bare)):
            from_ms = word.start_ms + length_ms * place // len(bare)
            letters.append((from_ms, word.start_ms + length_ms * (place + 1) // len(bare)))
        spelled += bare
    tokens = recognised.text.split()
    if not spelled or spelled != _letters(recognised.text) or not block_starts_ms:
        return ()
    words: list[Word] = []
    place = 0
    for token in tokens:
        count = len(_letters(token))
        if not count:  # a lone dash: it takes no time
            at_ms = words[-1].end_ms if words else block_starts_ms[0]
            words.append(Word(token, at_ms, at_ms))
            continue
        start_ms = _session_ms(letters[place][0], block_starts_ms)
        end_ms = _session_ms(letters[place + count - 1][1], block_starts_ms, is_end=True)
        words.append(Word(token, start_ms, max(start_ms + 1, end_ms)))
        place += count
    return tuple(words)


def wav_bytes(samples: Samples) -> bytes:
    """A 16 kHz mono WAV file in memory."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_RATE_HZ)
        file.writeframes(samples.astype("<i2", copy=False).tobytes())
    return buffer.getvalue()


def _session_ms(sent_ms: int, block_starts_ms: Sequence[int], *, is_end: bool = False) -> int:
    """A place in the audio sent → the session clock; an end at a block's edge belongs to the block before it."""
    shift_ms = 1 if is_end and sent_ms > 0 else 0
    block, within_ms = divmod(max(0, sent_ms - shift_ms), BLOCK_MS)
    if block >= len(block_starts_ms):
        return block_starts_ms[-1] + BLOCK_MS
    return block_starts_ms[block] + within_ms + shift_ms


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _is_done(segment: Segment) -> bool:
    return segment.voiced_blocks < LEAST_SPEECH_BLOCKS or (
        segment.decoded_blocks > 0 and segment.covers(segment.decoded_blocks)
    )


def _is_due(segment: Segment, *, is_first: bool) -> bool:
    """Whether to send what the segment holds now."""
    if _is_done(segment):
        return False
    is_at_rest = segment.is_closed or segment.trailing_blocks >= PAUSE_BLOCKS
    return is_at_rest or (is_first and segment.voiced_blocks >= FIRST_REQUEST_BLOCKS)


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
