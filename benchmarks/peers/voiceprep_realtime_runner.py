"""voiceprep's speech-to-speech engine between two in-memory lines, driven brief by brief as a session does."""

import asyncio
import itertools
from functools import partial

from benchmarks.peers.stage import Stage
from benchmarks.peers.voiceprep_ends import Blocks, Interview, NoControls, NotedSpeaker
from voiceprep.audio.line import MicrophoneLine
from voiceprep.audio.turn_model import load_turn_model
from voiceprep.audio.vad import SileroDetector
from voiceprep.engines.directions import session_instructions
from voiceprep.engines.link import RealtimeLink
from voiceprep.engines.s2s import S2sEngine
from voiceprep.engines.s2s_parts import S2sManners, S2sParts
from voiceprep.events import AnswerHeard, Event
from voiceprep.providers.moonshine import MoonshineTranscriber
from voiceprep.providers.openai_realtime import OpenAIRealtime
from voiceprep.realtime import RealtimeSetup
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.endpointing import EndpointPolicy
from voiceprep.weights import keep_memory_small, keep_pauses_short


async def run(stage: Stage) -> None:
    """Hold the talk, warmed as a session is. `client`: our endpointing says where a turn ends; else the model."""
    keep_memory_small()
    async with Tasks() as tasks:
        speaker = NotedSpeaker(stage)
        blocks = Blocks(speaker)
        mic = MicrophoneLine(blocks)
        interview, engine = await asyncio.gather(tasks.in_thread(Interview, False), _open_engine(stage, tasks))
        keep_pauses_short()
        talking = asyncio.create_task(_talk(engine, interview, mic, speaker, stage))
        conversing = asyncio.create_task(stage.converse(blocks.deliver, speaker.pull))
        done, _ = await asyncio.wait([talking, conversing], return_when=asyncio.FIRST_COMPLETED)
        talking.cancel()
        await engine.close()
        for task in done:
            task.result()


async def _open_engine(stage: Stage, tasks: Tasks) -> S2sEngine:
    """As wiring does: connect while the detector loads."""
    are_turns_ours = stage.settings == "client"
    model = OpenAIRealtime(
        tasks, api_key=stage.job["openai_key"], base_url=stage.openai_url, on_usage=lambda usage: None
    )
    setup = RealtimeSetup(session_instructions("systems"), are_turns_ours=are_turns_ours)
    link = RealtimeLink(model, setup, tasks)
    detector, _ = await asyncio.gather(tasks.in_thread(SileroDetector), link.open())
    turn_model = await tasks.in_thread(load_turn_model, tasks) if are_turns_ours else None
    parts = S2sParts(link, MoonshineTranscriber(tasks), detector, NoControls(), turn_model)
    return S2sEngine(parts, tasks, S2sManners(EndpointPolicy(), are_turns_ours))


async def _talk(
    engine: S2sEngine, interview: Interview, mic: MicrophoneLine, speaker: NotedSpeaker, stage: Stage
) -> None:
    def emit(event: Event) -> None:
        if isinstance(event, AnswerHeard):
            stage.note_decided()

    for index in itertools.count():
        anticipate = partial(interview.anticipate, index)
        await engine.take_turn(index, interview.brief(index), mic, speaker, emit, anticipate)
