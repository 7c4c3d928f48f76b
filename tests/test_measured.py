"""The figures that the README quotes are those of benchmarks/results."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ENGINES = ("voiceprep", "livekit", "pipecat")


def rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "benchmarks" / "results" / name).read_text())["rows"]
    return found


def quoted(what: str) -> list[str]:
    """The cells of a line of the README's table; a dash is none."""
    line = next(line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith(f"| {what}"))
    return [cell for cell in map(str.strip, line.strip("|").split("|")[1:]) if cell != "–"]


def times(row: dict[str, Any]) -> str:
    return f"{row['p50']:.0f} / {row['p95']:.0f} ms"


@pytest.mark.parametrize(
    ("what", "settings", "engines"),
    [("end of speech → first sound", "minimum", ENGINES), ("the same where", "prepared", ENGINES[:1])],
)
def test_turn_latency(what: str, settings: str, engines: tuple[str, ...]) -> None:
    measured = {(row["engine"], row["settings"]): row["total_ms"] for row in rows("turn_latency.json")}
    assert quoted(what) == [times(measured[engine, settings]) for engine in engines]


def test_barge_in() -> None:
    measured = {(row["engine"], row["settings"]): row["interruption"]["silent_ms"] for row in rows("barge_in.json")}
    assert quoted("interruption → silence") == [times(measured[engine, "minimum"]) for engine in ENGINES]
