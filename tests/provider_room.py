"""A whole cascaded session over the loopback servers: real wiring, adapters, engine, session and folder.

Only the candidate (words coded into the audio), the detector and the pace are made for tests.
"""

import asyncio
import sys
import wave
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from tests.loopback.deepgram import DeepgramServer
from tests.loopback.ears import LOUD, CodedEar, coded_speech, silence
from tests.loopback.openai import OpenAIServer, TranscriptReply, TranscriptRequest
from tests.recording_room import Surroundings
from tests.room import STARTED_AT, PhraseJudge
from voiceprep.audio.pace import Pace
from voiceprep.conduct.planning import Plan
from voiceprep.engines.cascaded import CascadedEngine, CascadedParts
from voiceprep.events import Event, InterviewerEnded, InterviewerStarted, TurnStarted
from voiceprep.model import Bank, Outcome, TurnKind
from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_BLOCK_SAMPLES,
    MICROPHONE_RATE_HZ,
    Samples,
    Synthesizer,
    TextModel,
    Transcriber,
)
from voiceprep.providers.deepgram_link import LinkPolicy
from voiceprep.providers.deepgram_listen import DeepgramTranscriber
from voiceprep.providers.deepgram_speak import DeepgramSynthesizer
from voiceprep.providers.openai_common import Waits
from voiceprep.providers.openai_services import SERVICES, service_key, service_url
from voiceprep.providers.openai_speech import OpenAISynthesizer
from voiceprep.providers.openai_text import OpenAITextModel
from voiceprep.providers.openai_transcription import OpenAITranscriber
from voiceprep.providers.registry import DEEPGRAM_KEY, DEEPGRAM_URL, Needs, Provider
from voiceprep.providers.scripted import LevelDetector, Say, Script, Wait
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.reader import SessionRecord
from voiceprep.session import Session, SessionParts
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks
from voiceprep.terminal.keys import NoControls
from voiceprep.turn_taking.endpointing import EndpointPolicy
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.stage import Stage

QUICK_BLOCK_S = 0.002
QUICK_LINK = LinkPolicy(
    connect_s=1.0,
    close_s=0.2,
    keep_alive_s=0.2,
    stall_s=0.3,
    finalize_s=0.3,
    give_up_s=1.5,
    backoff_s=(0.0, 0.05, 0.1),
)
QUICK_WAITS = Waits(connect_s=1.0, first_s=0.4, between_s=0.3, total_s=1.5)


class QuickPace:
    """Ten times as fast as life, so that what the loopback servers need is still short in audio time."""

    async def wait(self) -> None:
        await asyncio.sleep(QUICK_BLOCK_S)


class CodedCandidate:
    """A BlockSource that follows a script, one per expected answer; a recogniser can hear the words.

    `given`: hash of all samples handed out.
    """

    def __init__(
        self, scripts: Iterable[Script], pace: Pace, speak: Callable[[str], list[Samples]] = coded_speech
    ) -> None:
        self._speak = speak
        self.given = sha256()
        self._scripts = iter(scripts)
        self._current: Script | None = None
        self._blocks: deque[Samples] = deque()
        self._pace = pace

    def on_event(self, event: Event) -> None:
        match event:
            case TurnStarted(brief=brief) if brief.expects_answer and self._current is None:
                self._current = next(self._scripts, None)
            case InterviewerStarted() if self._current is not None and self._current.from_start:
                self._begin()
            case InterviewerEnded() if self._current is not None:
                self._begin()

    def _begin(self) -> None:
        steps = self._current.steps if self._current is not None else ()
        self._current = None
        for step in steps:
            if isinstance(step, Wait):
                self._blocks.extend(silence(step.silence_ms))
            elif step.text:
                self._blocks.extend(self._speak(step.text))
            else:
                noise = np.full(MICROPHONE_BLOCK_SAMPLES, LOUD, np.int16)
                self._blocks.extend([noise] * (step.sound_ms // BLOCK_MS))

    async def read(self) -> Samples:
        await self._pace.wait()
        block = self._blocks.popleft() if self._blocks else np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
        self.given.update(block.tobytes())
        return block

    def close(self) -> None:
        """Nothing is open."""


def words_in(samples: Samples) -> str:
    """The words that are coded into 16 kHz audio."""
    ear = CodedEar()
    for start in range(0, len(samples), MICROPHONE_BLOCK_SAMPLES):
        ear.hear(samples[start : start + MICROPHONE_BLOCK_SAMPLES], start / MICROPHONE_RATE_HZ)
    return " ".join(word.text for word in ear.said)


def recorded(folder: Path) -> Samples:
    """candidate.wav, shape (n_samples,)."""
    with wave.open(str(folder / "candidate.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)


def recorded_words(folder: Path) -> str:
    """What candidate.wav says."""
    return words_in(recorded(folder))


def said_words(scripts: Sequence[Script]) -> str:
    """What a candidate of these scripts says."""
    return " ".join(step.text for script in scripts for step in script.steps if isinstance(step, Say) and step.text)


def hears_coded_speech(server: OpenAIServer) -> None:
    """Let the server's recogniser understand coded speech."""

    def transcribe(asked: TranscriptRequest) -> TranscriptReply:
        return TranscriptReply(words_in(asked.samples))

    server.script.transcript = transcribe


def environment_of(
    deepgram: DeepgramServer | None = None, openai: OpenAIServer | None = None, groq: OpenAIServer | None = None
) -> dict[str, str]:
    """Keys and addresses of the servers, as a person would set them."""
    environment: dict[str, str] = {}
    if deepgram is not None:
        environment |= {DEEPGRAM_KEY: next(iter(deepgram.keys)), DEEPGRAM_URL: deepgram.url}
    if openai is not None:
        environment |= {"OPENAI_API_KEY": openai.key, "OPENAI_BASE_URL": openai.base_url}
    if groq is not None:
        environment |= {"GROQ_API_KEY": groq.key, "GROQ_BASE_URL": groq.base_url}
    return environment


# ------------------------------------------------------------------------------ impatient providers


def _deepgram_transcriber(needs: Needs, model: str) -> Transcriber:
    return DeepgramTranscriber(
        needs.tasks,
        api_key=needs.environment[DEEPGRAM_KEY],
        base_url=needs.environment.get(DEEPGRAM_URL),
        model=model or "nova-3",
        on_usage=needs.on_usage,
        policy=QUICK_LINK,
    )


def _deepgram_synthesizer(needs: Needs, model: str) -> Synthesizer:
    return DeepgramSynthesizer(
        needs.tasks,
        api_key=needs.environment[DEEPGRAM_KEY],
        base_url=needs.environment.get(DEEPGRAM_URL),
        model=model or "aura-2-thalia-en",
        on_usage=needs.on_usage,
        policy=QUICK_LINK,
    )


def _compatible(name: str) -> Provider:
    service = SERVICES[name]

    def make_transcriber(needs: Needs, model: str) -> Transcriber:
        key, url = service_key(service, needs.environment), service_url(service, needs.environment)
        return OpenAITranscriber(
            needs.tasks, api_key=key, base_url=url, name=name, on_usage=needs.on_usage, waits=QUICK_WAITS
        )

    def make_synthesizer(needs: Needs, model: str) -> Synthesizer:
        key, url = service_key(service, needs.environment), service_url(service, needs.environment)
        return OpenAISynthesizer(api_key=key, base_url=url, name=name, on_usage=needs.on_usage, waits=QUICK_WAITS)

    def make_text_model(needs: Needs, model: str) -> TextModel:
        key, url = service_key(service, needs.environment), service_url(service, needs.environment)
        return OpenAITextModel(api_key=key, base_url=url, name=name, on_usage=needs.on_usage, waits=QUICK_WAITS)

    return Provider(name, service.title, service.key_names, make_transcriber, make_synthesizer, make_text_model)


quick_deepgram = Provider("deepgram", "Deepgram", (DEEPGRAM_KEY,), _deepgram_transcriber, _deepgram_synthesizer)
quick_openai = _compatible("openai")
quick_groq = _compatible("groq")


@contextmanager
def impatient_providers(folder: Path) -> Iterator[None]:
    """Installs a package that replaces our providers by the same ones with short waits, as any package may."""
    package = folder / "impatient-1.0.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: impatient\nVersion: 1.0\n")
    names = ("deepgram", "openai", "groq")
    lines = [f"{name} = tests.provider_room:quick_{name}\n" for name in names]
    (package / "entry_points.txt").write_text(f"[voiceprep.providers]\n{''.join(lines)}")
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


# -------------------------------------------------------------------------------------------- room


@dataclass
class ProviderRoom:
    """Everything a test may want to look at after `hold`. `is_impatient`: providers wait 0.3 s, not 5.

    `hooks` hear every event after the recorder, so that a test can let something fail at the right moment.
    """

    plan: Plan
    scripts: Iterable[Script]
    folder: Path
    environment: Mapping[str, str]
    stt: str = "deepgram"
    llm: str = "none"
    tts: str = "deepgram"
    budget_usd: float = 0.0
    is_impatient: bool = True
    pace: Pace = field(default_factory=QuickPace)
    policy: EndpointPolicy = field(default_factory=EndpointPolicy)
    limit_s: float = 30.0
    hooks: list[Callable[[Event], None]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    session: Session | None = None
    surroundings: Surroundings = field(default_factory=Surroundings)
    candidate: CodedCandidate | None = None

    async def hold(self) -> Outcome:
        """Hold the interview. Raises what stopped it."""
        return await self.surroundings.hold(self._hold(), self.limit_s)

    async def _hold(self) -> Outcome:
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(Tasks())
            stage = self._stage(tasks)
            stack.push_async_callback(stage.close)
            engine = CascadedEngine(self._parts(stage), tasks, self.policy)
            await engine.warm()
            self.candidate = CodedCandidate(self.scripts, self.pace)
            mic, speaker, writer = self.surroundings.open(self.candidate, stage, self._info, stack)
            stage.listeners[:] = [writer.on_event, self.events.append, self.candidate.on_event, *self.hooks]
            parts = SessionParts(engine, mic, speaker, PhraseJudge(), [stage.tell], tasks, self.budget_usd or None)
            self.session = Session(self.plan, parts, self.surroundings.turns)
            stage.sessions.append(self.session)
            outcome = await self.session.run(STARTED_AT)
            writer.close(outcome)
        return outcome

    def _stage(self, tasks: Tasks) -> Stage:
        settings = Settings(
            stt=self.stt, llm=self.llm, tts=self.tts, speaker="none", recordings=str(self.folder / "recordings")
        )
        bank = Bank(self.plan.bank_id, self.plan.bank_title, self.plan.questions)
        choice = Choice(settings, bank, self.plan, self.environment)
        if not self.is_impatient:
            return Stage(choice, tasks)
        with impatient_providers(self.folder / "packages"):
            return Stage(choice, tasks)

    def _parts(self, stage: Stage) -> CascadedParts:
        assert stage.synthesizer is not None  # a cascaded session has one
        return CascadedParts(
            stage.transcriber, stage.synthesizer, LevelDetector(), NoControls(), wording=stage.wording()
        )

    @property
    def _info(self) -> SessionInfo:
        return SessionInfo(
            bank_id=self.plan.bank_id,
            mode="cascaded",
            level=3,
            seed=None,
            plan=self.plan.questions,
            providers={"stt": self.stt, "llm": self.llm, "tts": self.tts},
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

    @property
    def follow_ups(self) -> list[str]:
        """What the interviewer said to follow up, by the journal."""
        return [
            said.text
            for turn in self.record.turns
            if turn.brief.kind is TurnKind.FOLLOW_UP
            for said in turn.said[:1]
        ]

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]
