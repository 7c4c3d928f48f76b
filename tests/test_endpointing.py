"""When an answer is over, as tables over audio time."""

import pytest

from voiceprep.endpointing import (
    Endpointer,
    EndpointPolicy,
    GateChange,
    Hearing,
    Signs,
    Sounds,
    SpeechGate,
    Verdict,
    how_it_sounds,
    silence_needed_ms,
    typical_pause_ms,
)

POLICY = EndpointPolicy()


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
        ("Processes do not. That's it.", Sounds.CLOSED),
        ("I don't know.", Sounds.CLOSED),
        ("I am not sure about that one, sorry.", Sounds.CLOSED),
        ("I’m not sure", Sounds.CLOSED),
        ("Sorry, I do not know that.", Sounds.CLOSED),
        ("I do not know that library well, but", Sounds.UNFINISHED),
        ("Yes.", Sounds.CLOSED),
        ("Next question please.", Sounds.CLOSED),
    ],
)
def test_how_an_answer_sounds(text: str, sounds: Sounds) -> None:
    assert how_it_sounds(text) is sounds


@pytest.mark.parametrize(
    ("signs", "needed_ms"),
    [
        (Signs(Sounds.CLOSED), 250),
        (Signs(Sounds.CLOSED, own_pauses_ms=[1800]), 250),
        (Signs(Sounds.COMPLETE), 1800),
        (Signs(Sounds.COMPLETE, turn_probability=0.95), 1800),
        (Signs(Sounds.COMPLETE, turn_probability=0.05), 2500),
        (Signs(Sounds.COMPLETE, is_covered=True), 1200),
        (Signs(Sounds.COMPLETE, is_covered=True, turn_probability=0.05), 2500),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[300] * 6), 600),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[300] * 5), 1800),
        (Signs(Sounds.COMPLETE, is_covered=True, own_pauses_ms=[300, 300, 300, 300, 300, 500]), 900),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[400]), 1800),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[1600]), 2000),
        (Signs(Sounds.COMPLETE, own_pauses_ms=[9000]), 2500),
        (Signs(Sounds.OPEN), 2500),
        (Signs(Sounds.UNFINISHED), 2500),
        (Signs(Sounds.UNFINISHED, is_covered=True, turn_probability=0.99), 2500),
        (Signs(Sounds.NOTHING), 2500),
    ],
)
def test_silence_needed(signs: Signs, needed_ms: int) -> None:
    assert silence_needed_ms(POLICY, signs) == needed_ms


def test_nothing_outlasts_patience() -> None:
    assert silence_needed_ms(EndpointPolicy(patience_ms=600), Signs(Sounds.COMPLETE)) == 600


def test_one_long_thought_is_not_typical() -> None:
    assert typical_pause_ms([300, 300, 300, 300, 2400]) == 2400
    assert typical_pause_ms([300] * 9 + [2400]) == 300
    assert typical_pause_ms([]) == 0


def gate_changes(pattern: str) -> list[tuple[GateChange, int, int]]:
    """`#` is a block of speech, `.` silence; returns (change, when, last speech)."""
    gate = SpeechGate()
    changes = []
    for index, mark in enumerate(pattern):
        change = gate.step(index * 20, index * 20 + 20, 0.9 if mark == "#" else 0.1)
        if change is not None:
            changes.append((change, index * 20 + 20, gate.last_speech_ms))
    return changes


def test_a_click_is_no_speech() -> None:
    assert gate_changes("...#....#...") == []


def test_onset_and_offset_have_exact_times() -> None:
    assert gate_changes("..####......") == [(GateChange.STARTED, 80, 80), (GateChange.STOPPED, 240, 120)]


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
    assert silence(endpointer, "I would lock it because", 1000, 9000) == (Verdict.FINISHED, 2500)


def test_the_candidates_own_pauses_make_it_wait_longer() -> None:
    endpointer = Endpointer(POLICY)
    for turn in range(3):
        base_ms = turn * 10_000
        speak(endpointer, "Threads share memory", base_ms, base_ms + 1000)
        verdict, _ = silence(endpointer, "Threads share memory and", base_ms + 1000, base_ms + 2600)
        assert verdict is Verdict.WAIT
        speak(endpointer, "Threads share memory and files.", base_ms + 2600, base_ms + 3400)
    assert set(endpointer.own_pauses_ms) == {1620}
    assert silence(endpointer, "Threads share memory and files.", 23_400, 29_000) == (Verdict.FINISHED, 2040)


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
    assert silence(endpointer, "Threads share memory, and", 10_000, 30_000) == (Verdict.FINISHED, 10_000)


def test_the_time_limit_waits_for_a_breath_but_not_for_ever() -> None:
    endpointer = Endpointer(POLICY)
    endpointer.begin(0, 10_000)
    speak(endpointer, "and and and", 0, 12_000)
    assert silence(endpointer, "and and and", 12_000, 13_000) == (Verdict.TIME_LIMIT, 260)
    endpointer.begin(20_000, 10_000)
    speak(endpointer, "and", 20_000, 45_000)
    assert endpointer.step(Hearing(45_020, True, 45_020, "and", 45_020)) is Verdict.TIME_LIMIT
