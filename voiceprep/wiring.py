"""The only file that names concrete classes: settings in, a session that can be held out.

Must not print, read keys or know typer.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from voiceprep.answers import merge_answers
from voiceprep.audio.candidate import CandidateStyle, SimulatedCandidate
from voiceprep.audio.device import DeviceChoice, DeviceNews, open_devices
from voiceprep.audio.echo import EchoCanceller
from voiceprep.audio.files import SilentSource, WavSink, WavSource
from voiceprep.audio.line import BlockSource, MicrophoneLine, SpeakerLine
from voiceprep.audio.pace import FastPace, Pace, RealtimePace
from voiceprep.audio.streams import RateConverter
from voiceprep.audio.turn_model import load_turn_model
from voiceprep.audio.vad import SileroDetector
from voiceprep.banks import bank_folders, find_bank
from voiceprep.endpointing import EndpointPolicy
from voiceprep.engines.cascaded import CascadedEngine, CascadedParts
from voiceprep.engines.reply import Wording
from voiceprep.errors import ConfigError, ProviderError, VoiceprepError
from voiceprep.events import (
    DeviceLost,
    DeviceReturned,
    Emit,
    Event,
    HintGiven,
    ProviderFailed,
    UsageMeasured,
)
from voiceprep.interview import Plan, make_plan
from voiceprep.model import Bank, Delivery, Outcome, SessionScores, Usage
from voiceprep.ports import (
    MICROPHONE_RATE_HZ,
    SPEAKER_RATE_HZ,
    Controls,
    Judge,
)
from voiceprep.prices import load_prices
from voiceprep.providers.hibari import HibariSynthesizer, load_voice
from voiceprep.providers.moonshine_model import MoonshineModel
from voiceprep.providers.registry import Needs, make_synthesizer, make_text_model, make_transcriber
from voiceprep.recordings.derived import rebuild_derived
from voiceprep.recordings.folder import recordings_folder
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.reader import SessionRecord, load_delivery, load_session
from voiceprep.recordings.repair import RecoveryReport, RecoveryStatus, recover
from voiceprep.recordings.writer import SessionWriter
from voiceprep.scoring.delivery import measure_delivery
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.overall import summarise
from voiceprep.session import Session, SessionParts
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks

KEYBOARD = "keyboard"
NO_SPEAKER = "none"
NO_MODEL = "none"
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to hold: the settings, and what is chosen for one session only.

    `candidate` speaks in place of a person; `is_fast` runs on audio time, which only works without sound devices.
    """

    settings: Settings
    bank: Bank
    plan: Plan
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    candidate: CandidateStyle | None = None
    is_fast: bool = False

    def __post_init__(self) -> None:
        if self.is_fast and (self.uses_microphone or self.uses_speaker):
            raise ConfigError(
                "--pace fast runs faster than any sound device.",
                "Give it --candidate NAME or --mic FILE.wav, and --speaker none or FILE.wav.",
            )

    @property
    def is_typed(self) -> bool:
        return self.settings.mic == KEYBOARD and self.candidate is None

    @property
    def uses_microphone(self) -> bool:
        return self.candidate is None and not self.is_typed and not _is_wav(self.settings.mic)

    @property
    def uses_speaker(self) -> bool:
        return self.settings.speaker != NO_SPEAKER and not _is_wav(self.settings.speaker)


@dataclass(frozen=True, slots=True)
class Held:
    """A session that was held and its folder, complete with everything derived."""

    record: SessionRecord
    outcome: Outcome


def load_bank_for(settings: Settings) -> Bank:
    """The bank the settings name. Raises BankError."""
    return find_bank(settings.bank, bank_folders_for(settings))


def bank_folders_for(settings: Settings) -> tuple[Path, ...]:
    own = (Path(settings.banks).expanduser(),) if settings.banks else ()
    return bank_folders(own)


def recordings_for(settings: Settings) -> Path:
    """Where sessions are kept."""
    return recordings_folder(Path(settings.recordings) if settings.recordings else None, None)


def plan_for(settings: Settings, bank: Bank, seed: int | None, topics: tuple[str, ...] = ()) -> Plan:
    """The questions that will be asked. Raises ConfigError for topics the bank does not have."""
    known = {question.topic for question in bank.questions}
    unknown = [topic for topic in topics if topic not in known]
    if unknown:
        raise ConfigError(f"{bank.id} has no topic {unknown[0]!r}.", f"It has: {', '.join(sorted(known))}.")
    return make_plan(
        bank,
        question_count=settings.questions,
        level=settings.level,
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        limit_ms=round(settings.minutes * 60_000) if settings.minutes else None,
        topics=topics,
    )


async def hold(choice: Choice, controls: Controls, on_event: Emit, on_folder: Callable[[Path], None]) -> Held:
    """Hold one interview; `on_folder` learns where it is kept. Raises VoiceprepError.

    However it ends, the folder is closed, marked and complete with everything derived.
    """
    folders: list[Path] = []
    try:
        outcome = await _hold(choice, controls, on_event, [folders.append, on_folder])
    except BaseException:
        if folders:
            with suppress(VoiceprepError):
                finish(folders[0])
        raise
    return Held(finish(folders[0]), outcome)


async def _hold(
    choice: Choice, controls: Controls, on_event: Emit, on_folder: Sequence[Callable[[Path], None]]
) -> Outcome:
    started_at = datetime.now(UTC)
    judge = OfflineJudge()
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(Tasks())
        stage = _Stage(choice, tasks)
        engine, audio = await asyncio.gather(_open_engine(choice, stage, controls), _open_audio(stage))
        stack.callback(audio.opened.close)
        info = _info(choice, started_at, judge)
        writer = stack.enter_context(SessionWriter.create(recordings_for(choice.settings), info))
        for learn in on_folder:
            learn(writer.folder)
        audio.mic.add_tap(writer.write_candidate)
        audio.speaker.add_tap(writer.write_interviewer)
        stage.listeners[:] = [writer.on_event, on_event, *stage.listeners]
        budget_usd = choice.settings.budget_usd or None
        parts = SessionParts(engine, audio.mic, audio.speaker, judge, [stage.tell], tasks, budget_usd)
        session = Session(choice.plan, parts)
        stage.sessions.append(session)
        outcome = await session.run(started_at)
        writer.close(outcome)
    return outcome


def finish(folder: Path) -> SessionRecord:
    """Write everything derived of a closed session. Raises RecordingError."""
    return rebuild_derived(load_session(folder), score_record, measure_record)


def recover_folder(folder: Path) -> RecoveryReport:
    """Repair a killed session and write everything derived, also when it was killed just after its end.

    Raises RecordingError.
    """
    report = recover(folder, score_record, measure_record)
    if report.status is RecoveryStatus.NOT_NEEDED and not is_derived(folder):
        finish(folder)
    return report


def is_derived(folder: Path) -> bool:
    """Everything derived was written: the delivery is the last of it."""
    return load_delivery(folder) is not None


def model_checks() -> tuple[tuple[str, Callable[[], str]], ...]:
    """What the embedded engines are and how to load each. The functions raise ProviderError."""

    def load_recogniser() -> str:
        MoonshineModel()
        return "Moonshine tiny, English"

    def load_synthesizer() -> str:
        load_voice()
        return "hibari, English"

    def load_detector() -> str:
        SileroDetector()
        return "Silero VAD"

    return ("recogniser", load_recogniser), ("voice", load_synthesizer), ("detector", load_detector)


def score_record(record: SessionRecord) -> SessionScores:
    """Judge a recorded session again, from its folder alone."""
    judge = OfflineJudge()
    questions = {question.id: question for question in record.info.plan}
    asked = [entry for entry in merge_answers(record.turns) if entry.question_id in questions]
    scores = [judge.score(questions[entry.question_id], entry.transcript) for entry in asked]
    return summarise(judge, [questions[entry.question_id] for entry in asked], scores)


def measure_record(record: SessionRecord) -> Delivery:
    """Delivery of a recorded session."""
    return measure_delivery(record.turns, record.events)


# -------------------------------------------------------------------------------------------- parts


class _Stage:
    """What is shared while the parts are put together: tasks, pace, voices, and who hears the events."""

    def __init__(self, choice: Choice, tasks: Tasks) -> None:
        self.choice = choice
        self.tasks = tasks
        self.listeners: list[Emit] = []
        self.sessions: list[Session] = []
        self.now_ms: Callable[[], int] = lambda: 0
        settings = choice.settings
        needs = Needs(tasks, choice.bank.glossary, choice.environment, self.note_usage)
        self.transcriber = make_transcriber(settings.stt, needs, self.note_failure)
        self.synthesizer = make_synthesizer(settings.tts, needs, self.note_failure)
        self.text_model = None
        if settings.llm != NO_MODEL:
            self.text_model = make_text_model(settings.llm, needs, self.note_failure)
        self._prices = load_prices(Path(settings.prices) if settings.prices else None)

    def note_failure(self, error: ProviderError) -> None:
        """A failure that was made good: the person is told, the interview goes on."""
        failed = ProviderFailed(
            at_ms=self.now_ms(), provider=error.provider, stage=error.stage, message=error.message
        )
        self.tell(failed)

    def note_usage(self, usage: Usage) -> None:
        cost_usd = self._prices.cost_usd(usage)
        self.tell(UsageMeasured(at_ms=self.now_ms(), usage=usage, cost_usd=cost_usd))
        for session in self.sessions:
            session.note_cost(cost_usd or 0.0)

    def wording(self) -> Wording | None:
        if self.text_model is None:
            return None
        plan = self.choice.plan
        questions = {question.id: question for question in plan.questions}
        return Wording(self.text_model, plan.bank_title, questions, self.note_failure)

    def pace(self) -> Pace:
        return FastPace(self.tasks) if self.choice.is_fast else RealtimePace()

    def tell(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)


@dataclass(frozen=True, slots=True)
class _Audio:
    """`opened` closes everything behind the lines."""

    mic: MicrophoneLine
    speaker: SpeakerLine
    opened: ExitStack


async def _open_engine(choice: Choice, stage: _Stage, controls: Controls) -> CascadedEngine:
    detector, turn_model = await stage.tasks.in_thread(lambda: (SileroDetector(), load_turn_model(stage.tasks)))
    parts = CascadedParts(
        stage.transcriber, stage.synthesizer, detector, controls, turn_model, wording=stage.wording()
    )
    engine = CascadedEngine(parts, stage.tasks, _policy(choice))
    await engine.warm()
    return engine


def _policy(choice: Choice) -> EndpointPolicy:
    policy = EndpointPolicy()
    factor = choice.settings.patience * 1000 / policy.patience_ms
    policy = replace(
        policy,
        covered_ms=round(policy.covered_ms * factor),
        complete_ms=round(policy.complete_ms * factor),
        patience_ms=round(policy.patience_ms * factor),
    )
    return replace(policy, nudge_at_ms=(), give_up_ms=None) if choice.is_typed else policy


async def _open_audio(stage: _Stage) -> _Audio:
    """Both lines over whatever the settings name. Closes what it opened when the rest fails."""
    choice, settings = stage.choice, stage.choice.settings
    speaker = SpeakerLine(lambda: stage.now_ms())
    with ExitStack() as undo:
        source = _open_source(stage)
        if source is not None:
            undo.callback(source.close)
        if choice.uses_microphone or choice.uses_speaker:
            device_choice = DeviceChoice(
                microphone=(settings.mic or "default") if choice.uses_microphone else None,
                speaker=(settings.speaker or "default") if choice.uses_speaker else None,
            )
            device = await open_devices(device_choice, speaker, stage.tasks, _news(stage))
            undo.callback(device.close)
            source = device.source if source is None else device.guard(source)
            if settings.echo_cancel and choice.uses_microphone and choice.uses_speaker:
                source = EchoCanceller(source, speaker)
        assert source is not None  # either a file, a candidate, a keyboard or a device
        mic = MicrophoneLine(source)
        stage.now_ms = lambda: mic.position_ms
        mic.add_tap(speaker.deliver if choice.uses_speaker else speaker.play_block)
        if choice.candidate is not None and choice.uses_speaker:
            upward = RateConverter(MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ)
            mic.add_tap(lambda block: speaker.mix_in(upward.convert(block.samples)))
        if _is_wav(settings.speaker):
            undo.callback(_add_sink(speaker, Path(settings.speaker)).close)
        return _Audio(mic, speaker, undo.pop_all())


def _add_sink(speaker: SpeakerLine, path: Path) -> WavSink:
    sink = WavSink(path.expanduser())
    speaker.add_tap(sink.write)
    return sink


def _open_source(stage: _Stage) -> BlockSource | None:
    """Where the candidate's audio comes from when it is no device."""
    choice = stage.choice
    if choice.candidate is not None:
        is_shared = choice.settings.tts == LOCAL
        voice = stage.synthesizer if is_shared else HibariSynthesizer(stage.tasks, choice.bank.glossary)
        candidate = SimulatedCandidate(
            choice.candidate, choice.bank, voice, stage.tasks, stage.pace(), seed=choice.plan.seed
        )
        stage.listeners.append(candidate.on_event)
        return candidate
    if choice.is_typed:
        return SilentSource(stage.pace())
    if _is_wav(choice.settings.mic):
        return WavSource(Path(choice.settings.mic).expanduser(), stage.pace())
    return None


def _news(stage: _Stage) -> DeviceNews:
    def lost(device: str, message: str) -> None:
        stage.tell(DeviceLost(at_ms=stage.now_ms(), device=device, message=message))

    def returned(device: str, name: str) -> None:
        stage.tell(DeviceReturned(at_ms=stage.now_ms(), device=device, name=name))

    def hint(message: str) -> None:
        stage.tell(HintGiven(at_ms=stage.now_ms(), message=message))

    return DeviceNews(lost, returned, hint)


def _info(choice: Choice, started_at: datetime, judge: Judge) -> SessionInfo:
    return SessionInfo(
        bank_id=choice.bank.id,
        bank_title=choice.bank.title,
        mode="cascaded",
        level=choice.settings.level,
        seed=choice.plan.seed,
        plan=choice.plan.questions,
        providers={
            "stt": choice.settings.stt,
            "llm": choice.settings.llm,
            "tts": choice.settings.tts,
            "vad": "silero",
        },
        judge=judge.name,
        started_at=started_at,
    )


def _is_wav(name: str) -> bool:
    return name.lower().endswith(".wav")
