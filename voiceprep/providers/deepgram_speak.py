"""Deepgram's voices: Aura-2 (speak v1) and Flux TTS (speak v2), on connections that stay open.

Must not know who listens.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from functools import partial
from operator import attrgetter
from typing import Any

from voiceprep.model import Usage
from voiceprep.ports import SPEAKER_RATE_HZ, OnUsage, Samples
from voiceprep.providers.deepgram_link import PROVIDER, LinkError, LinkPolicy, open_client, provider_error
from voiceprep.providers.deepgram_speak_line import Dialect, Mark, SpeakLine
from voiceprep.tasks import Tasks

LINES = 2
"""Connections: one speaks while the other prepares what may be said next. An account may hold 15."""


class DeepgramSynthesizer:
    """ports.Synthesizer. A model named `flux-…` speaks through v2, any other through v1."""

    name = PROVIDER

    def __init__(
        self,
        tasks: Tasks,
        *,
        api_key: str,
        base_url: str | None = None,
        model: str = "aura-2-thalia-en",
        on_usage: OnUsage | None = None,
        policy: LinkPolicy | None = None,
    ) -> None:
        self._tasks = tasks
        self._model = model
        self._on_usage = on_usage
        self._policy = policy or LinkPolicy()
        self._dialect = FLUX if model.startswith("flux-") else AURA
        self._open_client = partial(open_client, api_key, base_url, self._dialect.resource)
        self._client: Any = None
        self._opening = asyncio.Lock()
        self._lines: list[SpeakLine] = []
        self._freed = asyncio.Event()

    async def close(self) -> None:
        """The connection belongs to the session's tasks and ends with them."""

    async def warm(self) -> None:
        """Connect; nothing when there is a connection. Raises ProviderError (stage `tts`)."""
        self._start()
        try:
            await self._lines[0].until_up()
        except LinkError as error:
            raise provider_error(error, "tts") from None

    async def synthesize(self, text: str) -> AsyncGenerator[Samples, None]:
        """24 kHz audio as it arrives, shape (n_samples,). Tried once more, if there was no audio yet.

        Raises ProviderError (stage `tts`).
        """
        if not any(map(str.isalnum, text)):
            return
        has_audio = False
        for is_last in (False, True):
            try:
                line = await self._take_line()
                try:
                    self._bill(text)
                    async with aclosing(line.say(text)) as speech:
                        async for samples in speech:
                            has_audio = True
                            yield samples
                finally:
                    line.leave()
            except LinkError as error:
                if has_audio or is_last or not error.is_retryable:
                    raise provider_error(error, "tts") from None
                for line in self._lines:
                    line.renew()
            else:
                return

    def _start(self) -> None:
        while len(self._lines) < LINES:
            line = SpeakLine(self._dialect, self._policy, self._free)
            self._lines.append(line)
            self._tasks.watch(line.keep(self._connect), name="deepgram speaking")
            self._tasks.watch(line.tidy(), name="deepgram clearing")

    async def _connect(self) -> AbstractAsyncContextManager[Any]:
        async with self._opening:
            if self._client is None:
                self._client = await self._tasks.in_thread(self._open_client)
        speaking = attrgetter(self._dialect.resource)(self._client)
        opening: AbstractAsyncContextManager[Any] = speaking.connect(
            model=self._model, encoding="linear16", sample_rate=SPEAKER_RATE_HZ
        )
        return opening

    async def _take_line(self) -> SpeakLine:
        """A connection nobody uses. Raises LinkError when there is none in time."""
        self._start()
        for line in self._lines:
            line.wake()
        try:
            async with asyncio.timeout(self._policy.give_up_s):
                while True:
                    for line in self._lines:
                        if line.take():
                            return line
                    reasons = [reason for line in self._lines if (reason := line.hopeless())]
                    if len(reasons) == len(self._lines):
                        raise reasons[0]
                    await self._freed.wait()
        except TimeoutError:
            raise LinkError("does not answer") from None

    def _free(self) -> None:
        self._freed.set()
        self._freed = asyncio.Event()

    def _bill(self, text: str) -> None:
        if self._on_usage is not None:
            self._on_usage(Usage(PROVIDER, "tts", self._model, characters=len(text)))


AURA = Dialect("speak.v1", "Clear", {"Flushed": frozenset({Mark.END}), "Cleared": frozenset({Mark.CLEARED})})
FLUX = Dialect(
    "speak.v2",
    "Interrupt",
    # An interruption that comes too late, or too early, is over when the text is.
    {"Flushed": frozenset({Mark.END, Mark.CLEARED}), "SpeechInterrupted": frozenset({Mark.CLEARED})},
)
