"""LiveKit Agents 1.8.9: an AgentSession with custom audio ends, no room, no server. Runs in its own environment."""

import asyncio
import logging
from typing import Any

from livekit.agents import Agent, AgentSession, utils
from livekit.agents.inference import VAD
from livekit.plugins import deepgram, openai

from benchmarks.peers.livekit_ends import Loudspeaker, Microphone
from benchmarks.peers.stage import GREETING, Stage

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
