"""A candidate at the far end of Pipecat's WebSocket: always the same words, and a clock for the replies.

When it is asked it knows from the session's journal; when it was answered, from what it hears.
"""

import asyncio
from pathlib import Path

import numpy as np
from pipecat.frames.protobufs import frames_pb2
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from benchmarks.rooms.answers import WORDS, say
from benchmarks.rooms.candidate import QUIET_S
from benchmarks.rooms.replies import ReplyClock
from tests.far_candidate import Journal
from voiceprep.audio.pace import RealtimePace
from voiceprep.audio.streams import resample
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ
from voiceprep.tasks import Tasks


class Caller:
    """One call."""

    def __init__(self, recordings: Path) -> None:
        self.clock = ReplyClock()
        self._journal = Journal(recordings)
        self._words = resample(say(WORDS), SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ)
        self._saying = np.zeros(0, np.int16)

    async def hold(self, connection: ClientConnection) -> None:
        """Until the other side hangs up."""
        async with Tasks() as tasks:
            listening, pace = tasks.work(self._listen(connection), "ear"), RealtimePace()
            while not listening.done():
                await pace.wait()
                audio = frames_pb2.AudioRawFrame(
                    audio=self._block(), sample_rate=MICROPHONE_RATE_HZ, num_channels=1
                )
                try:
                    await connection.send(frames_pb2.Frame(audio=audio).SerializeToString())
                except ConnectionClosed:
                    break
            await listening

    async def _listen(self, connection: ClientConnection) -> None:
        async for message in connection:
            assert isinstance(message, bytes)
            sound = np.frombuffer(frames_pb2.Frame.FromString(message).audio.audio, "<i2")
            self.clock.heard(sound, asyncio.get_running_loop().time())

    def _block(self) -> bytes:
        """The next 20 ms: what is being said, else silence."""
        now_s = asyncio.get_running_loop().time()
        if not self._saying.size and now_s - self.clock.last_heard_s >= QUIET_S and self._journal.take_question():
            self._saying = self._words
        block = np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
        spoken, self._saying = self._saying[: block.size], self._saying[block.size :]
        block[: spoken.size] = spoken
        self.clock.sent(spoken.size, block.size, MICROPHONE_RATE_HZ, now_s, is_last=not self._saying.size)
        return block.tobytes()
