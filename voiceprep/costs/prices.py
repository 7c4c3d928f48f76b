"""What usage costs, from a dated table that a file of one's own can override.

Must not know providers' code; a price that is not in the table is unknown, never zero.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from voiceprep.errors import ConfigError
from voiceprep.model import Usage

_TABLE = Path(__file__).with_name("prices.toml")
_FREE = "free"
_HOSTING = "hosting"
COUNT_MAX = 10**9
"""Tokens, characters or milliseconds of one call."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per unit; 0 where a model is not billed by it. `checked`: when it was compared with its source."""

    million_input_tokens: float = 0.0
    million_cached_tokens: float | None = None
    million_output_tokens: float = 0.0
    audio_minute: float = 0.0
    thousand_characters: float = 0.0
    million_audio_input_tokens: float = 0.0
    million_audio_cached_tokens: float | None = None
    million_audio_output_tokens: float = 0.0
    checked: date | None = None

    def cost_usd(self, usage: Usage) -> float:
        """Cached tokens are part of the input tokens; where they have no price they cost what the others cost."""
        text = _taken_in(
            usage.input_tokens, usage.cached_tokens, self.million_input_tokens, self.million_cached_tokens
        )
        audio = _taken_in(
            usage.audio_input_tokens,
            usage.audio_cached_tokens,
            self.million_audio_input_tokens,
            self.million_audio_cached_tokens,
        )
        return (
            text
            + audio
            + usage.output_tokens * self.million_output_tokens / 1e6
            + usage.audio_output_tokens * self.million_audio_output_tokens / 1e6
            + usage.audio_ms * self.audio_minute / 60_000
            + usage.characters * self.thousand_characters / 1e3
        )


def _taken_in(tokens: int, cached: int, million: float, million_cached: float | None) -> float:
    cached = min(cached, tokens)
    cached_price = million if million_cached is None else million_cached
    return ((tokens - cached) * million + cached * cached_price) / 1e6


@dataclass(frozen=True, slots=True)
class HostingPrice:
    """What a place for rooms, machines or recordings charges, in US dollars per unit; 0 where it does not."""

    participant_minute: float = 0.0
    downstream_gigabyte: float = 0.0
    recording_minute: float = 0.0
    server_month: float = 0.0
    stored_gigabyte_month: float = 0.0
    source: str = ""
    checked: date | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Provider → model → price, the providers that cost nothing, and what hosting costs by its place's name."""

    by_model: Mapping[tuple[str, str], Price]
    free: frozenset[str] = frozenset()
    hosting: Mapping[str, HostingPrice] = field(default_factory=dict)

    def price(self, provider: str, model: str) -> Price | None:
        """The model's price, else that of the longest family name its name begins with ("aura-2" for
        "aura-2-thalia-en"); None when unknown."""
        if provider in self.free:
            return Price()
        family = model
        while family:
            if (provider, family) in self.by_model:
                return self.by_model[provider, family]
            family = family.rpartition("-")[0]
        return None

    def cost_usd(self, usage: Usage) -> float | None:
        """What the call costs; None when nobody knows."""
        price = self.price(usage.provider, usage.model)
        return None if price is None else price.cost_usd(usage)


def told_count(value: object) -> int:
    """A count as a server tells it: 0 for what is none, and never more than can be priced."""
    return min(value, COUNT_MAX) if isinstance(value, int) and value > 0 else 0


def cost_usd(usage: Usage) -> float | None:
    """What the call costs by the table that comes with voiceprep; None when it is not in there."""
    return load_prices().cost_usd(usage)


@lru_cache(maxsize=4)
def load_prices(override: Path | None = None) -> Prices:
    """The table, with the lines of `override` replaced. Raises ConfigError naming file and line's name."""
    prices = _read(_TABLE)
    if override is None:
        return prices
    own = _read(override)
    return Prices({**prices.by_model, **own.by_model}, prices.free | own.free, {**prices.hosting, **own.hosting})


def _read(path: Path) -> Prices:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.", "Correct the path.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.", "Correct it.") from error
    by_model: dict[tuple[str, str], Price] = {}
    hosting: dict[str, HostingPrice] = {}
    free: frozenset[str] = frozenset()
    for provider, entries in table.items():
        if provider == _FREE:
            free = _parse_free(path, entries)
            continue
        if not isinstance(entries, dict):
            raise _wrong(path, provider, "is no table")
        for model, values in entries.items():
            place = f'{provider}."{model}"'
            if provider == _HOSTING:
                hosting[model] = _parse_price(path, place, values, HostingPrice)
            else:
                by_model[provider, model] = _parse_price(path, place, values, Price)
    return Prices(by_model, free, hosting)


def _parse_free(path: Path, values: Any) -> frozenset[str]:  # noqa: ANN401 - what TOML holds
    providers = values.get("providers") if isinstance(values, dict) else None
    if not isinstance(providers, list) or not all(isinstance(name, str) for name in providers):
        raise _wrong(path, _FREE, "needs a list of `providers`")
    return frozenset(providers)


Line = TypeVar("Line", Price, HostingPrice)


def _parse_price(path: Path, place: str, values: Any, kind: type[Line]) -> Line:  # noqa: ANN401 - what TOML holds
    if not isinstance(values, dict):
        raise _wrong(path, place, "is no table")
    known = {entry.name for entry in fields(kind)}
    for name, value in values.items():
        if name not in known:
            raise _wrong(path, place, f"has an unknown entry {name!r}; known are {', '.join(sorted(known))}")
        if name == "checked":
            if type(value) is not date:
                raise _wrong(path, place, "has a `checked` that is no date, such as 2026-11-22")
        elif name == "source" and name in known:
            if not isinstance(value, str):
                raise _wrong(path, place, "has a `source` that is no text")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise _wrong(path, place, f"has {name} = {value!r}, which is no price in dollars")
    return kind(**values)


def _wrong(path: Path, place: str, what: str) -> ConfigError:
    return ConfigError(f"{path}: [{place}] {what}.", "Correct or remove it.")
