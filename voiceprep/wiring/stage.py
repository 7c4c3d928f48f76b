"""What one session is put together from: providers, pace, engine, and who hears the events."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from voiceprep.audio.pace import FastPace, Pace, RealtimePace
from voiceprep.audio.turn_model import load_turn_model
from voiceprep.audio.vad import SileroDetector
from voiceprep.costs.prices import load_prices
from voiceprep.engines.cascaded import CascadedEngine, CascadedParts
from voiceprep.engines.directions import session_instructions
from voiceprep.engines.link import RealtimeLink
from voiceprep.engines.reply import Wording
from voiceprep.engines.s2s import S2sEngine
from voiceprep.engines.s2s_parts import S2sManners, S2sParts
from voiceprep.errors import ProviderError
from voiceprep.events import (
    Emit,
    Event,
    ProviderFailed,
    SessionStarted,
    UsageMeasured,
)
from voiceprep.model import Usage
from voiceprep.ports import (
    Controls,
    Engine,
    Message,
    Samples,
    Synthesizer,
    TurnModel,
)
from voiceprep.providers.registry import Needs, make_realtime, make_synthesizer, make_text_model, make_transcriber
from voiceprep.realtime import RealtimeModel, RealtimeSetup
from voiceprep.session import Session
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.endpointing import CAUTION, EndpointPolicy
from voiceprep.wiring.choice import NO_MODEL, Choice

VOCABULARY_MAX = 100
"""More terms than this help no transcription."""


class Stage:
    """What is shared while the parts are put together: tasks, pace, voices, and who hears the events."""

    def __init__(self, choice: Choice, tasks: Tasks) -> None:
        self.choice = choice
        self.tasks = tasks
        self.listeners: list[Emit] = []
        self.sessions: list[Session] = []
        self.links: list[RealtimeLink] = []
        self._early: list[Event] = []
        self._is_started = False
        self.now_ms: Callable[[], int] = lambda: 0
        settings = choice.settings
        needs = Needs(
            tasks, choice.bank.glossary, choice.environment, self.note_usage, settings.plain_http, settings.offline
        )
        self.transcriber = make_transcriber(settings.stt, needs, self.note_failure)
        self.synthesizer = None if choice.is_s2s else make_synthesizer(settings.tts, needs, self.note_failure)
        self.second_synthesizer = (
            make_synthesizer(choice.second_tts, needs, self.note_failure) if choice.second_tts else None
        )
        self.realtime = make_realtime(settings.realtime, needs) if choice.is_s2s else None
        self.text_model = None
        if settings.llm != NO_MODEL and not choice.is_s2s:
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
        questions = {question.id: question for question in plan.pool}
        manners = {each.person: each.manner for each in plan.interviewer.everybody}
        return Wording(self.text_model, plan.bank_title, questions, self.note_failure, manners)

    def other_voices(self) -> dict[str, Synthesizer]:
        """The voice of a panel's second interviewer, by name."""
        colleague = self.choice.plan.interviewer.colleague
        return {colleague.person: self.second_synthesizer} if colleague and self.second_synthesizer else {}

    def pace(self) -> Pace:
        return FastPace(self.tasks) if self.choice.is_fast else RealtimePace()

    def tell(self, event: Event) -> None:
        """Tell every listener. What happens while the parts are opened is told after the session has started."""
        if not self._is_started and not isinstance(event, SessionStarted):
            self._early.append(event)
            return
        for listener in self.listeners:
            listener(event)
        if not self._is_started:
            self._is_started = True
            for waiting in self._early:
                self.tell(waiting)

    async def close(self) -> None:
        """Let go of every provider's connections."""
        for link in self.links:
            await link.close()
        for provider in (
            self.transcriber,
            self.synthesizer,
            self.second_synthesizer,
            self.text_model,
            self.realtime,
        ):
            if provider is not None:
                await provider.close()


async def open_engine(choice: Choice, stage: Stage, controls: Controls) -> Engine:
    """The engine that the choice asks for, warm."""
    if stage.realtime is not None:
        return await _open_s2s(choice, stage, stage.realtime, controls)
    return await _open_cascaded(choice, stage, controls)


async def _open_s2s(choice: Choice, stage: Stage, model: RealtimeModel, controls: Controls) -> S2sEngine:
    """Connect while the detector loads; recogniser and turn model wait until they are needed."""
    are_turns_ours, policy = _are_turns_ours(choice, model), _policy(choice)
    setup = RealtimeSetup(
        session_instructions(choice.plan.bank_title, choice.plan.interviewer.manner),
        tuple(term.written for term in choice.bank.glossary)[:VOCABULARY_MAX],
        are_turns_ours=are_turns_ours,
        patience_ms=policy.patience_ms,
        history=_said_before(choice),
    )
    link = RealtimeLink(model, setup, stage.tasks)
    stage.links.append(link)
    detector, _ = await asyncio.gather(stage.tasks.in_thread(SileroDetector), link.open())
    turn_model = LateTurnModel(stage.tasks) if are_turns_ours else None
    parts = S2sParts(link, stage.transcriber, detector, controls, turn_model)
    manners = S2sManners(policy, are_turns_ours, choice.settings.push_to_talk, choice.plan.interviewer.nudges)
    return S2sEngine(parts, stage.tasks, manners)


class LateTurnModel:
    """ports.TurnModel that loads when it is first asked: nothing waits for it before the first answer."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._loading: asyncio.Task[TurnModel | None] | None = None

    async def probability(self, samples: Samples) -> float:
        """1.0 where there is no model: nothing speaks against the end."""
        if self._loading is None:
            self._loading = self._tasks.work(self._tasks.in_thread(load_turn_model, self._tasks), "turn model")
        model = await asyncio.shield(self._loading)
        return 1.0 if model is None else await model.probability(samples)


def _are_turns_ours(choice: Choice, model: RealtimeModel) -> bool:
    if choice.settings.push_to_talk or (choice.is_fast and choice.settings.turns == "auto"):
        return True  # a key says it; or audio time runs ahead of a detector that is far away
    return model.prefers_our_turns if choice.settings.turns == "auto" else choice.settings.turns == "client"


async def _open_cascaded(choice: Choice, stage: Stage, controls: Controls) -> CascadedEngine:
    assert stage.synthesizer is not None  # only speech-to-speech has none
    detector, turn_model = await stage.tasks.in_thread(lambda: (SileroDetector(), load_turn_model(stage.tasks)))
    parts = CascadedParts(
        stage.transcriber,
        stage.synthesizer,
        detector,
        controls,
        turn_model,
        stage.wording(),
        choice.plan.interviewer.nudges,
        stage.other_voices(),
    )
    engine = CascadedEngine(parts, stage.tasks, _policy(choice))
    if choice.earlier is not None:
        engine.conversation.extend(choice.earlier.turns)
    await engine.warm()
    return engine


def _said_before(choice: Choice) -> tuple[Message, ...]:
    """The earlier part of the session in words."""
    said: list[Message] = []
    for turn in choice.earlier.turns if choice.earlier else ():
        said += [Message("assistant", spoken.heard_text) for spoken in turn.said if spoken.heard_text]
        if turn.answer is not None and turn.answer.transcript.words:
            said.append(Message("user", turn.answer.transcript.text))
    return tuple(said)


def _policy(choice: Choice) -> EndpointPolicy:
    policy = EndpointPolicy()
    patience_ms = choice.settings.patience * 1000 * choice.plan.interviewer.patience_factor
    factor = patience_ms / policy.patience_ms
    policy = replace(
        policy,
        covered_ms=round(policy.covered_ms * factor),
        complete_ms=round(policy.complete_ms * factor),
        patience_ms=round(policy.patience_ms * factor),
        caution=CAUTION[choice.settings.eagerness],
    )
    return replace(policy, nudge_at_ms=(), give_up_ms=None) if choice.is_typed else policy
