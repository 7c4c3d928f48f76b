"""Quote ↔ transcript ↔ words ↔ audio, through recogniser errors and glossary repairs. Must not know judges."""

from collections.abc import Sequence
from dataclasses import replace

from voiceprep.model import KeyPointScore, Question, QuestionScore, Transcript, Word


def word_spans(transcript: Transcript) -> list[tuple[int, int]]:
    """(start_char, end_char) of every word in `transcript.text`."""
    spans, place = [], 0
    for word in transcript.words:
        spans.append((place, place + len(word.text)))
        place += len(word.text) + 1
    return spans


def words_at(start_char: int, end_char: int, transcript: Transcript) -> tuple[Word, ...]:
    """The words that a character span touches, in order; none for an empty span."""
    return tuple(
        word
        for word, (start, end) in zip(transcript.words, word_spans(transcript), strict=True)
        if start < end_char and start_char < end
    )


def audio_span(start_char: int, end_char: int, transcript: Transcript) -> tuple[int, int] | None:
    """(start_ms, end_ms) on the session clock of a character span; None when it touches no word."""
    words = words_at(start_char, end_char, transcript)
    return (words[0].start_ms, words[-1].end_ms) if words else None


def chars_at(start_ms: int, end_ms: int, transcript: Transcript) -> tuple[int, int] | None:
    """(start_char, end_char) of the words said in an audio span; None when there are none."""
    inside = [
        span
        for word, span in zip(transcript.words, word_spans(transcript), strict=True)
        if word.start_ms < end_ms and start_ms < word.end_ms
    ]
    return (inside[0][0], inside[-1][1]) if inside else None


def find_quote(quote: str, transcript: Transcript) -> tuple[int, int] | None:
    """The first place of `quote`, whole words only, or None.

    Case, punctuation and spaces do not matter; each word may be given as repaired or as heard.
    """
    wanted = _plain(quote)
    if not wanted:
        return None
    forms = [_forms(word) for word in transcript.words]
    for first in range(len(forms)):
        if "" in forms[first]:
            continue
        last = _match_from(wanted, forms, first)
        if last is not None:
            spans = word_spans(transcript)
            return trim(spans[first][0], spans[last][1], transcript.text)
    return None


def _match_from(wanted: str, forms: Sequence[frozenset[str]], first: int) -> int | None:
    reached = {0}
    for index in range(first, len(forms)):
        reached = {
            place + len(form) for place in reached for form in forms[index] if wanted.startswith(form, place)
        }
        if len(wanted) in reached:
            return index
        if not reached:
            return None
    return None


def _forms(word: Word) -> frozenset[str]:
    return frozenset({_plain(word.text), _plain(word.heard or word.text)})


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def trim(start_char: int, end_char: int, text: str) -> tuple[int, int]:
    """Drop spaces and sentence punctuation at both ends of a span."""
    while start_char < end_char and not _is_wordlike(text[start_char]):
        start_char += 1
    while end_char > start_char and not _is_wordlike(text[end_char - 1]):
        end_char -= 1
    return start_char, end_char


def _is_wordlike(letter: str) -> bool:
    return letter.isalnum() or letter in "+#%$)]"


def verify(
    score: QuestionScore, transcript: Transcript, question: Question | None = None
) -> tuple[QuestionScore, int]:
    """Drop every claim whose quote is not in the transcript at its span; returns (score, dropped count).

    Counted are credited key points. The score is computed again with the weights of `question`, equal ones
    when it is not given.
    """
    points, dropped_count = [], 0
    for point in score.key_points:
        if is_supported(point, transcript):
            points.append(point)
            continue
        dropped_count += point.is_credited
        points.append(KeyPointScore(id=point.id, is_credited=False, credit=0.0))
    if tuple(points) == score.key_points:
        return score, 0
    value = score.score if score.score is None else weighted_share(points, question)
    return replace(score, key_points=tuple(points), score=value), dropped_count


def is_supported(point: KeyPointScore, transcript: Transcript) -> bool:
    """Whether a point claims nothing, or quotes exactly what stands at its span."""
    if not point.is_credited and point.credit == 0 and point.quote is None:
        return True
    if not point.quote or point.start_char is None or point.end_char is None:
        return False
    return point.start_char >= 0 and transcript.text[point.start_char : point.end_char] == point.quote


def weighted_share(points: Sequence[KeyPointScore], question: Question | None = None) -> float | None:
    """Σ weight · credit / Σ weight in 0..1 (DESIGN section 6); None without key points or with no weight."""
    weights = {point.id: point.weight for point in question.key_points} if question else {}
    pairs = [(weights.get(point.id, 1.0), point.credit) for point in points]
    total = sum(weight for weight, _ in pairs)
    if total <= 0:
        return None
    return min(1.0, max(0.0, sum(weight * credit for weight, credit in pairs) / total))
