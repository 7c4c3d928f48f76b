"""Shows what a month of interviews costs, place beside place, and where its prices come from."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from voiceprep.costs.month import Month, MonthLine, PlaceCost, break_even_interviews, cost_in
from voiceprep.costs.prices import HostingPrice, Prices, load_prices
from voiceprep.errors import ConfigError
from voiceprep.language.plaintext import plain
from voiceprep.settings import load_settings

CLOUD, METERED = "livekit-cloud", "livekit-metered"
PLACES = (CLOUD, METERED, "hetzner", "aws")
WORKER_PLACE, STORAGE_PLACE = "hetzner", "s3"
GROUPS = ("rooms", "workers", "storage", "providers")


def show_cost(environment: Mapping[str, str], month: Month, places: tuple[str, ...], is_json: bool) -> None:
    """Print the estimate. Raises ConfigError for a place without a price."""
    own = load_settings(environment, {}).prices
    prices = load_prices(Path(own) if own else None)
    _check(places, prices)
    costs = [cost_in(place, month, prices, WORKER_PLACE, STORAGE_PLACE) for place in places or PLACES]
    if is_json:
        print(json.dumps(_document(month, costs)))
        return
    console = Console(highlight=False)
    console.print(_table(costs))
    for remark in _remarks(month, costs):
        console.print(plain(remark))


def _check(places: Sequence[str], prices: Prices) -> None:
    able = [name for name, price in prices.hosting.items() if _holds_rooms(price)]
    for place in places:
        if place not in able:
            raise ConfigError(f"The price table has no place {place!r} for rooms.", f"It has: {', '.join(able)}.")


def _holds_rooms(price: HostingPrice) -> bool:
    return bool(price.participant_minute or price.server_month)


def _table(costs: Sequence[PlaceCost]) -> Table:
    table = Table(title="US dollars a month", title_justify="left", title_style="", box=None, pad_edge=False)
    table.add_column("")
    table.add_column("how much", justify="right", no_wrap=True)
    for cost in costs:
        table.add_column(cost.place, justify="right")
    for item in dict.fromkeys(line.item for group in GROUPS for cost in costs for line in _of(cost, group)):
        found = [next((line for line in cost.lines if line.item == item), None) for cost in costs]
        table.add_row(plain(item), _amount(next(filter(None, found))), *map(_cell, found))
    table.add_row("Total", "", *(f"{cost.total_usd:,.2f}" for cost in costs), style="bold")
    return table


def _of(cost: PlaceCost, group: str) -> list[MonthLine]:
    return [line for line in cost.lines if line.group == group]


def _amount(line: MonthLine) -> str:
    unit = line.unit.removesuffix("s") if line.quantity == 1 else line.unit
    return f"{line.quantity:,.4g} {unit}" if line.quantity < 100 else f"{line.quantity:,.0f} {unit}"


def _cell(line: MonthLine | None) -> str:
    if line is None:
        return "-"
    return "unknown" if line.cost_usd is None else f"{line.cost_usd:,.2f}"


def _remarks(month: Month, costs: Sequence[PlaceCost]) -> list[str]:
    at_once = f"{month.rooms_at_peak} room{'s' * (month.rooms_at_peak != 1)} at once"
    remarks = [
        "",
        f"{month.interviews:,} interviews of {month.minutes:g} minutes, {month.mode}, {month.participants} "
        f"participants each, {at_once}; the interviewer talks {month.talk_share:.0%} of the time; recordings kept "
        f"{month.keep_months:g} months.",
    ]
    for cost in costs:
        checked = f", {cost.price.checked}" if cost.price.checked else ""
        remarks.append(f"{cost.place}: {cost.price.source or 'no source named'}{checked}.")
        if cost.unpriced:
            remarks.append(f"Without a price, and not in the total: {', '.join(cost.unpriced)}.")
    remarks += [
        f"Rooms on {hosted} pay from {count:,} interviews a month on, against {metered}."
        for metered, hosted, count in _break_even(month, costs)
    ]
    if month.is_recorded:
        remarks.append(
            "Session folders hold both voices in any case: without --egress nothing of a record is missing."
        )
    return remarks


def _break_even(month: Month, costs: Sequence[PlaceCost]) -> list[tuple[str, str, int]]:
    metered = [cost for cost in costs if cost.price.participant_minute]
    hosted = [cost for cost in costs if cost.price.server_month]
    return [(one.place, own.place, break_even_interviews(month, one, own)) for one in metered for own in hosted]


def _document(month: Month, costs: Sequence[PlaceCost]) -> dict[str, object]:
    return {
        "interviews": month.interviews,
        "minutes": month.minutes,
        "mode": month.mode,
        "participants": month.participants,
        "rooms_at_peak": month.rooms_at_peak,
        "talk_share": month.talk_share,
        "keep_months": month.keep_months,
        "places": [
            {
                "place": cost.place,
                "source": cost.price.source,
                "checked": cost.price.checked.isoformat() if cost.price.checked else None,
                "lines": [
                    {
                        "group": line.group,
                        "item": line.item,
                        "quantity": line.quantity,
                        "unit": line.unit,
                        "cost_usd": line.cost_usd,
                    }
                    for line in cost.lines
                ],
                "rooms_usd": cost.rooms_usd,
                "total_usd": cost.total_usd,
                "unpriced": list(cost.unpriced),
            }
            for cost in costs
        ],
        "break_even": [
            {"metered": metered, "hosted": hosted, "interviews": count}
            for metered, hosted, count in _break_even(month, costs)
        ],
    }
