"""A session in a scripted room: the real engine, lines and session; toy recogniser and voice."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from voiceprep.audio.line import MicrophoneLine, SpeakerLine
from voiceprep.audio.pace import FastPace
from voiceprep.conduct.planning import Plan
from voiceprep.engines.cascaded import CascadedEngine, CascadedParts
from voiceprep.engines.reply import Wording
from voiceprep.errors import ProviderError
from voiceprep.events import Emit, Event
from voiceprep.model import KeyPointScore, Outcome, Question, QuestionScore, Transcript
from voiceprep.ports import BLOCK_MS, Command, Samples, TextModel
from voiceprep.providers.scripted import (
    LevelDetector,
    Script,
    ScriptedCandidate,
    ScriptedTranscriber,
    ToySynthesizer,
)
from voiceprep.session import Session, SessionParts
from voiceprep.tasks import Tasks
from voiceprep.terminal.keys import ScriptedControls
from voiceprep.turn_taking.endpointing import EndpointPolicy

STARTED_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class PhraseJudge:
    """Credits a key point when its first phrase was said."""

    name = "phrases"
    version = "1"

    def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        said = transcript.text.lower()
        points = tuple(
            KeyPointScore(point.id, point.phrases[0] in said, float(point.phrases[0] in said))
            for point in question.key_points
        )
        flags = ("refusal",) if "don't know" in said else ()
        return QuestionScore(question.id, sum(p.credit for p in points) / len(points), points, flags=flags)


class Paced:
    """A candidate whose blocks come only when the work of the last one is done, and who stops after `limit_ms`."""

    def __init__(self, candidate: ScriptedCandidate, tasks: Tasks, limit_ms: int) -> None:
        self._candidate = candidate
        self._pace = FastPace(tasks)
        self._left = limit_ms // BLOCK_MS

    async def read(self) -> Samples | None:
        await self._pace.wait()
        self._left -= 1
        return None if self._left < 0 else await self._candidate.read()

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Room:
    """Everything a test may want to look at after `hold`."""

    plan: Plan
    scripts: list[Script]
    commands: list[tuple[int, Command]] = field(default_factory=list)
    policy: EndpointPolicy = field(default_factory=EndpointPolicy)
    limit_ms: int = 600_000
    failures: int = 0
    text_model: TextModel | None = None
    events: list[Event] = field(default_factory=list)
    heard: list[tuple[Samples, int]] = field(default_factory=list)
    synthesizer: ToySynthesizer = field(default_factory=ToySynthesizer)
    other_voices: dict[str, ToySynthesizer] = field(default_factory=dict)
    session: Session | None = None
    told: list[ProviderError] = field(default_factory=list)
    is_final: asyncio.Event | None = None
    listeners: list[Emit] = field(default_factory=list)

    async def hold(self) -> Outcome:
        async with Tasks() as tasks:
            candidate = ScriptedCandidate(self.scripts)
            mic = MicrophoneLine(Paced(candidate, tasks, self.limit_ms))
            speaker = SpeakerLine(lambda: mic.position_ms, [lambda samples, at: self.heard.append((samples, at))])
            mic.add_tap(speaker.play_block)
            parts = CascadedParts(
                ScriptedTranscriber(candidate, failures=self.failures, is_final=self.is_final),
                self.synthesizer,
                LevelDetector(),
                ScriptedControls(self.commands, lambda: mic.position_ms),
                wording=self._wording(),
                other_voices=self.other_voices,
            )
            engine = CascadedEngine(parts, tasks, self.policy)
            listeners = [self.events.append, candidate.on_event, *self.listeners]
            self.session = Session(self.plan, SessionParts(engine, mic, speaker, PhraseJudge(), listeners, tasks))
            return await self.session.run(STARTED_AT)

    def _wording(self) -> Wording | None:
        if self.text_model is None:
            return None
        questions = {question.id: question for question in self.plan.questions}
        manners = {each.person: each.manner for each in self.plan.interviewer.everybody}
        return Wording(self.text_model, "tests", questions, self.told.append, manners)

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]
