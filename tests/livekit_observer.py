"""Somebody who listens to an interview in a room, and tries to do more."""

import asyncio
from types import TracebackType
from typing import Self

import numpy as np
from livekit import rtc

from benchmarks.rooms.replies import SOUND_AT
from voiceprep.hosting.messages import COMMAND_TOPIC, INTERVIEWER, STATE_TOPIC, RoomCommand, RoomState
from voiceprep.ports import SPEAKER_RATE_HZ
from voiceprep.tasks import Tasks


class Observer:
    """`has_heard`: the interviewer's voice arrived. `state`: what it was told last."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._room = rtc.Room()
        self._tasks = Tasks()
        self.has_heard = asyncio.Event()
        self.identities: set[str] = set()
        self.state: RoomState | None = None

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._room.on("track_subscribed", self._on_track)
        self._room.on("data_received", self._on_packet)
        await self._room.connect(self._url, self._token)
        self.identities = set(self._room.remote_participants)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._room.disconnect()
        await self._tasks.__aexit__(kind, error, trace)

    async def try_to_end(self) -> None:
        """Press a button that is not theirs."""
        try:
            async with asyncio.timeout(2):
                await self._room.local_participant.publish_data(
                    RoomCommand(command="end").as_bytes(), topic=COMMAND_TOPIC
                )
        except (rtc.participant.PublishDataError, TimeoutError):
            return

    def _on_packet(self, packet: rtc.DataPacket) -> None:
        if packet.topic == STATE_TOPIC:
            self.state = RoomState.parse(packet.data)

    def _on_track(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.identity == INTERVIEWER:
            self._tasks.watch(self._listen(track), "observer's ear")

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=SPEAKER_RATE_HZ, num_channels=1)
        try:
            async for event in stream:
                if np.abs(np.frombuffer(event.frame.data, np.int16).astype(np.int32)).max() > SOUND_AT:
                    self.has_heard.set()
        finally:
            await stream.aclose()
