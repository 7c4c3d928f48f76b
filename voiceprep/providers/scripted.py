"""A room where everything is known in advance: scripted speech, its recogniser and a toy voice.

For tests, benchmarks and newcomers: no model, no device, exact times. Must not know engines.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import numpy as np

from voiceprep.errors import ProviderError
from voiceprep.events import Event, InterviewerEnded, InterviewerStarted, TurnStarted
from voiceprep.model import Transcript, TurnBrief, Word
from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_BLOCK_SAMPLES,
    SPEAKER_RATE_HZ,
    AudioBlock,
    OnText,
    Prompt,
    Provisional,
    Samples,
    ignore_text,
)

LOUD = 8_000
WORD_MS = 200


@dataclass(frozen=True, slots=True)
class Say:
    """Words spoken at 200 ms each, or with `text` empty a sound of `sound_ms` without words."""

    text: str = ""
    sound_ms: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Silence."""

    silence_ms: int


@dataclass(frozen=True, slots=True)
class Script:
    """What the candidate does in one turn. `from_start`: the steps begin when the interviewer starts to speak,
    not when it has finished."""

    steps: tuple[Say | Wait, ...] = ()
    from_start: bool = False


class ScriptedCandidate:
    """A source of 16 kHz blocks (audio.line.BlockSource) that follows a script, one entry per expected answer."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.said: list[Word] = []
        self._scripts = deque(scripts)
        self._current: Script | None = None
        self._blocks: deque[str | None] = deque()
        self._position_ms = 0

    def on_event(self, event: Event) -> None:
        """Give this to the session's listeners."""
        if isinstance(event, TurnStarted):
            self._current = self._next(event.brief)
            return
        is_edge = isinstance(event, InterviewerStarted | InterviewerEnded)
        if is_edge and self._current and self._current.from_start == isinstance(event, InterviewerStarted):
            self._begin(self._current)
            self._current = None

    def _next(self, brief: TurnBrief) -> Script | None:
        is_wanted = brief.expects_answer or (self._scripts and self._scripts[0].from_start)
        return self._scripts.popleft() if is_wanted and self._scripts else None

    def _begin(self, script: Script) -> None:
        for step in script.steps:
            if isinstance(step, Wait):
                self._blocks.extend([None] * (step.silence_ms // BLOCK_MS))
            elif not step.text:
                self._blocks.extend([""] * (step.sound_ms // BLOCK_MS))
            for word in step.text.split() if isinstance(step, Say) else ():
                self._blocks.extend([""] * (WORD_MS // BLOCK_MS - 1) + [word])

    async def read(self) -> Samples:
        """20 ms: loud while a word is said."""
        sound = self._blocks.popleft() if self._blocks else None
        self._position_ms += BLOCK_MS
        if sound:
            self.said.append(Word(sound, self._position_ms - WORD_MS, self._position_ms))
        level = 0 if sound is None else LOUD
        return np.full(MICROPHONE_BLOCK_SAMPLES, level, np.int16)

    def close(self) -> None:
        """Nothing to let go of."""


class LevelDetector:
    """ports.SpeechDetector: loud is speech."""

    def probability(self, block: AudioBlock) -> float:
        return 1.0 if int(np.abs(block.samples).max()) >= LOUD else 0.0

    def reset(self) -> None:
        """Keeps no state."""


class ScriptedTranscriber:
    """ports.Transcriber that knows what the candidate says; text lags `lag_ms` behind the audio.

    `failures` counts how many of the next `finish` calls fail; the others wait for `is_final`, where there is one.
    """

    name = "scripted"

    def __init__(
        self,
        candidate: ScriptedCandidate,
        lag_ms: int = 100,
        failures: int = 0,
        is_final: asyncio.Event | None = None,
    ) -> None:
        self.candidate = candidate
        self.lag_ms = lag_ms
        self.failures = failures
        self.is_final = is_final

    async def warm(self) -> None:
        """Nothing to load."""

    def open_stream(self, on_text: OnText = ignore_text) -> "ScriptedStream":
        """Its text changes with blocks only: `on_text` is never called."""
        return ScriptedStream(self)

    async def close(self) -> None:
        """Nothing is open."""


class ScriptedStream:
    """ports.TranscriptionStream."""

    def __init__(self, transcriber: ScriptedTranscriber) -> None:
        self._transcriber = transcriber
        self._first_word = len(transcriber.candidate.said)
        self._now_ms: int | None = None

    @property
    def provisional(self) -> Provisional:
        through_ms = (self._now_ms or 0) - self._transcriber.lag_ms
        words = self._transcriber.candidate.said[self._first_word :]
        return Provisional(" ".join(word.text for word in words if word.end_ms <= through_ms), through_ms)

    @property
    def error(self) -> ProviderError | None:
        """Nothing is known before `finish`."""
        return None

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        if self._now_ms is None:  # what is heard again was said before the stream was opened
            said = self._transcriber.candidate.said
            earlier = (place for place, word in enumerate(said) if word.start_ms >= block.start_ms)
            self._first_word = min(self._first_word, next(earlier, self._first_word))
        self._now_ms = block.end_ms

    async def finish(self) -> Transcript:
        if self._transcriber.failures:
            self._transcriber.failures -= 1
            raise ProviderError("The scripted recogniser fails as told.", provider="scripted", stage="stt")
        if self._transcriber.is_final is not None:
            await self._transcriber.is_final.wait()
        return Transcript(tuple(self._transcriber.candidate.said[self._first_word :]))

    def close(self) -> None:
        """Nothing is running."""


class ToySynthesizer:
    """ports.Synthesizer: 100 ms of tone a word, in one piece a call."""

    name = "scripted"
    WORD_SAMPLES = SPEAKER_RATE_HZ // 10

    def __init__(self) -> None:
        self.synthesized: list[str] = []

    async def warm(self) -> None:
        """Nothing to load."""

    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        self.synthesized.append(text)
        yield np.full(self.WORD_SAMPLES * len(text.split()), 1_000, np.int16)

    async def close(self) -> None:
        """Nothing is open."""


class ScriptedTextModel:
    """ports.TextModel that says `replies` in order, a word at a time; an empty one fails."""

    name = "scripted"

    def __init__(self, replies: Sequence[str]) -> None:
        self.prompts: list[Prompt] = []
        self._replies = deque(replies)

    async def warm(self) -> None:
        """Nothing to load."""

    async def complete(self, prompt: Prompt) -> AsyncGenerator[str]:
        self.prompts.append(prompt)
        reply = self._replies.popleft() if self._replies else ""
        if not reply:
            raise ProviderError("The scripted model has nothing to say.", provider="scripted", stage="llm")
        for word in reply.split():
            yield f"{word} "

    async def close(self) -> None:
        """Nothing is open."""
