"""What stands around voiceprep's engines under test: lines that end at the stage, and an interview without end."""

import asyncio

from benchmarks.peers.sounds import Samples
from benchmarks.peers.stage import GREETING, Stage
from voiceprep.audio.line import SpeakerLine
from voiceprep.audio.wake_gate import WakeGate
from voiceprep.conduct.interview import is_covered
from voiceprep.model import Answer, KeyPoint, Question, TurnBrief, TurnKind
from voiceprep.ports import Anticipation, Command, Controls
from voiceprep.scoring.offline import OfflineJudge

TOPICS = (
    "the data you kept",
    "the people who used it",
    "the night it failed",
    "the code you replaced",
    "the team around you",
    "the money it cost",
    "the tests you wrote",
)
QUESTION = Question(
    "system",
    "experience",
    "How did you design and run that system?",
    tuple(
        KeyPoint(
            f"point-{index}", f"Names fencing tokens and quorum reads, part {index}.", probe=f"What about {topic}?"
        )
        for index, topic in enumerate(TOPICS)
    ),
)


class Blocks:
    """audio.line.BlockSource over what the stage delivers, handed on when a sound card's would be."""

    def __init__(self, speaker: SpeakerLine) -> None:
        self._queue: asyncio.Queue[Samples] = asyncio.Queue()
        self._gate = WakeGate(lambda: speaker.is_talking)

    def deliver(self, samples: Samples) -> None:
        """The next 20 ms."""
        for block in self._gate.step(samples):
            self._queue.put_nowait(block)

    async def read(self) -> Samples | None:
        return await self._queue.get()

    def close(self) -> None:
        """Nothing is behind it."""


class NotedSpeaker(SpeakerLine):
    """Notes when the engine hands audio over."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(lambda: 0)
        self._stage = stage

    def enqueue(self, samples: Samples) -> None:
        self._stage.note_handed(samples)
        super().enqueue(samples)


class NoControls(Controls):
    """Nobody is at the keyboard."""

    def take(self) -> Command | None:
        return None


class Interview:
    """Briefs without end, and what a session would say comes next."""

    def __init__(self, is_prepared: bool) -> None:
        self._is_prepared = is_prepared
        self._judge = OfflineJudge(has_encoder=False)  # as a session's
        self._judge.warm()

    def brief(self, index: int) -> TurnBrief:
        if index == 0:
            return TurnBrief(TurnKind.QUESTION, GREETING, QUESTION.id)
        topic = TOPICS[index % len(TOPICS)]
        if self._is_prepared:
            return TurnBrief(TurnKind.QUESTION, f"Please tell me about {topic}, in round {index}.", QUESTION.id)
        return TurnBrief(TurnKind.FOLLOW_UP, f"What about {topic}?", QUESTION.id, f"point-{index % len(TOPICS)}")

    def anticipate(self, index: int, answer: Answer) -> Anticipation:
        """Judges the provisional answer, as a session does, to know whether it says all that was asked for."""
        brief = self.brief(index)
        return Anticipation(
            self.brief(index + 1), is_covered(brief, self._judge.score(QUESTION, answer.transcript))
        )
