"""Delivery against a synthetic timeline whose pauses, pace and fillers are known."""

from dataclasses import replace

import pytest

from voiceprep.events import (
    CandidatePaused,
    CandidateStarted,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    Journaled,
)
from voiceprep.model import Answer, AnswerEnd, SpeechPause, Spoken, Transcript, Turn, TurnBrief, TurnKind, Word
from voiceprep.scoring.delivery import count_fillers, measure_delivery, pace_percentile

BRIEF = TurnBrief(TurnKind.QUESTION, "How?", "q")


def say(index: int, start_ms: int, end_ms: int, *, interrupted: bool = False) -> tuple[Spoken, list[Journaled]]:
    spoken = Spoken("How?", "How?", start_ms, end_ms, interrupted)
    events: list[Journaled] = [
        InterviewerStarted(at_ms=start_ms, turn_index=index, text="How?"),
        InterviewerEnded(at_ms=end_ms, turn_index=index, spoken=spoken),
    ]
    return spoken, events


def talk(segments: list[tuple[int, int]], text: str) -> tuple[Answer, list[Journaled]]:
    """An answer spoken in these stretches."""
    start_ms, end_ms = segments[0][0], segments[-1][1]
    words = text.split()
    step_ms = (end_ms - start_ms) // max(1, len(words))
    transcript = Transcript(
        tuple(Word(word, start_ms + i * step_ms, start_ms + (i + 1) * step_ms) for i, word in enumerate(words))
    )
    events: list[Journaled] = []
    for begin_ms, stop_ms in segments:
        events += [CandidateStarted(at_ms=begin_ms), CandidatePaused(at_ms=stop_ms)]
    return Answer(transcript, start_ms, end_ms, AnswerEnd.FINISHED), events


def session() -> tuple[list[Turn], list[Journaled]]:
    """Two answers: 60 words in 20 s of speech, a short gap, one pause under a second, two over it."""
    first_said, first_events = say(0, 0, 4_000)
    first, first_talk = talk([(4_700, 10_700), (11_000, 15_000), (15_800, 19_800)], " ".join(["word"] * 40))
    second_said, second_events = say(1, 22_000, 24_000, interrupted=True)
    second, second_talk = talk([(25_200, 28_200), (30_700, 33_700)], " ".join(["word"] * 20))
    turns = [Turn(0, BRIEF, (first_said,), first), Turn(1, BRIEF, (second_said,), second)]
    return turns, [*first_events, *first_talk, *second_events, *second_talk]


def test_everything_on_a_known_timeline() -> None:
    delivery = measure_delivery(*session())
    assert (delivery.answer_count, delivery.word_count, delivery.speech_ms) == (2, 60, 20_000)
    assert delivery.pauses == (SpeechPause(15_000, 15_800), SpeechPause(28_200, 30_700))
    assert delivery.longest_pause_ms == 2_500
    assert delivery.time_to_first_word_ms == (700, 1_200)
    assert delivery.talk_share == pytest.approx(20 / 26)
    assert delivery.interruption_count == 1
    # 60 words in 20 s of speech and 1.1 s of gaps under a second
    assert delivery.pace_wpm == pytest.approx(60 / 21.1 * 60)
    assert delivery.pace_percentile == 27
    assert delivery.fillers == ()
    assert delivery.fillers_per_100_words == 0.0


def test_a_longer_silence_between_sentences_does_not_change_the_pace() -> None:
    turns, events = session()
    answer = turns[1].answer
    assert answer is not None
    late, late_talk = talk([(25_200, 28_200), (40_700, 43_700)], answer.transcript.text)
    changed = measure_delivery([turns[0], replace(turns[1], answer=late)], [*events[:-4], *late_talk])
    assert changed.pace_wpm == measure_delivery(turns, events).pace_wpm
    assert changed.longest_pause_ms == 12_500


def test_too_little_speech_says_nothing() -> None:
    answer, events = talk([(1_000, 2_500)], "Yes I do.")
    delivery = measure_delivery([Turn(0, BRIEF, (), answer)], events)
    assert (delivery.pace_wpm, delivery.pace_percentile, delivery.fillers_per_100_words) == (None, None, None)
    assert (delivery.talk_share, delivery.time_to_first_word_ms) == (None, ())
    empty = measure_delivery([], [])
    assert (empty.answer_count, empty.longest_pause_ms, empty.talk_share) == (0, 0, None)


def test_typed_and_silent_answers_have_no_delivery() -> None:
    typed = Answer(Transcript((Word("Typed", 5_000, 5_000),)), 5_000, 9_000, AnswerEnd.FINISHED, is_typed=True)
    silent = Answer(Transcript(), 9_000, 9_000, AnswerEnd.SILENT)
    said, events = say(0, 0, 4_000)
    delivery = measure_delivery([Turn(0, BRIEF, (said,), typed), Turn(1, BRIEF, (said,), silent)], events)
    assert (delivery.answer_count, delivery.word_count, delivery.speech_ms) == (1, 1, 0)
    assert (delivery.time_to_first_word_ms, delivery.pauses, delivery.pace_wpm) == ((), (), None)


def test_speech_outside_answers_and_interviewer_pauses_are_left_out() -> None:
    turns, events = session()
    noise: list[Journaled] = [CandidateStarted(at_ms=100), CandidatePaused(at_ms=400)]
    barge: list[Journaled] = [
        InterviewerStarted(at_ms=34_000, turn_index=2, text="Bye"),
        InterviewerPaused(at_ms=35_000, turn_index=2),
        InterviewerResumed(at_ms=38_000, turn_index=2),
        InterviewerEnded(at_ms=39_000, turn_index=2, spoken=Spoken("Bye", "Bye", 34_000, 39_000)),
    ]
    delivery = measure_delivery(turns, [*noise, *events, *barge])
    assert delivery.speech_ms == 20_000
    assert delivery.talk_share == pytest.approx(20 / 28)


def test_speech_that_was_cut_off_by_a_crash_counts_to_the_end_of_the_answer() -> None:
    answer, events = talk([(1_000, 6_000)], " ".join(["word"] * 15))
    delivery = measure_delivery([Turn(0, BRIEF, (), answer)], events[:1])
    assert delivery.speech_ms == 5_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Um, I would, uh, use a lock. Ummm, yes. Uhh.", {"um": 2, "uh": 2}),
        ("It is, you know, slow. I mean it blocks, you know.", {"you know": 2, "i mean": 1}),
        ("Do you know what a lock is? You know that it blocks.", {}),
        ("Well, it works well. Well that depends. As well, it is fast.", {"well": 2}),
        ("um well I think so", {"um": 1, "well": 1}),
        ("I like it, so actually it is basically right, like ten times.", {}),
        ("The umbrella and the well-known well are fine.", {}),
        ("um, um, um and uh", {"um": 3, "uh": 1}),
    ],
)
def test_fillers_are_those_of_the_measured_list_only(text: str, expected: dict[str, int]) -> None:
    assert {filler.text.lower(): filler.count for filler in count_fillers([text])} == expected


def test_fillers_are_counted_per_hundred_words() -> None:
    answer, events = talk([(0, 30_000)], "um " + " ".join(["word"] * 23) + " uh")
    assert measure_delivery([Turn(0, BRIEF, (), answer)], events).fillers_per_100_words == pytest.approx(8.0)


@pytest.mark.parametrize(("pace_wpm", "percentile"), [(143, 4), (185, 50), (221, 94), (20, 1), (400, 99)])
def test_pace_percentiles_follow_the_published_figures(pace_wpm: float, percentile: int) -> None:
    assert pace_percentile(pace_wpm) == pytest.approx(percentile, abs=1)
