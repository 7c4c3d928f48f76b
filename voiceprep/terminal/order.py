"""What is chosen for one session only, not in any setting. Must not import anything heavy."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Order:
    """`candidate`: a simulated one's style; `is_fast`: on audio time; `is_json`: the report as one document.
    `is_plan`: only show what would be asked. `is_coached`: a hint after each answer.
    `is_self_scored`: the candidate rates the answers before the report.
    `resume`, `job`, `notes`: the candidate's own documents. `is_due`: only what is due for review; `retry_of`: the
    session of which a question is asked again. `is_bank_named`: not by the settings, but for this one."""

    seed: int | None = None
    topics: tuple[str, ...] = ()
    candidate: str | None = None
    is_fast: bool = False
    is_json: bool = False
    is_plan: bool = False
    is_coached: bool = False
    resume: Path | None = None
    job: Path | None = None
    notes: Path | None = None
    is_due: bool = False
    retry_of: str = ""
    is_self_scored: bool = False
    is_bank_named: bool = False
