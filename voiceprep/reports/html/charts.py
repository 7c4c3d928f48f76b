"""Pictures of a session as numbers: waveforms with marks, bars. Must not know HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from voiceprep.language.plaintext import clock
from voiceprep.model import Delivery
from voiceprep.practice.progress import Series
from voiceprep.practice.self_rating import SelfRating
from voiceprep.recordings.reader import TRACK_RATES_HZ
from voiceprep.recordings.tracks import CANDIDATE_WAV, INTERVIEWER_WAV
from voiceprep.reports.document import ReportDocument
from voiceprep.reports.html.page import PageContent, QuestionView, filler_words
from voiceprep.reports.html.waveform import Envelope, bars_path, load_envelope
from voiceprep.reports.phrases import LONG_PAUSE_MS
from voiceprep.reports.practice import band_text

OVERVIEW_BARS = 480
QUESTION_BARS = 260
WAVE_WIDTH = 1_000
LANE_HEIGHT = 36
TICKS_MAX = 8
SESSIONS_SHOWN = 120
_TICK_STEPS_MS = (5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a place of a waveform; `at` and `width` are shares of its width."""

    at: float
    width: float
    label: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class Wave:
    """Both voices over a span of the session. A path is empty where the audio is missing."""

    start_ms: int
    end_ms: int
    interviewer_path: str
    candidate_path: str
    ticks: tuple[Mark, ...]
    questions: tuple[Mark, ...] = ()
    pauses: tuple[Mark, ...] = ()
    evidence: tuple[Mark, ...] = ()
    interruptions: tuple[Mark, ...] = ()
    fillers: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: str
    share: float


@dataclass(frozen=True, slots=True)
class Sound:
    """The loudness of both tracks; None where one is missing."""

    interviewer: Envelope | None
    candidate: Envelope | None

    @property
    def is_there(self) -> bool:
        return self.interviewer is not None or self.candidate is not None


def load_sound(folder: Path) -> Sound:
    interviewer, candidate = (
        load_envelope(folder / name, TRACK_RATES_HZ[name]) for name in (INTERVIEWER_WAV, CANDIDATE_WAV)
    )
    return Sound(interviewer, candidate)


def overview(document: ReportDocument, content: PageContent, sound: Sound) -> Wave | None:
    """The whole session, with its questions."""
    end_ms = max([document.duration_ms, *(line.end_ms for line in document.lines)])
    if end_ms <= 0:
        return None
    questions = tuple(
        _mark(question.start_ms, question.end_ms, (0, end_ms), str(question.number))
        for question in content.questions
        if question.start_ms is not None and question.end_ms is not None
    )
    return _wave(document, sound, (0, end_ms), OVERVIEW_BARS, questions=questions)


def question_wave(document: ReportDocument, question: QuestionView, sound: Sound) -> Wave | None:
    """One question from its first to its last word, with the places of its evidence."""
    if question.start_ms is None or question.end_ms is None or question.end_ms <= question.start_ms:
        return None
    span = (question.start_ms, question.end_ms)
    evidence = tuple(
        _mark(point.start_ms, point.end_ms or point.start_ms, span, str(point.number))
        for point in question.evidence
        if point.start_ms is not None and point.state in ("credited", "partly")
    )
    return _wave(document, sound, span, QUESTION_BARS, evidence=evidence)


def _wave(
    document: ReportDocument,
    sound: Sound,
    span: tuple[int, int],
    bars: int,
    *,
    questions: tuple[Mark, ...] = (),
    evidence: tuple[Mark, ...] = (),
) -> Wave:
    pauses = document.delivery.pauses if document.delivery else ()
    cut_ms = [line.end_ms for line in document.lines if line.is_interrupted]
    return Wave(
        start_ms=span[0],
        end_ms=span[1],
        interviewer_path=_path(sound.interviewer, span, bars),
        candidate_path=_path(sound.candidate, span, bars),
        ticks=_ticks(span),
        questions=questions,
        pauses=tuple(
            _mark(pause.start_ms, pause.end_ms, span, f"{(pause.end_ms - pause.start_ms) / 1000:.1f} s pause")
            for pause in pauses
            if pause.end_ms - pause.start_ms > LONG_PAUSE_MS and span[0] <= pause.start_ms < span[1]
        ),
        evidence=evidence,
        fillers=tuple(
            _mark(word.start_ms, word.end_ms, span, f"filler: {word.text}")
            for line in document.lines
            for word in (line.words[number] for number in sorted(filler_words(line)))
            if span[0] <= word.start_ms < span[1]
        ),
        interruptions=tuple(_mark(ms, ms, span, "interrupted") for ms in cut_ms if span[0] <= ms <= span[1]),
    )


def _path(envelope: Envelope | None, span: tuple[int, int], bars: int) -> str:
    if envelope is None:
        return ""
    return bars_path(envelope.heights(*span, bars), WAVE_WIDTH, LANE_HEIGHT, LANE_HEIGHT - 2)


def _mark(start_ms: int, end_ms: int, span: tuple[int, int], label: str) -> Mark:
    length_ms = max(1, span[1] - span[0])
    at = min(1.0, max(0.0, (start_ms - span[0]) / length_ms))
    return Mark(at, min(1.0 - at, max(0.0, (end_ms - start_ms) / length_ms)), label, start_ms)


def _ticks(span: tuple[int, int]) -> tuple[Mark, ...]:
    length_ms = span[1] - span[0]
    step_ms = next((step for step in _TICK_STEPS_MS if length_ms <= step * TICKS_MAX), _TICK_STEPS_MS[-1])
    first_ms = -(-span[0] // step_ms) * step_ms
    return tuple(_mark(ms, ms, span, clock(ms)) for ms in range(first_ms, span[1], step_ms))


def pace_bars(content: PageContent) -> tuple[Bar, ...]:
    """Words per minute of each answer that is long enough to tell."""
    paced = [
        (question.number, question.pace_wpm) for question in content.questions if question.pace_wpm is not None
    ]
    return _bars([(f"Question {number}", wpm, f"{wpm:.0f} wpm") for number, wpm in paced])


def reply_bars(document: ReportDocument) -> tuple[Bar, ...]:
    """How long the interviewer took to reply, turn by turn."""
    replies = document.latency.replies
    return _bars([(clock(at_ms), float(wait_ms), f"{wait_ms / 1000:.2f} s") for at_ms, wait_ms in replies])


def first_word_bars(delivery: Delivery | None) -> tuple[Bar, ...]:
    waits_ms = delivery.time_to_first_word_ms if delivery else ()
    return _bars([(f"Answer {n}", float(ms), f"{ms / 1000:.1f} s") for n, ms in enumerate(waits_ms, start=1)])


def pause_bars(delivery: Delivery | None) -> tuple[Bar, ...]:
    """Pauses inside answers by length."""
    lengths_ms = [pause.end_ms - pause.start_ms for pause in delivery.pauses] if delivery else []
    if not lengths_ms:
        return ()
    edges_ms = (500, 1_000, 1_500, 2_500, 5_000)
    rows = []
    for low_ms, high_ms in [*pairwise(edges_ms), (edges_ms[-1], None)]:
        count = sum(low_ms <= length and (high_ms is None or length < high_ms) for length in lengths_ms)
        label = f"{low_ms / 1000:g}–{high_ms / 1000:g} s" if high_ms else f"over {low_ms / 1000:g} s"
        rows.append((label, float(count), str(count)))
    return _bars(rows)


def filler_bars(delivery: Delivery | None) -> tuple[Bar, ...]:
    fillers = delivery.fillers if delivery else ()
    return _bars([(filler.text, float(filler.count), f"{filler.count}×") for filler in fillers])


def _bars(rows: Sequence[tuple[str, float, str]]) -> tuple[Bar, ...]:
    top = max((value for _, value, _ in rows), default=0.0) or 1.0
    return tuple(Bar(label, text, value / top) for label, value, text in rows)


@dataclass(frozen=True, slots=True)
class SeriesChart:
    """The newest session means over time: `points` are (share of the time span, score, label)."""

    series: Series
    points: tuple[tuple[float, float, str], ...]


def series_chart(series: Series) -> SeriesChart:
    shown = series.sessions[-SESSIONS_SHOWN:]
    times = [datetime.fromisoformat(mean.started_at).timestamp() for mean in shown]
    span = max(times) - min(times) or 1.0
    points = tuple(
        ((at - min(times)) / span, mean.score, f"{mean.started_at[:10]}: {mean.score:.2f} ({mean.answer_count})")
        for at, mean in zip(times, shown, strict=True)
    )
    return SeriesChart(series, points)


@dataclass(frozen=True, slots=True)
class RatingChart:
    """Own ratings against scores: over time (share of the span, rating, score, label), and the calibration curve,
    (rating, score, label) from low to high."""

    own: SelfRating
    sessions: tuple[tuple[float, float, float, str], ...]
    curve: tuple[tuple[float, float, str], ...]


def rating_chart(own: SelfRating) -> RatingChart:
    shown = own.sessions[-SESSIONS_SHOWN:]
    times = [datetime.fromisoformat(each.started_at).timestamp() for each in shown]
    span = max(times) - min(times) or 1.0
    sessions = tuple(
        (
            (at - min(times)) / span,
            each.mean_rating,
            each.mean_score,
            f"{each.started_at[:10]}: rated {each.mean_rating:.2f}, scored {each.mean_score:.2f}",
        )
        for at, each in zip(times, shown, strict=True)
    )
    return RatingChart(own, sessions, tuple((b.mean_rating, b.mean_score, band_text(b)) for b in own.curve))
