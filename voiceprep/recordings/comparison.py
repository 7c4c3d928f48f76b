"""Two answers to one question compared: comparison.json of a retry. Must not know how answers are judged."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from voiceprep.recordings.codec import decode, encode
from voiceprep.recordings.files import recording_error, write_private

COMPARISON_JSON = "comparison.json"
SCHEMA_VERSION = 1


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    SAME = "about the same"
    UNSURE = "unsure"
    """The judge did not say the same in both orders."""


@dataclass(frozen=True, slots=True)
class PointChange:
    """Credit for one key point before and after, 0..1, with the words and their place in each recording."""

    id: str
    text: str
    before: float
    after: float
    before_quote: str | None = None
    before_ms: int | None = None
    after_quote: str | None = None
    after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ComparedAnswer:
    """One of the two: where it is and what was said. `score` is None where there is not enough evidence."""

    session: str
    text: str
    start_ms: int
    end_ms: int
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """comparison.json. `asked_for` is the id of the key point that was to be said this time, None for none;
    `is_done`: it was. `judge` judged both answers without knowing which is which, in both orders.
    """

    schema_version: int = SCHEMA_VERSION
    question_id: str
    judge: str
    judge_version: str
    before: ComparedAnswer
    after: ComparedAnswer
    points: tuple[PointChange, ...]
    asked_for: str | None
    is_done: bool
    verdict: Verdict


def save_comparison(folder: Path, comparison: Comparison) -> None:
    """Raises RecordingError."""
    path = folder / COMPARISON_JSON
    try:
        write_private(path, encode(comparison))
    except OSError as error:
        raise recording_error("Cannot write", path, error, "Both answers are kept.") from error


def load_comparison(folder: Path) -> Comparison | None:
    """None when there is none, or a broken one: it can be made again."""
    try:
        return decode(Comparison, (folder / COMPARISON_JSON).read_bytes())
    except (OSError, ValueError):
        return None
