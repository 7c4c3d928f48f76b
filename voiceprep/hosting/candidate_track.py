"""The candidate's voice in a room as a BlockSource: only theirs, and through every leaving and coming back.

While the candidate is away audio time stands still. Must not know turns or messages.
"""

import asyncio
from collections.abc import Callable

import numpy as np
from livekit import rtc

from voiceprep.audio.streams import CaptureRing
from voiceprep.errors import AudioDeviceError
from voiceprep.events import DeviceLost, DeviceReturned, Emit
from voiceprep.hosting.messages import CANDIDATE
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, Samples
from voiceprep.tasks import Tasks

DEVICE = "microphone"
RESUME_HINT = "What was said until then is recorded; the interview goes on from there when it is dispatched again."


class CandidateTrack:
    """Subscribes to the microphone of the participant called `candidate` and to nothing else.

    `patience_s`: how long a candidate may be away, before the first word and after it.
    """

    def __init__(self, room: rtc.Room, tasks: Tasks, patience_s: float) -> None:
        self._room = room
        self._tasks = tasks
        self._patience_s = patience_s
        self._ring = CaptureRing(asyncio.get_running_loop())
        self._sid = ""  # the publication that is listened to
        self._is_there = asyncio.Event()
        self._is_leaving = asyncio.Event()
        room.on("track_published", self._on_published)
        room.on("track_subscribed", self._on_subscribed)
        room.on("track_unsubscribed", self._on_unsubscribed)
        room.on("disconnected", self._on_disconnected)

    async def wait(self) -> None:
        """Until the candidate's microphone is there. Raises AudioDeviceError."""
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._on_published(publication, participant)
        await self._until_there()

    async def watch(self, tell: Emit, now_ms: Callable[[], int]) -> None:
        """Tell when the candidate leaves and returns; give up after the patience. Runs as long as the session."""
        while True:
            await self._is_leaving.wait()
            self._is_leaving.clear()
            if not self._is_there.is_set():
                tell(DeviceLost(at_ms=now_ms(), device=DEVICE, message="The candidate has left the room."))
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
        if not self._room.isconnected():
            raise AudioDeviceError("The room was closed.", RESUME_HINT)

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
        self._is_there.set()

    def _on_unsubscribed(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if publication.sid == self._sid:
            self._sid = ""
            self._is_there.clear()
            self._is_leaving.set()

    def _on_disconnected(self, reason: object) -> None:
        """The connection broke for good, or the room was deleted: whoever waits hears it at once."""
        self._ring.fail(AudioDeviceError("The room was closed.", RESUME_HINT))
        self._is_there.set()

    async def _pump(self, track: rtc.Track, sid: str) -> None:
        """Frames of the newest track only: a candidate who came back from elsewhere is not heard twice."""
        stream = rtc.AudioStream(track, sample_rate=MICROPHONE_RATE_HZ, num_channels=1, frame_size_ms=BLOCK_MS)
        try:
            async for event in stream:
                if sid == self._sid:
                    self._ring.add(np.frombuffer(event.frame.data, np.int16).copy())
        finally:
            await stream.aclose()
