"""One answer as a realtime model hears it: utterances, their transcripts when they come, and the audio itself.

Must not know vendors or turns. Without a transcript in time the embedded recogniser hears the audio again.
"""

from dataclasses import dataclass

from voiceprep.errors import ProviderError
from voiceprep.language.word_times import spread_words
from voiceprep.model import Transcript, Word
from voiceprep.ports import BLOCK_MS, AudioBlock, Provisional, Transcriber
from voiceprep.realtime import HearingFailed, SpeechBegan, SpeechHeard, SpeechOver

LATE_MS = 2_000
"""A transcript that is not there so long after its utterance is not waited for."""

WORD_MS = 200
"""Less speech than this holds no word."""

HearingEvent = SpeechBegan | SpeechOver | SpeechHeard | HearingFailed


@dataclass(slots=True)
class _Utterance:
    """`to_block`: how many blocks had been heard when it was over, None while it goes on."""

    from_block: int
    to_block: int | None = None
    over_ms: int = 0
    text: str = ""
    is_final: bool = False
    is_lost: bool = False


class Utterances:
    """Everything heard since the interviewer began its line."""

    def __init__(self, transcriber: Transcriber) -> None:
        self.is_speaking = False
        self._transcriber = transcriber
        self._blocks: list[tuple[AudioBlock, bool]] = []
        self._by_name: dict[str, _Utterance] = {}
        self._now_ms = 0
        self._owed = 0
        self._expected_ms = 0

    def push(self, block: AudioBlock, is_voiced: bool) -> None:
        """The next microphone block."""
        self._blocks.append((block, is_voiced))
        self._now_ms = block.end_ms

    def take(self, event: HearingEvent) -> None:
        """What the model says about it."""
        match event:
            case SpeechBegan():
                self.is_speaking = True
            case SpeechOver(name):
                self.is_speaking = False
                self._owed = max(0, self._owed - 1)
                utterance = self._named(name)
                utterance.to_block, utterance.over_ms = len(self._blocks), self._now_ms
            case SpeechHeard(name, text, is_final):
                utterance = self._named(name)
                utterance.text, utterance.is_final = text, is_final
            case HearingFailed(name):
                self._named(name).is_lost = True

    def expect(self) -> None:
        """An utterance was committed; the model has yet to say which one it is."""
        self._owed += 1
        self._expected_ms = self._now_ms

    def cut(self) -> None:
        """The connection broke: what was not understood has to be heard anew."""
        self.is_speaking = False
        self._by_name = {name: one for name, one in self._by_name.items() if one.is_final}

    def forget(self) -> None:
        """What was heard so far is no part of the answer."""
        self.is_speaking = False
        self._owed = 0
        self._blocks.clear()
        self._by_name.clear()

    @property
    def _heard(self) -> list[_Utterance]:
        return sorted(self._by_name.values(), key=lambda utterance: utterance.from_block)

    @property
    def provisional(self) -> Provisional:
        """All text so far. It covers the audio up to the end of the last utterance once all of them are final."""
        heard = self._heard
        text = " ".join(one.text for one in heard if one.text)
        is_whole = self._owed == 0 and all(one.is_final for one in heard)
        return Provisional(text, max((one.over_ms for one in heard), default=0) if is_whole else 0)

    @property
    def has_ended(self) -> bool:
        """Somebody spoke, and every utterance is over."""
        return bool(self._by_name) and not self.is_speaking and all(one.to_block for one in self._by_name.values())

    @property
    def is_understood(self) -> bool:
        """Every utterance has its transcript, or will not get one in time."""
        is_named = self._owed == 0 or self._now_ms - self._expected_ms >= LATE_MS
        return is_named and all(one.is_final or self._is_missing(one) for one in self._by_name.values())

    @property
    def is_misheard(self) -> bool:
        """Some of it will not be understood; `finish` hears it again."""
        return any(self._is_missing(one) for one in self._by_name.values() if not one.is_final)

    @property
    def voiced_ms(self) -> int:
        """How much speech there was."""
        return sum(is_voiced for _, is_voiced in self._blocks) * BLOCK_MS

    def _is_missing(self, one: _Utterance) -> bool:
        return one.is_lost or (one.to_block is not None and self._now_ms - one.over_ms >= LATE_MS)

    async def finish(self) -> Transcript:
        """The answer with word times. Raises ProviderError only when nobody has understood a word."""
        is_told = self._owed == 0 and all(one.is_final for one in self._by_name.values())
        if is_told and (self._by_name or self.voiced_ms < WORD_MS):
            return self._as_told()
        try:
            return await self._heard_again()
        except ProviderError:
            told = self._as_told()
            if told.words:
                return told
            raise

    def _as_told(self) -> Transcript:
        words: list[Word] = []
        for one in self._heard:
            blocks = self._blocks[one.from_block : one.to_block]
            voiced_ms = [block.start_ms for block, is_voiced in blocks if is_voiced]
            if not voiced_ms and blocks:
                voiced_ms = [blocks[-1][0].start_ms]
            if voiced_ms:
                words += spread_words(one.text.split(), voiced_ms)
        return Transcript(tuple(words))

    async def _heard_again(self) -> Transcript:
        await self._transcriber.warm()
        stream = self._transcriber.open_stream()
        try:
            for block, is_voiced in self._blocks:
                stream.push(block, is_voiced)
            return await stream.finish()
        finally:
            stream.close()

    def _named(self, name: str) -> _Utterance:
        if name not in self._by_name:
            ends = [one.to_block for one in self._by_name.values() if one.to_block is not None]
            self._by_name[name] = _Utterance(max(ends, default=0))
        return self._by_name[name]
