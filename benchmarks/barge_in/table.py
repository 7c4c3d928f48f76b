"""The rows of barge_in and their table."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.barge_in.trials import Outcome, TrialResult, trial_results
from benchmarks.peers.numbers import p50_p95, percentile
from benchmarks.peers.runs import Run

Row = Mapping[str, Any]
DISTURBANCES = ("noise", "murmur-heard", "murmur-unheard")


def make_row(runs: Sequence[Run]) -> Row:
    """All runs of one engine with one choice of settings. Interruptions: onset → silence at the sink, in ms."""
    trials = [trial for run in runs for trial in trial_results(run)]
    return {
        "engine": runs[0].engine,
        "settings": runs[0].settings,
        "interruption": _stops(trials, "interruption"),
        "early": _stops(trials, "early"),
        **{kind.replace("-", "_"): _outcomes(trials, kind) for kind in DISTURBANCES},
    }


def _stops(trials: Sequence[TrialResult], kind: str) -> Row:
    mine = [trial for trial in trials if trial.kind == kind]
    silent = [trial.silent_ms for trial in mine if trial.silent_ms is not None]
    return {
        "trials": len(mine),
        "silent_ms": p50_p95(silent),
        "not_stopped": len(mine) - len(silent),
        "not_answered": sum(not trial.is_answered for trial in mine),
    }


def _outcomes(trials: Sequence[TrialResult], kind: str) -> Row:
    mine = [trial for trial in trials if trial.kind == kind]
    resumed = [trial.resumed_ms for trial in mine if trial.resumed_ms is not None]
    slowest = percentile(resumed, 1.0)
    return {
        "trials": len(mine),
        **{outcome.value: sum(trial.outcome is outcome for trial in mine) for outcome in Outcome},
        "resumed_ms": {**p50_p95(resumed), "max": None if slowest is None else round(slowest, 1)},
    }


def render_table(rows: Sequence[Row]) -> str:
    """For the terminal."""
    head = (
        f"{'engine':<9} {'settings':<8}  {'onset → silence, ms':>20}  {'0.5 s into the reply':>20}  "
        f"{'noise':<22} {'mm-hm, transcribed':<22} {'mm-hm, no words':<22}"
    )
    lines = [head, "-" * len(head)]
    return "\n".join([*lines, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    outcomes = " ".join(f"{_outcome_text(row[kind.replace('-', '_')]):<22}" for kind in DISTURBANCES)
    interruption, early = (f"{_stop_text(row[name]):>20}" for name in ("interruption", "early"))
    return f"{row['engine']:<9} {row['settings']:<8}  {interruption}  {early}  {outcomes}"


def _stop_text(cell: Row) -> str:
    times = cell["silent_ms"]
    text = "–" if times["p50"] is None else f"{times['p50']:.0f} / {times['p95']:.0f}"
    return f"{text} ({cell['not_stopped']} missed)" if cell["not_stopped"] else text


def _outcome_text(cell: Row) -> str:
    words = {"went_on": "goes on", "resumed": "resumes", "lost": "lost"}
    parts = [f"{word} {cell[name]}" for name, word in words.items() if cell[name]]
    if cell["resumed_ms"]["max"] is not None:
        parts.append(f"≤ {cell['resumed_ms']['max'] / 1000:.1f} s")
    return ", ".join(parts) or "–"


def render_targets(rows: Sequence[Row]) -> str:
    """Each promise and whether it is kept."""
    mine = [row for row in rows if row["engine"] == "voiceprep"]
    lines = []
    for row in mine:
        times = row["interruption"]["silent_ms"]
        promises = [("onset → silence P50", times["p50"], 110), ("onset → silence P95", times["p95"], 150)]
        for kind in DISTURBANCES:
            cell = row[kind.replace("-", "_")]
            promises.append((f"{kind}: lost", cell["lost"], 0))
            promises.append((f"{kind}: longest pause after it, ms", cell["resumed_ms"]["max"] or 0, 700))
        for name, value, limit in promises:
            verdict = "kept" if value is not None and value <= limit else "NOT KEPT"
            lines.append(f"{row['settings']:<9} {name:<42} {value!s:>8}  (promised at most {limit})  {verdict}")
    return "\n".join(lines)


def detail(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Every trial, for whoever doubts the rows."""
    return [
        {
            "engine": run.engine,
            "settings": run.settings,
            **{name: round(value, 1) if isinstance(value, float) else value for name, value in vars(trial).items()},
        }
        for run in runs
        for trial in trial_results(run)
    ]
