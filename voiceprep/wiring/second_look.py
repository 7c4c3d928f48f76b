"""Has a language model look at how the interviewer did in a recorded session. Must not print."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

from voiceprep.costs.prices import load_prices
from voiceprep.errors import ProviderError
from voiceprep.model import Usage
from voiceprep.ports import Prompt, TextModel
from voiceprep.providers.registry import Needs, make_text_model
from voiceprep.recordings.reader import SessionRecord
from voiceprep.recordings.second_look import SecondLook
from voiceprep.scoring.second_look import Look, make_prompt, parse_look
from voiceprep.settings import Settings
from voiceprep.structured import UnusableReplyError, repair_prompt
from voiceprep.tasks import Tasks

CALL_S = 90.0


def look_again(
    choice: str, record: SessionRecord, settings: Settings, environment: Mapping[str, str]
) -> tuple[SecondLook, float]:
    """What the model `PROVIDER[:MODEL]` found, and what it cost in USD. Raises ConfigError, ProviderError."""
    return asyncio.run(_look_again(choice, record, settings, environment))


async def _look_again(
    choice: str, record: SessionRecord, settings: Settings, environment: Mapping[str, str]
) -> tuple[SecondLook, float]:
    prices = load_prices(Path(settings.prices) if settings.prices else None)
    costs: list[float] = []

    def note_usage(usage: Usage) -> None:
        costs.append(prices.cost_usd(usage) or 0.0)

    async with Tasks() as tasks:
        needs = Needs(tasks, (), environment, note_usage, settings.plain_http, settings.offline)
        model = make_text_model(choice, needs, lambda _error: None)
        try:
            await model.warm()
            found = await _ask(model, record)
        except (UnusableReplyError, TimeoutError) as error:
            raise ProviderError(
                f"{choice} found nothing that can be used: no reply in the form asked for.",
                "The audit by rules stands. Try again later, or another --judge.",
                provider=model.name,
                stage="audit",
            ) from error
        finally:
            await model.close()
    look = SecondLook(model=choice, findings=found.findings, unfound_count=found.unfound_count)
    return look, sum(costs)


async def _ask(model: TextModel, record: SessionRecord) -> Look:
    """A reply that cannot be read is asked for once more."""
    prompt = make_prompt(record.turns, record.info.questions)
    reply = await _complete(model, prompt)
    try:
        return parse_look(reply, record.turns)
    except UnusableReplyError as error:
        return parse_look(await _complete(model, repair_prompt(prompt, reply, error)), record.turns)


async def _complete(model: TextModel, prompt: Prompt) -> str:
    async with asyncio.timeout(CALL_S), aclosing(model.complete(prompt)) as pieces:
        return "".join([piece async for piece in pieces])
