"""When an answer is over, as tables over audio time."""

import pytest

from voiceprep.turn_taking.endpointing import (
    CAUTION,
    ONSET_KNOWN_MS,
    Endpointer,
    EndpointPolicy,
    Hearing,
    Signs,
    Verdict,
    end_odds,
    silence_needed_ms,
)
from voiceprep.turn_taking.last_words import Sounds, how_it_sounds
from voiceprep.turn_taking.speech_gate import GateChange, SpeechGate

POLICY = EndpointPolicy(caution=0.6)


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("", Sounds.NOTHING),
        ("...", Sounds.NOTHING),
        ("I would use a lock because", Sounds.UNFINISHED),
        ("I would use a lock because.", Sounds.UNFINISHED),
        ("It scales well and", Sounds.UNFINISHED),
        ("So", Sounds.UNFINISHED),
        ("You could cache it, um", Sounds.UNFINISHED),
        ("It is faster, you know", Sounds.UNFINISHED),
        ("Let me think...", Sounds.UNFINISHED),
        ("We had a queue, a worker,", Sounds.UNFINISHED),
        ("The queue of the", Sounds.UNFINISHED),
        ("I would use a lock", Sounds.OPEN),
        ("That depends on what it is.", Sounds.OPEN),
        ("Two words.", Sounds.OPEN),
        ("Threads share the memory of their process.", Sounds.COMPLETE),
        ("Would you want that cached as well?", Sounds.OPEN),
        ("It is done. The rest I have mostly seen in tutorials.", Sounds.LEAVING),
        ("You need a lock there. But I have not built it myself.", Sounds.LEAVING),
        ("How it does that I could not say in detail.", Sounds.LEAVING),
        ("That is as far as I got with it.", Sounds.LEAVING),
        ("I am not really sure which one of the two is right.", Sounds.LEAVING),
        ("I have not built it myself and", Sounds.UNFINISHED),
        ("I have not used it. But we had a queue, and every worker took the oldest job from it.", Sounds.COMPLETE),
        ("Processes do not. That's it.", Sounds.CLOSED),
        ("I don't know.", Sounds.CLOSED),
        ("I am not sure about that one, sorry.", Sounds.CLOSED),
        ("I’m not sure", Sounds.CLOSED),
        ("Sorry, I do not know that.", Sounds.CLOSED),
        ("I do not know that library well, but", Sounds.UNFINISHED),
        ("I think that covers it.", Sounds.CLOSED),
        ("Yes.", Sounds.CLOSED),
        ("Next question please.", Sounds.CLOSED),
    ],
)
def test_how_an_answer_sounds(text: str, sounds: Sounds) -> None:
    assert how_it_sounds(text) is sounds


LONG = 0.9
"""Nearly as many words as expected."""


@pytest.mark.parametrize(
    ("signs", "needed_ms"),
    [
        (Signs(Sounds.CLOSED), 190),
        (Signs(Sounds.CLOSED, own_pauses_ms=[1800], turn_probability=0.01), 190),
        (Signs(Sounds.COMPLETE), 2500),
        (Signs(Sounds.COMPLETE, turn_probability=0.95), 2500),
        (Signs(Sounds.COMPLETE, turn_probability=0.05), 2500),
        (Signs(Sounds.COMPLETE, length_share=3.0), 2500),
        (Signs(Sounds.COMPLETE, is_covered=True, length_share=LONG), 600),
        (Signs(Sounds.COMPLETE, is_covered=True, length_share=LONG, turn_probability=0.05), 2500),
        (Signs(Sounds.COMPLETE, is_covered=True, length_share=0.1), 2500),
        (Signs(Sounds.LEAVING, length_share=LONG), 600),
        (Signs(Sounds.LEAVING, length_share=0.0), 2500),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[300] * 12), 600),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[300] * 11), 2500),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[300] * 11 + [500]), 1000),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[300] * 11 + [800]), 2500),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[9000] * 12), 2500),
        (Signs(Sounds.OPEN), 2500),
        (Signs(Sounds.OPEN, is_covered=True, length_share=LONG), 1892),
        (Signs(Sounds.UNFINISHED), 2500),
        (Signs(Sounds.UNFINISHED, is_covered=True, length_share=LONG, turn_probability=0.99), 2500),
        (Signs(Sounds.NOTHING), 2500),
    ],
)
def test_silence_needed(signs: Signs, needed_ms: int) -> None:
    assert silence_needed_ms(POLICY, signs) == needed_ms


def test_the_surer_the_shorter() -> None:
    waits_ms = [
        silence_needed_ms(POLICY, Signs(Sounds.COMPLETE, is_covered=True, length_share=share / 20))
        for share in range(20)
    ]
    assert waits_ms == sorted(waits_ms, reverse=True)
    assert len(set(waits_ms)) > 3


def test_a_candidate_who_goes_on_is_waited_for_longer() -> None:
    waits_ms = [
        silence_needed_ms(POLICY, Signs(Sounds.LEAVING, length_share=LONG, went_on_count=count))
        for count in (0, 3, 30)
    ]
    assert POLICY.covered_ms == waits_ms[0] < waits_ms[1] == waits_ms[2] < POLICY.complete_ms


def test_nothing_outlasts_patience() -> None:
    assert silence_needed_ms(EndpointPolicy(patience_ms=600), Signs(Sounds.COMPLETE)) == 600


def test_length_alone_never_makes_an_answer_seem_over() -> None:
    assert (
        end_odds(Signs(Sounds.COMPLETE, length_share=10.0)) < 0 < end_odds(Signs(Sounds.LEAVING, length_share=0.3))
    )


def test_eagerness_orders_the_waits_and_the_default_is_medium() -> None:
    covered = Signs(Sounds.COMPLETE, is_covered=True, length_share=0.6)
    waits_ms = [silence_needed_ms(EndpointPolicy(caution=CAUTION[name]), covered) for name in CAUTION]
    assert waits_ms[0] == 2500
    assert waits_ms == sorted(waits_ms, reverse=True)
    assert EndpointPolicy().caution == CAUTION["medium"]


def test_less_caution_is_quicker_and_asks_for_no_less_when_unfinished() -> None:
    likely, open_end = Signs(Sounds.COMPLETE, is_covered=True, length_share=0.4), Signs(Sounds.UNFINISHED)
    waits_ms = [silence_needed_ms(EndpointPolicy(caution=caution), likely) for caution in (2.0, 0.0, -1.0)]
    assert 2500 == waits_ms[0] > waits_ms[1] > waits_ms[2] == 600
    assert silence_needed_ms(EndpointPolicy(caution=-9.0), open_end) == 2500


def gate_changes(pattern: str, room_dbfs: float = -96.0) -> list[tuple[GateChange, int, int]]:
    """`#` is a block of speech, `.` silence in `room_dbfs`, `-` silence in which the detector still hears speech,
    `~` speech that is softly spoken; returns (change, when, last speech)."""
    gate = SpeechGate()
    changes = []
    levels = {"#": -20.0, "~": -48.0}
    for index, mark in enumerate(pattern):
        probability = 0.1 if mark == "." else 0.9
        change = gate.step(index * 20, index * 20 + 20, probability, levels.get(mark, room_dbfs))
        if change is not None:
            changes.append((change, index * 20 + 20, gate.last_speech_ms))
    return changes


def test_a_click_is_no_speech() -> None:
    assert gate_changes("...#....#...") == []


def test_onset_and_offset_have_exact_times() -> None:
    assert gate_changes("..####......") == [(GateChange.STARTED, 80, 80), (GateChange.STOPPED, 240, 120)]


@pytest.mark.parametrize("room_dbfs", [-96.0, -61.0, -45.0])
def test_silence_counts_from_the_last_sound_where_the_level_tells(room_dbfs: float) -> None:
    before = "." * 150
    changes = gate_changes(f"{before}####----.......", room_dbfs)
    assert changes == [(GateChange.STARTED, 3040, 3040), (GateChange.STOPPED, 3200, 3080)]


@pytest.mark.parametrize(("pattern", "room_dbfs"), [("####----.......", -38.0), ("####~~~~.......", -96.0)])
def test_silence_counts_from_the_detector_where_the_room_is_loud_or_the_end_is_soft(
    pattern: str, room_dbfs: float
) -> None:
    changes = gate_changes("." * 150 + pattern, room_dbfs)
    assert changes == [(GateChange.STARTED, 3040, 3040), (GateChange.STOPPED, 3280, 3160)]


def test_a_stop_consonant_is_no_pause() -> None:
    assert [change for change, *_ in gate_changes("####.....####......")] == [
        GateChange.STARTED,
        GateChange.STOPPED,
    ]


def silence(endpointer: Endpointer, text: str, from_ms: int, to_ms: int) -> tuple[Verdict, int]:
    """Feed silence until something other than waiting comes out; speech ended at `from_ms`."""
    for now_ms in range(from_ms, to_ms, 20):
        verdict = endpointer.step(Hearing(now_ms, False, from_ms, text, from_ms))
        if verdict is not Verdict.WAIT:
            return verdict, now_ms - from_ms
    return Verdict.WAIT, to_ms - from_ms


def speak(endpointer: Endpointer, text: str, from_ms: int, to_ms: int) -> None:
    for now_ms in range(from_ms + 20, to_ms + 1, 20):
        assert endpointer.step(Hearing(now_ms, True, now_ms, text, now_ms)) is Verdict.WAIT


def test_patience_after_because() -> None:
    endpointer = Endpointer(POLICY)
    speak(endpointer, "Because", 0, 1000)
    assert silence(endpointer, "I would lock it because", 1000, 9000) == (Verdict.FINISHED, 2500 + ONSET_KNOWN_MS)


def test_short_pauses_of_the_candidates_own_make_it_quicker() -> None:
    endpointer = Endpointer(POLICY)
    for start_ms in range(0, 13_000, 1_000):
        speak(endpointer, "Threads share memory", start_ms, start_ms + 600)
        assert silence(endpointer, "Threads share memory and", start_ms + 600, start_ms + 980)[0] is Verdict.WAIT
    assert set(endpointer.own_pauses_ms) == {420}
    speak(endpointer, "Threads share memory and files.", 13_000, 13_600)
    assert silence(endpointer, "Threads share memory and files.", 13_600, 19_000) == (Verdict.FINISHED, 840)


ADMITS = "Each process has its own memory. The rest I have never used myself."


def test_an_answer_of_the_expected_length_that_admits_to_the_rest_is_over_soon() -> None:
    endpointer = Endpointer(POLICY)
    endpointer.begin(0, None, expected_ms=6_000)
    speak(endpointer, ADMITS, 0, 5_000)
    assert silence(endpointer, ADMITS, 5_000, 9_000) == (Verdict.FINISHED, 600)
    endpointer.begin(10_000, None, expected_ms=60_000)
    speak(endpointer, ADMITS, 10_000, 15_000)
    assert silence(endpointer, ADMITS, 15_000, 19_000)[1] > 1_500


def test_going_on_where_it_seemed_over_teaches_to_wait_until_it_is_over_there() -> None:
    endpointer = Endpointer(POLICY)
    waits_ms = []
    for start_ms in range(0, 100_000, 20_000):
        endpointer.begin(start_ms, None, expected_ms=12_000)
        speak(endpointer, ADMITS, start_ms, start_ms + 5_000)
        if start_ms < 40_000:
            assert silence(endpointer, ADMITS, start_ms + 5_000, start_ms + 5_500)[0] is Verdict.WAIT
            speak(endpointer, "And then", start_ms + 6_000, start_ms + 7_000)
        else:
            waits_ms.append(silence(endpointer, ADMITS, start_ms + 5_000, start_ms + 9_000)[1])
    assert waits_ms[0] > waits_ms[1] > waits_ms[2]


def test_being_told_that_the_candidate_went_on_teaches_too() -> None:
    endpointer = Endpointer(POLICY)
    waits_ms = []
    for start_ms in (0, 20_000):
        endpointer.begin(start_ms, None, expected_ms=12_000)
        speak(endpointer, ADMITS, start_ms, start_ms + 5_000)
        waits_ms.append(silence(endpointer, ADMITS, start_ms + 5_000, start_ms + 9_000)[1])
        endpointer.went_on()
    assert waits_ms[0] < waits_ms[1]


def test_text_that_does_not_cover_the_speech_yet_is_not_believed() -> None:
    endpointer = Endpointer(POLICY)
    verdicts = {endpointer.step(Hearing(now, False, 5000, "That's it.", 4000)) for now in range(5000, 7400, 20)}
    assert verdicts == {Verdict.WAIT}
    assert endpointer.step(Hearing(7500, False, 5000, "That's it.", 5000)) is Verdict.FINISHED


def test_silence_is_nudged_three_times_and_then_left() -> None:
    endpointer = Endpointer(POLICY)
    endpointer.begin(1000, None)
    told = []
    for now_ms in range(1000, 60_000, 20):
        verdict = endpointer.step(Hearing(now_ms, False, 0, "", 0))
        if verdict is not Verdict.WAIT:
            told.append((verdict, now_ms - 1000))
        if verdict is Verdict.SILENT:
            break
    assert told == [
        (Verdict.NUDGE, 9_000),
        (Verdict.NUDGE, 20_000),
        (Verdict.NUDGE, 32_000),
        (Verdict.SILENT, 45_000),
    ]


def test_a_pause_key_stops_the_clock() -> None:
    endpointer = Endpointer(POLICY)
    endpointer.begin(0, None)
    endpointer.shift(100_000)
    assert endpointer.step(Hearing(104_000, False, 0, "", 0)) is Verdict.WAIT


def test_a_moment_asked_for_is_granted() -> None:
    endpointer = Endpointer(POLICY)
    endpointer.begin(0, None)
    endpointer.be_patient(8_900)
    assert endpointer.step(Hearing(9_500, False, 0, "", 0)) is Verdict.WAIT
    assert silence(endpointer, "Threads share memory, and", 10_000, 30_000) == (
        Verdict.FINISHED,
        10_000 + ONSET_KNOWN_MS,
    )


def test_the_time_limit_waits_for_a_breath_but_not_for_ever() -> None:
    endpointer = Endpointer(POLICY)
    endpointer.begin(0, 10_000)
    speak(endpointer, "and and and", 0, 12_000)
    assert silence(endpointer, "and and and", 12_000, 13_000) == (Verdict.TIME_LIMIT, 200)
    endpointer.begin(20_000, 10_000)
    speak(endpointer, "and", 20_000, 45_000)
    assert endpointer.step(Hearing(45_020, True, 45_020, "and", 45_020)) is Verdict.TIME_LIMIT
