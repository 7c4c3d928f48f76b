"""What a month of interviews costs: rooms, recording, machines, storage and providers, side by side. Pure.

Every assumption is a named value that is shown with the result; a price nobody knows is None, never zero.
"""

from dataclasses import dataclass
from math import ceil

from voiceprep.costs.prices import HostingPrice, Prices
from voiceprep.model import Usage

CASCADED, S2S = "cascaded", "s2s"
PARTICIPANTS_PER_SERVER = 200
"""Voice only, on 2 vCPU and 4 GB: the figure of the article that the prices of servers are from."""
WAV_MB_PER_MINUTE = 60 * 2 * (16_000 + 24_000) / 1e6
"""Both tracks of a session folder."""
OGG_MB_PER_MINUTE = 64_000 * 60 / 8 / 1e6
"""A room composite at 64 kbit/s."""
OPUS_MB_PER_MINUTE = 32_000 * 60 / 8 / 1e6
"""One voice from the server to one listener at 32 kbit/s."""
WORK_HOURS_PER_MONTH = 22 * 8
PEAK_FACTOR = 3
"""The busiest hour against the average working hour."""

CHARACTERS_PER_MINUTE = 900
"""150 words a minute."""
REPLIES_PER_MINUTE = 1.0
CALLS_PER_REPLY = 2
"""A reply is prepared while the candidate still talks, and again when the last words change it."""
PROMPT_TOKENS, TOKENS_PER_MINUTE, REPLY_TOKENS = 1_500, 200, 60
HEARD_TOKENS_PER_MINUTE, SPOKEN_TOKENS_PER_MINUTE = 600, 1_200
"""Audio tokens of the OpenAI Realtime models."""


@dataclass(frozen=True, slots=True)
class Month:
    """What is to be held. `models`: stage → (provider, model); `talk_share`: the interviewer's part of the time.

    `peak_rooms` 0: worked out from office hours. `is_recorded`: LiveKit Egress records beside our own two tracks.
    """

    interviews: int = 1_000
    minutes: float = 30.0
    mode: str = CASCADED
    models: tuple[tuple[str, str, str], ...] = ()
    talk_share: float = 0.3
    participants: int = 2
    is_recorded: bool = True
    keep_months: float = 12.0
    servers_min: int = 1
    peak_rooms: int = 0
    rooms_per_worker: int = 10

    @property
    def total_minutes(self) -> float:
        return self.interviews * self.minutes

    @property
    def rooms_at_peak(self) -> int:
        if self.peak_rooms:
            return self.peak_rooms
        return max(1, ceil(self.total_minutes / 60 / WORK_HOURS_PER_MONTH * PEAK_FACTOR)) if self.interviews else 0

    @property
    def server_count(self) -> int:
        return max(self.servers_min, ceil(self.rooms_at_peak * self.participants / PARTICIPANTS_PER_SERVER))

    @property
    def worker_count(self) -> int:
        return ceil(self.rooms_at_peak / self.rooms_per_worker)


@dataclass(frozen=True, slots=True)
class MonthLine:
    """One thing that is paid for; `cost_usd` None: its price is not in the table."""

    group: str
    item: str
    quantity: float
    unit: str
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class PlaceCost:
    """A month in one place. `rooms_usd` is what LiveKit costs there: rooms and recording, or the servers."""

    place: str
    price: HostingPrice
    lines: tuple[MonthLine, ...]

    @property
    def rooms_usd(self) -> float:
        return sum(line.cost_usd or 0.0 for line in self.lines if line.group == "rooms")

    @property
    def total_usd(self) -> float:
        return sum(line.cost_usd or 0.0 for line in self.lines)

    @property
    def unpriced(self) -> tuple[str, ...]:
        return tuple(line.item for line in self.lines if line.cost_usd is None)


def cost_in(place: str, month: Month, prices: Prices, worker_place: str, storage_place: str) -> PlaceCost:
    """What `month` costs with rooms at `place`. Raises KeyError for a place that has no price."""
    price = prices.hosting[place]
    rooms = _servers(month, price) if price.server_month else _metered(month, price)
    worker_usd = prices.hosting[worker_place].server_month
    workers = MonthLine(
        "workers", f"workers ({worker_place})", month.worker_count, "machines", month.worker_count * worker_usd
    )
    stored = _storage(month, prices.hosting[storage_place].stored_gigabyte_month)
    providers = [
        MonthLine(
            "providers", f"{usage.stage} {usage.provider} {usage.model}".strip(), *_amount(month, usage), cost
        )
        for usage in usage_per_interview(month)
        for cost in (_times(prices.cost_usd(usage), month.interviews),)
    ]
    return PlaceCost(place, price, (*rooms, workers, stored, *providers))


def break_even_interviews(month: Month, metered: PlaceCost, hosted: PlaceCost, operations_usd: float = 0.0) -> int:
    """From how many interviews a month on the own servers cost less than the metered rooms."""
    per_interview = metered.rooms_usd / month.interviews if month.interviews else 0.0
    return ceil((hosted.rooms_usd + operations_usd) / per_interview) if per_interview else 0


def usage_per_interview(month: Month) -> tuple[Usage, ...]:
    """What each provider is asked to do in one interview, by the assumptions above."""
    models = {stage: (provider, model) for stage, provider, model in month.models}
    spoken_minutes = month.minutes * month.talk_share
    heard_minutes = month.minutes - spoken_minutes
    if month.mode == S2S:
        return (_realtime(*models["realtime"], month.minutes, heard_minutes, spoken_minutes),)
    made = [
        Usage(models["stt"][0], "stt", models["stt"][1], audio_ms=round(heard_minutes * 60_000)),
        Usage(
            models["tts"][0],
            "tts",
            models["tts"][1],
            audio_ms=round(spoken_minutes * 60_000),
            characters=round(spoken_minutes * CHARACTERS_PER_MINUTE),
        ),
    ]
    if "llm" in models:
        calls = round(month.minutes * REPLIES_PER_MINUTE) * CALLS_PER_REPLY
        tokens = round(calls * (PROMPT_TOKENS + TOKENS_PER_MINUTE * month.minutes / 2))
        made.insert(1, Usage(models["llm"][0], "llm", models["llm"][1], tokens, 0, calls * REPLY_TOKENS))
    return tuple(made)


def _realtime(provider: str, model: str, minutes: float, heard: float, spoken: float) -> Usage:
    """Every reply takes in, at the cached price, everything that was said before it."""
    new = round(heard * HEARD_TOKENS_PER_MINUTE)
    out = round(spoken * SPOKEN_TOKENS_PER_MINUTE)
    again = round((new + out) * max(0.0, minutes * REPLIES_PER_MINUTE - 1) / 2)
    return Usage(
        provider,
        "realtime",
        model,
        audio_ms=round(minutes * 60_000),
        audio_input_tokens=new + again,
        audio_cached_tokens=again,
        audio_output_tokens=out,
    )


def _metered(month: Month, price: HostingPrice) -> list[MonthLine]:
    connected = month.total_minutes * month.participants
    lines = [MonthLine("rooms", "participants", connected, "min", connected * price.participant_minute)]
    if price.downstream_gigabyte:
        gigabytes = connected * OPUS_MB_PER_MINUTE * (month.participants - 1) / 1e3
        lines.append(MonthLine("rooms", "data out", gigabytes, "GB", gigabytes * price.downstream_gigabyte))
    if month.is_recorded:
        recorded = month.total_minutes
        lines.append(MonthLine("rooms", "recording (egress)", recorded, "min", recorded * price.recording_minute))
    return lines


def _servers(month: Month, price: HostingPrice) -> list[MonthLine]:
    count = month.server_count
    return [MonthLine("rooms", "LiveKit servers", count, "machines", count * price.server_month)]


def _storage(month: Month, gigabyte_month_usd: float) -> MonthLine:
    per_minute = WAV_MB_PER_MINUTE + (OGG_MB_PER_MINUTE if month.is_recorded else 0.0)
    gigabytes = month.total_minutes * per_minute / 1e3 * month.keep_months
    return MonthLine("storage", "recordings kept", gigabytes, "GB", gigabytes * gigabyte_month_usd)


def _amount(month: Month, usage: Usage) -> tuple[float, str]:
    if usage.stage == "llm":
        return month.interviews * (usage.input_tokens + usage.output_tokens) / 1e6, "M tokens"
    if usage.stage == "tts":
        return month.interviews * usage.characters / 1e3, "k chars"
    return month.interviews * usage.audio_ms / 60_000, "min"


def _times(cost_usd: float | None, count: int) -> float | None:
    return None if cost_usd is None else cost_usd * count
