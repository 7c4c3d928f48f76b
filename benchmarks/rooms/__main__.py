"""`python -m benchmarks.rooms [--rooms 1,4,10] [--workers 1] [--direct] [--kill 4]`: what they cost, what kills do.

Builds the LiveKit server when there is none. Providers are the tests' servers on this machine, in a process that is
not counted; `--embedded` hears and speaks with the embedded engines instead, in the workers.
"""

import argparse
import asyncio
import json
import math
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.peers.numbers import in_words, percentile
from benchmarks.peers.runs import machine
from benchmarks.rooms.answers import MANY_WORDS, WORDS, SameWords, say
from benchmarks.rooms.direct import run_direct
from benchmarks.rooms.hop import measure_hop
from benchmarks.rooms.runs import BANK, NO_PROVIDERS, KillRun, RoomsRun, latencies, run_kill, run_rooms
from benchmarks.rooms.servers import PROVIDERS, providers
from tests.livekit_room import livekit_server
from voiceprep.hosting.order import RoomOrder

RESULTS = Path(__file__).parents[1] / "results" / "rooms.json"
ADDED_MAX_MS = 40.0
GROWTH_MAX = 1.5
CPU_MAX_S = 6.0
SILENCE_MAX_S = 10.0
KNOCKS = 20
CONNECTIONS = 5
"""By chance a packet waits 0 to 10 ms for whoever reads, all through a connection."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rooms", description=__doc__)
    parser.add_argument("--rooms", default="1,4,10", help="how many at once, one run each; empty for none")
    parser.add_argument("--ears", type=int, default=1, help="how many of a run's candidates decode what they hear")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--questions", type=int, default=4)
    parser.add_argument("--long", action="store_true", help="answers of 20 s instead of 4 s")
    parser.add_argument("--direct", action="store_true", help="the same interview without a room, to compare")
    parser.add_argument("--hop", action="store_true", help="one way through the server, without an interview")
    parser.add_argument("--kill", type=int, default=0, help="kill a worker that holds so many rooms")
    parser.add_argument("--embedded", action="store_true", help="the embedded engines instead of providers")
    asyncio.run(_measure(parser.parse_args()))


async def _measure(arguments: argparse.Namespace) -> None:
    before = machine()
    words = SameWords(MANY_WORDS if arguments.long else WORDS)
    say(words.text)  # the voice is loaded before the clock runs
    direct_ms: list[float] = []
    runs: list[RoomsRun] = []
    kill = None
    if arguments.hop:
        print(await _hop(), flush=True)
    async with _engines(words, is_embedded=arguments.embedded) as keys:
        if arguments.direct:
            direct_ms = await _direct(arguments.questions, keys, words)
        for count in filter(None, arguments.rooms.split(",")):
            with tempfile.TemporaryDirectory() as folder:
                run = await run_rooms(
                    Path(folder), int(count), arguments.ears, arguments.workers, arguments.questions, keys, words
                )
            runs.append(run)
            print(render_run(run), flush=True)
        if arguments.kill:
            with tempfile.TemporaryDirectory() as folder:
                kill = await run_kill(Path(folder), arguments.kill, keys)
            print(render_kill(kill), flush=True)
    print("\n".join(render_targets(direct_ms, runs, kill)))
    write(_conditions(arguments), before, direct_ms, runs, kill)


@asynccontextmanager
async def _engines(words: SameWords, *, is_embedded: bool) -> AsyncIterator[Mapping[str, str]]:
    if is_embedded:
        yield NO_PROVIDERS
        return
    async with providers(words.text) as keys:
        yield keys


async def _hop() -> str:
    with tempfile.TemporaryDirectory() as folder, livekit_server(Path(folder)) as server:
        hops = [await measure_hop(server, KNOCKS) for _ in range(CONNECTIONS)]
    ways_ms = [way_ms for ways_ms, _ in hops for way_ms in ways_ms]
    held_ms = _percentile([held_ms for _, held_ms in hops], 0.5)
    verdict = _verdict(_percentile(ways_ms, 0.5) <= ADDED_MAX_MS)
    way = f"{in_words(ways_ms)} ms (P50 / P95, n={len(ways_ms)}, {len(hops)} connections)"
    return f"{verdict} one way through the server: {way}, {held_ms:.0f} ms of it in the jitter buffer"


async def _direct(questions: int, keys: Mapping[str, str], words: SameWords) -> list[float]:
    order = RoomOrder(bank=BANK, questions=questions, seed=0, mode="cascaded")
    flags = PROVIDERS if keys else {}
    with tempfile.TemporaryDirectory() as folder:
        clock, record = await run_direct(Path(folder), order, words, flags, {**os.environ, **keys})
    print(
        f"Directly: replies at the ear {in_words(clock.replies_ms)} ms, in the record "
        f"{in_words(latencies(record))} ms (P50 / P95, n={len(clock.replies_ms)}), "
        f"{clock.overlap_count} spoken over",
        flush=True,
    )
    return clock.replies_ms


def render_run(run: RoomsRun) -> str:
    places = (("at the ear", run.ear_ms), ("first packet", run.packet_ms), ("in the record", run.journal_ms))
    replies = ", ".join(f"{place} {in_words(values)} ms (n={len(values)})" for place, values in places)
    return (
        f"{run.room_count:>3} rooms, {run.worker_count} worker(s): replies P50 / P95 {replies}, "
        f"{run.overlap_count} spoken over; CPU {run.cpu_s_per_minute:.1f} s a room and minute, "
        f"{run.whole_cpu_s:.0f} s a whole interview; memory {run.pss_mb:.0f} MB a room, the worker's included; "
        f"failures {len(run.failures)} {' '.join(run.failures)}"
    )


def render_kill(kill: KillRun) -> str:
    seconds = ", ".join(f"{each:.1f}" for each in sorted(kill.silence_s))
    lost = "; ".join(kill.lost) or "nothing"
    return f"Worker of {kill.room_count} rooms killed: next words after {seconds} s; lost: {lost}"


def render_targets(direct_ms: Sequence[float], runs: Sequence[RoomsRun], kill: KillRun | None) -> list[str]:
    lines = []
    if direct_ms and runs:
        added_ms = _percentile(runs[0].ear_ms, 0.5) - _percentile(direct_ms, 0.5)
        lines.append(f"{_verdict(added_ms <= ADDED_MAX_MS)} a room adds {added_ms:.0f} ms, both ways (P50)")
    if len(runs) > 1:
        growth = _percentile(runs[-1].ear_ms, 0.95) / _percentile(runs[0].ear_ms, 0.95)
        lines.append(
            f"{_verdict(growth <= GROWTH_MAX)} P95 of {runs[-1].room_count} rooms is {growth:.2f} × of one"
        )
    lines += [
        f"{_verdict(run.cpu_s_per_minute <= CPU_MAX_S)} {run.room_count} rooms: {run.cpu_s_per_minute:.1f} s CPU"
        f" a room and minute (at most {CPU_MAX_S:g})"
        for run in runs
    ]
    if kill is not None:
        worst = max(kill.silence_s)
        lines.append(f"{_verdict(worst <= SILENCE_MAX_S and not kill.lost)} all rooms go on within {worst:.1f} s")
    return lines


def _conditions(arguments: argparse.Namespace) -> str:
    engines = "embedded" if arguments.embedded else "providers"
    return f"{engines}, long answers" if arguments.long else engines


def write(
    conditions: str,
    before: dict[str, object],
    direct_ms: Sequence[float],
    runs: Sequence[RoomsRun],
    kill: KillRun | None,
) -> None:
    """Add to what earlier calls under these conditions measured, a row a number of rooms and workers."""
    whole = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept = whole.setdefault(conditions, {"rooms": {}, "kill": None})
    for run in runs:
        kept["rooms"][f"{run.room_count} rooms, {run.worker_count} workers"] = asdict(run)
    kept["machine"] = before
    if direct_ms:
        kept["direct_ms"] = list(direct_ms)
    if kill is not None:
        kept["kill"] = asdict(kill)
    RESULTS.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _verdict(is_met: bool) -> str:
    return "met   " if is_met else "MISSED"


def _percentile(values: Sequence[float], share: float) -> float:
    """NaN of nothing, which is no better than any target."""
    found = percentile(values, share)
    return math.nan if found is None else found


if __name__ == "__main__":
    main()
