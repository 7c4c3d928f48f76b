"""Scores a session again and says what changed. Never holds a session."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from voiceprep.model import SessionScores
from voiceprep.recordings.derived import save_scores
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.reader import load_scores, load_session
from voiceprep.scoring.comparing import Comparison, compare, latest_two
from voiceprep.settings import load_settings
from voiceprep.wiring.places import recordings_for
from voiceprep.wiring.rescoring import score_with


def score_again(
    environment: Mapping[str, str], recordings: str | None, which: str, judge: str, votes: int, is_json: bool
) -> None:
    """Score a session with `judge`, keep every earlier score file, say what differs. Raises VoiceprepError."""
    settings = load_settings(environment, {"recordings": recordings})
    record = load_session(find_session(recordings_for(settings), which))
    kept = load_scores(record.folder)
    scores, cost_usd = score_with(judge, votes, record, settings, environment)
    path = save_scores(record.folder, scores)
    comparison = compare(kept[0], scores) if kept else None
    if is_json:
        document = {"scores": asdict(scores), "file": str(path), "cost_usd": cost_usd}
        print(json.dumps(document | {"changes": _changes_json(comparison)}, ensure_ascii=True))
        return
    print(f"{scores.judge}: {_value(scores)}, kept in {path.name}" + (f", ${cost_usd:.4f}" if cost_usd else ""))
    print("\n".join([*_notes(scores), *(_lines(comparison) if comparison else ())]))


def show_comparison(environment: Mapping[str, str], recordings: str | None, which: str, is_json: bool) -> None:
    """What differs between the two newest scorings of a session. Raises RecordingError."""
    settings = load_settings(environment, {"recordings": recordings})
    folder = find_session(recordings_for(settings), which)
    two = latest_two(load_scores(folder))
    comparison = compare(*two) if two else None
    if is_json:
        print(json.dumps({"changes": _changes_json(comparison)}, ensure_ascii=True))
    elif comparison is None:
        print("This session was scored once. `voiceprep score` scores it again.")
    else:
        print(f"{comparison.before.judge} {_value(comparison.before)} → "
              f"{comparison.after.judge} {_value(comparison.after)}")  # fmt: skip
        print("\n".join(_lines(comparison)))


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
    lines = [f"Why: {reason}" for reason in comparison.reasons]
    if not comparison.changes:
        return [*lines, "The same key points are credited."]
    for change in comparison.changes:
        quote = f" “{change.quote}”" if change.quote else ""
        sign = "+ now credited" if change.is_gained else "− no longer credited"
        lines.append(f"{sign}: {change.question_id}/{change.point_id}{quote}")
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
