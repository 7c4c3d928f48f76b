"""A chain of providers for one stage: when one fails, the next takes over and hears what was said once more.

Must not know which providers they are.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from voiceprep.errors import ProviderError
from voiceprep.model import Transcript
from voiceprep.ports import (
    AudioBlock,
    Prompt,
    Provisional,
    Samples,
    Synthesizer,
    TextModel,
    Transcriber,
    TranscriptionStream,
)

OnFailure = Callable[[ProviderError], None]
"""Called with each failure that another provider makes good."""


async def _warm_first(
    members: list[Transcriber] | list[Synthesizer] | list[TextModel], on_failure: OnFailure
) -> None:
    """Drop members that cannot start, until one can. The last one's failure is raised."""
    while True:
        try:
            await members[0].warm()
        except ProviderError as error:
            if len(members) == 1:
                raise
            members.pop(0)
            on_failure(error)
        else:
            return


class FailoverTranscriber:
    """Implements ports.Transcriber. A member that failed is not asked again in this session."""

    def __init__(self, members: Sequence[Transcriber], on_failure: OnFailure) -> None:
        self.members = list(members)
        self.on_failure = on_failure

    @property
    def name(self) -> str:
        return self.members[0].name

    async def warm(self) -> None:
        """Raises ProviderError when no member starts."""
        await _warm_first(self.members, self.on_failure)

    def open_stream(self) -> TranscriptionStream:
        return _FailoverStream(self)

    async def drop(self, failed: Transcriber, error: ProviderError) -> None:
        """Go on with the next member. Raises `error` when there is none."""
        if self.members[0] is not failed:
            return
        if len(self.members) == 1:
            raise error
        self.members.pop(0)
        self.on_failure(error)
        await _warm_first(self.members, self.on_failure)


class _FailoverStream:
    """Keeps the answer's audio until it is transcribed, so that another member can hear all of it."""

    def __init__(self, chain: FailoverTranscriber) -> None:
        self._chain = chain
        self._blocks: list[tuple[AudioBlock, bool]] = []
        self._open()

    def _open(self) -> None:
        self._member = self._chain.members[0]
        self._stream = self._member.open_stream()
        for block, is_speech in self._blocks:
            self._stream.push(block, is_speech)

    @property
    def provisional(self) -> Provisional:
        return self._stream.provisional

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        self._blocks.append((block, is_speech))
        self._stream.push(block, is_speech)

    async def finish(self) -> Transcript:
        while True:
            try:
                return await self._stream.finish()
            except ProviderError as error:
                self._stream.close()
                await self._chain.drop(self._member, error)
                self._open()

    def close(self) -> None:
        self._blocks.clear()
        self._stream.close()


class FailoverSynthesizer:
    """Implements ports.Synthesizer. Changes voices only between sentences."""

    def __init__(self, members: Sequence[Synthesizer], on_failure: OnFailure) -> None:
        self.members = list(members)
        self.on_failure = on_failure

    @property
    def name(self) -> str:
        return self.members[0].name

    async def warm(self) -> None:
        """Raises ProviderError when no member starts."""
        await _warm_first(self.members, self.on_failure)

    async def synthesize(self, text: str) -> AsyncIterator[Samples]:
        """A member that fails before its first audio is replaced; a broken-off sentence is said again."""
        while True:
            member = self.members[0]
            try:
                async for samples in member.synthesize(text):
                    yield samples
            except ProviderError as error:
                if len(self.members) == 1:
                    raise
                if self.members[0] is member:
                    self.members.pop(0)
                    self.on_failure(error)
                    await _warm_first(self.members, self.on_failure)
            else:
                return


class FailoverTextModel:
    """Implements ports.TextModel."""

    def __init__(self, members: Sequence[TextModel], on_failure: OnFailure) -> None:
        self.members = list(members)
        self.on_failure = on_failure

    @property
    def name(self) -> str:
        return self.members[0].name

    async def warm(self) -> None:
        """Raises ProviderError when no member starts."""
        await _warm_first(self.members, self.on_failure)

    async def complete(self, prompt: Prompt) -> AsyncIterator[str]:
        """A member is replaced only before its first piece: half a sentence cannot be taken back."""
        while True:
            member, has_begun = self.members[0], False
            try:
                async for piece in member.complete(prompt):
                    has_begun = True
                    yield piece
            except ProviderError as error:
                if has_begun or len(self.members) == 1:
                    raise
                if self.members[0] is member:
                    self.members.pop(0)
                    self.on_failure(error)
            else:
                return
