"""What a month costs: the article's example, one's own servers, what is unknown, and the command around it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.commands import run
from voiceprep.costs.month import Month, break_even_interviews, cost_in, usage_per_interview
from voiceprep.costs.prices import HostingPrice, Prices, load_prices

EXAMPLE = Month(interviews=1_000, minutes=30, models=(("stt", "local", ""), ("tts", "local", "")), peak_rooms=1)
"""1,000 interviews of half an hour, one at a time, as the article has it; it leaves providers out."""


def rooms_usd(place: str, month: Month = EXAMPLE) -> float:
    return cost_in(place, month, load_prices(), "hetzner", "s3").rooms_usd


def test_the_articles_example_on_livekit_cloud() -> None:
    cost = cost_in("livekit-cloud", EXAMPLE, load_prices(), "hetzner", "s3")
    by_item = {line.item: line.cost_usd for line in cost.lines if line.group == "rooms"}
    assert by_item == {
        "participants": pytest.approx(1_000 * 30 * 2 * 0.006),
        "recording (egress)": pytest.approx(1_000 * 30 * 0.025),
    }
    assert cost.rooms_usd == pytest.approx(1_110)


@pytest.mark.parametrize(("place", "servers", "usd"), [("hetzner", 1, 8), ("aws", 1, 30), ("aws", 3, 90)])
def test_the_articles_own_servers(place: str, servers: int, usd: float) -> None:
    """Its 90 dollars for three nodes are three of the 30-dollar machines; three of its 8-dollar ones are 24."""
    assert rooms_usd(place, replace(EXAMPLE, servers_min=servers)) == pytest.approx(usd)


def test_own_servers_pay_much_earlier_than_the_article_says() -> None:
    """It says 200 to 300 interviews a month; by its own prices that holds with 132 dollars of work a month."""
    cloud = cost_in("livekit-cloud", EXAMPLE, load_prices(), "hetzner", "s3")
    cluster = cost_in("aws", replace(EXAMPLE, servers_min=3), load_prices(), "hetzner", "s3")
    assert break_even_interviews(EXAMPLE, cloud, cluster) == 82
    assert break_even_interviews(EXAMPLE, cloud, cluster, operations_usd=132) == 200


def test_livekits_own_price_of_a_connection_is_a_twelfth_of_the_articles() -> None:
    metered = cost_in("livekit-metered", EXAMPLE, load_prices(), "hetzner", "s3")
    by_item = {line.item: line.cost_usd for line in metered.lines if line.group == "rooms"}
    assert by_item["participants"] == pytest.approx(360 / 12)
    assert by_item["data out"] == pytest.approx(60_000 * 0.24 / 1e3 * 0.12)


def test_without_egress_nothing_is_paid_for_it_and_less_is_stored() -> None:
    bare = replace(EXAMPLE, is_recorded=False)
    assert rooms_usd("livekit-cloud", bare) == pytest.approx(360)
    (stored,) = (x for x in cost_in("aws", bare, load_prices(), "hetzner", "s3").lines if x.group == "storage")
    assert stored.quantity == pytest.approx(30_000 * 4.8 / 1e3 * 12)


def test_servers_and_workers_grow_with_rooms_at_once() -> None:
    month = Month(interviews=100_000, minutes=30, peak_rooms=1_001)
    assert (month.server_count, month.worker_count) == (11, 101)
    assert Month(interviews=1_000, minutes=30).rooms_at_peak == 9  # 500 hours in 176 office hours, three times
    assert Month(interviews=0).rooms_at_peak == 0


@pytest.mark.parametrize(
    ("mode", "models", "usd"),
    [
        ("cascaded", (("stt", "deepgram", "nova-3"), ("tts", "deepgram", "aura-2")), 21 * 0.0048 + 8.1 * 0.03),
        ("s2s", (("realtime", "grok", "grok-voice-latest"),), 30 * 0.08),
    ],
)
def test_what_providers_cost_in_one_interview(mode: str, models: tuple[tuple[str, str, str]], usd: float) -> None:
    used = usage_per_interview(Month(interviews=1, minutes=30, mode=mode, models=models))
    assert sum(load_prices().cost_usd(usage) or 0 for usage in used) == pytest.approx(usd)


def test_a_realtime_model_takes_in_again_what_was_said() -> None:
    (short,) = usage_per_interview(
        Month(minutes=10, mode="s2s", models=(("realtime", "openai", "gpt-realtime-2.1"),))
    )
    (long,) = usage_per_interview(
        Month(minutes=20, mode="s2s", models=(("realtime", "openai", "gpt-realtime-2.1"),))
    )
    assert long.audio_output_tokens == 2 * short.audio_output_tokens
    assert long.audio_cached_tokens > 4 * short.audio_cached_tokens


def test_an_unknown_price_is_said_and_not_counted() -> None:
    done = run("cost", "--stt", "openai:whisper-9", "--json")
    (place, *_) = json.loads(done.out)["places"]
    assert place["unpriced"] == ["stt openai whisper-9"]
    assert place["total_usd"] == pytest.approx(sum(line["cost_usd"] or 0 for line in place["lines"]))


def test_the_command_prints_places_beside_each_other() -> None:
    done = run("cost", "--place", "livekit-cloud", "--place", "hetzner", changes={"COLUMNS": "120"})
    assert done.code == 0, done.err
    table = done.out.splitlines()
    assert any(line.split()[-2:] == ["360.00", "-"] for line in table)
    assert any(line.split()[-2:] == ["-", "8.00"] for line in table)
    assert "pay from 8 interviews a month on" in done.out


def test_the_document_has_the_sum_and_its_sources() -> None:
    document = json.loads(run("cost", "--mode", "s2s", "--realtime", "gemini", "--json").out)
    for place in document["places"]:
        assert place["source"]
        assert place["checked"]
        assert place["total_usd"] == pytest.approx(sum(line["cost_usd"] for line in place["lines"]))
    assert {entry["hosted"] for entry in document["break_even"]} == {"hetzner", "aws"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--place", "moon"), "no place 'moon'"),
        (("--place", "s3"), "no place 's3'"),
        (("--mode", "both"), "mode is 'both'"),
        (("--stt", "nobody"), "'nobody' is no provider for --stt"),
        (("--mode", "s2s", "--realtime", "deepgram"), "'deepgram' is no provider for --realtime"),
    ],
)
def test_nonsense_is_one_paragraph(options: tuple[str, ...], told: str) -> None:
    done = run("cost", *options)
    assert done.code == 2
    assert told in done.err


def test_a_price_table_of_ones_own_adds_a_place(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[hosting.cellar]\nserver_month = 1\nsource = "mine"\n')
    done = run("cost", "--place", "cellar", "--json", changes={"VOICEPREP_PRICES": str(own)})
    assert json.loads(done.out)["places"][0]["rooms_usd"] == pytest.approx(1)


def test_a_table_without_prices_costs_nothing() -> None:
    prices = Prices({}, frozenset({"local"}), {"here": HostingPrice(server_month=1), "s3": HostingPrice()})
    assert cost_in("here", EXAMPLE, prices, "here", "s3").total_usd == pytest.approx(2)
