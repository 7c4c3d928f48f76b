"""The price table: every line is sound, look-ups know families, own files override, nonsense is named."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from voiceprep.costs import prices as module
from voiceprep.costs.prices import Price, cost_usd, load_prices
from voiceprep.errors import ConfigError
from voiceprep.model import Usage
from voiceprep.providers.openai_services import SERVICES


def test_every_line_is_dated_and_costs_something() -> None:
    for (provider, model), price in load_prices().by_model.items():
        assert price.checked is not None, (provider, model)
        assert price.checked >= date(2026, 11, 1)
        everything = Usage(provider, "any", model, 1000, 0, 1000, 60_000, 1000)
        assert 0 < price.cost_usd(everything) < 1
        cached = price.million_cached_tokens
        assert cached is None or cached < price.million_input_tokens


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage("openai", "llm", "gpt-6-luna", 1_000_000), 0.10),
        (Usage("openai", "llm", "gpt-6-luna", 1_000_000, cached_tokens=400_000), 0.6 * 0.10 + 0.4 * 0.01),
        (Usage("openai", "llm", "gpt-6-luna-2026-09-01", output_tokens=2_000_000), 1.00),
        (Usage("openai", "stt", "gpt-transcribe", 900, output_tokens=90, audio_ms=60_000), 0.0045),
        (Usage("openai", "tts", "tts-1", audio_ms=60_000, characters=1_000), 0.015),
        (Usage("openai", "tts", "tts-1-hd", audio_ms=60_000, characters=1_000), 0.030),
        (Usage("openai", "tts", "gpt-4o-mini-tts-2025-12-15", audio_ms=60_000, characters=999), 0.015),
        (Usage("deepgram", "stt", "nova-3", audio_ms=120_000), 0.0096),
        (Usage("deepgram", "tts", "aura-2-thalia-en", characters=500), 0.015),
        (Usage("deepgram", "tts", "aura-asteria-en", characters=500), 0.0075),
        (Usage("ollama", "llm", "anything", 10**9), 0.0),
        (Usage("local", "stt", "moonshine", audio_ms=10**9), 0.0),
        (Usage("openai", "llm", "gpt-7"), None),
        (Usage("elsewhere", "llm", "gpt-6-luna"), None),
    ],
)
def test_what_calls_cost(usage: Usage, usd: float | None) -> None:
    assert cost_usd(usage) == (None if usd is None else pytest.approx(usd))


def test_default_models_have_prices() -> None:
    for name in ("openai", "grok", "gemini"):
        service = SERVICES[name]
        for model in filter(None, (service.text_model, service.speech_model, service.transcription_model)):
            assert load_prices().price(name, model) is not None, model


def test_tokens_without_a_cached_price_cost_the_same() -> None:
    price = Price(million_input_tokens=2.0)
    usage = Usage("p", "llm", "m", input_tokens=1_000_000, cached_tokens=500_000)
    assert price.cost_usd(usage) == pytest.approx(2.0)


def test_own_lines_override_and_add(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[openai."gpt-6-luna"]\nmillion_output_tokens = 1\n[free]\nproviders = ["desk"]\n')
    prices = load_prices(path)
    assert prices.cost_usd(Usage("openai", "llm", "gpt-6-luna", 1_000_000, 0, 1_000_000)) == pytest.approx(1.0)
    assert prices.cost_usd(Usage("desk", "llm", "any", 5)) == 0.0
    assert prices.cost_usd(Usage("local", "llm", "any", 5)) == 0.0
    assert prices.price("openai", "tts-1") == load_prices().price("openai", "tts-1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[openai", "not valid TOML"),
        ("openai = 3", "openai"),
        ("[openai]\nx = 3", 'openai."x"'),
        ('[openai."m"]\nprice = 3', "unknown entry 'price'"),
        ('[openai."m"]\naudio_minute = -1', "audio_minute = -1"),
        ('[openai."m"]\naudio_minute = inf', "audio_minute = inf"),
        ('[openai."m"]\naudio_minute = true', "audio_minute = True"),
        ('[openai."m"]\naudio_minute = "0.1"', "audio_minute = '0.1'"),
        ('[openai."m"]\nchecked = "today"', "checked"),
        ("[free]\nproviders = 3", "free"),
    ],
)
def test_nonsense_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_prices(path)
    assert told in caught.value.message
    assert "mine.toml" in caught.value.message
    assert caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load_prices(tmp_path / "absent.toml")


def test_the_table_stands_beside_its_reader() -> None:
    path = Path(module.__file__).with_name("prices.toml")
    assert tomllib.loads(path.read_text(encoding="utf-8"))["free"]["providers"]
