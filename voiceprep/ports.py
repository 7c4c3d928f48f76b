"""Protocols between the interview and the world: audio, recognisers, voices, turn models, engines.

Audio is int16 mono: the microphone at 16 kHz in 20 ms blocks, the speaker at 24 kHz.
"""

import math
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from voiceprep.errors import ProviderError
from voiceprep.events import Emit
from voiceprep.model import Answer, Question, QuestionScore, Transcript, Turn, TurnBrief, Usage
from voiceprep.rates import BLOCK_MS as BLOCK_MS
from voiceprep.rates import MICROPHONE_RATE_HZ as MICROPHONE_RATE_HZ
from voiceprep.rates import SPEAKER_RATE_HZ as SPEAKER_RATE_HZ

Samples = npt.NDArray[np.int16]
"""Mono PCM. Shape (n_samples,)."""

MICROPHONE_BLOCK_SAMPLES = MICROPHONE_RATE_HZ * BLOCK_MS // 1000
SPEAKER_BLOCK_SAMPLES = SPEAKER_RATE_HZ * BLOCK_MS // 1000


SILENCE_DBFS = -96.0
"""The level of digital silence."""


@dataclass(frozen=True)  # without slots: they leave no room for what is found out once
class AudioBlock:
    """20 ms of microphone audio. `samples`: shape (320,); `start_ms`: its place on the session clock."""

    samples: Samples
    start_ms: int

    @property
    def end_ms(self) -> int:
        return self.start_ms + BLOCK_MS

    @cached_property
    def level_dbfs(self) -> float:
        """RMS level relative to full scale."""
        wave = self.samples.astype(np.float32)
        power = float(wave @ wave) / len(wave) / 32768.0**2
        return max(SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else SILENCE_DBFS


class Microphone(Protocol):
    """Where the candidate is heard. Its sample count is the session clock."""

    @property
    def position_ms(self) -> int:
        """Audio handed out so far."""
        ...

    @property
    def is_ended(self) -> bool:
        """The source has no more audio (a file ran out); `read` gives silence from then on."""
        ...

    async def read(self) -> AudioBlock:
        """The next block. Waits while a device is lost. Raises AudioDeviceError when it does not come back."""
        ...


class Speaker(Protocol):
    """Where the interviewer is heard. Plays what is enqueued, in order, without gaps."""

    @property
    def heard_ms(self) -> int:
        """Milliseconds of the current speech (since the last `stop`) that reached the ear."""
        ...

    @property
    def is_idle(self) -> bool:
        """Everything enqueued has been heard."""
        ...

    def enqueue(self, samples: Samples) -> None:
        """Add 24 kHz audio of any length. Shape (n_samples,). Never blocks."""
        ...

    def pause(self) -> None:
        """Silence at once; the rest is kept."""
        ...

    def resume(self) -> None: ...

    def stop(self) -> int:
        """Silence at once, drop the rest, return the ms heard of the current speech."""
        ...


@dataclass(frozen=True, slots=True)
class Provisional:
    """What a recogniser thinks so far. `through_ms`: audio it has taken into account.

    `end_of_turn_probability` is that of a recogniser which judges it itself, else None.
    """

    text: str = ""
    through_ms: int = 0
    end_of_turn_probability: float | None = None


class TranscriptionStream(Protocol):
    """One answer being transcribed."""

    @property
    def provisional(self) -> Provisional:
        """Newest text, without waiting."""
        ...

    @property
    def error(self) -> ProviderError | None:
        """What keeps text from coming, known before `finish` raises it or makes it good."""
        ...

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        """Hand over the next block, in order. Never blocks."""
        ...

    async def finish(self) -> Transcript:
        """The final transcript with word times on the session clock. Raises ProviderError."""
        ...

    def close(self) -> None:
        """Give up; no transcript is wanted."""
        ...


OnText = Callable[[], None]
"""There is new text. Whoever looks at it with every block anyway hears of it up to 20 ms sooner."""


def ignore_text() -> None:
    """Every block is soon enough."""


class Transcriber(Protocol):
    """A recogniser."""

    @property
    def name(self) -> str:
        """Its registry name."""
        ...

    async def warm(self) -> None:
        """Load or connect, so that the first answer is as quick as the tenth. Raises ProviderError."""
        ...

    def open_stream(self, on_text: OnText = ignore_text) -> TranscriptionStream:
        """The next answer. Until it is closed, `on_text` is called when `provisional` changes between blocks."""
        ...

    async def close(self) -> None:
        """Let go of connections. May be called twice."""
        ...


class Synthesizer(Protocol):
    """A voice."""

    @property
    def name(self) -> str:
        """Its registry name."""
        ...

    async def warm(self) -> None:
        """Load or connect. Raises ProviderError."""
        ...

    def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        """24 kHz audio, the first piece as soon as there is one. Closing it early cancels. Raises ProviderError."""
        ...

    async def close(self) -> None:
        """Let go of connections. May be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt; `role` is `user` or `assistant`."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked. Ordered for prefix caching: `system` never changes within a session,
    `messages` only grow; what is new stands last."""

    system: str
    messages: tuple[Message, ...]
    output_tokens_max: int = 200
    reply_schema: str = ""
    """JSON Schema that the reply should follow; a model or server that cannot be held to one ignores it."""


class TextModel(Protocol):
    """A language model that words what the interview has decided."""

    @property
    def name(self) -> str:
        """Its registry name."""
        ...

    async def warm(self) -> None:
        """Connect. Raises ProviderError."""
        ...

    def complete(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Pieces of text as they come. Closing the iterator early cancels the request. Raises ProviderError."""
        ...

    async def close(self) -> None:
        """Let go of connections. May be called twice."""
        ...


OnUsage = Callable[[Usage], None]
"""Adapters report what each call consumed."""


class SpeechDetector(Protocol):
    """Voice activity detection."""

    def probability(self, block: AudioBlock) -> float:
        """Speech probability 0..1 of the newest window; blocks come in order."""
        ...

    def reset(self) -> None: ...


class TurnModel(Protocol):
    """A semantic end-of-turn model over audio."""

    async def probability(self, samples: Samples) -> float:
        """Probability 0..1 that the speaker is finished. `samples`: the last 8 s, shape (n_samples,)."""
        ...


class CommandKind(StrEnum):
    REPEAT = "repeat"
    SKIP = "skip"
    PAUSE = "pause"
    GO_ON = "go_on"
    END = "end"
    DONE = "done"
    ANSWER = "answer"
    NO_MORE = "no_more"


@dataclass(frozen=True, slots=True)
class Command:
    """A key press or a typed answer (`text`, only with ANSWER). NO_MORE: nothing will be typed any more."""

    kind: CommandKind
    text: str = ""


class Controls(Protocol):
    """What the candidate's hands say."""

    def take(self) -> Command | None:
        """The next command, without waiting."""
        ...


@dataclass(frozen=True, slots=True)
class Anticipation:
    """What would come next if a provisional answer were final. `is_covered`: it says all that was asked for."""

    brief: TurnBrief
    is_covered: bool


Anticipate = Callable[[Answer], Anticipation | None]
"""Costs a few milliseconds and changes nothing (see interview.py)."""


class Judge(Protocol):
    """Decides key points from a transcript."""

    name: str
    version: str
    """Hash of everything that decides a score apart from the rubric: model, prompt, thresholds."""

    def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        """Quotes are substrings of `transcript.text`; audio spans come from its words. Pure; any thread."""
        ...


class Engine(Protocol):
    """Hears and speaks; knows nothing of plans, scores and files."""

    async def warm(self) -> None: ...

    async def take_turn(
        self,
        turn_index: int,
        brief: TurnBrief,
        mic: Microphone,
        speaker: Speaker,
        emit: Emit,
        anticipate: Anticipate,
    ) -> Turn:
        """Carry out one brief. Raises ProviderError or AudioDeviceError; cancellation passes through."""
        ...
