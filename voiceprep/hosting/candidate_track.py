"""The candidate's voice in a room as a BlockSource: only theirs, and through every leaving and coming back.

While the candidate is away, or the network between stands still, audio time stands still: what a jitter buffer
plays for sound that did not come is no silence of theirs. Must not know turns or messages.
"""

import asyncio
from collections.abc import Callable

import numpy as np
from livekit import rtc

from voiceprep.audio.streams import CaptureRing
from voiceprep.audio.wake_gate import WakeGate
from voiceprep.errors import AudioDeviceError
from voiceprep.events import DeviceLost, DeviceReturned, Emit
from voiceprep.hosting.messages import CANDIDATE
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, Samples
from voiceprep.tasks import Tasks

DEVICE = "microphone"
LEFT = "The candidate has left the room."
CUT_OFF = "Nothing comes from the candidate any more: the network stands still."
LOOK_S = 0.25
"""How often it is asked, while nothing at all is to be heard, whether packets still come: 50 a second do."""
STILL_LOOKS = 2
"""So often in a row none came: who sends none during silence (Opus' DTX) still sends one every 400 ms."""
RESUME_HINT = "What was said until then is recorded; the interview goes on from there when it is dispatched again."
LOST = "The connection to the LiveKit server was lost for good."


class RoomLostError(AudioDeviceError):
    """Nobody has closed the room: its interview is to go on when the server is there again."""


class CandidateTrack:
    """Subscribes to the microphone of the participant called `candidate` and to nothing else.

    `patience_s`: how long a candidate may be away, before the first word and after it.
    """

    def __init__(self, room: rtc.Room, tasks: Tasks, patience_s: float) -> None:
        self._room = room
        self._tasks = tasks
        self._patience_s = patience_s
        self._is_talking: Callable[[], bool] = lambda: False
        self._on_block: Callable[[], None] = lambda: None
        self._ring = CaptureRing(asyncio.get_running_loop(), WakeGate(lambda: self._is_talking()))
        self._sid = ""  # the publication that is listened to
        self._newest = np.zeros(0, np.int16)  # without any sound at all, as no microphone sends, it needs a look
        self._why_away = LEFT
        self._why_closed: AudioDeviceError | None = None
        self._is_there = asyncio.Event()
        self._is_leaving = asyncio.Event()
        room.on("track_published", self._on_published)
        room.on("track_subscribed", self._on_subscribed)
        room.on("track_unsubscribed", self._on_unsubscribed)
        room.on("disconnected", self._on_disconnected)
        room.on("reconnected", self._ask_again)

    @property
    def captured_ms(self) -> int:
        """What came from the candidate since it was first read."""
        return self._ring.captured_ms

    def connect(self, is_talking: Callable[[], bool], on_block: Callable[[], None]) -> None:
        """`is_talking`: whether the interviewer is to be heard. `on_block` is called as each block arrives, also
        one that nobody is woken for yet.
        """
        self._is_talking, self._on_block = is_talking, on_block

    async def wait(self) -> None:
        """Until the candidate's microphone is there. Raises AudioDeviceError."""
        self._ask_again()
        await self._until_there()

    async def watch(self, tell: Emit, now_ms: Callable[[], int]) -> None:
        """Tell when the candidate leaves and returns; give up after the patience. Runs as long as the session."""
        while True:
            await self._is_leaving.wait()
            self._is_leaving.clear()
            if not self._is_there.is_set():
                tell(DeviceLost(at_ms=now_ms(), device=DEVICE, message=self._why_away))
                try:
                    await self._until_there()
                except AudioDeviceError as error:
                    self._ring.fail(error)
                    return
                tell(DeviceReturned(at_ms=now_ms(), device=DEVICE, name=CANDIDATE))

    async def read(self) -> Samples | None:
        return await self._ring.take()

    def close(self) -> None:
        """The room itself is left by whoever entered it."""

    # ------------------------------------------------------------------------------------------- the room

    async def _until_there(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await self._is_there.wait()
        except TimeoutError:
            raise AudioDeviceError(
                f"The candidate was not in the room for {self._patience_s:.0f} s.", RESUME_HINT
            ) from None
        if self._why_closed is not None:
            raise self._why_closed

    def _ask_again(self) -> None:
        """Also once connected again: what is asked for while that goes on may never reach the server."""
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._on_published(publication, participant)

    def _on_published(self, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        is_microphone = (
            publication.kind == rtc.TrackKind.KIND_AUDIO and publication.source == rtc.TrackSource.SOURCE_MICROPHONE
        )
        if participant.identity == CANDIDATE and is_microphone:
            publication.set_subscribed(True)

    def _on_subscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.identity != CANDIDATE:
            return
        self._sid = publication.sid
        self._tasks.watch(self._pump(track, publication.sid), "candidate's track")
        self._tasks.watch(self._watch_network(track, publication), "candidate's network")
        self._is_there.set()

    def _on_unsubscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if publication.sid == self._sid:
            self._sid = ""
            is_whole = self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED
            self._be_away(LEFT if is_whole else CUT_OFF)

    def _on_disconnected(self, reason: object) -> None:
        """The connection broke for good, or the room was deleted: whoever waits hears it at once."""
        if reason in (rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED):
            self._why_closed = AudioDeviceError("The room was closed.", RESUME_HINT)
        else:
            self._why_closed = RoomLostError(LOST, RESUME_HINT)
        self._ring.fail(self._why_closed)
        self._is_there.set()

    def _be_away(self, why: str) -> None:
        self._why_away = why
        self._is_there.clear()
        self._is_leaving.set()

    async def _pump(self, track: rtc.Track, sid: str) -> None:
        """Frames of the newest track only: a candidate who came back from elsewhere is not heard twice."""
        stream = rtc.AudioStream(track, sample_rate=MICROPHONE_RATE_HZ, num_channels=1, frame_size_ms=BLOCK_MS)
        try:
            async for event in stream:
                if sid != self._sid:
                    continue
                samples = np.frombuffer(event.frame.data, np.int16).copy()
                self._newest = samples
                if self._is_there.is_set():
                    self._ring.add(samples)
                    self._on_block()
        finally:
            await stream.aclose()

    async def _watch_network(self, track: rtc.Track, publication: rtc.RemoteTrackPublication) -> None:
        """As long as this track is listened to. Who has muted themselves sends nothing either, and is there."""
        count, still_looks = -1, 0  # the first look sees what there is
        while publication.sid == self._sid:
            await asyncio.sleep(LOOK_S)
            is_there = self._is_there.is_set()
            if is_there and (self._newest.any() or publication.muted):
                still_looks = 0
                continue
            received = await _received(track)
            if received is None or publication.sid != self._sid:
                return
            still_looks = 0 if received > count else still_looks + 1
            if received > count:
                self._is_there.set()
            elif is_there and still_looks >= STILL_LOOKS:
                self._be_away(CUT_OFF)
            count = received


async def _received(track: rtc.Track) -> int | None:
    """Packets so far; None once the connection is closed."""
    try:
        stats = await track.get_stats()
    except Exception:  # the SDK has none of its own for it
        return None
    return sum(each.inbound_rtp.received.packets_received for each in stats)
