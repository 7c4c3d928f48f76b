"""voiceprep's cascaded engine between two in-memory lines, driven brief by brief as a session does."""

import asyncio
import itertools
import threading
from functools import partial

from benchmarks.peers.stage import Stage
from benchmarks.peers.voiceprep_ends import QUESTION, Blocks, Interview, NoControls, NotedSpeaker
from voiceprep.audio.line import MicrophoneLine
from voiceprep.audio.turn_model import load_turn_model
from voiceprep.audio.vad import SileroDetector
from voiceprep.engines.cascaded import CascadedEngine, CascadedParts
from voiceprep.engines.reply import Wording
from voiceprep.events import AnswerHeard, Event
from voiceprep.providers.deepgram_listen import DeepgramTranscriber
from voiceprep.providers.openai_speech import OpenAISynthesizer
from voiceprep.providers.openai_text import OpenAITextModel
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.endpointing import EndpointPolicy
from voiceprep.weights import keep_memory_small, keep_pauses_short

SILENCE_MS = 200
MINIMUM = EndpointPolicy(
    # As the peers at their minimum, 0.2 s of silence decide: theirs from where their detectors go quiet on,
    # ours from the last sound, so ours comes 65 to 130 ms sooner. Words that leave a sentence open wait longer.
    finished_ms=SILENCE_MS,
    covered_ms=SILENCE_MS,
    complete_ms=SILENCE_MS,
    quick_ms=SILENCE_MS,
    patience_ms=500,
)


async def run(stage: Stage) -> None:
    """Hold the talk, warmed as a session is."""
    keep_memory_small()
    threading.Thread(target=_import_clients, daemon=True).start()
    async with Tasks() as tasks:
        speaker = NotedSpeaker(stage)
        blocks = Blocks(speaker)
        mic = MicrophoneLine(blocks)
        engine = _make_engine(stage, tasks)
        interview, _ = await asyncio.gather(tasks.in_thread(Interview, stage.settings == "prepared"), engine.warm())
        keep_pauses_short()
        talking = asyncio.create_task(_talk(engine, interview, mic, speaker, stage))
        conversing = asyncio.create_task(stage.converse(blocks.deliver, speaker.pull))
        done, _ = await asyncio.wait([talking, conversing], return_when=asyncio.FIRST_COMPLETED)
        talking.cancel()
        for task in done:
            task.result()


def _import_clients() -> None:
    """What the providers would import one after the other."""
    import deepgram
    import openai

    assert deepgram
    assert openai


def _make_engine(stage: Stage, tasks: Tasks) -> CascadedEngine:
    key, url = stage.job["openai_key"], stage.openai_url
    wording = None
    if stage.settings != "prepared":
        text_model = OpenAITextModel(api_key=key, base_url=url, model="gpt-6-luna")
        wording = Wording(text_model, "experience with systems", {QUESTION.id: QUESTION}, _note_failure)
    parts = CascadedParts(
        DeepgramTranscriber(tasks, api_key=stage.job["deepgram_key"], base_url=stage.deepgram_url),
        OpenAISynthesizer(api_key=key, base_url=url, model="gpt-4o-mini-tts"),
        SileroDetector(),
        NoControls(),
        load_turn_model(tasks) if stage.settings == "default" else None,
        wording,
    )
    return CascadedEngine(parts, tasks, EndpointPolicy() if stage.settings == "default" else MINIMUM)


def _note_failure(error: Exception) -> None:
    print(f"wording failed: {error}")


async def _talk(
    engine: CascadedEngine, interview: Interview, mic: MicrophoneLine, speaker: NotedSpeaker, stage: Stage
) -> None:
    def emit(event: Event) -> None:
        if isinstance(event, AnswerHeard):
            stage.note_decided()

    for index in itertools.count():
        anticipate = partial(interview.anticipate, index)
        await engine.take_turn(index, interview.brief(index), mic, speaker, emit, anticipate)
