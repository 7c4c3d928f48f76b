"""What the simulations show, as numbers. Must not know how they are printed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.interviewer.simulate import Held
from voiceprep.audio.persona import CandidateStyle
from voiceprep.model import AuditKind

PRECISION_LEAST = 0.9
ORDERED = (CandidateStyle.STRONG, CandidateStyle.PARTIAL, CandidateStyle.WEAK)


@dataclass(frozen=True, slots=True)
class BankRow:
    """One bank over all candidates. `precision` None: nothing was probed. `disordered`: question ids."""

    bank: str
    question_count: int
    coverage: float
    follow_up_count: int
    probe_count: int
    precision: float | None
    found: Mapping[AuditKind, int]
    used_shares: tuple[float, ...]
    mean_scores: Mapping[str, float]
    disordered: tuple[str, ...]

    @property
    def time_kept_share(self) -> float:
        """Timed interviews that ended within 5 % of what was planned, and not after it."""
        return sum(0.95 <= share <= 1.0 for share in self.used_shares) / max(1, len(self.used_shares))


def bank_row(bank: str, whole: Sequence[Held], timed: Sequence[Held]) -> BankRow:
    """`whole`: every question asked of each candidate; `timed`: minutes filled."""
    everything = [*whole, *timed]
    probes = [is_missing for held in everything for _, _, is_missing in held.probes]
    by_style = {held.style: held for held in whole}
    ids = [question.id for question in whole[0].plan.questions]
    return BankRow(
        bank,
        len(ids),
        sum(held.audit.question_count for held in whole) / (len(whole) * len(ids)),
        sum(held.audit.follow_up_count for held in everything),
        len(probes),
        sum(probes) / len(probes) if probes else None,
        Counter(finding.kind for held in everything for finding in held.audit.findings),
        tuple(held.duration_ms / held.plan.limit_ms for held in timed if held.plan.limit_ms),
        {style.value: mean_score(held) for style, held in by_style.items()},
        tuple(question_id for question_id in ids if not _is_ordered(question_id, by_style)),
    )


def mean_score(held: Held) -> float:
    values = [score.score or 0.0 for score in held.scores.values()]
    return sum(values) / max(1, len(values))


def _is_ordered(question_id: str, by_style: Mapping[CandidateStyle, Held]) -> bool:
    strong, partial, weak = (by_style[style].scores[question_id].score or 0.0 for style in ORDERED)
    return strong > partial > weak


def misses(rows: Sequence[BankRow], least_precision: float = PRECISION_LEAST) -> list[str]:
    """Where a target is missed, in sentences."""
    found = []
    forbidden = (
        AuditKind.LEAK,
        AuditKind.REPEAT,
        AuditKind.DOUBLE_QUESTION,
        AuditKind.JUDGEMENT,
        AuditKind.LONG_LEAD,
    )
    for row in rows:
        if row.precision is not None and row.precision < least_precision:
            found.append(
                f"{row.bank}: {row.precision:.2f} of the probed points were missing, not {least_precision}."
            )
        found += [f"{row.bank}: {row.found[kind]} × {kind.value}." for kind in forbidden if row.found.get(kind)]
        if row.disordered:
            found.append(f"{row.bank}: not strong > partial > weak: {', '.join(row.disordered)}.")
        if row.used_shares and row.time_kept_share < 1:
            shares = ", ".join(f"{share:.3f}" for share in sorted(row.used_shares))
            found.append(f"{row.bank}: time used of what was planned: {shares}.")
        if row.coverage < 1:
            found.append(f"{row.bank}: {row.coverage:.0%} of the planned questions were asked.")
    return found
