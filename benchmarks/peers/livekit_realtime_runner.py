"""LiveKit Agents 1.8.9 with its OpenAI Realtime model: an AgentSession between the stage's ends, no room."""

import asyncio
import logging

from livekit.agents import Agent, AgentSession, utils
from livekit.agents.llm import RealtimeModel
from livekit.plugins import openai
from openai.types.realtime import AudioTranscription
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

from benchmarks.peers.livekit_ends import Loudspeaker, Microphone
from benchmarks.peers.stage import Stage


async def run(stage: Stage) -> None:
    """Hold the talk."""
    model = openai.realtime.RealtimeModel(
        model="gpt-realtime-2.1",
        base_url=stage.openai_url,
        api_key=stage.job["openai_key"],
        input_audio_transcription=AudioTranscription(model="gpt-live-transcribe"),
        turn_detection=ServerVad(type="server_vad", create_response=True, interrupt_response=True),
    )
    await hold(stage, model)


async def hold(stage: Stage, model: RealtimeModel) -> None:
    """The same with any realtime model of LiveKit's."""
    logging.getLogger("livekit").setLevel(logging.ERROR)
    loudspeaker, microphone = Loudspeaker(stage), Microphone()
    async with utils.http_context.open():
        # Without it, nothing interrupts the first three seconds of a reply.
        session: AgentSession[None] = AgentSession(llm=model, aec_warmup_duration=None)
        session.input.audio = microphone
        session.output.audio = loudspeaker
        await session.start(Agent(instructions="You are the interviewer in a spoken practice."), record=False)
        await stage.converse(microphone.blocks.put_nowait, loudspeaker.sink.pull)
        await asyncio.wait_for(session.aclose(), 10)
