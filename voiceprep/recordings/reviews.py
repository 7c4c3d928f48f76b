"""Reviews that came from elsewhere, kept beside the sessions: the part of the schedule no session folder holds.

`schedule.json` is also what `schedule export` writes: import what another machine exported.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path

from voiceprep.errors import ConfigError
from voiceprep.recordings.files import recording_error, write_private

SCHEDULE_JSON = "schedule.json"
SCHEMA_VERSION = 1


class Rating(IntEnum):
    """FSRS's four grades."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


@dataclass(frozen=True, slots=True)
class NamedReview:
    """One review of a question (`point` empty) or key point. `session` is the folder it comes from, if any.

    `at` is UTC; `text` says in words what is remembered.
    """

    bank: str
    question: str
    point: str
    rating: Rating
    at: datetime
    text: str = ""
    topic: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFile:
    """schedule.json"""

    schema_version: int = SCHEMA_VERSION
    reviews: tuple[NamedReview, ...] = ()


def load_imports(recordings_dir: Path) -> tuple[NamedReview, ...]:
    """What was imported; nothing when nothing was. Raises ConfigError for a broken file."""
    path = recordings_dir / SCHEDULE_JSON
    return load_reviews(path) if path.exists() else ()


def load_reviews(path: Path) -> tuple[NamedReview, ...]:
    """The reviews of an exported file, times in UTC. Raises ConfigError."""
    from voiceprep.recordings.codec import decode, schema_version

    try:
        data = path.read_bytes()
        if (version := schema_version(data)) > SCHEMA_VERSION:
            raise ConfigError(f"{path} was written by a newer voiceprep (version {version}).", "Update voiceprep.")
        reviews = decode(ScheduleFile, data).reviews
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", "Name an exported schedule.") from error
    except ValueError as error:
        raise ConfigError(f"{path} is no schedule: {str(error).splitlines()[0]}.", "Export it anew.") from error
    if any(review.at.tzinfo is None for review in reviews):
        raise ConfigError(f"{path} has times without a time zone.", "Export it anew.")
    return reviews


def merge(known: Iterable[NamedReview], more: Iterable[NamedReview]) -> tuple[NamedReview, ...]:
    """Both, oldest first; what is the same review (same name, same moment) once, as it is in `known`."""
    by_place = {_place(review): review for review in (*more, *known)}
    return tuple(by_place[place] for place in sorted(by_place))


def _place(review: NamedReview) -> tuple[datetime, str, str, str]:
    return review.at.astimezone(UTC), review.bank, review.question, review.point


def save_reviews(path: Path, reviews: Iterable[NamedReview]) -> None:
    """Raises RecordingError."""
    from voiceprep.recordings.codec import encode

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, encode(ScheduleFile(reviews=tuple(reviews))))
    except OSError as error:
        raise recording_error("Cannot write", path, error, "Name another file.") from error
