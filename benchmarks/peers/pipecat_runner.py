"""Pipecat 1.14.0: a pipeline between custom transports, no room, no server. Runs in its own environment."""

import asyncio
from typing import Any

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_stop.speech_timeout_user_turn_stop_strategy import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from benchmarks.peers.pipecat_ends import SMALLEST_10MS_CHUNKS, Loudspeaker, Microphone
from benchmarks.peers.sounds import RATE_HZ, Samples
from benchmarks.peers.stage import GREETING, OUT_RATE_HZ, Stage

# The minimum: decided by voice activity alone after 0.2 s of silence, without the wait for the recogniser's 99th
# percentile; 50 ms of voice interrupt, however soft; chunks of 20 ms; no messages to a client's user interface.
MINIMUM_VAD = VADParams(confidence=0.5, start_secs=0.05, stop_secs=0.2, min_volume=0.0)
MINIMUM_SPEECH_TIMEOUT_S = 0.0
MINIMUM_TRANSCRIPT_WAIT_S = 0.0


async def run(stage: Stage) -> None:
    """Hold the talk."""
    is_minimum = stage.settings == "minimum"
    params = TransportParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_in_sample_rate=RATE_HZ,
        audio_out_sample_rate=OUT_RATE_HZ,
    )
    if is_minimum:
        params.audio_out_10ms_chunks = SMALLEST_10MS_CHUNKS
    microphone, loudspeaker = Microphone(params), Loudspeaker(params, stage)
    stt_options: dict[str, Any] = {"ttfs_p99_latency": MINIMUM_TRANSCRIPT_WAIT_S} if is_minimum else {}
    stt = DeepgramSTTService(api_key=stage.job["deepgram_key"], base_url=stage.deepgram_url, **stt_options)
    llm = OpenAILLMService(
        api_key=stage.job["openai_key"],
        base_url=stage.openai_url,
        settings=OpenAILLMService.Settings(model="gpt-6-luna"),
    )
    tts = OpenAITTSService(api_key=stage.job["openai_key"], base_url=stage.openai_url, sample_rate=OUT_RATE_HZ)
    context = LLMContext([{"role": "system", "content": "You are the interviewer in a spoken practice interview."}])
    aggregators = LLMContextAggregatorPair(context, user_params=_turn_params(is_minimum))

    @aggregators.user().event_handler("on_user_turn_stopped")  # type: ignore[untyped-decorator]
    async def on_user_turn_stopped(*_: object) -> None:
        stage.note_decided()

    pipeline = Pipeline([microphone, stt, aggregators.user(), llm, tts, loudspeaker, aggregators.assistant()])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=OUT_RATE_HZ),
        idle_timeout_secs=None,
        enable_rtvi=False if is_minimum else None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await microphone.started.wait()
    await worker.queue_frame(TTSSpeakFrame(GREETING))
    blocks: asyncio.Queue[Samples] = asyncio.Queue()

    async def forward() -> None:
        while True:
            await microphone.hear(await blocks.get())

    forwarding = asyncio.create_task(forward())
    await stage.converse(blocks.put_nowait, loudspeaker.sink.pull)
    forwarding.cancel()
    await worker.cancel()
    await asyncio.wait([running], timeout=10)


def _turn_params(is_minimum: bool) -> LLMUserAggregatorParams:
    """What differs between the settings."""
    if not is_minimum:
        return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    stop = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=MINIMUM_SPEECH_TIMEOUT_S)
    return LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(params=MINIMUM_VAD),
        user_turn_strategies=UserTurnStrategies(stop=[stop]),
    )
