"""How an answer is cut, and where its words are put."""

import numpy as np

from tests.speech import blocks, noise, quiet
from voiceprep.model import Word
from voiceprep.ports import BLOCK_MS, Samples
from voiceprep.providers.segments import (
    CLOSE_BLOCKS,
    LONGEST_BLOCKS,
    PRE_ROLL_BLOCKS,
    TRAILING_BLOCKS,
    AnswerAudio,
    Segment,
)


def audio(*parts: tuple[bool, int], start_ms: int = 0) -> AnswerAudio:
    """An answer of (is speech, ms) stretches."""
    answer = AnswerAudio()
    for is_speech, duration_ms in parts:
        samples: Samples = noise(duration_ms) if is_speech else quiet(duration_ms)
        for block in blocks(samples, start_ms):
            answer.push(block, is_speech)
        start_ms += duration_ms
    return answer


def test_silence_alone_is_nothing() -> None:
    assert audio((False, 5_000)).segments == []


def test_a_little_silence_is_kept_on_both_sides() -> None:
    (segment,) = audio((False, 5_000), (True, 1_000), (False, 5_000)).segments
    assert segment.blocks[0].start_ms == 5_000 - PRE_ROLL_BLOCKS * BLOCK_MS
    assert segment.blocks[-1].end_ms == 6_000 + TRAILING_BLOCKS * BLOCK_MS
    assert segment.voiced_blocks == 50


def test_long_silence_is_dropped_and_the_clock_kept() -> None:
    (segment,) = audio((True, 1_000), (False, 4_000), (True, 1_000)).segments
    assert len(segment.blocks) == 100 + TRAILING_BLOCKS + PRE_ROLL_BLOCKS
    assert segment.blocks[-1].end_ms == 6_000


def test_short_silence_is_kept_whole() -> None:
    (segment,) = audio((True, 400), (False, 400), (True, 400)).segments
    assert [block.start_ms for block in segment.blocks] == list(range(0, 1_200, BLOCK_MS))


def test_a_pause_closes_only_a_long_segment() -> None:
    short = audio((True, 5_000), (False, 1_000), (True, 500))
    assert [segment.is_closed for segment in short.segments] == [False]
    long = audio((True, 6_000), (False, CLOSE_BLOCKS * BLOCK_MS), (True, 500))
    assert [segment.is_closed for segment in long.segments] == [True, False]


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    samples = noise(LONGEST_BLOCKS * BLOCK_MS + 1_000)
    samples[16 * 9_000 : 16 * 9_100] = 0
    answer = AnswerAudio()
    for block in blocks(samples):
        answer.push(block, True)
    first, rest = answer.segments
    assert first.is_closed
    assert not rest.is_closed
    assert 9_000 <= first.blocks[-1].end_ms <= 9_100
    assert first.blocks[-1].end_ms == rest.blocks[0].start_ms
    assert np.array_equal(np.concatenate([s.samples(len(s.blocks)) for s in answer.segments]), samples)


def finished(segment: Segment, text: str) -> tuple[Word, ...]:
    segment.take(len(segment.blocks), (), text)
    return segment.words()


def test_words_are_spread_by_length() -> None:
    (segment,) = audio((True, 1_000), start_ms=2_000).segments
    assert finished(segment, "ab, abcdef ab") == (
        Word("ab,", 2_000, 2_200),
        Word("abcdef", 2_200, 2_800),
        Word("ab", 2_800, 3_000),
    )


def test_no_word_covers_a_pause_it_did_not_need() -> None:
    (segment,) = audio((True, 500), (False, 3_000), (True, 500)).segments
    assert finished(segment, "before after")[0].end_ms > 3_500, "an estimate, without the anchor"
    segment.anchors = [(25, ("Before.",))]
    assert segment.words() == (Word("before", 0, 500), Word("after", 3_500, 4_000))


def test_an_anchor_whose_words_have_changed_is_ignored() -> None:
    (segment,) = audio((True, 400), (False, 3_000), (True, 800)).segments
    segment.anchors = [(20, ("other",))]
    words = finished(segment, "abc defghi")
    assert words[0].end_ms == 400
    segment.anchors = [(10, ("other",))]
    assert segment.words() == words


def test_no_speech_no_words() -> None:
    segment = Segment()
    for block in blocks(quiet(500)):
        segment.append(block, False)
    assert finished(segment, "invented") == ()
