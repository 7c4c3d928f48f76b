"""A microphone and a loudspeaker for a Pipecat pipeline that end at the stage."""

import asyncio

import numpy as np
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame, StartFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from benchmarks.peers.sounds import RATE_HZ, Samples
from benchmarks.peers.stage import TICK_S, PushedSink, Stage

SMALLEST_10MS_CHUNKS = 2
"""Chunks of 20 ms, not 40."""


class Microphone(BaseInputTransport):  # type: ignore[misc]
    """Blocks as the stage delivers them."""

    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self.started = asyncio.Event()

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self.started.set()

    async def hear(self, samples: Samples) -> None:
        await self.push_audio_frame(
            InputAudioRawFrame(audio=samples.tobytes(), sample_rate=RATE_HZ, num_channels=1)
        )


class Loudspeaker(BaseOutputTransport):  # type: ignore[misc]
    """Plays in real time what is written; a write waits, like a sound card's, until the buffer has room."""

    def __init__(self, params: TransportParams, stage: Stage) -> None:
        super().__init__(params)
        self.sink = PushedSink()
        self._stage = stage

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        samples = np.frombuffer(frame.audio, np.int16)
        self._stage.note_handed(samples)
        self.sink.push(samples)
        while self.sink.queued_s > TICK_S:
            await self.sink.pulled.wait()
        return True
