"""LiveKit Agents 1.8.9: an AgentSession with custom audio ends, no room, no server. Runs in its own environment."""

import asyncio
import logging
import time
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, utils
from livekit.agents.inference import VAD
from livekit.agents.voice import io
from livekit.plugins import deepgram, openai

from benchmarks.peers.sounds import RATE_HZ, Samples
from benchmarks.peers.stage import GREETING, OUT_RATE_HZ, PushedSink, Stage

MINIMUM_SILENCE_S = 0.2
MINIMUM_TURNS: dict[str, Any] = {
    # Decided by voice activity alone; 50 ms of voice interrupt, also in the first seconds (aec_warmup_duration).
    # The language model starts on the final transcript, the voice does not: its default.
    "turn_detection": "vad",
    "endpointing": {"mode": "fixed", "min_delay": 0.0, "max_delay": 0.0},
    "interruption": {"min_duration": 0.05},
}
FASTEST_TURNS = {**MINIMUM_TURNS, "preemptive_generation": {"preemptive_tts": True}}
"""Only on request: speech, too, is made before the turn is decided."""


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


class Interviewer(Agent):
    """Answers every turn."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(instructions="You are the interviewer in a spoken practice interview.")
        self._stage = stage

    async def on_user_turn_completed(self, turn_ctx: object, new_message: object) -> None:
        self._stage.note_decided()


async def run(stage: Stage) -> None:
    """Hold the talk."""
    logging.getLogger("livekit").setLevel(logging.ERROR)
    loudspeaker, microphone = Loudspeaker(stage), Microphone()
    async with utils.http_context.open():
        session = make_session(stage)
        session.input.audio = microphone
        session.output.audio = loudspeaker
        await session.start(Interviewer(stage), record=False)
        session.say(GREETING)
        await stage.converse(microphone.blocks.put_nowait, loudspeaker.sink.pull)
        await asyncio.wait_for(session.aclose(), 10)


def make_session(stage: Stage) -> AgentSession[None]:
    """The same services; what differs are the knobs of taking turns."""
    options: dict[str, Any] = {}
    if stage.settings != "default":
        options = {
            "vad": VAD(min_silence_duration=MINIMUM_SILENCE_S),
            "turn_handling": FASTEST_TURNS if stage.settings == "fastest" else MINIMUM_TURNS,
            "aec_warmup_duration": None,
        }
    return AgentSession(
        stt=deepgram.STT(
            model="nova-3", api_key=stage.job["deepgram_key"], base_url=f"{stage.deepgram_url}/v1/listen"
        ),
        llm=openai.LLM(model="gpt-6-luna", api_key=stage.job["openai_key"], base_url=stage.openai_url),
        tts=openai.TTS(
            model="gpt-4o-mini-tts",
            api_key=stage.job["openai_key"],
            base_url=stage.openai_url,
            response_format="pcm",
        ),
        **options,
    )
