"""A chain of providers for one stage: when one fails, the next takes over and hears what was said once more.

Must not know which providers they are.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

from voiceprep.errors import ProviderError
from voiceprep.model import Transcript
from voiceprep.ports import (
    AudioBlock,
    OnText,
    Prompt,
    Provisional,
    Samples,
    Synthesizer,
    TextModel,
    Transcriber,
    TranscriptionStream,
    ignore_text,
)

OnFailure = Callable[[ProviderError], None]
"""Called with each failure that another provider makes good."""


Member = TypeVar("Member", Transcriber, Synthesizer, TextModel)


class _Chain(Generic[Member]):
    """Who is in charge. A member that failed is not asked again in this session."""

    def __init__(self, members: Sequence[Member], on_failure: OnFailure) -> None:
        self.members: list[Member] = list(members)
        self._all: tuple[Member, ...] = tuple(members)
        self._on_failure = on_failure

    @property
    def name(self) -> str:
        return self.members[0].name

    async def warm(self) -> None:
        """Drops members that cannot start, until one can. Raises ProviderError when none does."""
        while True:
            member = self.members[0]
            try:
                await member.warm()
            except ProviderError as error:
                self._drop(member, error)
            else:
                return

    async def close(self) -> None:
        """Every member, dropped ones included."""
        for member in self._all:
            await member.close()

    async def replace(self, failed: Member, error: ProviderError) -> None:
        """Go on with the next member. Raises `error` when there is none."""
        self._drop(failed, error)
        await self.warm()

    def skip(self, failed: Member, error: ProviderError) -> bool:
        """Go on with the next member, which gets ready by itself; False when there is none."""
        if self.members[0] is failed and len(self.members) == 1:
            return False
        self._drop(failed, error)
        return True

    def _drop(self, failed: Member, error: ProviderError) -> None:
        if self.members[0] is not failed:
            return  # somebody else met the same failure first
        if len(self.members) == 1:
            raise error
        self.members.pop(0)
        self._on_failure(error)


class FailoverTranscriber(_Chain[Transcriber]):
    """Implements ports.Transcriber."""

    def open_stream(self, on_text: OnText = ignore_text) -> TranscriptionStream:
        return _FailoverStream(self, on_text)


class _FailoverStream:
    """Keeps the answer's audio until it is transcribed, so that another member can hear all of it."""

    def __init__(self, chain: FailoverTranscriber, on_text: OnText) -> None:
        self._chain = chain
        self._on_text = on_text
        self._blocks: list[tuple[AudioBlock, bool]] = []
        self._open()

    def _open(self) -> None:
        self._member = self._chain.members[0]
        self._stream = self._member.open_stream(self._on_text)
        for block, is_speech in self._blocks:
            self._stream.push(block, is_speech)

    @property
    def provisional(self) -> Provisional:
        return self._stream.provisional

    @property
    def error(self) -> ProviderError | None:
        """Known before `finish` raises it: nobody is left who could hear."""
        return self._stream.error

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        self._blocks.append((block, is_speech))
        self._stream.push(block, is_speech)
        # Without a text an answer never ends, so waiting for `finish` would mean waiting in vain.
        while (error := self.error) is not None and self._chain.skip(self._member, error):
            self._stream.close()
            self._open()

    async def finish(self) -> Transcript:
        while True:
            try:
                return await self._stream.finish()
            except ProviderError as error:
                self._stream.close()
                await self._chain.replace(self._member, error)
                self._open()

    def close(self) -> None:
        self._blocks.clear()
        self._stream.close()


class FailoverSynthesizer(_Chain[Synthesizer]):
    """Implements ports.Synthesizer. Changes voices only between sentences; a broken-off one is said again."""

    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        """Raises ProviderError when no member is left."""
        while True:
            member = self.members[0]
            try:
                async with aclosing(member.synthesize(text)) as pieces:
                    async for samples in pieces:
                        yield samples
            except ProviderError as error:
                await self.replace(member, error)
            else:
                return


class FailoverTextModel(_Chain[TextModel]):
    """Implements ports.TextModel. A member is replaced only before its first piece: words cannot be taken back."""

    async def complete(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Raises ProviderError when no member is left."""
        while True:
            member, has_begun = self.members[0], False
            try:
                async with aclosing(member.complete(prompt)) as pieces:
                    async for piece in pieces:
                        has_begun = True
                        yield piece
            except ProviderError as error:
                if has_begun:
                    raise
                await self.replace(member, error)
            else:
                return
