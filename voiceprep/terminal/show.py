"""Repairs recorded sessions and grades written answers, and says what came of it. Never holds a session."""

import json
import sys
from collections.abc import Mapping
from difflib import get_close_matches

from voiceprep.errors import ConfigError, VoiceprepError
from voiceprep.language.plaintext import clock
from voiceprep.model import Outcome
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.listing import SessionSummary, list_sessions
from voiceprep.recordings.repair import RecoveryReport, RecoveryStatus
from voiceprep.recordings.sealing import is_left_open
from voiceprep.scoring.grade import grade_answer, grade_lines
from voiceprep.settings import load_settings
from voiceprep.wiring.choice import load_bank_for
from voiceprep.wiring.places import recordings_for
from voiceprep.wiring.records import is_derived, recover_folder
from voiceprep.wiring.rescoring import OFFLINE, open_judge


def recover_sessions(environment: Mapping[str, str], recordings: str | None, which: str, is_json: bool) -> None:
    """Repair one session or all that need it. Raises VoiceprepError after trying every one."""
    settings = load_settings(environment, {"recordings": recordings})
    folder = recordings_for(settings)
    if which == "all":
        wanted = [summary.folder for summary in list_sessions(folder) if _is_unfinished(summary)]
    else:
        wanted = [find_session(folder, which)]
    reports: list[RecoveryReport] = []
    failures: list[VoiceprepError] = []
    for found in wanted:
        try:
            reports.append(recover_folder(found))
        except VoiceprepError as error:
            failures.append(error)
    if is_json:
        print(json.dumps([_recovery_json(report) for report in reports]))
    else:
        for report in reports:
            print(_recovery_line(report))
        if not wanted:
            print(f"Nothing to recover in {folder}.")
    if failures:
        raise failures[0]


def _is_unfinished(summary: SessionSummary) -> bool:
    info = summary.info
    if info is None or info.outcome is Outcome.RUNNING:
        return summary.needs_recovery
    return not is_derived(summary.folder) or is_left_open(summary.folder, info)


def _recovery_json(report: RecoveryReport) -> dict[str, object]:
    return {
        "folder": str(report.folder),
        "status": report.status.value,
        "outcome": report.outcome.value,
        "duration_ms": report.duration_ms,
        "torn_bytes": report.torn_bytes,
        "problems": list(report.problems),
    }


def _recovery_line(report: RecoveryReport) -> str:
    said = {
        RecoveryStatus.RECOVERED: f"recovered, {clock(report.duration_ms)} long",
        RecoveryStatus.NOT_NEEDED: f"needs no repair ({report.outcome.value})",
        RecoveryStatus.STILL_RUNNING: "is still running; left alone",
        RecoveryStatus.SEALED: "is sealed now",
    }
    problems = "".join(f"\n  {problem}" for problem in report.problems)
    return f"{report.folder.name}: {said[report.status]}{problems}"


def grade_stdin(
    environment: Mapping[str, str], bank_name: str | None, question_id: str | None, judge_name: str = OFFLINE
) -> None:
    """Grade what is on stdin: JSON lines, or one answer to one bank question. Raises BankError, ConfigError."""
    settings = load_settings(environment, {"bank": bank_name})
    with open_judge(judge_name, settings, environment) as judge:
        if question_id is None:
            for line in grade_lines(sys.stdin, judge):
                print(line, flush=True)
            return
        bank = load_bank_for(settings)
        questions = {question.id: question for question in bank.questions}
        if question_id not in questions:
            close = get_close_matches(question_id, questions, 3)
            hint = f"Did you mean {', '.join(close)}?" if close else f"See `voiceprep banks show {bank.id}`."
            raise ConfigError(f"{bank.id} has no question {question_id!r}.", hint)
        print(json.dumps(grade_answer(questions[question_id], sys.stdin.read(), judge)))
