"""A microphone and a loudspeaker for a LiveKit AgentSession that end at the stage."""

import asyncio
import time

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from benchmarks.peers.sounds import RATE_HZ, Samples
from benchmarks.peers.stage import OUT_RATE_HZ, PushedSink, Stage


class Microphone(io.AudioInput):
    """Blocks as the stage delivers them."""

    def __init__(self) -> None:
        super().__init__(label="stage")
        self.blocks: asyncio.Queue[Samples] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        samples = await self.blocks.get()
        return rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, len(samples))


class Loudspeaker(io.AudioOutput):
    """Plays in real time what is captured; tells the session when a segment began and ended."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(
            label="stage", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=OUT_RATE_HZ
        )
        self.sink = PushedSink()
        self._stage = stage
        self._pushed_samples = 0
        self._is_begun = False
        self._ending: asyncio.Task[None] | None = None
        self._interrupted = asyncio.Event()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._ending is not None and not self._ending.done():
            await self._ending
        samples = np.frombuffer(frame.data, np.int16)
        self._stage.note_handed(samples)
        self.sink.push(samples)
        self._pushed_samples += samples.size
        if not self._is_begun:
            self._is_begun = True
            self.on_playback_started(created_at=time.time())

    def flush(self) -> None:
        super().flush()
        if self._pushed_samples:
            self._ending = asyncio.create_task(self._end())

    def clear_buffer(self) -> None:
        if self._pushed_samples:
            self._interrupted.set()
            if self._ending is None or self._ending.done():
                super().flush()
                self._ending = asyncio.create_task(self._end())

    def pause(self) -> None:
        super().pause()
        self.sink.is_paused = True

    def resume(self) -> None:
        super().resume()
        self.sink.is_paused = False

    async def _end(self) -> None:
        """Wait until everything was played, or dropped."""
        while self.sink.queued_s > 0 and not self._interrupted.is_set():
            waits = [asyncio.create_task(self.sink.pulled.wait()), asyncio.create_task(self._interrupted.wait())]
            _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in pending:
                wait.cancel()
        played_s = max(0.0, self._pushed_samples / OUT_RATE_HZ - self.sink.queued_s)
        is_interrupted = self._interrupted.is_set()
        self.sink.clear()
        self._interrupted.clear()
        self._pushed_samples = 0
        self._is_begun = False
        self.on_playback_finished(playback_position=played_s, interrupted=is_interrupted)
