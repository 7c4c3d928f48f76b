"""What the room is told: captions and state, in order, without anybody waiting for the network.

Must not know where audio comes from.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from livekit import rtc

from voiceprep.activity import ScreenState, advance
from voiceprep.events import (
    AnswerHeard,
    Event,
    HintGiven,
    InterviewerEnded,
    InterviewerStarted,
    LevelMeasured,
    ProvisionalHeard,
    SessionEnded,
    SessionStarted,
    TurnStarted,
)
from voiceprep.hosting.messages import (
    CANDIDATE,
    CAPTION_TOPIC,
    FINAL_ATTRIBUTE,
    SEGMENT_ATTRIBUTE,
    STATE_TOPIC,
    RoomState,
    room_state,
)
from voiceprep.session import BROKEN_OFF


class TextWriter(Protocol):
    """One text stream."""

    async def write(self, text: str) -> None: ...

    async def aclose(self) -> None: ...


class Participant(Protocol):
    """What of an `rtc.LocalParticipant` is used."""

    async def publish_data(
        self, payload: bytes, *, reliable: bool, topic: str, destination_identities: list[str]
    ) -> None: ...

    async def stream_text(
        self, *, topic: str, attributes: dict[str, str], sender_identity: str | None
    ) -> TextWriter: ...


WAITING_MAX = 1_000
"""So many messages may wait for a network that is slow; beyond it the oldest go. Nothing of the record is lost."""


@dataclass(frozen=True, slots=True)
class Caption:
    """The newest words of one segment. `is_of_candidate` decides whose they are."""

    segment: str
    text: str
    is_final: bool
    is_of_candidate: bool


@dataclass(frozen=True, slots=True)
class _Post:
    """`to`: identities, empty for everybody."""

    content: Caption | RoomState
    to: tuple[str, ...] = ()


def _is_handed_on(event: Event) -> bool:
    """This interviewer must go; the next one takes the room up. For the room nothing has ended."""
    return isinstance(event, SessionEnded) and event.reason == BROKEN_OFF


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:].removesuffix('.')}."


class Outbox:
    """A listener of the session's events. `run` carries the messages out; `flush` waits until all are out."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        self._screen = ScreenState()
        self.state = RoomState()
        self._segment = ""
        self._said = ""
        self._posts: asyncio.Queue[_Post] = asyncio.Queue(WAITING_MAX)

    # ------------------------------------------------------------------------------------ what happens

    def on_event(self, event: Event) -> None:
        if isinstance(event, LevelMeasured) or _is_handed_on(event):
            return
        self._screen = advance(self._screen, event)
        before, self.state = self.state, room_state(self._screen, self.state)
        if caption := self._caption(event):
            self._post(caption)
        if isinstance(event, HintGiven):
            self.state = self.state.model_copy(update={"message": event.message})
        elif isinstance(event, TurnStarted):
            self.state = self.state.model_copy(update={"message": ""})
        elif isinstance(event, SessionEnded):
            self.state = self.state.model_copy(update={"message": _sentence(event.reason)})
        if self._is_news(before) or isinstance(event, SessionStarted):
            self._post(self.state)

    def tell(self, **changes: object) -> None:
        """Change fields of the state and tell everybody."""
        self.state = RoomState.model_validate(self.state.model_dump() | changes)
        self._post(self.state)

    def tell_again(self, identity: str) -> None:
        """Somebody has come in late."""
        self._post(self.state, (identity,))

    def _caption(self, event: Event) -> Caption | None:
        """An interviewer who was interrupted has said only what was heard: the same segment again."""
        match event:
            case InterviewerStarted(turn_index=turn, at_ms=at_ms, text=text):
                whole = self._screen.brief_text
                self._said = whole if whole.startswith(text) else text  # the voice may begin with a part of it
                self._segment = f"interviewer-{turn}-{at_ms}"
                return Caption(self._segment, self._said, is_final=True, is_of_candidate=False)
            case InterviewerEnded(spoken=spoken) if spoken.heard_text != self._said:
                return Caption(self._segment, spoken.heard_text, is_final=True, is_of_candidate=False)
            case ProvisionalHeard(turn_index=turn, text=text):
                return Caption(f"candidate-{turn}", text, is_final=False, is_of_candidate=True)
            case AnswerHeard(turn_index=turn, answer=answer):
                return Caption(f"candidate-{turn}", answer.transcript.text, is_final=True, is_of_candidate=True)
            case _:
                return None

    def _is_news(self, before: RoomState) -> bool:
        """The clock alone is none: a page counts on by itself."""
        return before.model_copy(update={"at_ms": 0}) != self.state.model_copy(update={"at_ms": 0})

    def _post(self, content: Caption | RoomState, to: Sequence[str] = ()) -> None:
        if self._posts.full():
            self._posts.get_nowait()
            self._posts.task_done()
        self._posts.put_nowait(_Post(content, tuple(to)))

    # --------------------------------------------------------------------------------------- the network

    async def run(self) -> None:
        """Until cancelled. What cannot be sent is dropped: a room that is gone has no page to be told."""
        while True:
            post = await self._posts.get()
            try:
                await self._send(post)
            except (rtc.participant.PublishDataError, rtc.StreamError, ConnectionError):
                pass
            finally:
                self._posts.task_done()

    async def flush(self) -> None:
        await self._posts.join()

    async def _send(self, post: _Post) -> None:
        if isinstance(post.content, RoomState):
            await self._participant.publish_data(
                post.content.as_bytes(),
                reliable=True,
                topic=STATE_TOPIC,
                destination_identities=list(post.to),
            )
            return
        caption = post.content
        writer = await self._participant.stream_text(
            topic=CAPTION_TOPIC,
            attributes={SEGMENT_ATTRIBUTE: caption.segment, FINAL_ATTRIBUTE: str(caption.is_final).lower()},
            sender_identity=CANDIDATE if caption.is_of_candidate else None,
        )
        await writer.write(caption.text)
        await writer.aclose()
