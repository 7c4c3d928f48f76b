"""Recorded sessions: everything derived, recovery, scores. Must not hold a session."""

from dataclasses import replace
from pathlib import Path

from voiceprep.answers import merge_answers
from voiceprep.model import Delivery, InterviewerAudit, MicrophoneLevel, SessionScores
from voiceprep.recordings.derived import rebuild_derived
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import SessionRecord, load_delivery, load_session
from voiceprep.recordings.repair import RecoveryReport, RecoveryStatus, recover
from voiceprep.recordings.samples import load_samples
from voiceprep.recordings.sealing import is_left_open, seal_session
from voiceprep.recordings.tracks import CANDIDATE_WAV
from voiceprep.scoring.audit import AuditScope, audit_interviewer
from voiceprep.scoring.delivery import answered_speech, measure_delivery
from voiceprep.scoring.loudness import measure_level
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.overall import summarise
from voiceprep.wiring.calibrations import known_kappa


def finish(folder: Path, disk: Disk = DISK) -> SessionRecord:
    """Write everything derived of a closed session. Raises RecordingError."""
    return rebuild_derived(load_session(folder), score_record, measure_record, audit_record, disk)


def recover_folder(folder: Path, disk: Disk = DISK) -> RecoveryReport:
    """Repair a killed session, write everything derived and seal what was to be sealed, wherever it was killed.

    Raises RecordingError, ConfigError.
    """
    report = repair_folder(folder, disk)
    if report.status is RecoveryStatus.STILL_RUNNING or not is_left_open(folder, load_info(folder)):
        return report
    seal_session(folder, disk=disk)
    is_repaired = report.status is RecoveryStatus.RECOVERED
    return report if is_repaired else replace(report, status=RecoveryStatus.SEALED)


def repair_folder(folder: Path, disk: Disk = DISK) -> RecoveryReport:
    """The same, but nothing is sealed. Raises RecordingError."""
    report = recover(folder, score_record, measure_record, audit_record, disk)
    if report.status is RecoveryStatus.NOT_NEEDED and not is_derived(folder):
        finish(folder, disk)
    return report


def is_derived(folder: Path) -> bool:
    """Everything derived was written: the delivery is the last of it. Nothing is sealed before that."""
    return bool(load_info(folder).sealed) or load_delivery(folder) is not None


def score_record(record: SessionRecord) -> SessionScores:
    """Judge a recorded session again, from its folder alone."""
    judge = OfflineJudge()
    questions = record.info.questions
    asked = [entry for entry in merge_answers(record.turns) if entry.question_id in questions]
    scores = [judge.score(questions[entry.question_id], entry.transcript) for entry in asked]
    found = summarise(judge, [questions[entry.question_id] for entry in asked], scores)
    return replace(found, kappa=known_kappa(record.folder.parent, judge.version))


def measure_record(record: SessionRecord) -> Delivery:
    """Delivery of a recorded session."""
    delivery = measure_delivery(record.turns, record.events)
    return replace(delivery, microphone=_microphone_level(record))


def _microphone_level(record: SessionRecord) -> MicrophoneLevel | None:
    samples = load_samples(record.folder / CANDIDATE_WAV)
    return None if samples is None else measure_level(samples, answered_speech(record.turns, record.events))


def audit_record(record: SessionRecord) -> InterviewerAudit:
    """How the interviewer did in a recorded session."""
    info = record.info
    scope = AuditScope(info.questions, len(info.plan), record.duration_ms, info.limit_ms)
    return audit_interviewer(record.turns, record.events, scope, OfflineJudge())
