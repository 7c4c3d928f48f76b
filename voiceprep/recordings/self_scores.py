"""How candidates rated their own answers: self-scores.json of a session. Ratings are added, never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.recordings.files import recording_error, write_private

SELF_SCORES_JSON = "self-scores.json"
SCHEMA_VERSION = 1
RATING_MAX = 10


@dataclass(frozen=True, slots=True)
class SelfScore:
    """One rating, 0 to RATING_MAX, given before any score was shown. `at` is UTC."""

    question_id: str
    rating: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfScoresFile:
    """self-scores.json"""

    schema_version: int = SCHEMA_VERSION
    self_scores: tuple[SelfScore, ...] = ()


def load_self_scores(folder: Path) -> tuple[SelfScore, ...]:
    """Oldest first; empty when nothing was rated or the file cannot be read."""
    try:
        return _read(folder / SELF_SCORES_JSON)
    except (OSError, ValueError):
        return ()


def add_self_scores(folder: Path, more: Iterable[SelfScore]) -> None:
    """Keep `more` behind what is there. Raises RecordingError, also for a file that cannot be read: it stays."""
    from voiceprep.recordings.codec import encode

    path = folder / SELF_SCORES_JSON
    try:
        known = _read(path) if path.exists() else ()
        write_private(path, encode(SelfScoresFile(self_scores=(*known, *more))))
    except OSError as error:
        raise recording_error("Cannot write", path, error, "The interview itself is kept.") from error
    except ValueError as error:
        raise RecordingError(
            f"{path} is broken, so nothing was added to it.", "Move it away; the interview itself is kept."
        ) from error


def self_ratings(self_scores: Iterable[SelfScore]) -> dict[str, float]:
    """Question id → the first rating in 0..1: later ones may know the score. Those out of range are left out."""
    ratings: dict[str, float] = {}
    for each in self_scores:
        if 0 <= each.rating <= RATING_MAX:
            ratings.setdefault(each.question_id, each.rating / RATING_MAX)
    return ratings


def _read(path: Path) -> tuple[SelfScore, ...]:
    from voiceprep.recordings.codec import decode

    return decode(SelfScoresFile, path.read_bytes()).self_scores
