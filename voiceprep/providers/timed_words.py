"""Pure: a recogniser's text, and the session times of its words where it tells when it heard them."""

from collections.abc import Sequence
from dataclasses import dataclass

from voiceprep.model import Word
from voiceprep.ports import BLOCK_MS


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word and its place in the audio that was sent."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a model made of one piece of audio. `words` are empty where it gives no times; `tokens` are its own, for
    a draft of the next."""

    text: str
    words: tuple[TimedWord, ...] = ()
    tokens: tuple[int, ...] = ()


def place_words(recognised: Recognised, block_starts_ms: Sequence[int]) -> tuple[Word, ...]:
    """The words of the text, with punctuation, on the session clock; none where times and text do not match.

    `block_starts_ms`: session time of each 20 ms block that was sent. Timed words lack punctuation and may be cut
    differently, so both are matched letter by letter.
    """
    letters: list[tuple[int, int]] = []
    spelled = ""
    for word in recognised.words:
        bare = _letters(word.text)
        length_ms = max(0, word.end_ms - word.start_ms)
        for place in range(len(bare)):
            from_ms = word.start_ms + length_ms * place // len(bare)
            letters.append((from_ms, word.start_ms + length_ms * (place + 1) // len(bare)))
        spelled += bare
    tokens = recognised.text.split()
    if not spelled or spelled != _letters(recognised.text) or not block_starts_ms:
        return ()
    words: list[Word] = []
    place = 0
    for token in tokens:
        count = len(_letters(token))
        if not count:  # a lone dash: it takes no time
            at_ms = words[-1].end_ms if words else block_starts_ms[0]
            words.append(Word(token, at_ms, at_ms))
            continue
        start_ms = _session_ms(letters[place][0], block_starts_ms)
        end_ms = _session_ms(letters[place + count - 1][1], block_starts_ms, is_end=True)
        words.append(Word(token, start_ms, max(start_ms + 1, end_ms)))
        place += count
    return tuple(words)


def _session_ms(sent_ms: int, block_starts_ms: Sequence[int], *, is_end: bool = False) -> int:
    """A place in the audio sent → the session clock; an end at a block's edge belongs to the block before it."""
    shift_ms = 1 if is_end and sent_ms > 0 else 0
    block, within_ms = divmod(max(0, sent_ms - shift_ms), BLOCK_MS)
    if block >= len(block_starts_ms):
        return block_starts_ms[-1] + BLOCK_MS
    return block_starts_ms[block] + within_ms + shift_ms


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()
