"""A candidate in a LiveKit room: real tracks, the embedded voice, and the messages a page would get.

Answers when the room's state says that it is their turn and it is quiet. Must not know the interviewer's side.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import numpy as np
from livekit import rtc

from benchmarks.rooms.answers import Answer
from benchmarks.rooms.replies import SOUND_AT, ReplyClock
from voiceprep.audio.pace import RealtimePace
from voiceprep.errors import ConfigError
from voiceprep.hosting.messages import (
    CANDIDATE,
    CAPTION_TOPIC,
    COMMAND_TOPIC,
    INTERVIEWER,
    SEGMENT_ATTRIBUTE,
    STATE_TOPIC,
    RoomCommand,
    RoomState,
)
from voiceprep.ports import SPEAKER_BLOCK_SAMPLES, SPEAKER_RATE_HZ, Samples
from voiceprep.tasks import Tasks

PIECE_SAMPLES = SPEAKER_RATE_HZ * 10 // 1000
QUIET_S = 0.3
"""So long nothing of the interviewer is heard before the candidate speaks."""


class RoomCandidate:
    """Use as a context manager."""

    def __init__(self, url: str, token: str, answer: Answer) -> None:
        self._url = url
        self._token = token
        self._answer = answer
        self._tasks = Tasks()
        self.room = rtc.Room()
        self.clock = ReplyClock()
        self._next: RoomState | None = None  # what to answer as soon as it is quiet
        self._saying = np.zeros(0, np.int16)
        self._answered: tuple[int, str] = (0, "")
        self.states: list[RoomState] = []
        self.begun_s: list[float] = []
        """When an interviewer's voice was there to be heard: twice where another one took over."""
        self.captions: dict[str, str] = {}
        self.heard_s: list[float] = []
        """When a frame of the interviewer's voice was heard."""
        self.is_over = asyncio.Event()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self.room.on("data_received", self._on_packet)
        self.room.on("track_subscribed", self._on_track)
        self.room.on("disconnected", lambda *_: self._end())
        self.room.register_text_stream_handler(CAPTION_TOPIC, self._on_caption)
        await self.room.connect(self._url, self._token)
        self._source = rtc.AudioSource(SPEAKER_RATE_HZ, 1, queue_size_ms=0)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        await self.room.local_participant.publish_track(track, options)
        self._tasks.watch(self._speak(), "candidate's microphone")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.room.disconnect()
        await self._tasks.__aexit__(kind, error, trace)

    async def until(self, is_so: Callable[[RoomState], bool]) -> RoomState:
        """The first state from now on, the present one included, of which `is_so` holds."""
        while not (self.states and is_so(self.states[-1])):
            self._changed.clear()
            await self._changed.wait()
        return self.states[-1]

    def say(self, samples: Samples) -> None:
        """Whatever the state is; 24 kHz, shape (n_samples,)."""
        self._saying = samples

    async def press(self, command: RoomCommand) -> None:
        """A button of the page."""
        await self.room.local_participant.publish_data(command.as_bytes(), reliable=True, topic=COMMAND_TOPIC)

    # ------------------------------------------------------------------------------------ what comes in

    def _on_packet(self, packet: rtc.DataPacket) -> None:
        sender = packet.participant  # None: one who publishes no track is made known only after seconds
        if packet.topic != STATE_TOPIC or (sender is not None and sender.identity != INTERVIEWER):
            return
        with suppress(ConfigError):
            state = RoomState.parse(packet.data)
            self.states.append(state)
            self._changed.set()
            turn = (state.question_number, state.text)
            if state.phase == "interviewer":
                self._answered = (0, "")  # whatever is asked now is answered, also when it is the same again
            elif state.phase == "your_turn" and turn != self._answered:
                self._answered, self._next = turn, state
            if state.phase in ("ended", "refused"):
                self._end()

    def _end(self) -> None:
        self.is_over.set()
        self._changed.set()

    def _on_caption(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self._tasks.work(self._read_caption(reader, identity), "caption")

    async def _read_caption(self, reader: rtc.TextStreamReader, identity: str) -> None:
        attributes = reader.info.attributes or {}
        assert identity in (CANDIDATE, INTERVIEWER)
        self.captions[attributes[SEGMENT_ATTRIBUTE]] = await reader.read_all()

    def _on_track(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.identity == INTERVIEWER:
            self.begun_s.append(asyncio.get_running_loop().time())
            self._tasks.watch(self._listen(track), "candidate's ear")

    async def _listen(self, track: rtc.Track) -> None:
        loop = asyncio.get_running_loop()
        stream = rtc.AudioStream(track, sample_rate=SPEAKER_RATE_HZ, num_channels=1, frame_size_ms=10)
        try:
            async for event in stream:
                samples = np.frombuffer(event.frame.data, np.int16)
                self.clock.heard(samples, loop.time())
                if np.abs(samples.astype(np.int32)).max() >= SOUND_AT:
                    self.heard_s.append(loop.time())
        finally:
            await stream.aclose()

    # ----------------------------------------------------------------------------------- what goes out

    async def _speak(self) -> None:
        """20 ms after 20 ms: what is being said, else silence."""
        pace, loop = RealtimePace(), asyncio.get_running_loop()
        try:
            while True:
                await pace.wait()
                now_s = loop.time()
                if self._next is not None and now_s - self.clock.last_heard_s >= QUIET_S:
                    self._saying, self._next = self._answer(self._next), None
                block = np.zeros(SPEAKER_BLOCK_SAMPLES, np.int16)
                spoken, self._saying = self._saying[: block.size], self._saying[block.size :]
                block[: spoken.size] = spoken
                is_last = not self._saying.size
                self.clock.sent(spoken.size, block.size, SPEAKER_RATE_HZ, now_s, is_last=is_last)
                for first in range(0, block.size, PIECE_SAMPLES):
                    piece = block[first : first + PIECE_SAMPLES].tobytes()
                    await self._source.capture_frame(rtc.AudioFrame(piece, SPEAKER_RATE_HZ, 1, PIECE_SAMPLES))
        finally:
            await self._source.aclose()
