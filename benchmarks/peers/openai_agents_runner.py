"""openai-agents 0.24.0: its realtime session between the stage's ends. Runs in its own environment."""

import asyncio

import numpy as np
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession

from benchmarks.peers.sounds import RATE_HZ, Samples
from benchmarks.peers.stage import OUT_RATE_HZ, PushedSink, Stage


async def run(stage: Stage) -> None:
    """Hold the talk."""
    runner = RealtimeRunner(
        RealtimeAgent(name="Interviewer", instructions="You are the interviewer in a spoken practice."),
        config={
            "model_settings": {
                "model_name": "gpt-realtime-2.1",
                "audio": {
                    "input": {
                        "format": "pcm16",
                        "transcription": {"model": "gpt-live-transcribe"},
                        "turn_detection": {"type": "server_vad", "interrupt_response": True},
                    },
                    "output": {"format": "pcm16"},
                },
            }
        },
    )
    address = f"{stage.openai_url.replace('http', 'ws', 1)}/realtime?model=gpt-realtime-2.1"
    session = await runner.run(model_config={"api_key": stage.job["openai_key"], "url": address})
    sink, blocks = PushedSink(), asyncio.Queue[Samples]()
    async with session:
        jobs = [asyncio.create_task(_listen(session, blocks)), asyncio.create_task(_play(session, sink, stage))]
        await stage.converse(blocks.put_nowait, sink.pull)
        for job in jobs:
            job.cancel()


async def _listen(session: RealtimeSession, blocks: "asyncio.Queue[Samples]") -> None:
    while True:
        samples = await blocks.get()
        at = np.arange(len(samples) * OUT_RATE_HZ // RATE_HZ) * RATE_HZ / OUT_RATE_HZ
        audio = np.interp(at, np.arange(len(samples)), samples).astype("<i2")
        await session.send_audio(audio.tobytes())


async def _play(session: RealtimeSession, sink: PushedSink, stage: Stage) -> None:
    async for event in session:
        if event.type == "audio":
            samples = np.frombuffer(event.audio.data, "<i2").astype(np.int16)
            stage.note_handed(samples)
            sink.push(samples)
        elif event.type == "audio_interrupted":
            sink.clear()
