"""The rows of s2s_latency, their table, and what was promised."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.numbers import p50_p95
from benchmarks.s2s_latency.measures import Run, measure

Row = Mapping[str, Any]
PROMISES = (
    ("first audio delta → sink, P50 ms", "first_delta_ms", 3.0),
    ("“the candidate speaks” → silence, P50 ms", "started_to_silence_ms", 30.0),
    ("late sounds heard", "late_sounds", 0),
    ("process start → first microphone audio at the server, s", "start_s", 1.2),
    ("CPU seconds a minute", "cpu_s_per_min", 1.5),
    ("peak RSS, MB", "peak_rss_mb", 110.0),
)


def make_row(runs: Sequence[Run]) -> Row:
    """All runs of one engine with one choice of settings."""
    measures = [measure(run) for run in runs]
    talks = [run for run in runs if run.kind == "interruptions"]
    openings = [run for run in runs if run.kind == "opening"]
    starts = [run.log.first_heard_s - run.spawned_s for run in openings if run.log.first_heard_s]
    talk_s = sum(run.record["talk_s"] for run in talks)
    return {
        "engine": runs[0].engine.removesuffix("_realtime"),
        "settings": runs[0].settings,
        "replies": sum(len(m.first_delta_ms) for m in measures),
        "first_delta_ms": p50_p95([ms for m in measures for ms in m.first_delta_ms]),
        "interruptions": sum(len(m.onset_ms) + m.not_stopped for m in measures),
        "started_to_silence_ms": p50_p95([ms for m in measures for ms in m.started_ms]),
        "onset_to_silence_ms": p50_p95([ms for m in measures for ms in m.onset_ms]),
        "not_stopped": sum(m.not_stopped for m in measures),
        "late_sounds": sum(m.late for m in measures),
        "answers": sum(len(m.turn_ms) + m.cut_ins for m in measures),
        "turn_ms": p50_p95([ms for m in measures for ms in m.turn_ms]),
        "cut_ins": sum(m.cut_ins for m in measures),
        "start_s": round(statistics.median(starts), 2) if starts else None,
        "cpu_s_per_min": round(sum(run.record["cpu_s"] for run in talks) / talk_s * 60, 2) if talk_s else None,
        "peak_rss_mb": round(max((run.record["peak_rss_mb"] for run in talks), default=0.0), 1) or None,
    }


def render_table(rows: Sequence[Row]) -> str:
    """For the terminal."""
    head = (
        f"{'engine':<10} {'turns by':<8} {'delta→sink':>13} {'“speaks”→silence':>17} "
        f"{'onset→silence':>14} {'late':>5} {'end→reply':>15} {'cut-ins':>8} "
        f"{'start s':>8} {'CPU s/min':>10} {'RSS MB':>7}"
    )
    return "\n".join([head, "-" * len(head), *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    turns_by = "us" if row["settings"] == "client" else "model"
    late = f"{row['late_sounds']}" + (f"+{row['not_stopped']}" if row["not_stopped"] else "")
    cut_ins = f"{row['cut_ins']}/{row['answers']}" if row["answers"] else "–"
    return (
        f"{row['engine']:<10} {turns_by:<8} {_pair(row['first_delta_ms']):>13} "
        f"{_pair(row['started_to_silence_ms']):>17} {_pair(row['onset_to_silence_ms']):>14} {late:>5} "
        f"{_pair(row['turn_ms']):>15} {cut_ins:>8} {_one(row['start_s']):>8} {_one(row['cpu_s_per_min']):>10} "
        f"{_one(row['peak_rss_mb']):>7}"
    )


def _pair(times: Mapping[str, float | None]) -> str:
    return "–" if times["p50"] is None else f"{times['p50']:.1f} / {times['p95']:.1f}"


def _one(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def render_promises(rows: Sequence[Row]) -> str:
    """Each promise, whether it is kept, and who of the others is ahead."""
    mine = next((row for row in rows if row["engine"] == "voiceprep"), None)
    if mine is None:
        return ""
    lines = []
    for name, field, limit in PROMISES:
        value = _value(mine, field)
        ahead = [
            f"{row['engine']} {other:g}"
            for row in rows
            if row["engine"] != "voiceprep" and value is not None and (other := _value(row, field)) is not None
            if other < value
        ]
        verdict = "kept" if value is not None and value <= limit else "NOT KEPT"
        behind = f"  behind {', '.join(ahead)}" if ahead else ""
        lines.append(f"{name:<56} {_one(value):>7}  (promised at most {limit:g})  {verdict}{behind}")
    return "\n".join(lines)


def _value(row: Row, field: str) -> float | None:
    value: Any = row[field]
    found: float | None = value["p50"] if isinstance(value, dict) else value
    return found
