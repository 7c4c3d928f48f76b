"""One answer as Deepgram hears it: finals kept, the newest interim replaced, audio held until a final covers it.

Must not know sockets or messages; every time is on the session clock.
"""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from voiceprep.errors import ProviderError
from voiceprep.language.glossary import repair
from voiceprep.model import Term, Transcript, Word
from voiceprep.ports import BLOCK_MS, AudioBlock, OnText, Provisional, ignore_text
from voiceprep.providers.deepgram_link import LinkError, LinkPolicy, happens_within, provider_error

LEAD_MS = 1_000
"""Silence sent again before speech, when an answer has to be sent again."""

REST_MS = 200
"""Speech left over behind the newest final that Deepgram may have found too short to be worth an answer."""

ROUNDING_MS = 2
"""Start and length of a span come in seconds, each rounded by itself."""

LOST_BLOCKS = 100 // BLOCK_MS
"""Speech between two finals that makes it certain that one has gone missing."""


class AudioClock:
    """Milliseconds of audio sent over one connection → session clock. Runs without gaps are the unit."""

    def __init__(self) -> None:
        self.sent_ms = 0
        self._sent_starts: list[int] = []
        self._session_starts: list[int] = []
        self._lengths: list[int] = []

    def note(self, session_ms: int, length_ms: int) -> None:
        """Audio from `session_ms` on was sent. Length 0 on the session clock is `fill`."""
        if not self._lengths or self._session_starts[-1] + self._lengths[-1] != session_ms:
            self._begin(session_ms)
        self._lengths[-1] += length_ms
        self.sent_ms += length_ms

    def fill(self, length_ms: int) -> None:
        """Audio that is no part of the session was sent; it takes no time on the session clock."""
        session_ms = self._session_starts[-1] + self._lengths[-1] if self._lengths else 0
        self._begin(session_ms)
        self.sent_ms += length_ms
        self._begin(session_ms)

    def session_ms(self, sent_ms: int, *, is_end: bool = False) -> int:
        """The session time of a place in the sent audio; an end belongs to the run before it."""
        if not self._lengths:
            return 0
        run = max(0, bisect_right(self._sent_starts, sent_ms - is_end) - 1)
        return self._session_starts[run] + min(max(0, sent_ms - self._sent_starts[run]), self._lengths[run])

    def _begin(self, session_ms: int) -> None:
        self._sent_starts.append(self.sent_ms)
        self._session_starts.append(session_ms)
        self._lengths.append(0)


@dataclass(frozen=True, slots=True)
class Heard:
    """What Deepgram makes of a span of audio. A final is never taken back; `closes`: it answers our Finalize.

    Words that are not `is_timed` are spread evenly, and belong where the speech is.
    """

    start_ms: int
    end_ms: int
    words: tuple[Word, ...]
    is_final: bool
    closes: bool = False
    is_timed: bool = True
    end_of_turn_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """20 ms of audio that no final covers yet."""

    block: AudioBlock
    is_speech: bool


class Link(Protocol):
    """What a stream needs of the connection."""

    policy: LinkPolicy

    @property
    def changed(self) -> asyncio.Event:
        """Set, and replaced by a new one, whenever something was heard, connected or lost."""
        ...

    @property
    def trouble(self) -> LinkError | None:
        """Why there is no connection and no further attempt to make one."""
        ...

    def send(self, piece: Piece) -> None: ...

    def finalize(self) -> None: ...

    def reset(self) -> None: ...

    def release(self, stream: "DeepgramStream") -> None: ...


class DeepgramStream:
    """ports.TranscriptionStream. `end_of_turn_probability` (0..1): how sure the recogniser is that the answer is
    over; None from one that does not say."""

    def __init__(self, link: Link, glossary: Sequence[Term], on_text: OnText = ignore_text) -> None:
        self.end_of_turn_probability: float | None = None
        self.is_finishing = False
        self._link = link
        self._glossary = glossary
        self._on_text = on_text
        self._start_ms: int | None = None
        self._speech_end_ms = 0
        self._uncovered: deque[Piece] = deque()
        self._finals: list[Word] = []
        self._finals_end_ms = 0
        self._interim: tuple[Word, ...] = ()
        self._shown_words: tuple[tuple[Word, ...], tuple[Word, ...]] = ((), ())
        self._text = ""
        self._provisional = Provisional()
        self._is_closing_answered = False
        self._is_closed = False
        self._resent_count = 0

    @property
    def provisional(self) -> Provisional:
        """Finals so far and the newest interim, glossary repairs included."""
        return self._provisional

    @property
    def error(self) -> ProviderError | None:
        """Known before `finish` raises it: there is no connection and no further attempt to make one."""
        trouble = self._link.trouble
        return None if trouble is None else provider_error(trouble, "stt")

    @property
    def changed(self) -> asyncio.Event:
        """Set, and replaced by a new one, whenever something was heard, connected or lost."""
        return self._link.changed

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        """Take 20 ms, in order. Never blocks. Does nothing after `finish` or `close`."""
        if self._is_closed or self.is_finishing:
            return
        if self._start_ms is None:
            self._start_ms = self._finals_end_ms = block.start_ms
        if is_speech:
            self._speech_end_ms = block.end_ms
        piece = Piece(block, is_speech)
        self._uncovered.append(piece)
        self._link.send(piece)

    async def finish(self) -> Transcript:
        """The final transcript: at once when finals cover all speech, else when Deepgram has answered a Finalize.

        A connection that fails meanwhile, or says nothing for `finalize_s`, is replaced and the audio sent again.
        Raises ProviderError.
        """
        self.is_finishing = True
        try:
            if not self._is_settled:
                await self._settle()
        finally:
            self.close()
        return Transcript(self._words())

    def close(self) -> None:
        """Give up; no transcript is wanted."""
        if not self._is_closed:
            self._is_closed = True
            self._uncovered.clear()
            self._link.release(self)

    def hear(self, heard: Heard) -> None:
        """Take what was heard. Raises LinkError when a final has gone missing on the way."""
        if self._start_ms is None or self._is_closed or heard.end_ms <= self._finals_end_ms - REST_MS:
            return
        placed = heard.words if heard.is_timed else self._place(heard)
        finals_end_ms = self._finals_end_ms
        is_behind = heard.start_ms + ROUNDING_MS >= finals_end_ms  # then a word it dates too early is new as well
        words = [word for word in placed if is_behind or word.start_ms + word.end_ms > 2 * finals_end_ms]
        if heard.is_final:
            self._check_nothing_lost(heard.start_ms)
            self._finals += words
            self._finals_end_ms = max(self._finals_end_ms, heard.end_ms)
            while self._uncovered and self._uncovered[0].block.end_ms <= self._finals_end_ms:
                self._uncovered.popleft()
        self._interim = () if heard.is_final else tuple(words)
        self._is_closing_answered |= heard.closes and self.is_finishing
        if heard.words:  # silence after the end of a turn does not make it less over
            self.end_of_turn_probability = heard.end_of_turn_probability
        through_ms = max(self._provisional.through_ms, heard.end_ms)
        before = self._provisional.text
        heard_words = (tuple(self._finals), self._interim)
        if heard_words != self._shown_words:  # most of what arrives says nothing new
            self._shown_words, self._text = heard_words, " ".join(word.text for word in self._words())
        self._provisional = Provisional(self._text, through_ms, self.end_of_turn_probability)
        if self._text != before:
            self._on_text()

    def unsent(self) -> Iterable[Piece]:
        """What a new connection has to be sent: from the last final, without most of the silence before speech."""
        speech_ms = next((piece.block.start_ms for piece in self._uncovered if piece.is_speech), None)
        if speech_ms is None:
            speech_ms = self._uncovered[-1].block.end_ms if self._uncovered else 0
        return [piece for piece in self._uncovered if piece.block.start_ms >= speech_ms - LEAD_MS]

    @property
    def _is_settled(self) -> bool:
        is_covered = self._finals_end_ms >= self._speech_end_ms and not self._interim
        return self._is_closing_answered or is_covered

    async def _settle(self) -> None:
        self._link.finalize()
        is_resent = False
        try:
            async with asyncio.timeout(self._link.policy.give_up_s):
                while not self._is_settled:
                    if (trouble := self._link.trouble) is not None:
                        raise provider_error(trouble, "stt")
                    if await happens_within(self._link.changed, self._link.policy.finalize_s) or is_resent:
                        continue
                    if self._speech_end_ms - self._finals_end_ms <= REST_MS and not self._interim:
                        return
                    is_resent = True
                    self._link.reset()
        except TimeoutError:
            if self._interim and self._provisional.through_ms >= self._speech_end_ms:
                return  # all of it was heard, only never called final
            raise provider_error(self._link.trouble or LinkError("does not answer"), "stt") from None

    def _place(self, heard: Heard) -> Iterable[Word]:
        """The same words, evenly over the speech there was."""
        speech = [
            piece.block for piece in self._uncovered if piece.is_speech and piece.block.start_ms < heard.end_ms
        ]
        start_ms = max(heard.start_ms, speech[0].start_ms) if speech else heard.start_ms
        end_ms = max(start_ms, min(heard.end_ms, speech[-1].end_ms)) if speech else heard.end_ms
        return spread(" ".join(word.text for word in heard.words), start_ms, end_ms)

    def _check_nothing_lost(self, final_start_ms: int) -> None:
        lost = [piece for piece in self._uncovered if piece.is_speech and piece.block.end_ms <= final_start_ms]
        if len(lost) >= LOST_BLOCKS and not self._resent_count:
            self._resent_count += 1
            raise LinkError("left out a part of the answer")

    def _words(self) -> tuple[Word, ...]:
        return repair(tuple(_in_order((*self._finals, *self._interim))), self._glossary)


def spread(text: str, start_ms: int, end_ms: int) -> Iterator[Word]:
    """The words of `text`, evenly over a span: one token may hold several ("January 5th"), or have no times."""
    parts = text.split()
    if len(parts) == 1:
        yield Word(parts[0], start_ms, end_ms)
        return
    for index, part in enumerate(parts):
        first_ms, last_ms = (start_ms + (end_ms - start_ms) * place // len(parts) for place in (index, index + 1))
        yield Word(part, first_ms, last_ms)


def _in_order(words: Iterable[Word]) -> Iterator[Word]:
    """The same words, none of which begins before the one before it has ended."""
    end_ms = 0
    for word in words:
        start_ms = max(word.start_ms, end_ms)
        end_ms = max(word.end_ms, start_ms)
        yield Word(word.text, start_ms, end_ms, word.heard)
