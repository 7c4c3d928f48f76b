"""What the page shows, computed from the report document: paragraphs with evidence marks, spans, bars.

Must not know HTML: every text here is raw and escaped by the templates.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from voiceprep.language.plaintext import plain
from voiceprep.model import KeyPointScore, Transcript, Word
from voiceprep.recordings.transcript import TranscriptLine, Voice
from voiceprep.reports.document import ReportDocument, ReportedQuestion
from voiceprep.reports.phrases import LONG_PAUSE_MS, flag_text, score_text
from voiceprep.scoring.delivery import filler_spans
from voiceprep.scoring.evidence import word_spans

BREAK_MS = 1_500
"""A longer pause starts a new paragraph."""
PARAGRAPH_WORDS_MAX = 120


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive words that are evidence for the same key points (numbers from 1; none for most), or fillers."""

    text: str
    points: tuple[int, ...] = ()
    is_filler: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some words of one voice. `word_starts_ms` has one entry per word, relative to `start_ms`."""

    number: int
    is_candidate: bool
    who: str
    start_ms: int
    end_ms: int
    runs: tuple[Run, ...]
    word_starts_ms: tuple[int, ...]
    pause_before_ms: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A key point with what the page says about it."""

    number: int
    text: str
    state: str
    quote: str
    start_ms: int | None
    end_ms: int | None
    weight_share: float


@dataclass(frozen=True, slots=True)
class QuestionView:
    number: int
    id: str
    topic: str
    text: str
    score: float | None
    score_text: str
    flags: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    missing: tuple[str, ...]
    reference: str
    follow_up_count: int
    start_ms: int | None
    end_ms: int | None
    paragraphs: tuple[Paragraph, ...]
    pace_wpm: float | None
    word_count: int


@dataclass(frozen=True, slots=True)
class PageContent:
    """The conversation as the page lays it out: what belongs to no question, then each question."""

    opening: tuple[Paragraph, ...]
    questions: tuple[QuestionView, ...]
    closing: tuple[Paragraph, ...]

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        inside = [paragraph for question in self.questions for paragraph in question.paragraphs]
        return (*self.opening, *inside, *self.closing)


def build_content(document: ReportDocument) -> PageContent:
    """Paragraphs are numbered in the order of the page."""
    numbers = iter(range(1_000_000_000))
    asked = {question.question.id for question in document.questions}
    outside = [line for line in document.lines if line.question_id not in asked]
    first_ms = min((line.start_ms for line in document.lines if line.question_id in asked), default=None)
    before = [line for line in outside if first_ms is None or line.start_ms < first_ms]
    after = [line for line in outside if first_ms is not None and line.start_ms >= first_ms]
    opening = tuple(_paragraphs(before, {}, numbers))
    questions = tuple(
        _question(place, question, document, numbers) for place, question in enumerate(document.questions, start=1)
    )
    return PageContent(opening, questions, tuple(_paragraphs(after, {}, numbers)))


def _question(
    number: int, question: ReportedQuestion, document: ReportDocument, numbers: Iterator[int]
) -> QuestionView:
    lines = [line for line in document.lines if line.question_id == question.question.id]
    paragraphs = tuple(_paragraphs(lines, _marks(question, lines), numbers))
    words = [word for line in lines for word in line.words]
    evidence = tuple(_evidence(question))
    return QuestionView(
        number=number,
        id=question.question.id,
        topic=plain(question.question.topic),
        text=plain(question.question.text),
        score=question.score,
        score_text=score_text(question),
        flags=tuple(flag_text(flag, question) for flag in question.flags),
        evidence=evidence,
        missing=tuple(point.text for point in evidence if point.state in ("missing", "close")),
        reference=plain(question.question.reference),
        follow_up_count=len(question.follow_ups),
        start_ms=min((line.start_ms for line in lines), default=None),
        end_ms=max((line.end_ms for line in lines), default=None),
        paragraphs=paragraphs,
        pace_wpm=_pace_wpm(words),
        word_count=len(words),
    )


def _evidence(question: ReportedQuestion) -> Iterator[Evidence]:
    total = sum(point.point.weight for point in question.points) or 1.0
    for number, point in enumerate(question.points, start=1):
        score = point.score
        yield Evidence(
            number=number,
            text=plain(point.point.text),
            state=_state(score),
            quote=plain(score.quote or "") if score else "",
            start_ms=score.audio_start_ms if score else None,
            end_ms=score.audio_end_ms if score else None,
            weight_share=point.point.weight / total,
        )


def _state(score: KeyPointScore | None) -> str:
    if score is None:
        return "unscored"
    if score.is_credited:
        return "credited" if score.credit >= 1 else "partly"
    return "close" if score.quote else "missing"


def _marks(question: ReportedQuestion, lines: Sequence[TranscriptLine]) -> dict[tuple[int, int], tuple[int, ...]]:
    """(turn, word number) → the key points that the word is evidence for. Quotes are offsets into all answers."""
    spans = [
        (point.score.start_char, point.score.end_char, number)
        for number, point in enumerate(question.points, start=1)
        if point.score
        and point.is_credited
        and point.score.start_char is not None
        and point.score.end_char is not None
    ]
    marks: dict[tuple[int, int], tuple[int, ...]] = {}
    place = 0
    for line in sorted((line for line in lines if line.words), key=lambda line: line.turn_index):
        for index, word in enumerate(line.words):
            end = place + len(word.text)
            touched = tuple(
                number for start_char, end_char, number in spans if place < end_char and start_char < end
            )
            if touched:
                marks[line.turn_index, index] = touched
            place = end + 1
    return marks


def _paragraphs(
    lines: Iterable[TranscriptLine], marks: dict[tuple[int, int], tuple[int, ...]], numbers: Iterator[int]
) -> Iterator[Paragraph]:
    for line in lines:
        is_candidate = line.voice is Voice.CANDIDATE
        who = "You" if is_candidate else plain(line.label)
        words = line.words or _spread(line)
        note = "cut off; the last words that were understood" if line.is_provisional else ""
        note = "interrupted by you" if line.is_interrupted else note
        if not words:
            yield Paragraph(next(numbers), is_candidate, who, line.start_ms, line.end_ms, (), (), note=note)
        fillers = filler_words(line)
        for first, last in _breaks(words):
            tagged = [
                (words[n].text, marks.get((line.turn_index, n), ()) if line.words else (), n in fillers)
                for n in range(first, last)
            ]
            start_ms = words[first].start_ms
            yield Paragraph(
                number=next(numbers),
                is_candidate=is_candidate,
                who=who,
                start_ms=start_ms,
                end_ms=words[last - 1].end_ms,
                runs=tuple(_runs(tagged)),
                word_starts_ms=tuple(max(0, word.start_ms - start_ms) for word in words[first:last]),
                pause_before_ms=_pause_ms(words, first),
                note=note if last == len(words) else "",
            )


def _breaks(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    first = 0
    for place in range(1, len(words) + 1):
        is_end = place == len(words) or place - first >= PARAGRAPH_WORDS_MAX
        if is_end or words[place].start_ms - words[place - 1].end_ms > BREAK_MS:
            yield first, place
            first = place


def _pause_ms(words: Sequence[Word], first: int) -> int:
    gap_ms = words[first].start_ms - words[first - 1].end_ms if first else 0
    return gap_ms if gap_ms > LONG_PAUSE_MS else 0


def _runs(tagged: Sequence[tuple[str, tuple[int, ...], bool]]) -> Iterator[Run]:
    for (points, is_filler), group in groupby(tagged, key=lambda entry: entry[1:]):
        # The page counts words at blanks: a blank inside a word is made unbreakable.
        text = " ".join(plain(text).replace(" ", "\u00a0") or "…" for text, *_ in group)
        yield Run(text, points, is_filler)


def filler_words(line: TranscriptLine) -> frozenset[int]:
    """Which words of a line are fillers, as the delivery figures count them; none of the interviewer's."""
    if not line.words:
        return frozenset()
    transcript = Transcript(line.words)
    spans = filler_spans(transcript.text)
    if not spans:
        return frozenset()
    starts = [start for start, _ in word_spans(transcript)]
    return frozenset(
        number
        for start, end in spans
        for number in range(max(0, bisect_right(starts, start) - 1), bisect_left(starts, end))
    )


def _spread(line: TranscriptLine) -> tuple[Word, ...]:
    """The interviewer's words have no times of their own: spread over the line by their length."""
    texts = line.text.split()
    total = sum(len(text) + 1 for text in texts) or 1
    words, place = [], 0
    for text in texts:
        start_ms = line.start_ms + (line.end_ms - line.start_ms) * place // total
        place += len(text) + 1
        words.append(Word(text, start_ms, line.start_ms + (line.end_ms - line.start_ms) * place // total))
    return tuple(words)


def _pace_wpm(words: Sequence[Word]) -> float | None:
    """Words per minute with gaps over 1 s left out, as the delivery figures count; None for fewer than 10 words."""
    if len(words) < 10:
        return None
    gaps_ms = (max(0, after.start_ms - before.end_ms) for before, after in pairwise(words))
    spoken_ms = sum(word.end_ms - word.start_ms for word in words) + sum(gap for gap in gaps_ms if gap <= 1_000)
    return len(words) * 60_000 / spoken_ms if spoken_ms > 0 else None
