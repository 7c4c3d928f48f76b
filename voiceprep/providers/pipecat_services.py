"""Pipecat's STT, LLM and TTS services as our recogniser, text model and voice.

Each runs in a small pipeline of its own: service → collector. Must not know which service it is.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import LLMSettings
from pipecat.workers.runner import WorkerRunner

from voiceprep.errors import ProviderError
from voiceprep.language.word_times import spread_words
from voiceprep.model import Transcript
from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_RATE_HZ,
    SPEAKER_RATE_HZ,
    AudioBlock,
    OnText,
    Prompt,
    Provisional,
    Samples,
    ignore_text,
)
from voiceprep.tasks import Tasks

NAME = "pipecat"
REPLY_S_MAX = 30.0
FINAL_S_MAX = 3.0
"""A service that has sent no final text by then has none."""
STOP_S = 0.2
"""What Pipecat's own detector waits; services read it to know how old the end of speech is."""

MakeService = Callable[[], FrameProcessor]


class _Collector(FrameProcessor):  # type: ignore[misc]  # Pipecat's way to be part of a pipeline
    """The end of the pipeline: hands frames out."""

    def __init__(self, on_frame: Callable[[Frame], None]) -> None:
        super().__init__()
        self._on_frame = on_frame

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self._on_frame(frame)
        await self.push_frame(frame, direction)


class _Service:
    """One service, running. Frames go to `listeners`; a failure of the service is an ErrorFrame among them."""

    def __init__(self, make: MakeService, tasks: Tasks, stage: str) -> None:
        self._make = make
        self._tasks = tasks
        self._stage = stage
        self._worker: PipelineWorker | None = None
        self._running: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[Frame], None]] = []

    async def warm(self) -> None:
        """Raises ProviderError."""
        if self._worker is not None:
            return
        started = asyncio.Event()
        worker = PipelineWorker(
            Pipeline([self._make(), _Collector(self._tell)]),
            params=PipelineParams(audio_in_sample_rate=MICROPHONE_RATE_HZ, audio_out_sample_rate=SPEAKER_RATE_HZ),
            enable_rtvi=False,
            enable_turn_tracking=False,
            idle_timeout_secs=None,
        )

        async def on_started(*_: object) -> None:
            started.set()

        async def on_error(_: object, frame: ErrorFrame) -> None:
            self._tell(frame)

        worker.add_event_handler("on_pipeline_started", on_started)
        worker.add_event_handler("on_pipeline_error", on_error)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        self._running = self._tasks.watch(runner.run(), f"pipecat {self._stage}")
        self._worker = worker
        try:
            async with asyncio.timeout(REPLY_S_MAX):
                await started.wait()
        except TimeoutError:
            raise self.error("does not start") from None

    def _tell(self, frame: Frame) -> None:
        for listener in tuple(self.listeners):
            listener(frame)

    async def send(self, frame: Frame) -> None:
        await self.warm()
        assert self._worker is not None
        await self._worker.queue_frame(frame)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Queue[Frame]]:
        """Everything that comes out meanwhile."""
        arrived: asyncio.Queue[Frame] = asyncio.Queue()
        self.listeners.append(arrived.put_nowait)
        try:
            yield arrived
        finally:
            self.listeners.remove(arrived.put_nowait)

    async def next(self, arrived: asyncio.Queue[Frame]) -> Frame:
        """Raises ProviderError for a failure, and when nothing comes."""
        try:
            async with asyncio.timeout(REPLY_S_MAX):
                frame = await arrived.get()
        except TimeoutError:
            raise self.error("does not answer") from None
        if isinstance(frame, ErrorFrame):
            raise self.error("reports an error")
        return frame

    def error(self, what: str) -> ProviderError:
        """Pipecat's own text may hold what was said: it is not passed on."""
        return ProviderError(
            f"The Pipecat service {what}.",
            "Look at its settings.",
            provider=NAME,
            stage=self._stage,
            is_retryable=True,
        )

    async def close(self) -> None:
        if self._worker is not None and self._running is not None and not self._running.done():
            await self._worker.queue_frame(EndFrame())
            await asyncio.wait({self._running}, timeout=FINAL_S_MAX)
        self._worker = None


class PipecatSynthesizer:
    """`ports.Synthesizer` over a TTSService."""

    name = NAME

    def __init__(self, make: MakeService, tasks: Tasks) -> None:
        self._service = _Service(make, tasks, "tts")

    async def warm(self) -> None:
        await self._service.warm()

    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        service = self._service
        is_over = False
        context_id: str | None = None
        async with service.listening() as arrived:
            try:
                await service.send(TTSSpeakFrame(text, append_to_context=False))
                while not is_over:
                    frame = await service.next(arrived)
                    if isinstance(frame, TTSAudioRawFrame):
                        context_id = context_id or frame.context_id
                        if frame.sample_rate != SPEAKER_RATE_HZ:
                            raise service.error(f"speaks at {frame.sample_rate} Hz, not at {SPEAKER_RATE_HZ}")
                        if frame.context_id == context_id and frame.audio:
                            yield np.frombuffer(frame.audio, "<i2").astype(np.int16)
                    is_over = isinstance(frame, TTSStoppedFrame)
            finally:
                if not is_over:
                    await service.send(InterruptionFrame())

    async def close(self) -> None:
        await self._service.close()


class PipecatTextModel:
    """`ports.TextModel` over an LLMService."""

    name = NAME

    def __init__(self, make: MakeService, tasks: Tasks) -> None:
        self._service = _Service(make, tasks, "llm")
        self._system = ""

    async def warm(self) -> None:
        await self._service.warm()

    async def complete(self, prompt: Prompt) -> AsyncGenerator[str]:
        service = self._service
        messages = [{"role": message.role, "content": message.text} for message in prompt.messages]
        if prompt.system != self._system:
            self._system = prompt.system
            await service.send(LLMUpdateSettingsFrame(delta=LLMSettings(system_instruction=prompt.system)))
        context = LLMContext(messages)
        is_over = False
        async with service.listening() as arrived:
            try:
                await service.send(LLMContextFrame(context))
                while not is_over:
                    frame = await service.next(arrived)
                    if isinstance(frame, LLMTextFrame):
                        yield frame.text
                    is_over = isinstance(frame, LLMFullResponseEndFrame)
            finally:
                if not is_over:
                    await service.send(InterruptionFrame())

    async def close(self) -> None:
        await self._service.close()


class PipecatTranscriber:
    """`ports.Transcriber` over an STTService. One answer at a time; words get their times by their letters."""

    name = NAME

    def __init__(self, make: MakeService, tasks: Tasks) -> None:
        self._service = _Service(make, tasks, "stt")
        self._tasks = tasks

    async def warm(self) -> None:
        await self._service.warm()

    def open_stream(self, on_text: OnText = ignore_text) -> "PipecatStream":
        return PipecatStream(self._service, self._tasks, on_text)

    async def close(self) -> None:
        await self._service.close()


class PipecatStream:
    """`ports.TranscriptionStream`."""

    def __init__(self, service: _Service, tasks: Tasks, on_text: OnText) -> None:
        self._service = service
        self._on_text = on_text
        self._finals: list[str] = []
        self._interim = ""
        self._voiced_ms: list[int] = []
        self._through_ms = self._final_through_ms = 0
        self._is_speaking = False
        self._error: ProviderError | None = None
        self._changed = asyncio.Event()
        self._outgoing: asyncio.Queue[Frame] = asyncio.Queue()
        service.listeners.append(self._on_frame)
        self._sending = tasks.watch(self._send(), "pipecat stt audio")

    @property
    def provisional(self) -> Provisional:
        return Provisional(" ".join(filter(None, (*self._finals, self._interim))), self._through_ms)

    @property
    def error(self) -> ProviderError | None:
        return self._error

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        if is_speech != self._is_speaking:
            self._is_speaking = is_speech
            self._outgoing.put_nowait(
                VADUserStartedSpeakingFrame() if is_speech else VADUserStoppedSpeakingFrame(stop_secs=STOP_S)
            )
        if is_speech:
            self._voiced_ms.append(block.start_ms)
        self._through_ms = block.start_ms + BLOCK_MS
        audio = block.samples.astype("<i2").tobytes()
        self._outgoing.put_nowait(InputAudioRawFrame(audio=audio, sample_rate=MICROPHONE_RATE_HZ, num_channels=1))

    async def finish(self) -> Transcript:
        """Waits for the final text of what was said last. Raises ProviderError."""
        if self._is_speaking:
            self._outgoing.put_nowait(VADUserStoppedSpeakingFrame(stop_secs=STOP_S))
            self._is_speaking = False
        try:
            async with asyncio.timeout(FINAL_S_MAX):
                while self._error is None and self._voiced_ms and not self._is_final:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass  # what is there is what it has
        finally:
            self.close()
        if self._error is not None:
            raise self._error
        words = " ".join(filter(None, (*self._finals, self._interim))).split()
        return Transcript(tuple(spread_words(words, self._voiced_ms)) if words and self._voiced_ms else ())

    @property
    def _is_final(self) -> bool:
        """The newest final text came after the last speech, with nothing provisional since."""
        return bool(self._finals) and not self._interim and self._final_through_ms > self._voiced_ms[-1]

    def close(self) -> None:
        self._sending.cancel()
        if self._on_frame in self._service.listeners:
            self._service.listeners.remove(self._on_frame)

    def _on_frame(self, frame: Frame) -> None:
        if isinstance(frame, InterimTranscriptionFrame):
            self._interim = frame.text.strip()
        elif isinstance(frame, TranscriptionFrame):
            self._finals.append(frame.text.strip())
            self._interim, self._final_through_ms = "", self._through_ms
        elif isinstance(frame, ErrorFrame):
            self._error = self._service.error("reports an error")
        else:
            return
        self._changed.set()
        self._on_text()

    async def _send(self) -> None:
        try:
            while True:
                await self._service.send(await self._outgoing.get())
        except ProviderError as error:
            self._error = error
            self._changed.set()
