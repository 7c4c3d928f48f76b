"""The same interviews aloud, with the embedded voice, recogniser and engine: follow-ups rest on what was heard.

Must not know how figures are shown.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.interviewer.simulate import probes_of
from voiceprep.audio.persona import CandidateStyle
from voiceprep.conduct.planning import Plan
from voiceprep.model import AuditKind, Bank
from voiceprep.settings import Settings
from voiceprep.terminal.keys import NoControls
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.local import LocalHost
from voiceprep.wiring.sessions import hold

STYLES = (CandidateStyle.STRONG, CandidateStyle.PARTIAL, CandidateStyle.WEAK)


@dataclass(frozen=True, slots=True)
class SpokenRow:
    """One bank over the candidates. `precision` None: nothing was probed."""

    bank: str
    question_count: int
    follow_up_count: int
    probe_count: int
    precision: float | None
    found: Mapping[AuditKind, int]


def hold_aloud(plan: Plan, bank: Bank, recordings: Path) -> SpokenRow:
    """Every candidate answers the plan's questions with the local voice; the local recogniser hears them."""
    settings = Settings(bank=bank.id, speaker="none", recordings=str(recordings))
    probes: list[bool] = []
    found: Counter[AuditKind] = Counter()
    follow_ups = asked = 0
    for style in STYLES:
        choice = Choice(settings, bank, plan, {}, style, is_fast=True)
        held = asyncio.run(hold(choice, LocalHost(NoControls()), lambda _event: None, lambda _folder: None))
        record = held.record
        probes += [is_missing for *_, is_missing in probes_of(record.turns, record.info.questions, style)]
        if record.audit is not None:
            found.update(finding.kind for finding in record.audit.findings)
            follow_ups += record.audit.follow_up_count
            asked += record.audit.question_count
    return SpokenRow(bank.id, asked, follow_ups, len(probes), sum(probes) / len(probes) if probes else None, found)


def overall_precision(rows: list[SpokenRow]) -> float | None:
    """Over all probes, not over banks."""
    count = sum(row.probe_count for row in rows)
    return sum((row.precision or 0.0) * row.probe_count for row in rows) / count if count else None
