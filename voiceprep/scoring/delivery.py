"""How answers were said: pace, pauses, fillers, talk share, observed on the audio timeline.

Must not know what the answers were worth. Nothing here is called confidence.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import NormalDist

from voiceprep.events import (
    CandidatePaused,
    CandidateStarted,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    Journaled,
)
from voiceprep.model import Answer, AnswerLength, Delivery, FillerCount, SpeechPause, Turn
from voiceprep.scoring import fluency

PAUSE_MS = 500
"""Silences inside an answer from this length are pauses."""
GAP_MS = 1_000
"""Longer gaps are left out of the pace, as in the conversations it is compared with."""
PACE_MEDIAN_WPM, PACE_LOW_WPM, PACE_HIGH_WPM = 185.0, 143.0, 221.0
"""Conversation between people: median and 5–95 % of speakers, gaps over 1 s left out (measured on human-transcribed
telephone and meeting speech)."""
OVERLAP_MS = 200
WORDS_MIN = 10
SPEECH_MIN_MS = 3_000
"""Less speech than this says nothing about pace or fillers."""

FILLERS = ("uh", "um", "you know", "I mean", "well")
"""The list that finds human-tagged fillers with precision 0.98 and recall 0.88; like, so and actually would
bring the precision to 0.72."""
_FILLER_PATTERNS = {
    "uh": r"\b(?:u+h+|a+h+)\b",  # the embedded recogniser writes "ah"
    "um": r"\bu+m+\b",
    "you know": r"\byou know\b(?!\s+(?:what|how|why|when|where|who|that|the|it|if|which|this)\b)",
    "I mean": r"(?<!what )\bi mean\b(?! (?:by|to)\b)",
    "well": r"(?:^|[.,;!?…]\s*|\b(?:uh|um|so|and|but|yeah|okay|oh)\s+)well\b(?!-)|\bwell(?=,)(?<!as well)",
}
_SPREAD_WPM = (PACE_HIGH_WPM - PACE_LOW_WPM) / (2 * NormalDist().inv_cdf(0.95))
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")


def measure_delivery(turns: Sequence[Turn], events: Sequence[Journaled]) -> Delivery:
    """Everything that can be observed; None where there was too little speech to tell.

    Typed answers count as answers but have no pace, pauses or time to first word.
    """
    answers = [turn.answer for turn in turns if turn.answer and turn.answer.transcript.words]
    spoken = [answer for answer in answers if not answer.is_typed and answer.end_ms > answer.start_ms]
    segments = speech_segments(events)
    inside = [clip(segments, answer.start_ms, answer.end_ms) for answer in spoken]
    pauses = tuple(pause for answer in inside for pause in _gaps(answer, PAUSE_MS))
    speech_ms = sum(_length_ms(answer) for answer in inside)
    paced_ms = sum(
        _length_ms(answer) + sum(gap.end_ms - gap.start_ms for gap in _gaps(answer, 1, GAP_MS)) for answer in inside
    )
    spoken_count = sum(count_words(answer.transcript.text) for answer in spoken)
    pace_wpm = _pace(spoken_count, paced_ms)
    fillers = count_fillers([answer.transcript.text for answer in spoken])
    filler_count = sum(filler.count for filler in fillers)
    is_enough = spoken_count >= WORDS_MIN
    windows = [
        window
        for answer, segments_ in zip(spoken, inside, strict=True)
        for window in fluency.pace_windows(answer.transcript.words, segments_, GAP_MS)
    ]
    lengths_ms = [pause.end_ms - pause.start_ms for pause in pauses]
    repeats, restarts = fluency.count_repeats_and_restarts(answer.transcript for answer in spoken)
    words = [word for answer in spoken for word in answer.transcript.words]
    return Delivery(
        answer_count=len(answers),
        word_count=sum(count_words(answer.transcript.text) for answer in answers),
        speech_ms=speech_ms,
        pace_wpm=pace_wpm,
        pace_percentile=None if pace_wpm is None else pace_percentile(pace_wpm),
        fillers=fillers,
        fillers_per_100_words=100 * filler_count / spoken_count if is_enough else None,
        pauses=pauses,
        longest_pause_ms=max((pause.end_ms - pause.start_ms for pause in pauses), default=0),
        time_to_first_word_ms=tuple(_first_word_ms(turns)),
        talk_share=_talk_share(speech_ms, events),
        interruption_count=sum(spoken.is_interrupted for turn in turns for spoken in turn.said),
        interrupted_count=_interrupted_count(inside, events),
        pause_p50_ms=_rounded(fluency.percentile(lengths_ms, 0.5)),
        pause_p90_ms=_rounded(fluency.percentile(lengths_ms, 0.9)),
        pauses_between_clauses=fluency.count_between_clauses(pauses, words),
        pace_windows=tuple(windows),
        pace_p10_wpm=fluency.percentile([window.pace_wpm for window in windows], 0.1),
        pace_p90_wpm=fluency.percentile([window.pace_wpm for window in windows], 0.9),
        repeat_count=repeats,
        restart_count=restarts,
        hedges=fluency.count_hedges(answer.transcript.text for answer in spoken),
        answer_lengths=tuple(_answer_lengths(turns, segments)),
    )


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _interrupted_count(answers: Sequence[Sequence[SpeechPause]], events: Sequence[Journaled]) -> int:
    """How often the interviewer began inside a stretch of an answer's speech, OVERLAP_MS from both of its ends."""
    starts = [event.at_ms for event in events if isinstance(event, InterviewerStarted)]
    return sum(
        segment.start_ms + OVERLAP_MS <= start_ms <= segment.end_ms - OVERLAP_MS
        for segments in answers
        for segment in segments
        for start_ms in starts
    )


def _answer_lengths(turns: Sequence[Turn], segments: Sequence[SpeechPause]) -> Iterator[AnswerLength]:
    """Speech per question, follow-ups included, against what its first brief expects."""
    spoken: dict[str, int] = {}
    expected: dict[str, int | None] = {}
    for turn in turns:
        question_id = turn.brief.question_id
        if question_id is None or turn.answer is None or not _is_spoken(turn.answer):
            continue
        inside = clip(segments, turn.answer.start_ms, turn.answer.end_ms)
        spoken[question_id] = spoken.get(question_id, 0) + _length_ms(inside)
        expected.setdefault(question_id, turn.brief.expected_answer_ms)
    for question_id, spoken_ms in spoken.items():
        yield AnswerLength(question_id, spoken_ms, expected[question_id])


def speech_segments(events: Sequence[Journaled]) -> list[SpeechPause]:
    """(start_ms, end_ms) of every stretch of candidate speech; one that never paused ends with the last event."""
    segments: list[SpeechPause] = []
    started_ms: int | None = None
    for event in events:
        if isinstance(event, CandidateStarted) and started_ms is None:
            started_ms = event.at_ms
        elif isinstance(event, CandidatePaused) and started_ms is not None:
            segments.append(SpeechPause(started_ms, event.at_ms))
            started_ms = None
    if started_ms is not None and events[-1].at_ms > started_ms:
        segments.append(SpeechPause(started_ms, events[-1].at_ms))
    return segments


def clip(segments: Sequence[SpeechPause], start_ms: int, end_ms: int) -> list[SpeechPause]:
    """The parts of `segments` inside an answer; the whole answer when no segment was journaled for it."""
    inside = [
        SpeechPause(max(segment.start_ms, start_ms), min(segment.end_ms, end_ms))
        for segment in segments
        if segment.start_ms < end_ms and start_ms < segment.end_ms
    ]
    return inside or [SpeechPause(start_ms, end_ms)]


def answered_speech(turns: Sequence[Turn], events: Sequence[Journaled]) -> list[SpeechPause]:
    """The stretches of speech inside spoken answers."""
    segments = speech_segments(events)
    answers = (turn.answer for turn in turns if turn.answer is not None and _is_spoken(turn.answer))
    return [stretch for answer in answers for stretch in clip(segments, answer.start_ms, answer.end_ms)]


def _gaps(segments: Sequence[SpeechPause], min_ms: int, max_ms: int | None = None) -> list[SpeechPause]:
    gaps = [SpeechPause(before.end_ms, after.start_ms) for before, after in pairwise(segments)]
    return [
        gap
        for gap in gaps
        if gap.end_ms - gap.start_ms >= min_ms and (max_ms is None or gap.end_ms - gap.start_ms <= max_ms)
    ]


def _length_ms(segments: Sequence[SpeechPause]) -> int:
    return sum(segment.end_ms - segment.start_ms for segment in segments)


def count_words(text: str) -> int:
    return len(_WORD.findall(text))


def _pace(word_count: int, paced_ms: int) -> float | None:
    if word_count < WORDS_MIN or paced_ms < SPEECH_MIN_MS:
        return None
    return word_count / (paced_ms / 60_000)


def pace_percentile(pace_wpm: float) -> int:
    """Share of speakers in conversation who are slower, 1–99 %.

    Normal approximation through the published median and 5–95 % range (PACE_*_WPM).
    """
    return min(99, max(1, round(100 * NormalDist(PACE_MEDIAN_WPM, _SPREAD_WPM).cdf(pace_wpm))))


def count_fillers(texts: Sequence[str]) -> tuple[FillerCount, ...]:
    """How often each of FILLERS was said, those said at least once, most frequent first.

    "well" counts where it opens a clause ("Well, I …"), not in "works well"; "you know" not before its object.
    """
    found = [
        FillerCount(name, sum(len(re.findall(_FILLER_PATTERNS[name], text.lower())) for text in texts))
        for name in FILLERS
    ]
    return tuple(sorted((filler for filler in found if filler.count), key=lambda filler: -filler.count))


def filler_spans(text: str) -> tuple[tuple[int, int], ...]:
    """(start_char, end_char) of every filler that `count_fillers` counts, in order."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form is longer: offsets would not be those of the text
        return ()
    found = (match.span() for pattern in _FILLER_PATTERNS.values() for match in re.finditer(pattern, lowered))
    return tuple(sorted(found))


def _first_word_ms(turns: Sequence[Turn]) -> Iterator[int]:
    """End of what the interviewer last said before the answer → first speech sample; 0 when they overlap."""
    for turn in turns:
        answer = turn.answer
        if not turn.said or answer is None or not _is_spoken(answer):
            continue
        before = [spoken.end_ms for spoken in turn.said if spoken.start_ms <= answer.start_ms]
        if before:
            yield max(0, answer.start_ms - max(before))


def _is_spoken(answer: Answer) -> bool:
    return not answer.is_typed and bool(answer.transcript.words) and answer.end_ms > answer.start_ms


def _talk_share(candidate_ms: int, events: Sequence[Journaled]) -> float | None:
    interviewer_ms = _interviewer_ms(events)
    total_ms = candidate_ms + interviewer_ms
    return candidate_ms / total_ms if total_ms >= SPEECH_MIN_MS else None


def _interviewer_ms(events: Sequence[Journaled]) -> int:
    total_ms, talking_since_ms = 0, None
    for event in events:
        if isinstance(event, InterviewerStarted | InterviewerResumed):
            talking_since_ms = event.at_ms if talking_since_ms is None else talking_since_ms
        elif isinstance(event, InterviewerPaused | InterviewerEnded) and talking_since_ms is not None:
            total_ms += max(0, event.at_ms - talking_since_ms)
            talking_since_ms = None
    return total_ms
