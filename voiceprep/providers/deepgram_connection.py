"""One connection to a Deepgram recogniser for the whole session: made again when lost, audio sent again.

Must not know which recogniser it is (a Dialect does), when an answer ends, nor what the words are for.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from typing import Any, Protocol

from voiceprep.model import Usage
from voiceprep.ports import BLOCK_MS, AudioBlock, OnUsage
from voiceprep.providers.deepgram_link import (
    PROVIDER,
    Dialler,
    LinkError,
    LinkPolicy,
    abort,
    happens_within,
    messages,
    provider_error,
    send_errors,
)
from voiceprep.providers.deepgram_stream import AudioClock, DeepgramStream, Heard, Piece
from voiceprep.tasks import Tasks

_WARM_ATTEMPTS = 2


class Dialect(Protocol):
    """One of the two listen protocols."""

    @property
    def model(self) -> str: ...

    @property
    def fills_with_audio(self) -> bool:
        """Keeping alive sends a block of silence, which takes place in the connection's audio."""
        ...

    def connect(self, client: Any) -> AbstractAsyncContextManager[Any]: ...  # noqa: ANN401 - the SDK's client

    async def keep_alive(self, socket: Any) -> None: ...  # noqa: ANN401 - the SDK's socket

    async def finalize(self, socket: Any) -> None: ...  # noqa: ANN401 - the SDK's socket

    def read(self, message: Any) -> Heard | None:  # noqa: ANN401 - the SDK checks nothing of what it parses
        """What a message says, in ms of sent audio; None when it is of no interest. Raises LinkError."""
        ...


class ListenLink:
    """The one connection. Reconnects by itself, then sends again what no final covers."""

    def __init__(
        self,
        tasks: Tasks,
        dialect: Dialect,
        open_client: Callable[[], Any],
        policy: LinkPolicy,
        on_usage: OnUsage | None,
    ) -> None:
        self.policy = policy
        self._dialler = Dialler(policy)
        self._tasks = tasks
        self._dialect = dialect
        self._open_client = open_client
        self._on_usage = on_usage
        self._unbilled_ms = 0
        self._client: Any = None
        self._is_started = False
        self._streams: list[DeepgramStream] = []
        self._socket: Any = None
        self._clock = AudioClock()
        self._outbox: deque[Piece | None] = deque()
        self._filled = asyncio.Event()
        self._finalize_count = 0
        self._speech_sent_at: float | None = None

    @property
    def changed(self) -> asyncio.Event:
        return self._dialler.changed

    @property
    def trouble(self) -> LinkError | None:
        return self._dialler.trouble

    async def warm(self) -> None:
        """Connect, or see that there is a connection. Raises ProviderError after two attempts."""
        self.start()
        try:
            await self._dialler.until(lambda: self._socket is not None, _WARM_ATTEMPTS)
        except LinkError as error:
            raise provider_error(error, "stt") from None

    def start(self) -> None:
        """Make sure that the connection is up or being made."""
        if not self._is_started:
            self._is_started = True
            keeping = self._dialler.keep(self._connect, "send_close_stream", self._converse)
            self._tasks.watch(keeping, name="deepgram listening")
            self._tasks.watch(self._send_all(), name="deepgram sending")
        self._dialler.wake()

    def open(self, stream: DeepgramStream) -> None:
        self._streams.append(stream)
        self.start()

    def release(self, stream: DeepgramStream) -> None:
        """Nothing more is to be heard for `stream`."""
        self._streams.remove(stream)
        if self._on_usage is not None and self._unbilled_ms:
            self._on_usage(Usage(PROVIDER, "stt", self._dialect.model, audio_ms=self._unbilled_ms))
            self._unbilled_ms = 0

    def send(self, piece: Piece) -> None:
        if self._socket is not None:
            self._outbox.append(piece)
            self._filled.set()

    def finalize(self) -> None:
        """Ask for the rest as finals; a lost connection is made again first."""
        self.start()
        if self._socket is not None:
            self._outbox.append(None)
            self._filled.set()

    def reset(self) -> None:
        """Give this connection up for a new one."""
        if self._socket is not None:
            abort(self._socket)

    # ------------------------------------------------------------------------------ one connection

    async def _connect(self) -> AbstractAsyncContextManager[Any]:
        if self._client is None:
            self._client = await self._tasks.in_thread(self._open_client)
        return self._dialect.connect(self._client)

    async def _converse(self, socket: Any) -> None:  # noqa: ANN401 - the SDK's socket
        self._begin(socket)
        try:
            async with aclosing(messages(socket)) as arriving:
                async for message in arriving:
                    self._take(message)
        finally:
            self._socket = None
            self._outbox.clear()

    def _begin(self, socket: Any) -> None:  # noqa: ANN401 - the SDK's socket
        self._socket = socket
        self._clock = AudioClock()
        self._finalize_count = 0
        self._speech_sent_at = None
        for stream in self._streams:
            self._outbox.extend(stream.unsent())
            if stream.is_finishing:
                self._outbox.append(None)
        self._filled.set()
        self._dialler.notify()

    def _take(self, message: Any) -> None:  # noqa: ANN401 - the SDK checks nothing of what it parses
        heard = self._dialect.read(message)
        if heard is None:
            return
        self._dialler.succeed()
        self._speech_sent_at = None
        closes = heard.closes and self._finalize_count == 1
        if heard.closes:
            self._finalize_count = max(0, self._finalize_count - 1)
        clock = self._clock
        on_session = Heard(
            clock.session_ms(heard.start_ms),
            clock.session_ms(heard.end_ms, is_end=True),
            tuple(
                replace(
                    word,
                    start_ms=clock.session_ms(word.start_ms),
                    end_ms=clock.session_ms(word.end_ms, is_end=True),
                )
                for word in heard.words
            ),
            heard.is_final,
            closes,
            heard.is_timed,
            heard.end_of_turn_probability,
        )
        for stream in tuple(self._streams):
            stream.hear(on_session)
        self._dialler.notify()

    # ------------------------------------------------------------------------------------- sending

    async def _send_all(self) -> None:
        while True:
            is_idle = not await happens_within(self._filled, self.policy.keep_alive_s)
            self._filled.clear()
            socket = self._socket
            if socket is None:
                continue
            try:
                async with asyncio.timeout(self.policy.stall_s):
                    if is_idle:
                        await self._dialect.keep_alive(socket)
                        if self._dialect.fills_with_audio:
                            self._clock.fill(BLOCK_MS)
                    while self._outbox and socket is self._socket:
                        await self._send(socket, self._outbox.popleft())
            except send_errors():
                abort(socket)
            if self._is_stalled():
                abort(socket)

    async def _send(self, socket: Any, piece: Piece | None) -> None:  # noqa: ANN401 - the SDK's socket
        if piece is None:
            self._finalize_count += 1
            await self._dialect.finalize(socket)
            return
        block: AudioBlock = piece.block
        self._clock.note(block.start_ms, BLOCK_MS)
        self._unbilled_ms += BLOCK_MS
        if piece.is_speech and self._speech_sent_at is None:
            self._speech_sent_at = asyncio.get_running_loop().time()
        await socket.send_media(block.samples.astype("<i2", copy=False).tobytes())

    def _is_stalled(self) -> bool:
        sent_at = self._speech_sent_at
        return sent_at is not None and asyncio.get_running_loop().time() - sent_at > self.policy.stall_s
