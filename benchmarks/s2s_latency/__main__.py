"""`python -m benchmarks.s2s_latency [--interruptions 16] [--rounds 2]`: see --help."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.peers.candidate import Trial
from benchmarks.peers.comparison import comparison_parser, publish
from benchmarks.peers.environments import cache_folder, python_for
from benchmarks.peers.picture import Bar
from benchmarks.peers.realtime_emulator import REPLY_S, RealtimeEmulator
from benchmarks.peers.runs import machine, run_process
from benchmarks.peers.utterances import ANSWERS, INTERRUPTIONS, open_sounds
from benchmarks.s2s_latency.measures import Run
from benchmarks.s2s_latency.table import Row, make_row, render_promises, render_table
from tests.loopback.embedded import EmbeddedModel
from tests.loopback.openai import KEY
from voiceprep.tasks import Tasks

CLIENTS = (
    ("voiceprep_realtime", "default"),
    ("voiceprep_realtime", "client"),
    ("livekit_realtime", "default"),
    ("pipecat_realtime", "default"),
)
MEASURED = (
    ("started_to_silence_ms", "“speaks” → silence"),
    ("first_delta_ms", "audio → sink"),
    ("turn_ms", "answer → reply"),
)
SHORT_REPLY_S = 1.5
SECONDS_PER_ITEM = 20.0


def read_arguments() -> argparse.Namespace:
    parser = comparison_parser(
        "s2s_latency",
        "voiceprep, LiveKit's realtime session and Pipecat's on one server, interleaved.",
        rounds=2,
    )
    parser.add_argument("--interruptions", type=int, default=16, help="of each client")
    parser.add_argument("--answers", type=int, default=12, help="of each client; every sixth has a pause in it")
    parser.add_argument("--starts", type=int, default=5, help="processes started only to be timed")
    parser.add_argument(
        "--settings", default="", help="only `default` (the model says where turns end) or `client`"
    )
    parser.add_argument("--name", default="s2s_latency", help="of the files that are written")
    return parser.parse_args()


def make_jobs(arguments: argparse.Namespace) -> list[tuple[str, dict[str, Any]]]:
    """(kind, job) of every process of one client, in rounds."""
    trials = [
        Trial(
            "interruption",
            f"interruption-{index % len(INTERRUPTIONS)}",
            2.0 + 3.0 * index / max(arguments.interruptions, 1),
        )
        for index in range(arguments.interruptions)
    ]
    answers = [f"answer-{index % len(ANSWERS)}" for index in range(arguments.answers)]
    jobs: list[tuple[str, dict[str, Any]]] = [("opening", {"opening": True})] * arguments.starts
    for index in range(arguments.rounds):
        jobs.append(("interruptions", {"trials": [asdict(trial) for trial in trials[index :: arguments.rounds]]}))
        jobs.append(("answers", {"answers": answers[index :: arguments.rounds]}))
    return [(kind, job) for kind, job in jobs if job.get("trials", True) and job.get("answers", True)]


async def run_all(
    clients: Sequence[tuple[str, str]], jobs: Sequence[tuple[str, dict[str, Any]]], emulator: RealtimeEmulator
) -> list[Run]:
    """Every job with every client in turn, so that all see the same machine. What fails is told and left out."""
    runs = []
    addresses = {"sounds": str(cache_folder() / "sounds"), "openai_key": KEY}
    async with Tasks() as tasks, emulator.server:
        model = EmbeddedModel(tasks)
        await model.warm()
        for number, (kind, job) in enumerate(jobs, 1):
            for engine, settings in clients:
                print(f"[{number}/{len(jobs)}] {engine} {settings}: {kind} ...", flush=True)
                emulator.ears = model.hear if kind == "answers" else None
                emulator.reply_s = REPLY_S if kind == "interruptions" else SHORT_REPLY_S
                emulator.take_log()
                watching = asyncio.create_task(emulator.note_first_audio())
                full_job = {**addresses, **job, "openai_url": emulator.server.base_url}
                count = len(job.get("trials") or job.get("answers") or [0])
                ended = await run_process(engine, settings, full_job, count * SECONDS_PER_ITEM)
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                if ended is not None:
                    runs.append(Run(kind, engine, settings, *ended, emulator.take_log()))
    return runs


def main() -> None:
    arguments = read_arguments()
    wanted = arguments.engines.split(",")
    clients = [
        (engine, settings)
        for engine, settings in CLIENTS
        if engine.removesuffix("_realtime") in wanted and arguments.settings in ("", settings)
    ]
    for engine, _ in clients:
        python_for(engine)
    open_sounds(cache_folder() / "sounds")
    before = machine()
    emulator = RealtimeEmulator()
    runs = asyncio.run(run_all(clients, make_jobs(arguments), emulator))
    rows = [
        make_row(mine)
        for client in clients
        if (mine := [run for run in runs if (run.engine, run.settings) == client])
    ]
    print(f"\n{render_table(rows)}\n\n{render_promises(rows)}")
    for violation in emulator.violations:
        print(f"Protocol rule broken: {violation}")
    write(arguments.results / arguments.name, before, rows)


def write(path: Path, before: dict[str, object], rows: Sequence[Row]) -> None:
    """The rows and a picture."""
    bars = [
        Bar(row["engine"], f"{row['engine']} · {title}", row[field]["p50"], row[field]["p95"])
        for field, title in MEASURED
        for row in rows
        if row[field]["p50"] is not None and (row["settings"] == "default" or field == "turn_ms")
    ]
    publish(
        path,
        before,
        rows,
        "Speech to speech: how soon it is silent, how soon it is heard",
        "one server for all",
        bars,
    )


if __name__ == "__main__":
    main()
