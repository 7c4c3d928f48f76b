"""The pipeline itself, the same over every transport, and the interview that runs in it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pipecat.frames.frames import EndFrame, ErrorFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from voiceprep.events import Emit
from voiceprep.hosting.pipeline.processor import PipelineHost
from voiceprep.ports import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ
from voiceprep.tasks import Tasks
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.sessions import Held, hold

GONE_EVENTS = ("on_client_disconnected", "on_participant_left")
"""Transports name it differently; Pipecat passes over a name that one does not have."""


def interview_pipeline(transport: BaseTransport, interview: FrameProcessor) -> Pipeline:
    """The whole of it."""
    return Pipeline([transport.input(), interview, transport.output()])


async def hold_over(
    transport: BaseTransport, choice: Choice, on_event: Emit, on_folder: Callable[[Path], None]
) -> Held:
    """Hold one interview over `transport`, from the first sound to the folder. Raises VoiceprepError."""
    host = PipelineHost()
    _listen_for_end(transport, host)
    worker = PipelineWorker(
        interview_pipeline(transport, host.processor),
        params=PipelineParams(audio_in_sample_rate=MICROPHONE_RATE_HZ, audio_out_sample_rate=SPEAKER_RATE_HZ),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
    )
    worker.add_event_handler("on_pipeline_error", _told_to(host))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    async with Tasks() as tasks:
        running = tasks.work(runner.run(), "pipeline")
        running.add_done_callback(lambda _: host.hang_up())
        try:
            return await hold(choice, host, on_event, on_folder)
        finally:
            await worker.queue_frame(EndFrame())
            await asyncio.wait({running}, timeout=ENDING_S_MAX)


ENDING_S_MAX = 10
"""What is still on its way to the ear is heard; a transport that does not end by then is cut off."""


def _listen_for_end(transport: BaseTransport, host: PipelineHost) -> None:
    """In a room the first who comes is the candidate; others may come and go."""
    first: list[object] = []

    async def on_first(_: BaseTransport, who: object) -> None:
        first.append(who)

    async def on_gone(_: BaseTransport, who: object = None, *about: object) -> None:
        if not first or who in first:
            host.hang_up()

    transport.add_event_handler("on_first_participant_joined", on_first)

    async def on_lost(_: BaseTransport, why: str) -> None:
        """Daily's room could not be entered, or is left for good."""
        host.give_up(why)
        host.hang_up()

    for name in GONE_EVENTS:
        transport.add_event_handler(name, on_gone)
    transport.add_event_handler("on_error", on_lost)


def _told_to(host: PipelineHost) -> Callable[[PipelineWorker, ErrorFrame], Coroutine[Any, Any, None]]:
    """Before the first sound an error means that there will be none: a room that cannot be entered."""

    async def on_error(_: PipelineWorker, frame: ErrorFrame) -> None:
        cause = frame.exception and frame.exception.__cause__
        host.give_up(str(cause or frame.error))

    return on_error
