"""Exactly where the end of an answer is decided: boundaries that a mutant of it once survived (`make mutation`)."""

import random
from collections.abc import Sequence

import pytest

from tests.test_endpointing import ADMITS, silence, speak
from voiceprep.turn_taking.endpointing import (
    CAUTION,
    MODEL_MS,
    ONSET_KNOWN_MS,
    OWN_PAUSES_KEPT,
    PAUSE_MS,
    Endpointer,
    EndpointPolicy,
    Hearing,
    Signs,
    Verdict,
    silence_needed_ms,
)
from voiceprep.turn_taking.last_words import Sounds
from voiceprep.turn_taking.speech_gate import SpeechGate

UNFINISHED = "Threads share memory and"


@pytest.mark.parametrize(
    ("eagerness", "leaving", "covered", "long", "open_end"),
    [("low", 1_892, 2_500, 2_500, 2_500), ("medium", 600, 1_132, 2_500, 2_500), ("high", 600, 600, 1_132, 600)],
)
def test_what_each_eagerness_waits(eagerness: str, leaving: int, covered: int, long: int, open_end: int) -> None:
    """An answer of the expected length that leaves the rest, says everything, is only long, or has no full stop."""
    policy = EndpointPolicy(caution=CAUTION[eagerness])
    answers = (
        Signs(Sounds.LEAVING, length_share=0.9),
        Signs(Sounds.COMPLETE, is_covered=True, length_share=0.9),
        Signs(Sounds.COMPLETE, length_share=0.9),
        Signs(Sounds.OPEN, is_covered=True, length_share=0.9),
    )
    assert [silence_needed_ms(policy, signs) for signs in answers] == [leaving, covered, long, open_end]


@pytest.mark.parametrize(("probability", "needed_ms"), [(0.5, 2_500), (0.51, 600), (None, 600)])
def test_a_turn_model_in_two_minds_is_a_doubt(probability: float | None, needed_ms: int) -> None:
    signs = Signs(Sounds.LEAVING, is_covered=True, length_share=0.9, turn_probability=probability)
    assert silence_needed_ms(EndpointPolicy(), signs) == needed_ms


@pytest.mark.parametrize(
    ("sounds", "longest_ms", "needed_ms"),
    [(Sounds.COMPLETE, 699, 1_398), (Sounds.COMPLETE, 700, 2_500), (Sounds.OPEN, 300, 2_500)],
)
def test_quick_pauses_count_after_whole_sentences_when_none_is_long(
    sounds: Sounds, longest_ms: int, needed_ms: int
) -> None:
    assert silence_needed_ms(EndpointPolicy(), Signs(sounds, own_pauses_ms=[250] * 11 + [longest_ms])) == needed_ms


@pytest.mark.parametrize(("pause_ms", "learnt"), [(249, ()), (250, (250,))])
def test_a_gap_between_words_is_no_pause(pause_ms: int, learnt: tuple[int, ...]) -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.step(Hearing(1_020, False, 1_000, UNFINISHED, 1_000))
    end_ms = 1_000 + pause_ms
    endpointer.step(Hearing(end_ms, True, end_ms, UNFINISHED, end_ms))
    assert endpointer.own_pauses_ms == learnt


def test_the_newest_pauses_are_kept() -> None:
    endpointer = Endpointer(EndpointPolicy())
    pauses_ms = [260 + 20 * number for number in range(OWN_PAUSES_KEPT + 2)]
    now_ms = 1_000
    for pause_ms in pauses_ms:
        endpointer.step(Hearing(now_ms + 20, False, now_ms, UNFINISHED, now_ms))
        now_ms += pause_ms
        endpointer.step(Hearing(now_ms, True, now_ms, UNFINISHED, now_ms))
    assert endpointer.own_pauses_ms == tuple(pauses_ms[2:])


def test_all_patience_waits_for_an_onset_and_less_does_not() -> None:
    endpointer = Endpointer(EndpointPolicy())
    speak(endpointer, UNFINISHED, 0, 1_000)
    waited = silence(endpointer, UNFINISHED, 1_000, 9_000)
    assert waited == (Verdict.FINISHED, 2_500 + ONSET_KNOWN_MS)
    endpointer = Endpointer(EndpointPolicy())
    assert endpointer.step(Hearing(3_499, False, 1_000, "It is", 900)) is Verdict.WAIT
    assert endpointer.step(Hearing(3_500, False, 1_000, "It is", 900)) is Verdict.FINISHED, "the text lags behind"


@pytest.mark.parametrize(
    ("now_ms", "last_speech_ms", "verdict"),
    [
        (10_000, 9_500, Verdict.WAIT),  # just within the limit
        (10_001, 9_500, Verdict.TIME_LIMIT),
        (10_020, 9_831, Verdict.WAIT),  # in the middle of a breath
        (10_020, 9_830, Verdict.TIME_LIMIT),
    ],
)
def test_a_limit_cuts_between_breaths(now_ms: int, last_speech_ms: int, verdict: Verdict) -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(0, 10_000)
    assert endpointer.step(Hearing(now_ms, False, last_speech_ms, UNFINISHED, last_speech_ms)) is verdict


@pytest.mark.parametrize(("limit_ms", "held_ms", "last_ms"), [(10_000, 0, 25_000), (10_000, 60_000, 85_000)])
def test_who_speaks_on_has_overtime_and_a_held_interview_costs_none(
    limit_ms: int, held_ms: int, last_ms: int
) -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(0, limit_ms)
    endpointer.shift(held_ms)
    assert endpointer.step(Hearing(last_ms, True, last_ms, "and", last_ms)) is Verdict.WAIT
    assert endpointer.step(Hearing(last_ms + 1, True, last_ms + 1, "and", last_ms + 1)) is Verdict.TIME_LIMIT


def test_without_a_limit_nobody_is_stopped() -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(0, None)
    hours_ms = 10 * 3_600_000
    assert endpointer.step(Hearing(hours_ms, True, hours_ms, "and", hours_ms)) is Verdict.WAIT
    assert endpointer.step(Hearing(hours_ms + 500, False, hours_ms, "and", hours_ms)) is Verdict.WAIT


@pytest.mark.parametrize(
    ("now_ms", "last_speech_ms", "verdict"),
    [
        (9_999, 0, Verdict.WAIT),
        (10_000, 0, Verdict.NUDGE),  # 9 s after the question
        (13_999, 5_000, Verdict.WAIT),  # a cough without words starts the wait again
        (14_000, 5_000, Verdict.NUDGE),
        (45_999, 0, Verdict.NUDGE),
        (46_000, 0, Verdict.SILENT),
    ],
)
def test_silence_counts_from_the_question_or_the_last_sound(
    now_ms: int, last_speech_ms: int, verdict: Verdict
) -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(1_000, None)
    assert endpointer.step(Hearing(now_ms, False, last_speech_ms, "", 0)) is verdict


def test_a_question_that_is_never_left_is_nudged_no_more_than_it_says() -> None:
    endpointer = Endpointer(EndpointPolicy(give_up_ms=None, nudge_at_ms=(100, 200)))
    endpointer.begin(0, None)
    told = [endpointer.step(Hearing(now_ms, False, 0, "", 0)) for now_ms in range(0, 100_000, 100)]
    assert told[:4] == [Verdict.WAIT, Verdict.NUDGE, Verdict.NUDGE, Verdict.WAIT]
    assert set(told[3:]) == {Verdict.WAIT}


def test_a_moment_asked_for_lasts_for_one_answer_and_closing_words_end_it() -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.be_patient(0)
    assert silence(endpointer, "It is done. That's it.", 1_000, 9_000) == (Verdict.FINISHED, 200)
    endpointer.be_patient(2_000)
    assert silence(endpointer, UNFINISHED, 3_000, 20_000) == (Verdict.FINISHED, 10_000 + ONSET_KNOWN_MS)
    endpointer.begin(30_000, None)
    assert silence(endpointer, UNFINISHED, 31_000, 40_000) == (Verdict.FINISHED, 2_500 + ONSET_KNOWN_MS)


def waits_for_leaving(endpointer: Endpointer, from_ms: int) -> int:
    """How long an answer that leaves the rest is waited for."""
    endpointer.begin(from_ms, None, expected_ms=12_000)
    speak(endpointer, ADMITS, from_ms, from_ms + 5_000)
    return silence(endpointer, ADMITS, from_ms + 5_000, from_ms + 9_000)[1]


def test_what_was_learnt_of_going_on_is_unlearnt_answer_by_answer() -> None:
    """Once gone on, once stopped: as before. Stopping often earns nothing beyond that."""
    endpointer = Endpointer(EndpointPolicy(caution=0.6))
    first_ms = waits_for_leaving(endpointer, 0)
    endpointer.went_on()
    longer_ms = waits_for_leaving(endpointer, 20_000)
    again_ms = [waits_for_leaving(endpointer, from_ms) for from_ms in (40_000, 60_000, 80_000)]
    endpointer.went_on()
    assert first_ms < longer_ms
    assert again_ms == [first_ms] * 3
    assert waits_for_leaving(endpointer, 100_000) == longer_ms


def nudges(endpointer: Endpointer, to_ms: int) -> list[int]:
    """When nobody speaks."""
    verdicts = [(now_ms, endpointer.step(Hearing(now_ms, False, 0, "", 0))) for now_ms in range(0, to_ms, 20)]
    return [now_ms for now_ms, verdict in verdicts if verdict is Verdict.NUDGE]


def test_nudges_come_where_the_policy_says_and_start_over_after_a_moment_was_asked_for() -> None:
    endpointer = Endpointer(EndpointPolicy())
    assert nudges(endpointer, 40_000) == [9_000, 20_000, 32_000]
    endpointer.be_patient(0)
    assert nudges(endpointer, 40_000) == [9_000, 20_000, 32_000]


def test_thinking_before_the_first_word_is_no_pause() -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(1_000, None)
    endpointer.step(Hearing(3_000, False, 900, "", 0))
    endpointer.step(Hearing(4_000, True, 4_000, "Threads", 4_000))
    assert endpointer.own_pauses_ms == ()


def test_a_sentence_without_its_full_stop_has_all_patience_where_a_whole_one_has_less() -> None:
    policy = EndpointPolicy(complete_ms=1_500)
    assert silence_needed_ms(policy, Signs(Sounds.OPEN)) == 2_500
    assert silence_needed_ms(policy, Signs(Sounds.COMPLETE)) == 1_500


@pytest.mark.parametrize(
    ("signs", "needed_ms"),
    [
        (Signs(Sounds.LEAVING), 2_373),  # nothing is covered unless it is said so
        (Signs(Sounds.LEAVING, length_share=0.9, went_on_count=1), 1_132),
        (Signs(Sounds.LEAVING, length_share=0.9), 600),
    ],
)
def test_what_is_not_known_speaks_for_nothing(signs: Signs, needed_ms: int) -> None:
    assert silence_needed_ms(EndpointPolicy(), signs) == needed_ms


WHOLE = "Threads share the memory of their process."
GOING = "Threads share the memory of their process and"


@pytest.mark.parametrize(
    ("text", "is_covered", "expected_ms", "teaches"),
    [
        (WHOLE, True, None, True),  # barely likelier than not
        (WHOLE, False, None, False),  # it could stop there and hardly ever does
        (GOING, True, 2_000, False),  # everything is said, at full length, and the sentence goes on
    ],
)
def test_only_going_on_where_it_seemed_over_teaches(
    text: str, is_covered: bool, expected_ms: int | None, teaches: bool
) -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(0, None, expected_ms)
    endpointer.step(Hearing(5_500, False, 5_000, text, 5_000, is_covered))
    endpointer.step(Hearing(6_000, True, 6_000, text, 6_000, is_covered))
    taught = waits_for_leaving(endpointer, 20_000)
    assert (taught > waits_for_leaving(Endpointer(EndpointPolicy()), 20_000)) is teaches


def test_questions_that_nobody_answers_unlearn_nothing() -> None:
    waits_ms = []
    for unanswered in (0, 3):
        endpointer = Endpointer(EndpointPolicy())
        endpointer.went_on()
        endpointer.went_on()
        for number in range(unanswered):
            endpointer.begin(1_000 * number, None)
        waits_ms.append(waits_for_leaving(endpointer, 20_000))
    assert waits_ms[0] == waits_ms[1]


@pytest.mark.parametrize(
    ("text", "silence_ms", "is_covered", "known", "is_wanted"),
    [
        ("Threads share memory.", PAUSE_MS, True, None, True),  # it would end before all patience
        ("Threads share memory.", PAUSE_MS - 20, True, None, False),
        ("Threads share memory.", PAUSE_MS, True, 0.9, False),
        ("Threads share memory.", PAUSE_MS, False, None, False),  # nobody waits longer than all patience
        (ADMITS, PAUSE_MS, False, None, True),
        (UNFINISHED, PAUSE_MS, True, None, False),
    ],
)
def test_a_turn_model_is_wanted_only_where_its_doubt_would_change_something(
    text: str, silence_ms: int, is_covered: bool, known: float | None, is_wanted: bool
) -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(0, None, expected_ms=2_000)
    endpointer.step(Hearing(1_000 + silence_ms, False, 1_000, text, 1_000, is_covered, known, known is None))
    assert endpointer.is_model_wanted is is_wanted
    endpointer.step(Hearing(1_020 + silence_ms, True, 1_020 + silence_ms, text, 1_000, is_covered))
    assert not endpointer.is_model_wanted


@pytest.mark.parametrize("is_awaited", [True, False])
def test_words_that_come_late_end_nothing_before_a_turn_model_has_answered(*, is_awaited: bool) -> None:
    endpointer = Endpointer(EndpointPolicy())
    endpointer.begin(0, None, expected_ms=2_000)

    def step(now_ms: int, text: str, known: float | None = None) -> Verdict:
        return endpointer.step(
            Hearing(now_ms, False, 1_000, text, 1_000, False, known, is_awaited and known is None)
        )

    assert step(1_900, UNFINISHED) is Verdict.WAIT
    late = (Verdict.WAIT, Verdict.WAIT) if is_awaited else (Verdict.FINISHED, Verdict.FINISHED)
    assert (step(1_920, ADMITS), step(1_900 + MODEL_MS, ADMITS)) == late
    assert step(2_000, ADMITS, 0.2) is Verdict.WAIT, "it doubts that this is the end"
    assert step(2_000, ADMITS, 0.9) is Verdict.FINISHED
    assert step(1_920 + MODEL_MS, ADMITS) is Verdict.FINISHED, "it takes too long"


MODEL_TAKES_MS = 60
LATE_TEXTS = ("Threads share memory", "Threads share memory.", UNFINISHED, ADMITS, "So that is my answer.")


def end_of(
    texts: Sequence[tuple[int, str]],
    covered_from_ms: int,
    says: float,
    policy: EndpointPolicy,
    *,
    is_asked_at_once: bool,
) -> int | None:
    """When a silence that begins at 0 is the end, with a turn model that is asked at once or when it is wanted."""
    endpointer = Endpointer(policy)
    endpointer.begin(-5_000, None, expected_ms=2_000)
    asked_ms = SpeechGate.OFFSET_MS if is_asked_at_once else None
    for now_ms in range(SpeechGate.OFFSET_MS, policy.patience_ms + 500, 20):
        text = next((text for at_ms, text in reversed(texts) if at_ms <= now_ms), "")
        if asked_ms is None and endpointer.is_model_wanted:
            asked_ms = now_ms
        known = says if asked_ms is not None and now_ms >= asked_ms + MODEL_TAKES_MS else None
        is_covered = bool(text) and now_ms >= covered_from_ms
        hearing = Hearing(now_ms, False, 0, text or "Well", 0 if text else -20, is_covered, known, known is None)
        if endpointer.step(hearing) is Verdict.FINISHED:
            return now_ms
    return None


def test_a_turn_model_that_is_asked_late_decides_what_one_asked_at_once_does() -> None:
    chance = random.Random(1)
    for _ in range(1_000):
        texts = sorted((chance.choice((0, 100, 300, 500, 700)), chance.choice(LATE_TEXTS)) for _ in range(2))
        covered_from_ms, says = chance.choice((0, 250, 400, 800, 9_999)), chance.choice((0.1, 0.6, 0.95))
        policy = EndpointPolicy(caution=chance.choice(tuple(CAUTION.values())))
        late, at_once = (
            end_of(texts, covered_from_ms, says, policy, is_asked_at_once=is_asked_at_once)
            for is_asked_at_once in (False, True)
        )
        words_late = max(texts[-1][0], covered_from_ms % 9_999) > 500
        assert late is not None
        assert at_once is not None
        assert 0 <= late - at_once <= (MODEL_TAKES_MS + 20 if words_late else 0), (texts, covered_from_ms, says)
