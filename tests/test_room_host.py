"""What a room is told, in order and never at the interview's expense; its buttons; a candidate who stays away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from livekit import rtc

from tests import sample_session as sample
from voiceprep import events
from voiceprep.errors import AudioDeviceError
from voiceprep.hosting.candidate_track import LOST, CandidateTrack, RoomLostError
from voiceprep.hosting.messages import (
    CANDIDATE,
    CAPTION_TOPIC,
    COMMAND_TOPIC,
    FINAL_ATTRIBUTE,
    SEGMENT_ATTRIBUTE,
    STATE_TOPIC,
    RoomCommand,
    RoomState,
)
from voiceprep.hosting.outbox import WAITING_MAX, Outbox
from voiceprep.hosting.room import COMMANDS_MAX, RoomControls
from voiceprep.model import Outcome
from voiceprep.ports import CommandKind
from voiceprep.session import BROKEN_OFF
from voiceprep.tasks import Tasks

DEADLINE_S = 30
ASKED = sample.turns()[1]
HEARD = sample.answer("an index speeds up reads", 6_000)


@dataclass
class Caption:
    """One version of a segment, as the page gets it."""

    segment: str
    is_final: bool
    sender: str | None
    text: str = ""
    is_closed: bool = False

    async def write(self, text: str) -> None:
        self.text += text

    async def aclose(self) -> None:
        self.is_closed = True


@dataclass
class Line:
    """A participant whose network can stand still (`is_open`) or break (`failures`: how many messages)."""

    states: list[RoomState] = field(default_factory=list)
    captions: list[Caption] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0

    async def publish_data(
        self, payload: bytes, *, reliable: bool, topic: str, destination_identities: list[str]
    ) -> None:
        await self._pass()
        assert (reliable, topic) == (True, STATE_TOPIC)
        self.states.append(RoomState.parse(payload))
        self.receivers.append(destination_identities)

    async def stream_text(self, *, topic: str, attributes: dict[str, str], sender_identity: str | None) -> Caption:
        await self._pass()
        assert topic == CAPTION_TOPIC
        caption = Caption(attributes[SEGMENT_ATTRIBUTE], attributes[FINAL_ATTRIBUTE] == "true", sender_identity)
        self.captions.append(caption)
        return caption

    async def _pass(self) -> None:
        await self.is_open.wait()
        if self.failures:
            self.failures -= 1
            raise rtc.participant.PublishDataError("the room is gone")


@asynccontextmanager
async def outbox_of(line: Line) -> AsyncIterator[Outbox]:
    """Everything posted inside is out afterwards."""
    outbox = Outbox(line)
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield outbox
            line.is_open.set()
            await outbox.flush()
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_captions_follow_who_speaks_and_an_interruption_takes_back_what_was_not_heard() -> None:
    line, spoken = Line(), ASKED.said[0]
    async with outbox_of(line) as outbox:
        outbox.on_event(events.TurnStarted(at_ms=0, turn_index=1, brief=ASKED.brief))
        outbox.on_event(events.InterviewerStarted(at_ms=100, turn_index=1, text=spoken.text))
        outbox.on_event(events.InterviewerEnded(at_ms=900, turn_index=1, spoken=spoken))
        cut = sample.turn(2, ASKED.brief.kind, spoken.text, 1_000).said[0]
        outbox.on_event(events.InterviewerStarted(at_ms=1_000, turn_index=2, text=cut.text))
        outbox.on_event(events.InterviewerEnded(at_ms=1_100, turn_index=2, spoken=replace(cut, heard_text="What")))
        outbox.on_event(events.ProvisionalHeard(at_ms=1_500, turn_index=2, text="an index"))
        outbox.on_event(events.AnswerHeard(at_ms=2_000, turn_index=2, answer=HEARD))
    told = [(caption.segment, caption.text, caption.is_final, caption.sender) for caption in line.captions]
    assert told == [
        ("interviewer-1-100", spoken.text, True, None),
        ("interviewer-2-1000", cut.text, True, None),
        ("interviewer-2-1000", "What", True, None),
        ("candidate-2", "an index", False, CANDIDATE),
        ("candidate-2", HEARD.transcript.text, True, CANDIDATE),
    ]
    assert all(caption.is_closed for caption in line.captions)


async def test_a_state_is_told_when_it_changes_and_not_for_the_clock_alone() -> None:
    line = Line()
    async with outbox_of(line) as outbox:
        outbox.on_event(events.SessionStarted(at_ms=0, started_at=sample.STARTED_AT))
        outbox.on_event(events.HintGiven(at_ms=10, message="Is the microphone muted?"))
        outbox.on_event(events.HintGiven(at_ms=500, message="Is the microphone muted?"))
        outbox.on_event(events.LevelMeasured(at_ms=600, level_dbfs=-30.0, speech_probability=0.9))
        outbox.on_event(events.TurnStarted(at_ms=1_000, turn_index=1, brief=ASKED.brief))
        outbox.tell(notice="This interview is recorded.")
        outbox.tell_again("observer-1")
        outbox.on_event(events.SessionEnded(at_ms=2_000, outcome=Outcome.COMPLETED, reason="all questions done"))
    messages = [(state.phase, state.message) for state in line.states]
    assert messages == [
        ("starting", ""),
        ("starting", "Is the microphone muted?"),
        ("thinking", ""),
        ("thinking", ""),
        ("thinking", ""),
        ("ended", "All questions done."),
    ]
    assert [state.text for state in line.states[2:5]] == [ASKED.brief.text] * 3
    assert [state.notice != "" for state in line.states] == [False, False, False, True, True, True]
    assert line.receivers == [[], [], [], [], ["observer-1"], []]


async def test_an_interviewer_that_must_go_does_not_end_the_interview_for_the_room() -> None:
    line = Line()
    async with outbox_of(line) as outbox:
        outbox.on_event(events.TurnStarted(at_ms=1_000, turn_index=1, brief=ASKED.brief))
        outbox.on_event(events.SessionEnded(at_ms=2_000, outcome=Outcome.STOPPED, reason=BROKEN_OFF))
    assert [state.phase for state in line.states] == ["thinking"]


async def test_a_network_that_stands_still_costs_the_oldest_messages_and_nobodys_time() -> None:
    line = Line()
    async with outbox_of(line) as outbox:
        for number in range(2 * WAITING_MAX):
            outbox.on_event(events.ProvisionalHeard(at_ms=number, turn_index=number, text="word"))
    segments = [caption.segment for caption in line.captions]
    assert segments[-WAITING_MAX:] == [f"candidate-{number}" for number in range(WAITING_MAX, 2 * WAITING_MAX)]
    assert len(segments) <= WAITING_MAX + 1, "one may have been under way"


async def test_what_cannot_be_sent_is_dropped_and_the_next_is_sent() -> None:
    line = Line(failures=3)  # a caption, the state it changes, the next caption
    async with outbox_of(line) as outbox:
        for text in ("lost", "lost too", "heard"):
            outbox.on_event(events.ProvisionalHeard(at_ms=0, turn_index=1, text=text))
    assert [caption.text for caption in line.captions] == ["heard"]


# --------------------------------------------------------------------------------------------- buttons


def packet(data: bytes, topic: str = COMMAND_TOPIC) -> rtc.DataPacket:
    """As LiveKit's client hands over what the server sends on the organiser's behalf."""
    return rtc.DataPacket(data=data, kind=rtc.DataPacketKind.KIND_RELIABLE, participant=None, topic=topic)


def test_buttons_of_the_organiser_count_in_order_and_rubbish_does_not() -> None:
    controls = RoomControls()
    for data in (RoomCommand(command="pause").as_bytes(), b"{", RoomCommand(command="go_on").as_bytes()):
        controls.on_packet(packet(data))
    controls.on_packet(packet(RoomCommand(command="end").as_bytes(), "chat"))
    taken = [controls.take(), controls.take(), controls.take()]
    assert [command and command.kind for command in taken] == [CommandKind.PAUSE, CommandKind.GO_ON, None]


@pytest.mark.parametrize("count", [COMMANDS_MAX, COMMANDS_MAX + 5])
def test_whoever_hammers_the_buttons_is_heard_no_more_often_than_anybody_presses(count: int) -> None:
    controls = RoomControls()
    for _ in range(count):
        controls.on_packet(packet(RoomCommand(command="skip").as_bytes()))
    taken = 0
    while controls.take() is not None:
        taken += 1
    assert taken == COMMANDS_MAX


# ------------------------------------------------------------------------------------- the candidate


async def test_a_candidate_who_does_not_come_is_not_waited_for_for_ever() -> None:
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        with pytest.raises(AudioDeviceError, match="was not in the room for 0 s"):
            await CandidateTrack(rtc.Room(), tasks, patience_s=0.0).wait()


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (rtc.DisconnectReason.ROOM_DELETED, AudioDeviceError("The room was closed.")),
        (rtc.DisconnectReason.UNKNOWN_REASON, RoomLostError(LOST)),  # the client gave up after many tries
        (rtc.DisconnectReason.SERVER_SHUTDOWN, RoomLostError(LOST)),
    ],
)
async def test_a_room_that_is_gone_ends_the_waiting_and_the_reading_at_once(
    reason: int, error: AudioDeviceError
) -> None:
    room = rtc.Room()
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        candidate = CandidateTrack(room, tasks, patience_s=3_600.0)
        room.emit("disconnected", reason)
        for waiting in (candidate.wait(), candidate.read()):
            with pytest.raises(AudioDeviceError) as caught:
                await waiting
            assert (type(caught.value), caught.value.message) == (type(error), error.message)
