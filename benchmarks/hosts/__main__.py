"""The same interview direct, over LiveKit and over Pipecat: latency, CPU, memory, start-up, what each one brings.

`python -m benchmarks.hosts [--questions N] [--json FILE]` runs them one by one, with the same providers on this
machine, the same words for an answer, and one instrument: a reply counts from the true end of what the candidate
said to the first sound that reaches them. CPU and memory are of all of voiceprep's processes, ended ones included.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.hosts.runs import HOSTS, HostRun
from benchmarks.peers.numbers import in_words
from benchmarks.peers.runs import machine
from benchmarks.rooms.answers import WORDS, say
from benchmarks.rooms.servers import providers

FEATURES = {
    "direct": ("one", "this terminal", "own two tracks", "voiceprep resume"),
    "livekit": (
        "workers, by load",
        "browser and LiveKit's SDKs",
        "own two tracks, egress",
        "taken up by another worker",
    ),
    "pipecat": (
        "one process, --at-once",
        "WebSocket, telephone, by transport",
        "own two tracks",
        "voiceprep resume",
    ),
}
"""Scaling, clients, recording, after a crash."""


def _print(runs: Sequence[HostRun]) -> None:
    rows: list[tuple[str, ...]] = [
        ("", *(run.host for run in runs)),
        ("turns", *(str(len(run.ear_ms)) for run in runs)),
        ("reply at the ear, P50 / P95 ms", *(in_words(run.ear_ms) for run in runs)),
        ("reply in the record, P50 / P95 ms", *(in_words(run.inside_ms) for run in runs)),
        ("until it is ready, s", *(f"{run.start_s:.1f}" for run in runs)),
        ("from the candidate's coming to the first word, s", *(f"{run.first_word_s:.1f}" for run in runs)),
        ("CPU s per minute", *(f"{run.cpu_s_per_minute:.1f}" for run in runs)),
        ("memory of all processes, MB", *(f"{run.pss_mb:.0f}" for run in runs)),
    ]
    for index, name in enumerate(("scaling", "clients", "recording", "after a crash")):
        rows.append((name, *(FEATURES[run.host][index] for run in runs)))
    for row in rows:
        print("| " + " | ".join(row) + " |")
        if not row[0]:
            print("|" + "---|" * len(row))


async def _measure(hosts: Sequence[str], questions: int) -> list[HostRun]:
    runs = []
    async with providers() as keys:
        for name in hosts:
            with tempfile.TemporaryDirectory() as folder:
                runs.append(await HOSTS[name](Path(folder), questions, keys))
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hosts", description=__doc__)
    parser.add_argument("--questions", type=int, default=3)
    parser.add_argument("--hosts", default=",".join(HOSTS))
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    chosen = parser.parse_args()
    before = machine()
    say(WORDS)  # the voice is loaded before anybody waits for it
    runs = asyncio.run(_measure(chosen.hosts.split(","), chosen.questions))
    _print(runs)
    if chosen.json:
        kept = {"machine": before, "hosts": [asdict(run) for run in runs]}
        chosen.json.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
