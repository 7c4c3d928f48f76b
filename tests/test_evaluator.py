"""The evaluator in somebody else's pipeline: it scores what was said, and nobody waits for it."""

import asyncio
import threading

import pytest

pytest.importorskip("loguru", reason="needs the extra pipecat")

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from voiceprep.hosting.pipeline.evaluator import InterviewEvaluator
from voiceprep.model import KeyPoint, Question, QuestionScore, Transcript
from voiceprep.ports import Judge
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.tasks import Tasks

DEADLINE_S = 60
INDEX = Question("index", "databases", "What does an index cost?", (KeyPoint("writes", "writes get slower"),))
LOCK = Question("lock", "databases", "What is a lock for?", (KeyPoint("order", "one writer at a time"),))


class SlowJudge:
    """Judges only once it is allowed to."""

    name, version = "slow", "1"

    def __init__(self) -> None:
        self.may_judge = threading.Event()

    def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        assert self.may_judge.wait(DEADLINE_S)
        return QuestionScore(question.id, 1.0, ())


class Collector(FrameProcessor):  # type: ignore[misc]
    """The rest of the pipeline."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: asyncio.Queue[Frame] = asyncio.Queue()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.arrived.put_nowait(frame)
        await self.push_frame(frame, direction)

    async def next(self, kind: type[Frame]) -> Frame:
        while not isinstance(frame := await self.arrived.get(), kind):
            pass
        return frame


class Running:
    """A pipeline of the evaluator and a collector."""

    def __init__(self, judge: Judge) -> None:
        self.scores: list[tuple[str, str, float | None]] = []
        self.evaluator = InterviewEvaluator(self._note, judge)
        self.collector = Collector()
        self.worker = PipelineWorker(
            Pipeline([self.evaluator, self.collector]), enable_rtvi=False, idle_timeout_secs=None
        )

    def _note(self, question: Question, answer: str, score: QuestionScore) -> None:
        self.scores.append((question.id, answer, score.score))

    async def say(self, text: str) -> None:
        await self.worker.queue_frame(TranscriptionFrame(text=text, user_id="candidate", timestamp=""))

    async def end(self, running: asyncio.Task[None]) -> None:
        await self.worker.queue_frame(EndFrame())
        await running


async def start(room: Running, tasks: Tasks) -> asyncio.Task[None]:
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(room.worker)
    return tasks.work(runner.run(), "pipeline")


async def test_frames_go_on_while_an_answer_is_judged() -> None:
    judge = SlowJudge()
    room = Running(judge)
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        running = await start(room, tasks)
        room.evaluator.ask(INDEX)
        await room.say("It makes writes slower.")
        await room.worker.queue_frame(LLMFullResponseEndFrame())
        for text in ("And", "reads?"):
            await room.worker.queue_frame(LLMTextFrame(text))
            frame = await room.collector.next(LLMTextFrame)
            assert frame.text == text
        sound = OutputAudioRawFrame(audio=bytes(960), sample_rate=24_000, num_channels=1)
        await room.worker.queue_frame(sound)
        assert await room.collector.next(OutputAudioRawFrame) is sound
        assert room.scores == []  # all of that came through with the judge still at its first answer
        judge.may_judge.set()
        await room.end(running)
    assert room.scores == [("index", "It makes writes slower.", 1.0)]


async def test_answers_are_scored_with_their_question_and_in_order() -> None:
    room = Running(OfflineJudge(has_encoder=False))
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        running = await start(room, tasks)
        await room.say("Hello.")  # nobody has asked anything
        await room.collector.next(TranscriptionFrame)
        room.evaluator.ask(INDEX)
        await room.say("It helps reads.")
        await room.worker.queue_frame(LLMFullResponseEndFrame())
        await room.say("But writes get slower.")
        await room.worker.queue_frame(LLMFullResponseEndFrame())
        await room.worker.queue_frame(LLMFullResponseEndFrame())  # nothing was said since
        await room.collector.next(LLMFullResponseEndFrame)
        await room.collector.next(LLMFullResponseEndFrame)
        await room.collector.next(LLMFullResponseEndFrame)
        room.evaluator.ask(LOCK)
        await room.say("No idea, sorry.")
        await room.end(running)
    assert [(question, answer) for question, answer, _ in room.scores] == [
        ("index", "It helps reads."),
        ("index", "It helps reads. But writes get slower."),
        ("lock", "No idea, sorry."),
    ]
    assert room.scores[1][2] == 1.0
    assert room.scores[2][2] == 0.0
