"""The files that can be made again from the journal: transcript, scores, delivery, audit.

Scoring lives a layer above, so it comes in as functions.
"""

import re
from collections.abc import Callable
from pathlib import Path

from voiceprep.model import Delivery, InterviewerAudit, SessionScores
from voiceprep.recordings.codec import decode, encode
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.files import recording_error, write_private
from voiceprep.recordings.info import AuditFile, DeliveryFile, ScoresFile
from voiceprep.recordings.reader import AUDIT_JSON, DELIVERY_JSON, SessionRecord, load_session
from voiceprep.recordings.transcript import render_json, render_markdown, render_vtt, transcript_of

ScoreSession = Callable[[SessionRecord], SessionScores]
MeasureDelivery = Callable[[SessionRecord], Delivery]
AuditSession = Callable[[SessionRecord], InterviewerAudit]


def rebuild_derived(
    record: SessionRecord,
    score: ScoreSession | None = None,
    measure: MeasureDelivery | None = None,
    audit: AuditSession | None = None,
    disk: Disk = DISK,
) -> SessionRecord:
    """Write transcript.* and, where a function is given, audit, scores and delivery, which is the last of it.

    Raises RecordingError.
    """
    save_transcript(record, disk)
    if audit is not None:
        save_audit(record.folder, audit(record), disk)
    if score is not None:
        save_scores(record.folder, score(record), disk)
    if measure is not None:
        save_delivery(record.folder, measure(record), disk)
    return load_session(record.folder)


def save_transcript(record: SessionRecord, disk: Disk = DISK) -> None:
    """transcript.json, .md and .vtt. Raises RecordingError."""
    transcript = transcript_of(record.info, record.turns, record.provisional_turns)
    _save(record.folder / "transcript.json", render_json(transcript), disk)
    _save(record.folder / "transcript.md", render_markdown(transcript), disk)
    _save(record.folder / "transcript.vtt", render_vtt(transcript), disk)


def save_scores(folder: Path, scores: SessionScores, disk: Disk = DISK) -> Path:
    """scores-<judge>-<rubric hash>.json, with the judge's version in the name where another version's file has that
    name; other judges', versions' and rubrics' files stay. Raises RecordingError."""
    stem = f"scores-{_slug(scores.judge)}-{_slug(scores.rubric_hash)}"
    path = folder / f"{stem}.json"
    if path.exists() and _version_of(path) not in (scores.judge_version, None):
        path = folder / f"{stem}-{_slug(scores.judge_version)}.json"
    _save(path, encode(ScoresFile(scores=scores)), disk)
    return path


def _version_of(path: Path) -> str | None:
    """The judge's version in a score file; None for one that cannot be read."""
    try:
        return decode(ScoresFile, path.read_bytes()).scores.judge_version
    except (OSError, ValueError):
        return None


def save_delivery(folder: Path, delivery: Delivery, disk: Disk = DISK) -> Path:
    """delivery.json. Raises RecordingError."""
    path = folder / DELIVERY_JSON
    _save(path, encode(DeliveryFile(delivery=delivery)), disk)
    return path


def save_audit(folder: Path, audit: InterviewerAudit, disk: Disk = DISK) -> Path:
    """audit.json. Raises RecordingError."""
    path = folder / AUDIT_JSON
    _save(path, encode(AuditFile(audit=audit)), disk)
    return path


def _save(path: Path, data: bytes, disk: Disk) -> None:
    try:
        write_private(path, data, disk)
    except OSError as error:
        hint = "Everything in it can be made again: `voiceprep recover`."
        raise recording_error("Cannot write", path, error, hint) from error


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:60] or "unnamed"
