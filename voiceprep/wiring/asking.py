"""A language model that is asked outside of a session, and what it costs. Must not hold a session."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from voiceprep.costs.prices import load_prices
from voiceprep.model import Usage
from voiceprep.ports import TextModel
from voiceprep.providers.registry import Needs, make_text_model
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks


@dataclass(frozen=True, slots=True)
class AskedModel:
    """A model that is warm, and what its calls cost in USD; one without a known price costs nothing."""

    model: TextModel
    costs_usd: list[float] = field(default_factory=list)


@asynccontextmanager
async def open_model(choice: str, settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[AskedModel]:
    """The model `PROVIDER[:MODEL]`, closed at the end. Raises ConfigError, ProviderError."""
    prices = load_prices(Path(settings.prices) if settings.prices else None)
    costs_usd: list[float] = []

    def note_usage(usage: Usage) -> None:
        costs_usd.append(prices.cost_usd(usage) or 0.0)

    async with Tasks() as tasks:
        needs = Needs(tasks, (), environment, note_usage, settings.plain_http, settings.offline)
        model = make_text_model(choice, needs, lambda _error: None)
        try:
            await model.warm()
            yield AskedModel(model, costs_usd)
        finally:
            await model.close()
