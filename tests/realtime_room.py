"""A whole speech-to-speech session over a loopback server: real adapter, link, engine, session and folder.

Only the candidate (words as tones), the detector and the pace are made for tests.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from tests.loopback.tones import heard_words, tone_speech
from tests.provider_room import CodedCandidate, QuickPace, recorded
from tests.recording_room import Surroundings
from tests.room import PhraseJudge
from voiceprep.audio.pace import FastPace, Pace
from voiceprep.conduct.planning import Plan
from voiceprep.engines.directions import session_instructions
from voiceprep.engines.link import LinkPolicy, RealtimeLink
from voiceprep.engines.s2s import S2sEngine
from voiceprep.engines.s2s_parts import S2sManners, S2sParts
from voiceprep.errors import ProviderError
from voiceprep.events import Event, LevelMeasured
from voiceprep.model import Bank, Outcome, Transcript, Word
from voiceprep.ports import MICROPHONE_RATE_HZ, AudioBlock, OnText, Provisional, ignore_text
from voiceprep.providers.scripted import LevelDetector, Script
from voiceprep.realtime import RealtimeSetup
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.reader import SessionRecord
from voiceprep.session import Session, SessionParts
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks
from voiceprep.terminal.keys import NoControls
from voiceprep.turn_taking.endpointing import EndpointPolicy
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.stage import Stage

STARTED_AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
QUICK_LINK = LinkPolicy(backoff_s=(0.0, 0.05, 0.1, 0.2), answer_s=5.0)


class ToneTranscriber:
    """ports.Transcriber for tones; `count`: how often it was asked."""

    name = "tones"

    def __init__(self) -> None:
        self.count = 0

    async def warm(self) -> None:
        """Nothing to load."""

    def open_stream(self, on_text: OnText = ignore_text) -> "ToneStream":
        self.count += 1
        return ToneStream()

    async def close(self) -> None:
        """Nothing is open."""


class ToneStream:
    """ports.TranscriptionStream."""

    error: ProviderError | None = None
    provisional = Provisional()

    def __init__(self) -> None:
        self._blocks: list[AudioBlock] = []

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        self._blocks.append(block)

    async def finish(self) -> Transcript:
        if not self._blocks:
            return Transcript()
        samples = np.concatenate([block.samples for block in self._blocks])
        from_ms = self._blocks[0].start_ms
        heard = heard_words(samples, MICROPHONE_RATE_HZ)
        return Transcript(tuple(Word(one.text, from_ms + one.start_ms, from_ms + one.end_ms) for one in heard))

    def close(self) -> None:
        """Nothing is running."""


@dataclass
class RealtimeRoom:
    """Everything a test may want to look at after `hold`. `hooks` hear every event after the recorder."""

    plan: Plan
    scripts: Iterable[Script]
    folder: Path
    realtime: str
    environment: Mapping[str, str]
    are_turns_ours: bool = False
    is_fast: bool = False
    patience_ms: int = 1_000
    session_limit_ms: int | None = None
    budget_usd: float = 0.0
    policy: EndpointPolicy = field(default_factory=EndpointPolicy)
    link_policy: LinkPolicy = QUICK_LINK
    limit_s: float = 60.0
    hooks: list[Callable[[Event], None]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    transcriber: ToneTranscriber = field(default_factory=ToneTranscriber)
    surroundings: Surroundings = field(default_factory=Surroundings)
    candidate: CodedCandidate | None = None
    session: Session | None = None
    link: RealtimeLink | None = None

    async def hold(self) -> Outcome:
        """Hold the practice. Raises what stopped it."""
        return await self.surroundings.hold(self._hold(), self.limit_s)

    async def _hold(self) -> Outcome:
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(Tasks())
            stage = self._stage(tasks)
            stack.push_async_callback(stage.close)
            engine = self._engine(stage, tasks)
            stack.push_async_callback(engine.close)
            await engine.warm()
            pace: Pace = FastPace(tasks) if self.is_fast else QuickPace()
            self.candidate = CodedCandidate(self.scripts, pace, tone_speech)
            mic, speaker, writer = self.surroundings.open(self.candidate, stage, self._info, stack)
            stage.listeners[:] = [writer.on_event, self._keep, self.candidate.on_event, *self.hooks]
            parts = SessionParts(engine, mic, speaker, PhraseJudge(), [stage.tell], tasks, self.budget_usd or None)
            self.session = Session(self.plan, parts, self.surroundings.turns)
            stage.sessions.append(self.session)
            outcome = await self.session.run(STARTED_AT)
            writer.close(outcome)
        return outcome

    def _keep(self, event: Event) -> None:
        if not isinstance(event, LevelMeasured):  # a long session has very many
            self.events.append(event)

    def _stage(self, tasks: Tasks) -> Stage:
        settings = Settings(
            mode="s2s", realtime=self.realtime, speaker="none", recordings=str(self.folder / "recordings")
        )
        bank = Bank(self.plan.bank_id, self.plan.bank_title, self.plan.questions)
        return Stage(Choice(settings, bank, self.plan, self.environment), tasks)

    def _engine(self, stage: Stage, tasks: Tasks) -> S2sEngine:
        assert stage.realtime is not None
        setup = RealtimeSetup(
            session_instructions("tests"),
            ("asyncio", "GIL"),
            are_turns_ours=self.are_turns_ours,
            patience_ms=self.patience_ms,
        )
        self.link = RealtimeLink(stage.realtime, setup, tasks, self.link_policy, self.session_limit_ms)
        parts = S2sParts(self.link, self.transcriber, LevelDetector(), NoControls())
        return S2sEngine(parts, tasks, S2sManners(self.policy, self.are_turns_ours))

    @property
    def _info(self) -> SessionInfo:
        return SessionInfo(
            bank_id=self.plan.bank_id,
            mode="s2s",
            level=3,
            seed=None,
            plan=self.plan.questions,
            providers={"realtime": self.realtime, "stt": "local"},
            judge="offline",
            started_at=STARTED_AT,
        )

    @property
    def record(self) -> SessionRecord:
        """What the folder says."""
        return self.surroundings.record

    @property
    def is_all_recorded(self) -> bool:
        """candidate.wav holds exactly the samples that were handed out, in order."""
        assert self.candidate is not None
        return sha256(recorded(self.record.folder).tobytes()).digest() == self.candidate.given.digest()

    @property
    def answers(self) -> list[str]:
        """What was heard, by the journal."""
        return [turn.answer.transcript.text for turn in self.record.turns if turn.answer is not None]

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]
