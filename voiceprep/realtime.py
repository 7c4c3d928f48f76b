"""The port to a realtime model: one model that hears and speaks over one connection, and what it tells us.

Must not know vendors, sockets or the interview. Audio in is that of ports.Microphone, audio out 24 kHz.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from voiceprep.errors import ProviderError
from voiceprep.ports import AudioBlock, Message, Samples


@dataclass(frozen=True, slots=True)
class RealtimeSetup:
    """How a session is opened. `vocabulary`: terms the transcription should know; `history`: what was said before,
    oldest first. `are_turns_ours`: the model does not listen for the end of a turn, `commit` says where it is;
    otherwise it waits through `patience_ms` of silence. It never replies before `request`.
    """

    instructions: str
    vocabulary: tuple[str, ...] = ()
    history: tuple[Message, ...] = ()
    are_turns_ours: bool = False
    patience_ms: int = 2_500


@dataclass(frozen=True, slots=True)
class Direction:
    """What the model is to say next. `text` is the line; `instructions` holds it and says how it is to be said."""

    text: str
    instructions: str


# ------------------------------------------------------------------------------------ what it tells us


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The model hears somebody."""


@dataclass(frozen=True, slots=True)
class SpeechOver:
    """A stretch of speech is over, by the model's detection or by our commit; its transcript follows."""

    utterance: str


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """What was said in an utterance, all of it so far."""

    utterance: str
    text: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class HearingFailed:
    """There will be no transcript of this utterance."""

    utterance: str


@dataclass(frozen=True, slots=True, eq=False)
class ReplyAudio:
    """The next audio of the reply, 24 kHz, shape (n_samples,). Comes faster than it is spoken."""

    samples: Samples


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The next words of the reply; they may come before or after their audio."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """Nothing more comes of the reply. `is_whole`: it was said to its end."""

    is_whole: bool


@dataclass(frozen=True, slots=True)
class EndAsked:
    """The model understood that the candidate wants to end the interview."""


@dataclass(frozen=True, slots=True)
class NoteTaken:
    """The model noted something about the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The session ends soon; another has to be opened."""

    left_ms: int


@dataclass(frozen=True, slots=True)
class Stumbled:
    """The model reports a failure the session survives."""

    error: ProviderError


RealtimeEvent = (
    SpeechBegan
    | SpeechOver
    | SpeechHeard
    | HearingFailed
    | ReplyAudio
    | ReplyText
    | ReplyDone
    | EndAsked
    | NoteTaken
    | GoingAway
    | Stumbled
)

# ------------------------------------------------------------------------------------------- the port


class RealtimeSession(Protocol):
    """One connection. Every method but `close` returns at once; `events` says what became of it."""

    def push(self, block: AudioBlock) -> None:
        """The next microphone audio, in order. What is silent need not be pushed."""
        ...

    def commit(self) -> None:
        """What was pushed since the last commit is an utterance. Only when turns are ours."""
        ...

    def request(self, direction: Direction) -> None:
        """Let the model speak, as soon as it is allowed to."""
        ...

    def interrupt(self, heard_ms: int) -> None:
        """The reply is over; `heard_ms` of its audio were heard. Nothing more of it is told."""
        ...

    def events(self) -> AsyncIterator[RealtimeEvent]:
        """What the model tells us. Its end is the end of the connection. Raises ProviderError when that had a
        reason which a new connection would not help."""
        ...

    async def close(self) -> None:
        """Hang up. May be called twice."""
        ...


class RealtimeModel(Protocol):
    """A model that hears and speaks."""

    @property
    def name(self) -> str:
        """Its registry name."""
        ...

    @property
    def session_limit_ms(self) -> int | None:
        """A session should not grow older than this; None when the model says itself when it ends."""
        ...

    @property
    def prefers_our_turns(self) -> bool:
        """Turns are better told by us than detected by the model, unless somebody says otherwise."""
        ...

    async def prepare(self) -> None:
        """Import what is needed, without connecting."""
        ...

    async def open(self, setup: RealtimeSetup) -> RealtimeSession:
        """Connect; ready for audio when it returns. Raises ProviderError."""
        ...

    async def close(self) -> None:
        """Let go of everything. May be called twice."""
        ...
