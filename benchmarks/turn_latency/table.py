"""The rows of turn_latency: JSON in the agreed shape, a printed table, the targets."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.numbers import p50_p95
from benchmarks.peers.runs import Run
from benchmarks.turn_latency.turns import TurnResult, turn_results

Row = Mapping[str, Any]


def make_row(runs: Sequence[Run]) -> Row:
    """All runs of one engine with one choice of settings."""
    turns = [turn for run in runs for turn in turn_results(run)]
    minutes = sum(run.record["talk_s"] for run in runs) / 60
    return {
        "engine": runs[0].engine,
        "settings": runs[0].settings,
        "turns": len(turns),
        "total_ms": p50_p95([turn.total_ms for turn in turns if turn.total_ms is not None]),
        "overhead_ms": p50_p95([turn.overhead_ms for turn in turns if turn.overhead_ms is not None]),
        "cut_ins": sum(turn.is_cut_in for turn in turns),
        "cpu_s_per_min": round(sum(run.record["cpu_s"] for run in runs) / minutes, 2),
        "peak_rss_mb": round(max(run.record["peak_rss_mb"] for run in runs), 1),
        "ready_s": round(statistics.median(run.ready_s for run in runs), 2),
        "import_s": round(statistics.median(run.record["import_s"] for run in runs), 2),
    }


def render_table(rows: Sequence[Row]) -> str:
    """For the terminal."""
    head = (
        "engine    settings  turns   total P50/P95   overhead P50/P95  cut-ins  "
        "CPU s/min  RSS MB  ready s  import s"
    )
    lines = [head, "-" * len(head)]
    for row in rows:
        total, overhead = (_pair(row[name]) for name in ("total_ms", "overhead_ms"))
        lines.append(
            f"{row['engine']:<9} {row['settings']:<9} {row['turns']:>5}   {total:>13}   {overhead:>16}  "
            f"{row['cut_ins']:>7}  {row['cpu_s_per_min']:>9.2f}  {row['peak_rss_mb']:>6.0f}  "
            f"{row['ready_s']:>7.2f}  {row['import_s']:>8.2f}"
        )
    return "\n".join(lines)


def _pair(value: Mapping[str, float | None]) -> str:
    return " / ".join("–" if value[name] is None else f"{value[name]:.0f}" for name in ("p50", "p95"))


def render_targets(rows: Sequence[Row]) -> str:
    """Each promise, what it came to, and whether it is kept. Empty without both engines at their minimum."""
    found = {(row["engine"], row["settings"]): row for row in rows}
    worded, peer = found.get(("voiceprep", "minimum")), found.get(("livekit", "minimum"))
    if worded is None or peer is None:
        return ""
    promises = [
        ("worded, total P50 / LiveKit's", _ratio(worded, peer, "p50"), 0.75),
        ("worded, total P95 / LiveKit's", _ratio(worded, peer, "p95"), 0.85),
        ("worded, cut-ins beyond LiveKit's", worded["cut_ins"] - peer["cut_ins"], 0),
        ("worded, overhead P50 ms", worded["overhead_ms"]["p50"], 10),
        ("worded, overhead P95 ms", worded["overhead_ms"]["p95"], 40),
        ("CPU per minute / LiveKit's", worded["cpu_s_per_min"] / peer["cpu_s_per_min"], 0.5),
        ("ready s", worded["ready_s"], 1.5),
    ]
    if prepared := found.get(("voiceprep", "prepared")):
        promises.insert(2, ("prepared, total P50 / LiveKit's", _ratio(prepared, peer, "p50"), 0.65))
    smallest_mb = min(row["peak_rss_mb"] for row in rows if row["engine"] != "voiceprep")
    promises.append(("peak RSS MB, below the smallest peer's", worded["peak_rss_mb"], smallest_mb))
    return "\n".join(
        f"{name:<40} {_number(value):>8}  (promised at most {_number(limit)})  {_verdict(value, limit)}"
        for name, value, limit in promises
    )


def _ratio(row: Row, peer: Row, name: str) -> float | None:
    mine, theirs = row["total_ms"][name], peer["total_ms"][name]
    return None if mine is None or not theirs else mine / theirs


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _verdict(value: float | None, limit: float) -> str:
    return "kept" if value is not None and value <= limit else "NOT KEPT"


def detail(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Every turn, for whoever doubts the rows."""
    return [
        {"engine": run.engine, "settings": run.settings, **_rounded(turn)}
        for run in runs
        for turn in turn_results(run)
    ]


def _rounded(turn: TurnResult) -> dict[str, Any]:
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in vars(turn).items()}
