"""What the comparisons with the peers share: their command lines, and how they leave what they measured."""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import VERSIONS
from benchmarks.peers.picture import Bar, render_bars
from benchmarks.peers.runs import RESULTS

INSTALLS = "Installs both peers, about 1 GB, into ~/.cache/voiceprep-benchmarks (or $VOICEPREP_BENCHMARKS) once."


def comparison_parser(name: str, description: str, *, rounds: int) -> argparse.ArgumentParser:
    """Of `python -m benchmarks.NAME`: engines, rounds, where to; the caller adds how much of what."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=f"{description} {INSTALLS}")
    parser.add_argument("--rounds", type=int, default=rounds, help="processes the work is spread over, interleaved")
    parser.add_argument("--engines", default="voiceprep,livekit,pipecat")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder to write to")
    return parser


def publish(
    path: Path,
    before: Mapping[str, object],
    rows: Sequence[Mapping[str, Any]],
    title: str,
    note: str,
    bars: Sequence[Bar],
) -> None:
    """PATH.json with the rows and the machine they are from, and PATH.svg."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": before, "rows": rows}
    path.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    picture = render_bars(title, f"P50 solid, P95 pale; {note}; {', '.join(VERSIONS.values())}", bars)
    path.with_suffix(".svg").write_text(picture, encoding="utf-8")
    print(f"\nWritten: {path}.json and beside it.")


def publish_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """What stands behind the rows, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
