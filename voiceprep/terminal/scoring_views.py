"""Scores a session again and says what changed. Never holds a session."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from voiceprep.banks import bank_folders, list_banks
from voiceprep.errors import ConfigError
from voiceprep.language.plaintext import plain
from voiceprep.model import SessionScores
from voiceprep.recordings.derived import save_scores
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import load_scores, load_session
from voiceprep.scoring.calibrate import Calibration
from voiceprep.scoring.comparing import Comparison, compare, latest_two
from voiceprep.settings import load_settings
from voiceprep.wiring.calibrating import run_calibration
from voiceprep.wiring.calibrations import save_calibration
from voiceprep.wiring.choice import load_bank_for
from voiceprep.wiring.places import recordings_for, seal_for
from voiceprep.wiring.rescoring import score_with


def score_again(
    environment: Mapping[str, str], recordings: str | None, which: str, judge: str, votes: int, is_json: bool
) -> None:
    """Score a session with `judge`, keep every earlier score file, say what differs. Raises VoiceprepError."""
    settings = load_settings(environment, {"recordings": recordings})
    with open_session(find_session(recordings_for(settings), which), seal_for(settings)) as opened:
        record = load_session(opened.folder)
        kept = load_scores(opened.folder)
        scores, cost_usd = score_with(judge, votes, record, settings, environment)
        path = opened.kept_as(save_scores(opened.folder, scores))
    comparison = compare(kept[0], scores) if kept else None
    if is_json:
        document = {"scores": asdict(scores), "file": str(path), "cost_usd": cost_usd}
        print(json.dumps(document | {"changes": _changes_json(comparison)}, ensure_ascii=True))
        return
    print(
        f"{plain(scores.judge)}: {_value(scores)}, kept in {path.name}" + (f", ${cost_usd:.4f}" if cost_usd else "")
    )
    print("\n".join([*_notes(scores), *(_lines(comparison) if comparison else ())]))


def show_comparison(environment: Mapping[str, str], recordings: str | None, which: str, is_json: bool) -> None:
    """What differs between the two newest scorings of a session. Raises RecordingError."""
    settings = load_settings(environment, {"recordings": recordings})
    with open_session(find_session(recordings_for(settings), which), seal_for(settings)) as opened:
        two = latest_two(load_scores(opened.folder))
    comparison = compare(*two) if two else None
    if is_json:
        print(json.dumps({"changes": _changes_json(comparison)}, ensure_ascii=True))
    elif comparison is None:
        print("This session was scored once. `voiceprep score` scores it again.")
    else:
        print(f"{plain(comparison.before.judge)} {_value(comparison.before)} → "
              f"{plain(comparison.after.judge)} {_value(comparison.after)}")  # fmt: skip
        print("\n".join(_lines(comparison)))


def calibrate_judge(
    environment: Mapping[str, str], recordings: str | None, bank: str | None, judge: str, votes: int, is_json: bool
) -> None:
    """Measure a judge on the graded examples of one bank or all, and on traps; keep and show it."""
    settings = load_settings(environment, {"recordings": recordings, "bank": bank})
    banks = [load_bank_for(settings)] if bank else list_banks(bank_folders())
    questions = [question for each in banks for question in each.questions if question.examples]
    if not questions:
        raise ConfigError("There are no graded examples.", "Name a bank whose questions have `examples`.")
    calibration = run_calibration(judge, votes, questions, settings, environment)
    path = save_calibration(recordings_for(settings), calibration)
    if is_json:
        print(json.dumps(asdict(calibration), ensure_ascii=True))
    else:
        print("\n".join(_calibration_lines(calibration)))
        print(f"Kept in {path}; reports show it.")


def _calibration_lines(found: Calibration) -> list[str]:
    low, high = found.kappa_interval or (None, None)
    return [
        f"Judge {found.judge}, version {found.judge_version}",
        f"{found.example_count} graded examples of {found.question_count} questions, {found.point_count} decisions",
        f"Agreement per key point: kappa {_number(found.kappa)} (90 % {_number(low)} to {_number(high)})",
        f"Agreement per answer: correlation {_number(found.correlation)}",
        f"Bias {_number(found.bias)} (above 0: lenient), length bias {_number(found.length_bias)}",
        f"Scored again: {_number(found.retest)} of the decisions alike; abstained {found.abstained:.0%}",
        f"Denied key points credited: {found.denied[0]} of {found.denied[1]}",
        "Traps that earned something: "
        + ", ".join(f"{kind} {earned}/{tried}" for kind, (earned, tried) in found.traps.items()),
        f"{found.seconds:.0f} s" + (f", ${found.cost_usd:.2f}" if found.cost_usd else ""),
    ]


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _value(scores: SessionScores) -> str:
    return "not enough evidence" if scores.overall is None else f"{scores.overall:.2f}"


def _notes(scores: SessionScores) -> list[str]:
    flags = [flag for question in scores.questions for flag in question.flags]
    unfound = sum(int(flag.rpartition(":")[2]) for flag in flags if flag.startswith("unfound_quotes:"))
    failed, differing = flags.count("judge_failed"), flags.count("disagrees_with_offline")
    notes = []
    if failed:
        notes.append(f"{failed} of {len(scores.questions)} answers could not be marked: the offline score stands.")
    if unfound:
        notes.append(f"{unfound} quotes were not in the transcript and earned nothing.")
    if differing:
        notes.append(f"{differing} answers deserve a second look: the offline judge sees them very differently.")
    return notes


def _lines(comparison: Comparison) -> list[str]:
    lines = [f"Why: {plain(reason)}" for reason in comparison.reasons]
    if not comparison.changes:
        return [*lines, "The same key points are credited."]
    for change in comparison.changes:
        quote = f" “{plain(change.quote)}”" if change.quote else ""
        sign = "+ now credited" if change.is_gained else "− no longer credited"
        lines.append(f"{sign}: {plain(change.question_id)}/{plain(change.point_id)}{quote}")
    return lines


def _changes_json(comparison: Comparison | None) -> object:
    if comparison is None:
        return None
    return {
        "before": {"judge": comparison.before.judge, "overall": comparison.before.overall},
        "after": {"judge": comparison.after.judge, "overall": comparison.after.overall},
        "difference": comparison.difference,
        "reasons": list(comparison.reasons),
        "key_points": [asdict(change) for change in comparison.changes],
    }
