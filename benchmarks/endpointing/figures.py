"""From what every policy did to every answer to figures: cut-ins by pause length and place, delays, promises kept.

Must not know how the answers were made or where the figures are shown.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby

import numpy as np

from benchmarks.endpointing.evidence import Evidence
from benchmarks.endpointing.replay import SESSION_ANSWERS, Decider, FixedTimeout, Ours, Played, play
from benchmarks.endpointing.scripts import SURVIVES_MS
from voiceprep.turn_taking.endpointing import EndpointPolicy

BUCKETS_MS = (300, 700, 1_000, 1_500, 2_000, 2_400, 3_000)
TIMEOUTS_MS = (300, 500, 700, 1_000, 1_500, 2_000, 2_500)
PATIENCES_MS = (1_000, 1_500, 2_000, 2_500, 3_000, 3_500)
CAUTIONS = (1.2, 0.6, 0.0, -0.5, -1.0, -1.5, -2.0, -2.5)
"""From never quick to nearly always, at default patience."""

REFERENCE_MS = 700
OURS = "voiceprep"

Cells = dict[str, tuple[int, int]]
"""Label → (pauses cut into, pauses)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One policy over one set of answers. Shares are 0..1; `delay_ms` counts from the true end of speech."""

    policy: str
    answers: int
    cut_ins_per_answer: float
    answers_cut_share: float
    survival_share: float
    survival_answers: int
    delay_p50_ms: int
    delay_p90_ms: int
    undecided: int
    by_length: Cells
    by_place: Cells


def scaled(policy: EndpointPolicy, patience_ms: int) -> EndpointPolicy:
    """What `--patience` makes of a policy."""
    factor = patience_ms / policy.patience_ms
    return replace(
        policy,
        covered_ms=round(policy.covered_ms * factor),
        complete_ms=round(policy.complete_ms * factor),
        patience_ms=patience_ms,
    )


def policies() -> dict[str, Callable[[], Decider]]:
    """Every policy by the name it is shown under."""
    default = EndpointPolicy()
    made: dict[str, Callable[[], Decider]] = {
        OURS: lambda: Ours(default),
        f"{OURS}, no coverage": lambda: Ours(default, has_coverage=False),
        f"{OURS}, no turn model": lambda: Ours(default, has_turn_model=False),
        f"{OURS}, told of cut-ins": lambda: Ours(default, is_told=True),
        f"{OURS}, neither": lambda: Ours(default, has_coverage=False, has_turn_model=False),
    }
    for caution in CAUTIONS:
        made[f"{OURS} caution {caution:g}"] = lambda caution=caution: Ours(replace(default, caution=caution))  # type: ignore[misc]
    for patience_ms in PATIENCES_MS:
        policy = scaled(default, patience_ms)
        made[f"{OURS} --patience {patience_ms / 1000:g}"] = lambda policy=policy: Ours(policy)  # type: ignore[misc]
    for timeout_ms in TIMEOUTS_MS:
        made[fixed_name(timeout_ms)] = lambda timeout_ms=timeout_ms: FixedTimeout(timeout_ms)  # type: ignore[misc]
    return made


def fixed_name(timeout_ms: int) -> str:
    return f"fixed {timeout_ms / 1000:g} s"


def play_all(answers: Sequence[Evidence], make: Callable[[], Decider]) -> list[Played]:
    """Candidates answer five questions each, all in one style; a new candidate, a new decider."""
    played: list[Played] = []
    ordered = sorted(answers, key=lambda answer: (answer.style, answer.name.rsplit("-", 1)[-1], answer.name))
    for _, group in groupby(ordered, key=lambda answer: (answer.style, answer.name.rsplit("-", 1)[-1])):
        for index, answer in enumerate(group):
            if index % SESSION_ANSWERS == 0:
                decider = make()
            played.append(play(answer, decider))
    return played


def summarise(policy: str, played: Sequence[Played]) -> Row:
    delays = [one.delay_ms for one in played if one.delay_ms is not None]
    spared = [one for one in played if all(pause.length_ms <= SURVIVES_MS for pause in one.answer.pauses)]
    cuts = [(pause, is_cut) for one in played for pause, is_cut in zip(one.answer.pauses, one.cuts, strict=True)]
    return Row(
        policy,
        len(played),
        round(sum(one.cut_count for one in played) / len(played), 3),
        round(sum(one.cut_count > 0 for one in played) / len(played), 3),
        round(sum(one.cut_count == 0 for one in spared) / max(1, len(spared)), 3),
        len(spared),
        round(float(np.percentile(delays, 50))),
        round(float(np.percentile(delays, 90))),
        len(played) - len(delays),
        _cells((_bucket(pause.length_ms), is_cut) for pause, is_cut in cuts),
        _cells(
            (pause.place.value if pause.is_cut else f"{pause.place.value}, spoken apart", is_cut)
            for pause, is_cut in cuts
        ),
    )


def rows_of(answers: Sequence[Evidence]) -> list[Row]:
    return [summarise(name, play_all(answers, make)) for name, make in policies().items()]


def _cells(marks: Iterable[tuple[str, bool]]) -> Cells:
    counts: dict[str, list[bool]] = defaultdict(list)
    for label, is_cut in marks:
        counts[label].append(is_cut)
    return {label: (sum(counts[label]), len(counts[label])) for label in sorted(counts)}


def _bucket(length_ms: int) -> str:
    edges = [0, *BUCKETS_MS]
    top = next((edge for edge in edges[1:] if length_ms < edge), edges[-1])
    return f"{edges[edges.index(top) - 1] / 1000:.1f}-{top / 1000:.1f} s"


# ------------------------------------------------------------------------------------------ promises


@dataclass(frozen=True, slots=True)
class Promise:
    text: str
    found: str
    is_kept: bool


def promises_of(rows: Sequence[Row], unseen: Sequence[Row]) -> list[Promise]:
    """The two promises of turn-taking: the first judged on one set of answers, the second also on another."""
    by_name: Mapping[str, Row] = {row.policy: row for row in rows}
    reference = by_name[fixed_name(REFERENCE_MS)]
    quick = [row for row in rows if row.policy.startswith(OURS) and "," not in row.policy]
    quick = [row for row in quick if row.delay_p50_ms <= reference.delay_p50_ms]
    best = min(quick, key=lambda row: row.cut_ins_per_answer, default=None)
    share = best.cut_ins_per_answer / reference.cut_ins_per_answer if best else None
    found = (
        "no patience is as quick"
        if best is None or share is None
        else (f"{best.policy}: {share:.2f} of its cut-ins at a median of {best.delay_p50_ms} ms")
    )
    return [
        Promise(
            f"at the median delay of {reference.policy} ({reference.delay_p50_ms} ms) at most 0.25 of its cut-ins",
            found,
            share is not None and share <= 0.25,
        ),
        _survival("answers", by_name[OURS]),
        _survival("answers from other banks", next(row for row in unseen if row.policy == OURS)),
    ]


def _survival(whose: str, row: Row) -> Promise:
    return Promise(
        f"{whose} with pauses of up to {SURVIVES_MS / 1000:g} s survive at least 0.95 of the time",
        f"{row.survival_share:.3f} of {row.survival_answers} at default patience",
        row.survival_share >= 0.95,
    )


def to_document(row: Row) -> dict[str, object]:
    return asdict(row)
