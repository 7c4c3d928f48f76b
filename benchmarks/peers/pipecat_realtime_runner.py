"""Pipecat 1.14.0 with its OpenAI Realtime service: a pipeline between custom transports, no room, no server."""

import asyncio

from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from benchmarks.peers.pipecat_ends import SMALLEST_10MS_CHUNKS, Loudspeaker, Microphone
from benchmarks.peers.sounds import RATE_HZ, Samples
from benchmarks.peers.stage import OUT_RATE_HZ, Stage


async def run(stage: Stage) -> None:
    """Hold the talk."""
    params = TransportParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_in_sample_rate=RATE_HZ,
        audio_out_sample_rate=OUT_RATE_HZ,
        audio_out_10ms_chunks=SMALLEST_10MS_CHUNKS,
    )
    microphone, loudspeaker = Microphone(params), Loudspeaker(params, stage)
    heard = events.AudioInput(
        transcription=events.InputAudioTranscription(model="gpt-live-transcribe"),
        turn_detection=events.TurnDetection(),
    )
    llm = OpenAIRealtimeLLMService(
        api_key=stage.job["openai_key"],
        base_url=f"{stage.openai_url.replace('http', 'ws', 1)}/realtime",
        settings=OpenAIRealtimeLLMService.Settings(
            model="gpt-realtime-2.1",
            system_instruction="You are the interviewer in a spoken practice.",
            session_properties=events.SessionProperties(audio=events.AudioConfiguration(input=heard)),
        ),
    )
    aggregators = LLMContextAggregatorPair(LLMContext())
    pipeline = Pipeline([microphone, aggregators.user(), llm, loudspeaker, aggregators.assistant()])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=RATE_HZ, audio_out_sample_rate=OUT_RATE_HZ),
        idle_timeout_secs=None,
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await microphone.started.wait()
    blocks: asyncio.Queue[Samples] = asyncio.Queue()

    async def forward() -> None:
        while True:
            await microphone.hear(await blocks.get())

    forwarding = asyncio.create_task(forward())
    await stage.converse(blocks.put_nowait, loudspeaker.sink.pull)
    forwarding.cancel()
    await worker.cancel()
    await asyncio.wait([running], timeout=10)
