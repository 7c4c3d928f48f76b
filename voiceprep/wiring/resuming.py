"""Takes up a session that was broken off: repaired first, then its plan, its turns and where its clock stands."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from voiceprep.errors import BankError, RecordingError
from voiceprep.events import UsageMeasured
from voiceprep.model import Bank, Outcome
from voiceprep.rates import BLOCK_MS
from voiceprep.recordings.age import Seal
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.repair import RecoveryStatus, recover
from voiceprep.settings import Settings
from voiceprep.wiring.choice import Earlier, load_bank_for, plan_of
from voiceprep.wiring.records import repair_folder

_STAGES = ("stt", "llm", "tts", "second_tts", "realtime")


def take_up(folder: Path, seal: Seal, *, is_urgent: bool = False) -> SessionRecord:
    """The session, repaired when it was killed. Raises RecordingError when it cannot be gone on with.

    `is_urgent`: somebody waits; what is derived is written at the end of the session and not now as well.
    """
    if (recover(folder) if is_urgent else repair_folder(folder)).status is RecoveryStatus.STILL_RUNNING:
        raise RecordingError(f"{folder.name} is still running.", "End that interview first.")
    with open_session(folder, seal) as opened:
        record = replace(load_session(opened.folder), folder=folder)
    if record.info.outcome is Outcome.COMPLETED:
        raise RecordingError(f"{folder.name} was held to its end.", "Start another with `voiceprep interview`.")
    return record


def settings_of(record: SessionRecord) -> dict[str, object]:
    """What the session was held with and goes on with, unless flags say otherwise."""
    info = record.info
    stages = {stage: name for stage, name in info.providers.items() if stage in _STAGES}
    return {"mode": info.mode, "bank": info.bank_id, "level": info.level, **stages}


def bank_of(record: SessionRecord, settings: Settings) -> Bank:
    """The bank, for its glossary; the questions come from the session. A bank that is gone is not needed."""
    plan = plan_of(record.info)
    with suppress(BankError):
        return load_bank_for(settings)
    return Bank(plan.bank_id, plan.bank_title, plan.pool)


def earlier(record: SessionRecord) -> Earlier:
    """What was held; the clock goes on at the next whole block after all that was recorded and told."""
    costs = [event.cost_usd or 0.0 for event in record.events if isinstance(event, UsageMeasured)]
    told_ms = max((event.at_ms for event in record.events), default=0)
    end_ms = -(-max(record.duration_ms, told_ms) // BLOCK_MS) * BLOCK_MS
    return Earlier(record.folder, record.turns, end_ms, sum(costs))
