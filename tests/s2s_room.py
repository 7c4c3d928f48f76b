"""A speech-to-speech session in a scripted room: the real engine, link, lines and session; a scripted model."""

from dataclasses import dataclass, field

from tests.room import STARTED_AT, Paced, PhraseJudge
from voiceprep.audio.line import MicrophoneLine, SpeakerLine
from voiceprep.conduct.planning import Plan
from voiceprep.engines.directions import session_instructions
from voiceprep.engines.link import LinkPolicy, RealtimeLink
from voiceprep.engines.s2s import S2sEngine
from voiceprep.engines.s2s_parts import S2sManners, S2sParts
from voiceprep.events import Event
from voiceprep.model import AnswerEnd, Outcome, TurnKind
from voiceprep.ports import Command, Samples
from voiceprep.providers.scripted import LevelDetector, Script, ScriptedCandidate, ScriptedTranscriber
from voiceprep.providers.scripted_realtime import FaultAt, ScriptedRealtime
from voiceprep.realtime import RealtimeSetup
from voiceprep.session import Session, SessionParts
from voiceprep.tasks import Tasks
from voiceprep.terminal.keys import ScriptedControls
from voiceprep.turn_taking.endpointing import EndpointPolicy

QUICK_LINK = LinkPolicy(backoff_s=(0.0, 0.0, 0.0), answer_s=0.2)


@dataclass
class S2sRoom:
    """Everything a test may want to look at after `hold`."""

    plan: Plan
    scripts: list[Script]
    faults: list[FaultAt] = field(default_factory=list)
    commands: list[tuple[int, Command]] = field(default_factory=list)
    are_turns_ours: bool = False
    is_push_to_talk: bool = False
    session_limit_ms: int | None = None
    failures: int = 0
    limit_ms: int = 600_000
    policy: EndpointPolicy = field(default_factory=EndpointPolicy)
    events: list[Event] = field(default_factory=list)
    heard: list[tuple[Samples, int]] = field(default_factory=list)
    model: ScriptedRealtime | None = None
    transcriber: ScriptedTranscriber | None = None
    session: Session | None = None
    link: RealtimeLink | None = None

    async def hold(self) -> Outcome:
        async with Tasks() as tasks:
            candidate = ScriptedCandidate(self.scripts)
            mic = MicrophoneLine(Paced(candidate, tasks, self.limit_ms))
            speaker = SpeakerLine(lambda: mic.position_ms, [lambda samples, at: self.heard.append((samples, at))])
            mic.add_tap(speaker.play_block)
            self.model = ScriptedRealtime(candidate, self.faults, self.session_limit_ms)
            self.transcriber = ScriptedTranscriber(candidate)
            setup = RealtimeSetup(
                session_instructions("tests"), are_turns_ours=self.are_turns_ours, patience_ms=1_000
            )
            self.link = RealtimeLink(self.model, setup, tasks, QUICK_LINK)
            controls = ScriptedControls(self.commands, lambda: mic.position_ms)
            manners = S2sManners(self.policy, self.are_turns_ours, self.is_push_to_talk)
            engine = S2sEngine(S2sParts(self.link, self.transcriber, LevelDetector(), controls), tasks, manners)
            await engine.warm()
            self.model.failures = self.failures
            listeners = [self.events.append, candidate.on_event]
            self.session = Session(self.plan, SessionParts(engine, mic, speaker, PhraseJudge(), listeners, tasks))
            try:
                return await self.session.run(STARTED_AT)
            finally:
                await engine.close()

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def kinds(self) -> list[TurnKind]:
        assert self.session is not None
        return [turn.brief.kind for turn in self.session.turns]

    @property
    def answers(self) -> list[tuple[str, AnswerEnd]]:
        assert self.session is not None
        heard = [turn.answer for turn in self.session.turns if turn.answer is not None]
        return [(answer.transcript.text, answer.ended_by) for answer in heard]
