"""Delivery against a synthetic timeline: what was put in must come out, within what is promised."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from voiceprep.events import CandidatePaused, CandidateStarted, InterviewerStarted, Journaled
from voiceprep.model import Answer, AnswerEnd, SpeechPause, Transcript, Turn, TurnBrief, TurnKind, Word
from voiceprep.reports.methods import DELIVERY_METHODS
from voiceprep.scoring.delivery import count_fillers, measure_delivery
from voiceprep.scoring.fluency import count_hedges, count_repeats_and_restarts, ends_clause, percentile

BRIEF = TurnBrief(TurnKind.QUESTION, "How?", "q", expected_answer_ms=60_000)
PLAIN = "the server keeps each order in a table and sends one message to every worker".split()


def spoken(text: str) -> Transcript:
    return Transcript(tuple(Word(word, at * 300, at * 300 + 280) for at, word in enumerate(text.split())))


def timeline(chance: random.Random, pace_wpm: float) -> tuple[Turn, list[Journaled], list[SpeechPause]]:
    """A minute of speech at a pace, a pause of 0.6–3 s after every few words, half of them after a comma."""
    step_ms, at_ms = 60_000 / pace_wpm, 1_000.0
    words: list[Word] = []
    events: list[Journaled] = [CandidateStarted(at_ms=1_000)]
    pauses: list[SpeechPause] = []
    while at_ms < 61_000:
        for number in range(chance.randint(6, 14)):
            text = PLAIN[(len(words) + number) % len(PLAIN)]
            words.append(Word(text, round(at_ms), round(at_ms + step_ms)))
            at_ms += step_ms
        start_ms, end_ms = round(at_ms), round(at_ms + chance.uniform(1_100, 3_000))
        pauses.append(SpeechPause(start_ms, end_ms))
        events += [CandidatePaused(at_ms=start_ms), CandidateStarted(at_ms=end_ms)]
        at_ms = end_ms
    words.append(Word("end", round(at_ms), round(at_ms + step_ms)))
    end_ms = round(at_ms + step_ms)
    events.append(CandidatePaused(at_ms=end_ms))
    answer = Answer(Transcript(tuple(words)), 1_000, end_ms, AnswerEnd.FINISHED)
    return Turn(0, BRIEF, (), answer), events, pauses


@pytest.mark.parametrize("pace_wpm", [90, 140, 185, 240])
def test_pauses_and_pace_of_a_known_timeline(pace_wpm: float) -> None:
    turn, events, pauses = timeline(random.Random(int(pace_wpm)), pace_wpm)
    delivery = measure_delivery([turn], events)
    assert len(delivery.pauses) == len(pauses)
    for found, made in zip(delivery.pauses, pauses, strict=True):
        assert abs((found.end_ms - found.start_ms) - (made.end_ms - made.start_ms)) <= 60
    assert delivery.pace_wpm == pytest.approx(pace_wpm, rel=0.03)
    assert delivery.pause_p50_ms is not None
    assert 1_100 <= delivery.pause_p50_ms <= 3_000
    assert delivery.pause_p90_ms is not None
    assert delivery.pause_p50_ms <= delivery.pause_p90_ms
    assert len(delivery.pace_windows) >= 3
    for window in delivery.pace_windows:
        assert window.pace_wpm == pytest.approx(pace_wpm, rel=0.2)
    (length,) = delivery.answer_lengths
    assert (length.question_id, length.expected_ms, length.spoken_ms) == ("q", 60_000, delivery.speech_ms)


def test_a_change_of_pace_shows_in_the_windows() -> None:
    slow = [Word("word", 1_000 + at * 600, 1_000 + at * 600 + 590) for at in range(33)]
    fast = [Word("word", 21_000 + at * 250, 21_000 + at * 250 + 240) for at in range(80)]
    answer = Answer(Transcript((*slow, *fast)), 1_000, 41_000, AnswerEnd.FINISHED)
    events: list[Journaled] = [CandidateStarted(at_ms=1_000), CandidatePaused(at_ms=41_000)]
    delivery = measure_delivery([Turn(0, BRIEF, (), answer)], events)
    assert [round(window.pace_wpm, -1) for window in delivery.pace_windows] == [100, 100, 240, 240]
    assert delivery.pace_p10_wpm == pytest.approx(100, rel=0.05)
    assert delivery.pace_p90_wpm == pytest.approx(240, rel=0.05)


def test_pauses_fall_between_clauses_or_within_them() -> None:
    words = (
        Word("It", 0, 400),
        Word("works,", 400, 1_000),
        Word("mostly", 2_000, 2_400),
        Word("for", 3_400, 3_800),
    )
    events: list[Journaled] = []
    for start_ms, end_ms in ((0, 1_000), (2_000, 2_400), (3_400, 3_800)):
        events += [CandidateStarted(at_ms=start_ms), CandidatePaused(at_ms=end_ms)]
    answer = Answer(Transcript(words), 0, 3_800, AnswerEnd.FINISHED)
    delivery = measure_delivery([Turn(0, BRIEF, (), answer)], events)
    assert (len(delivery.pauses), delivery.pauses_between_clauses) == (2, 1)


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [("works.", "Then", True), ("works", "because", True), ("a", "lock", False), ("“yes.”", "ok", True)],
)
def test_where_clauses_end(before: str, after: str, ends: bool) -> None:
    assert ends_clause(before, after) is ends


def test_an_interviewer_who_begins_too_early_is_counted() -> None:
    answer = Answer(spoken("one two three"), 0, 9_000, AnswerEnd.FINISHED)
    talk: list[Journaled] = [CandidateStarted(at_ms=0), CandidatePaused(at_ms=9_000)]
    for start_ms, count in ((4_000, 1), (8_900, 0), (9_500, 0)):
        began: list[Journaled] = [InterviewerStarted(at_ms=start_ms, turn_index=1, text="And")]
        assert measure_delivery([Turn(0, BRIEF, (), answer)], [*talk, *began]).interrupted_count == count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The the lock is taken.", (1, 0)),
        ("So I would I would um I would start there.", (0, 2)),
        ("We first of we first of all measure.", (0, 1)),
        ("It is very very fast, really really fast.", (0, 0)),
        ("It is, uh, it is slow.", (0, 1)),
        ("Nothing here comes twice in a row.", (0, 0)),
    ],
)
def test_repeats_and_restarts(text: str, expected: tuple[int, int]) -> None:
    assert count_repeats_and_restarts([spoken(text)]) == expected


def test_hedges_are_counted() -> None:
    found = {each.text: each.count for each in count_hedges(["Maybe it is kind of slow, maybe not, I guess."])}
    assert found == {"maybe": 2, "kind of": 1, "i guess": 1}


def test_percentiles() -> None:
    assert (percentile([], 0.5), percentile([4.0], 0.9), percentile([1, 2, 3, 4], 0.5)) == (None, 4.0, 2.5)


def test_fillers_put_in_are_found_again() -> None:
    """F1 over transcripts with fillers put in at known places, next to uses of the same words that are none."""
    chance = random.Random(11)
    hits = extra = missed = 0
    for _ in range(200):
        parts: list[str] = []
        wanted: Counter[str] = Counter()
        for _ in range(chance.randint(2, 5)):
            filler = chance.choice(("Um,", "Uh,", "Well,", "You know,", "I mean,", ""))
            if filler:
                wanted[filler.strip(",").lower()] += 1
            decoy = chance.choice(("it works well", "as you know the", "what I mean by that is", "the umbrella is"))
            parts.append(f"{filler} {decoy} {' '.join(chance.sample(PLAIN, 6))}.")
        found = Counter({each.text.lower(): each.count for each in count_fillers([" ".join(parts)])})
        hits += sum((found & wanted).values())
        extra += sum((found - wanted).values())
        missed += sum((wanted - found).values())
    assert 2 * hits / (2 * hits + extra + missed) >= 0.9


def test_the_report_states_the_measured_recall_of_fillers() -> None:
    measured = json.loads((Path(__file__).parent.parent / "benchmarks" / "results" / "fillers.json").read_text())
    assert f"kept {100 * measured['recall']:.0f} %" in " ".join(DELIVERY_METHODS)
    assert measured["precision"] >= 0.9


def test_ah_is_how_the_embedded_recogniser_writes_uh() -> None:
    (found,) = count_fillers(["Ah, let me think, ah, about it. The hammer."])
    assert (found.text, found.count) == ("uh", 2)
