"""How fluently answers ran: pace in windows, where pauses fall, restarts, repeats, hedges. Must not know worth.

Word times are the recogniser's; silences come from the audio itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from voiceprep.model import FillerCount, PaceWindow, SpeechPause, Transcript, Word

WINDOW_MS = 10_000
WINDOW_SPEECH_MIN_MS = 5_000
"""Windows with less speech say nothing about pace."""
NEAR_MS = 250
"""A word that ends this near to a silence is the one before it: recognisers place words that exactly."""

HEDGES = (
    "i think maybe",
    "maybe",
    "perhaps",
    "i guess",
    "i suppose",
    "probably",
    "possibly",
    "kind of",
    "sort of",
    "not sure",
    "not certain",
    "could be wrong",
    "something like that",
    "if i remember",
)
_HEDGE = re.compile("|".join(rf"\b{hedge}\b" for hedge in HEDGES))
_FILLED = frozenset("uh uhh um umm erm er".split())
_DOUBLED_ON_PURPOSE = frozenset("very really many more so that had no yes".split())


def pace_windows(words: Sequence[Word], segments: Sequence[SpeechPause], gap_ms: int) -> list[PaceWindow]:
    """Words per minute of speech in consecutive windows of WINDOW_MS; gaps over `gap_ms` are left out."""
    found = []
    if not segments:
        return []
    for start_ms in range(segments[0].start_ms, segments[-1].end_ms, WINDOW_MS):
        end_ms = start_ms + WINDOW_MS
        spoken_ms = _paced_ms(segments, start_ms, end_ms, gap_ms)
        count = sum(start_ms <= (word.start_ms + word.end_ms) / 2 < end_ms for word in words)
        if spoken_ms >= WINDOW_SPEECH_MIN_MS:
            found.append(PaceWindow(start_ms, min(end_ms, segments[-1].end_ms), count * 60_000 / spoken_ms))
    return found


def _paced_ms(segments: Sequence[SpeechPause], start_ms: int, end_ms: int, gap_ms: int) -> int:
    def inside(span_start_ms: int, span_end_ms: int) -> int:
        return max(0, min(span_end_ms, end_ms) - max(span_start_ms, start_ms))

    speech_ms = sum(inside(segment.start_ms, segment.end_ms) for segment in segments)
    gaps = [(a.end_ms, b.start_ms) for a, b in pairwise(segments) if b.start_ms - a.end_ms <= gap_ms]
    return speech_ms + sum(inside(*gap) for gap in gaps)


def count_between_clauses(pauses: Sequence[SpeechPause], words: Sequence[Word]) -> int:
    """How many pauses fall where a clause may end: after punctuation, or before a word that opens a clause."""
    count = 0
    for pause in pauses:
        before = [word for word in words if word.end_ms <= pause.start_ms + NEAR_MS]
        after = next((word for word in words if word.start_ms >= pause.end_ms - NEAR_MS), None)
        count += bool(before) and ends_clause(before[-1].text, after.text if after else "")
    return count


def count_repeats_and_restarts(transcripts: Iterable[Transcript]) -> tuple[int, int]:
    """(repeats, restarts): words said twice running, and beginnings of up to three words taken up again."""
    repeats = restarts = 0
    for transcript in transcripts:
        said = [_plain(word.text) for word in transcript.words]
        said = [word for word in said if word and word not in _FILLED]
        place = 0
        while place < len(said):
            length = _taken_up_again(said, place)
            if length == 1 and said[place] not in _DOUBLED_ON_PURPOSE:
                repeats += 1
            elif length > 1:
                restarts += 1
            place += max(1, length)
    return repeats, restarts


def _taken_up_again(said: Sequence[str], place: int) -> int:
    """The length of what is said here and at once again, word for word; 0 for nothing."""
    for length in (3, 2, 1):
        if said[place : place + length] == said[place + length : place + 2 * length]:
            return length
    return 0


def count_hedges(texts: Iterable[str]) -> tuple[FillerCount, ...]:
    """Expressions of doubt that were said, most frequent first."""
    found = Counter(match for text in texts for match in _HEDGE.findall(text.lower().replace("’", "'")))
    return tuple(FillerCount(hedge, count) for hedge, count in found.most_common())


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of `values` do not exceed, between neighbours in a straight line; None for none."""
    if not values:
        return None
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


_OPENS_CLAUSE = frozenset(
    "and but so because which who when while if then since although though whereas or until unless after before "
    "however also i we you it they he she there this that".split()
)


def ends_clause(before: str, after: str) -> bool:
    """Whether a clause may end between these neighbours, by punctuation or the next word."""
    return before.rstrip("\"'”’)").endswith((".", ",", ";", ":", "?", "!", "…")) or _plain(after) in _OPENS_CLAUSE


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum() or letter == "'")
