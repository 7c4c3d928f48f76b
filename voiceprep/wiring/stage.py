"""What one session is put together from: providers, pace, engine, and who hears the events."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from voiceprep.audio.pace import FastPace, Pace, RealtimePace
from voiceprep.audio.turn_model import load_turn_model
from voiceprep.audio.vad import SileroDetector
from voiceprep.endpointing import EndpointPolicy
from voiceprep.engines.cascaded import CascadedEngine, CascadedParts
from voiceprep.engines.reply import Wording
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
)
from voiceprep.prices import load_prices
from voiceprep.providers.registry import Needs, make_synthesizer, make_text_model, make_transcriber
from voiceprep.session import Session
from voiceprep.tasks import Tasks
from voiceprep.wiring.choice import NO_MODEL, Choice


class Stage:
    """What is shared while the parts are put together: tasks, pace, voices, and who hears the events."""

    def __init__(self, choice: Choice, tasks: Tasks) -> None:
        self.choice = choice
        self.tasks = tasks
        self.listeners: list[Emit] = []
        self.sessions: list[Session] = []
        self._early: list[Event] = []
        self._is_started = False
        self.now_ms: Callable[[], int] = lambda: 0
        settings = choice.settings
        needs = Needs(
            tasks, choice.bank.glossary, choice.environment, self.note_usage, settings.plain_http, settings.offline
        )
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
        questions = {question.id: question for question in plan.pool}
        return Wording(self.text_model, plan.bank_title, questions, self.note_failure, plan.interviewer.manner)

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
        for provider in (self.transcriber, self.synthesizer, self.text_model):
            if provider is not None:
                await provider.close()


async def open_engine(choice: Choice, stage: Stage, controls: Controls) -> CascadedEngine:
    detector, turn_model = await stage.tasks.in_thread(lambda: (SileroDetector(), load_turn_model(stage.tasks)))
    parts = CascadedParts(
        stage.transcriber,
        stage.synthesizer,
        detector,
        controls,
        turn_model,
        stage.wording(),
        choice.plan.interviewer.nudges,
    )
    engine = CascadedEngine(parts, stage.tasks, _policy(choice))
    await engine.warm()
    return engine


def _policy(choice: Choice) -> EndpointPolicy:
    policy = EndpointPolicy()
    patience_ms = choice.settings.patience * 1000 * choice.plan.interviewer.patience_factor
    factor = patience_ms / policy.patience_ms
    policy = replace(
        policy,
        covered_ms=round(policy.covered_ms * factor),
        complete_ms=round(policy.complete_ms * factor),
        patience_ms=round(policy.patience_ms * factor),
    )
    return replace(policy, nudge_at_ms=(), give_up_ms=None) if choice.is_typed else policy
