"""What a session cost by provider, and what went wrong in it, from its events. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from voiceprep.events import DeviceLost, DeviceReturned, HintGiven, Journaled, ProviderFailed, UsageMeasured


@dataclass(frozen=True, slots=True)
class CostLine:
    """All calls of one model in one stage. `cost_usd` leaves out `unpriced_count` calls without a price."""

    provider: str
    stage: str
    model: str
    call_count: int
    audio_ms: int
    input_tokens: int
    output_tokens: int
    characters: int
    cost_usd: float
    unpriced_count: int


@dataclass(frozen=True, slots=True)
class Incident:
    """Something a reader should know about how the session went."""

    at_ms: int
    text: str


def cost_lines(events: Sequence[Journaled]) -> tuple[CostLine, ...]:
    """One line per provider, stage and model, in the order they were first used."""
    calls: dict[tuple[str, str, str], list[UsageMeasured]] = {}
    for event in events:
        if isinstance(event, UsageMeasured):
            usage = event.usage
            calls.setdefault((usage.provider, usage.stage, usage.model), []).append(event)
    return tuple(_line(*name, used) for name, used in calls.items())


def incidents(events: Sequence[Journaled]) -> tuple[Incident, ...]:
    """Failures of providers and devices, and hints given, in order."""
    found = []
    for event in events:
        if isinstance(event, ProviderFailed):
            found.append(Incident(event.at_ms, f"{event.provider} ({event.stage}) failed: {event.message}"))
        elif isinstance(event, DeviceLost):
            found.append(Incident(event.at_ms, f"The {event.device} was lost: {event.message}"))
        elif isinstance(event, DeviceReturned):
            found.append(Incident(event.at_ms, f"The {event.device} is back: {event.name}"))
        elif isinstance(event, HintGiven):
            found.append(Incident(event.at_ms, event.message))
    return tuple(found)


def _line(provider: str, stage: str, model: str, used: Sequence[UsageMeasured]) -> CostLine:
    costs = [event.cost_usd for event in used if event.cost_usd is not None]
    return CostLine(
        provider,
        stage,
        model,
        call_count=len(used),
        audio_ms=sum(event.usage.audio_ms for event in used),
        input_tokens=sum(event.usage.input_tokens for event in used),
        output_tokens=sum(event.usage.output_tokens for event in used),
        characters=sum(event.usage.characters for event in used),
        cost_usd=sum(costs),
        unpriced_count=len(used) - len(costs),
    )
