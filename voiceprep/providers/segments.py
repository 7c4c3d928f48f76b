"""The audio of one answer, cut into pieces a recogniser can take at once. Must not know which recogniser.

Long silence is dropped; every kept block still knows its place on the session clock.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from voiceprep.language.word_times import spread_words
from voiceprep.model import Word
from voiceprep.ports import BLOCK_MS, AudioBlock, Samples

PRE_ROLL_BLOCKS = 240 // BLOCK_MS
TRAILING_BLOCKS = 300 // BLOCK_MS
"""Silence kept before and after speech; the middle of a longer one is dropped."""

PAUSE_BLOCKS = 120 // BLOCK_MS
"""So much silence makes a pause, which is a good moment to decode."""

CLOSE_BLOCKS = 300 // BLOCK_MS
CLOSE_SPEECH_BLOCKS = 6_000 // BLOCK_MS
"""A segment with this much speech ends at a pause this long."""

LONGEST_BLOCKS = 12_000 // BLOCK_MS
EARLIEST_CUT_BLOCKS = 6_000 // BLOCK_MS
_QUIET_BLOCKS = 5
"""A segment is cut at `LONGEST_BLOCKS`, in the middle of the quietest 100 ms after `EARLIEST_CUT_BLOCKS`."""


Tokens = tuple[int, ...]
"""Text as the pieces a recogniser writes."""


@dataclass(slots=True, eq=False)
class Segment:
    """One piece of the answer. `voiced[i]` says whether `blocks[i]` is speech; the two grow together.

    `tokens` and `text` are the newest result, made of the first `decoded_blocks`, and `shown` is the text to show;
    `anchors` are pairs of (voiced blocks, words) known to belong together because a pause followed.
    """

    blocks: list[AudioBlock] = field(default_factory=list)
    voiced: list[bool] = field(default_factory=list)
    is_closed: bool = False
    decoded_blocks: int = 0
    decoded_voiced_blocks: int = 0
    tokens: Tokens = ()
    text: str = ""
    shown: str = ""
    anchors: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    voiced_blocks: int = 0
    last_voiced: int = -1

    def append(self, block: AudioBlock, is_speech: bool) -> None:
        self.blocks.append(block)
        self.voiced.append(is_speech)
        if is_speech:
            self.voiced_blocks += 1
            self.last_voiced = len(self.blocks) - 1

    @property
    def trailing_blocks(self) -> int:
        """Blocks of silence at the end."""
        return len(self.blocks) - 1 - self.last_voiced

    @property
    def is_at_rest(self) -> bool:
        """Nothing is being said: the moment to recognise it."""
        return self.is_closed or self.trailing_blocks >= PAUSE_BLOCKS

    def covers(self, block_count: int) -> bool:
        """The first `block_count` blocks hold all speech, and a pause after it where there is one."""
        return block_count >= min(len(self.blocks), self.last_voiced + 1 + PAUSE_BLOCKS)

    def take(self, block_count: int, tokens: Tokens, text: str) -> None:
        """Keep the result for the first `block_count` blocks."""
        self.tokens, self.text, self.decoded_blocks = tokens, text, block_count
        self.decoded_voiced_blocks = sum(self.voiced[:block_count])
        if not any(self.voiced[max(0, block_count - PAUSE_BLOCKS) : block_count]):
            self.anchors.append((self.decoded_voiced_blocks, tuple(text.split())))

    def samples(self, block_count: int) -> Samples:
        """The first blocks as one piece. Shape (n_samples,)."""
        return np.concatenate([block.samples for block in self.blocks[:block_count]])

    def words(self) -> tuple[Word, ...]:
        """The words of `text`, spread over the voiced blocks in proportion to their letters.

        An estimate, as the recogniser gives no times; on synthesised sentences starts are off by 80 ms on average
        and by 160 ms at the 90th percentile. It is surest where a pause was decoded (see `anchors`).
        """
        texts = self.text.split()
        voiced = [block.start_ms for block, is_speech in zip(self.blocks, self.voiced, strict=True) if is_speech]
        if not texts or not voiced:
            return ()
        words: list[Word] = []
        for (from_block, from_word), (to_block, to_word) in self._spans(texts, len(voiced)):
            words += spread_words(texts[from_word:to_word], voiced[from_block:to_block])
        return tuple(words)

    def _spans(self, texts: list[str], voiced_count: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Stretches between pauses whose words are still the same: ((block, word), (block, word)) pairs."""
        points = [(0, 0)]
        for voiced_blocks, heard in self.anchors:
            block, word = points[-1]
            is_same = 0 < len(heard) < len(texts) and _same_words(texts[: len(heard)][-3:], heard[-3:])
            if is_same and block < voiced_blocks < voiced_count and len(heard) > word:
                points.append((voiced_blocks, len(heard)))
        points.append((voiced_count, len(texts)))
        return list(pairwise(points))


class AnswerAudio:
    """Collects an answer block by block. `segments` holds the closed ones and at most one open one, in order."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.through_ms = 0
        self._pre_roll: deque[AudioBlock] = deque(maxlen=PRE_ROLL_BLOCKS)

    @property
    def open_segment(self) -> Segment | None:
        return self.segments[-1] if self.segments and not self.segments[-1].is_closed else None

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        """Keep the block when it is speech or near speech; close or cut the open segment where it is time."""
        self.through_ms = block.end_ms
        segment = self.open_segment
        if not is_speech:
            if segment is None or segment.trailing_blocks >= TRAILING_BLOCKS:
                self._pre_roll.append(block)
            else:
                segment.append(block, False)
                if segment.voiced_blocks >= CLOSE_SPEECH_BLOCKS and segment.trailing_blocks >= CLOSE_BLOCKS:
                    segment.is_closed = True
            return
        if segment is None:
            segment = Segment()
            self.segments.append(segment)
        for earlier in self._pre_roll:
            segment.append(earlier, False)
        self._pre_roll.clear()
        segment.append(block, True)
        if len(segment.blocks) >= LONGEST_BLOCKS:
            self._cut(segment)

    def close(self) -> None:
        """No more audio comes."""
        if self.segments:
            self.segments[-1].is_closed = True

    def _cut(self, segment: Segment) -> None:
        place = _quietest(segment.blocks, EARLIEST_CUT_BLOCKS)
        first, rest = (
            Segment(is_closed=True, tokens=segment.tokens, text=segment.text, shown=segment.shown),
            Segment(),
        )
        for index, (block, is_speech) in enumerate(zip(segment.blocks, segment.voiced, strict=True)):
            (first if index < place else rest).append(block, is_speech)
        first.anchors = [anchor for anchor in segment.anchors if anchor[0] < first.voiced_blocks]
        self.segments[-1:] = [first, rest]


def _quietest(blocks: Sequence[AudioBlock], earliest: int) -> int:
    """Index of the block in the middle of the quietest stretch, not before `earliest` nor in the last 500 ms."""
    energy = np.array([np.mean(block.samples.astype(np.float32) ** 2) for block in blocks])
    smooth = np.convolve(energy, np.ones(_QUIET_BLOCKS), mode="same")
    return earliest + int(np.argmin(smooth[earliest : len(blocks) - 25]))


def _same_words(first: Sequence[str], second: Sequence[str]) -> bool:
    def bare(word: str) -> str:
        return "".join(filter(str.isalnum, word)).lower()

    return [bare(word) for word in first] == [bare(word) for word in second]
