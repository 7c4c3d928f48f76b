"""Both answers of a retry, side by side and playable. Must not know HTML."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from voiceprep.recordings.comparison import ComparedAnswer, Comparison
from voiceprep.recordings.folder import is_session_name
from voiceprep.recordings.tracks import CANDIDATE_WAV


@dataclass(frozen=True, slots=True)
class Side:
    """`points` are (key point, quote, whether it was said); `url` plays exactly the answer, empty without audio."""

    title: str
    score: str
    url: str
    text: str
    points: tuple[tuple[str, str, bool], ...]


def compared_sides(comparison: Comparison, folder: Path, prefix: str) -> tuple[Side, Side]:
    """The earlier answer, then this one. `prefix` is how the page reaches files in `folder`."""
    earlier, later = comparison.before, comparison.after
    before = tuple((point.text, point.before_quote or "", point.before > 0) for point in comparison.points)
    after = tuple((point.text, point.after_quote or "", point.after > 0) for point in comparison.points)
    is_there = is_session_name(earlier.session) and (folder.parent / earlier.session / CANDIDATE_WAV).is_file()
    old_url = f"{prefix}../{quote(earlier.session)}/{_part(earlier)}" if is_there else ""
    new_url = prefix + _part(later) if (folder / CANDIDATE_WAV).is_file() else ""
    return (
        Side("Before", _score(earlier), old_url, earlier.text, before),
        Side("Now", _score(later), new_url, later.text, after),
    )


def _part(answer: ComparedAnswer) -> str:
    """The answer alone, as a media fragment (W3C)."""
    return f"{CANDIDATE_WAV}#t={answer.start_ms / 1000:.2f},{answer.end_ms / 1000:.2f}"


def _score(answer: ComparedAnswer) -> str:
    return "not enough evidence" if answer.score is None else f"{answer.score:.2f}"
