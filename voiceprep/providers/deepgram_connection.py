"""One connection to a Deepgram recogniser for the whole session: made again when lost, audio sent again.

Must not know which recogniser it is (a Dialect does), when an answer ends, nor what the words are for.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Protocol

from voiceprep.model import Usage, Word
from voiceprep.ports import BLOCK_MS, AudioBlock, OnUsage
from voiceprep.providers.deepgram_link import PROVIDER, Dialler, LinkError, LinkPolicy, hear, provider_error
from voiceprep.providers.deepgram_socket import abort, attend, unsent_bytes, write
from voiceprep.providers.deepgram_stream import AudioClock, DeepgramStream, Heard, Piece
from voiceprep.tasks import Tasks

Message = Mapping[str, Any]
"""JSON as it came."""

_WARM_ATTEMPTS = 2
SPEECH_SETTLED_BLOCKS, SILENCE_SETTLED_BLOCKS = 200 // BLOCK_MS, 1_000 // BLOCK_MS
GAP_BLOCKS = 200 // BLOCK_MS
LAZY_SPEECH_BLOCKS, LAZY_SILENCE_BLOCKS, LAZY_S = 100 // BLOCK_MS, 200 // BLOCK_MS, 0.25
SAME_MOMENT_S, TOGETHER_MESSAGES = 0.005, 100 // BLOCK_MS
_LOOKS = 4
"""How often within each wait of the policy somebody looks whether it is over."""


class Dialect(Protocol):
    """One of the two listen protocols."""

    @property
    def model(self) -> str: ...

    @property
    def resource(self) -> str:
        """Its place in the SDK's client."""
        ...

    def connect(self, client: Any) -> AbstractAsyncContextManager[Any]: ...  # noqa: ANN401 - the SDK's client

    @property
    def keep_alive(self) -> str | bytes:
        """The message that keeps an idle connection open."""
        ...

    @property
    def finalize(self) -> str:
        """The message that asks for the rest as finals."""
        ...

    def is_passing(self, text: bytes, after: bytes) -> bool:
        """Whether the message `text` says nothing that `after`, which came next, does not say anew."""
        ...

    def read(self, message: Message) -> Heard | None:
        """What a message says, in ms of sent audio; None when it is of no interest. Raises LinkError."""
        ...


class Attention:
    """When to read what arrives: at once around the ends of speech, where every millisecond counts; ten times a
    second while speech just goes on, gaps in it aside, and five times in a silence nobody waits for the end of.
    Waking up costs more than reading. Such a silence is sent as seldom."""

    def __init__(self) -> None:
        self._is_speech = False
        self._run_blocks = 0
        self._speech_blocks = 0
        """Of the speech before the silence that is now."""

    @property
    def is_settled(self) -> bool:
        """Speech, or silence, just goes on."""
        return self._run_blocks >= (SPEECH_SETTLED_BLOCKS if self._is_speech else SILENCE_SETTLED_BLOCKS)

    def step(self, is_speech: bool) -> bool:
        """Take one block; whether to read and send now."""
        if is_speech == self._is_speech:
            self._run_blocks += 1
        else:
            is_gap = is_speech and self._run_blocks < GAP_BLOCKS
            self._speech_blocks, self._run_blocks = self._run_blocks, self._speech_blocks if is_gap else 0
            self._is_speech = is_speech
        lazy_blocks = LAZY_SPEECH_BLOCKS if is_speech else LAZY_SILENCE_BLOCKS
        return not self.is_settled or not self._run_blocks % lazy_blocks

    def rest(self) -> None:
        """An answer is over: the silence after it is of no interest."""
        if not self._is_speech:
            self._run_blocks = SILENCE_SETTLED_BLOCKS


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
        self._newest: tuple[tuple[Word, ...], tuple[Word, ...]] = ((), ())
        self._finalize_count = 0
        self._sent_at_s = 0.0
        self._speech_sent_at_s: float | None = None
        self._stuck_since_s: float | None = None
        self._attention = Attention()
        self._attending: asyncio.TimerHandle | None = None
        self._held: list[AudioBlock] = []
        self._packed: list[bytes] = []
        self._sending: asyncio.Handle | None = None

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
            self._tasks.watch(self._look_after(), name="deepgram looked after")
        self._dialler.wake()

    def open(self, stream: DeepgramStream) -> None:
        self._streams.append(stream)
        self.start()

    def release(self, stream: DeepgramStream) -> None:
        """Nothing more is to be heard for `stream`."""
        self._streams.remove(stream)
        self._pack()
        self._send_packed()
        self._listen(is_eager=True)
        self._attention.rest()
        if self._on_usage is not None and self._unbilled_ms:
            self._on_usage(Usage(PROVIDER, "stt", self._dialect.model, audio_ms=self._unbilled_ms))
            self._unbilled_ms = 0

    def send(self, piece: Piece) -> None:
        if self._socket is None:
            return
        is_due = self._attention.step(piece.is_speech)
        self._listen(is_eager=is_due)
        self._held.append(piece.block)
        if is_due or piece.is_speech:
            self._send_soon()
        if piece.is_speech and self._speech_sent_at_s is None:
            self._speech_sent_at_s = self._sent_at_s

    def finalize(self) -> None:
        """Ask for the rest as finals; a lost connection is made again first."""
        self.start()
        if self._socket is not None:
            self._finalize_count += 1
            self._pack()
            self._send_packed()
            self._listen(is_eager=True)
            self._write(self._dialect.finalize)

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
            await hear(socket, self._take_all)
        finally:
            self._listen(is_eager=True)
            self._socket = None

    def _begin(self, socket: Any) -> None:  # noqa: ANN401 - the SDK's socket
        self._socket = socket
        self._held.clear()  # the stream has it, too
        self._packed.clear()
        self._clock = AudioClock()
        self._newest = ((), ())
        self._finalize_count = 0
        self._speech_sent_at_s = self._stuck_since_s = None
        for stream in self._streams:
            for piece in stream.unsent():
                self.send(piece)
            if stream.is_finishing:
                self.finalize()
        self._dialler.notify()

    def _take_all(self, texts: Sequence[bytes]) -> None:
        """What arrived at once; what the next one says anew is not looked at."""
        for text, after in zip_longest(texts, texts[1:], fillvalue=b""):
            if not self._dialect.is_passing(text, after):
                self._take(text)

    def _take(self, text: bytes) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return
        heard = self._dialect.read(message) if isinstance(message, dict) else None
        if heard is None:
            return
        self._dialler.succeed()
        self._speech_sent_at_s = None
        closes = heard.closes and self._finalize_count == 1
        if heard.closes:
            self._finalize_count = max(0, self._finalize_count - 1)
        on_session = replace(
            heard,
            start_ms=self._clock.session_ms(heard.start_ms),
            end_ms=self._clock.session_ms(heard.end_ms, is_end=True),
            words=self._placed(heard.words),
            closes=closes,
        )
        for stream in tuple(self._streams):
            stream.hear(on_session)
        self._dialler.notify()

    def _placed(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """The words on the session clock. Most messages repeat the words of the one before."""
        if words != self._newest[0]:
            session_ms = self._clock.session_ms
            placed = (
                Word(word.text, session_ms(word.start_ms), session_ms(word.end_ms, is_end=True)) for word in words
            )
            self._newest = words, tuple(placed)
        return self._newest[1]

    def _listen(self, *, is_eager: bool) -> None:
        """Read what arrives, or leave it until later; for `LAZY_S` at most, should no block come to say when."""
        if self._socket is None or is_eager is (self._attending is None):
            return
        if self._attending is not None:
            self._attending.cancel()
        self._attending = None
        attend(self._socket, is_eager=is_eager)
        if not is_eager:
            loop = asyncio.get_running_loop()
            self._attending = loop.call_later(LAZY_S, lambda: self._listen(is_eager=True))

    # ------------------------------------------------------------------------------------- sending

    def _send_soon(self) -> None:
        """What is held, at once; blocks that come one after the other in the same moment leave together.

        Where every millisecond counts, the first of them does not wait for the others.
        """
        self._pack()
        loop = asyncio.get_running_loop()
        is_first = not self._attention.is_settled and loop.time() - self._sent_at_s >= SAME_MOMENT_S
        if is_first or len(self._packed) >= TOGETHER_MESSAGES:
            self._send_packed()
        elif self._sending is None:
            self._sending = loop.call_soon(self._send_packed)

    def _pack(self) -> None:
        """Make one message of what is held."""
        held, self._held = self._held, []
        if held and self._socket is not None:
            for block in held:
                self._clock.note(block.start_ms, BLOCK_MS)
            self._unbilled_ms += BLOCK_MS * len(held)
            self._packed.append(b"".join(block.samples.astype("<i2", copy=False).tobytes() for block in held))

    def _send_packed(self) -> None:
        self._sending = None
        packed, self._packed = self._packed, []
        if packed and self._socket is not None:
            self._write(*packed)

    def _write(self, *messages: str | bytes) -> None:
        self._sent_at_s = asyncio.get_running_loop().time()
        write(self._socket, *messages)

    async def _look_after(self) -> None:
        """Keep an idle connection alive, give up one that is stuck; runs until cancelled."""
        loop, policy = asyncio.get_running_loop(), self.policy
        while True:
            await asyncio.sleep(min(policy.keep_alive_s, policy.stall_s) / _LOOKS)
            socket, now_s = self._socket, loop.time()
            if socket is None:
                continue
            if not unsent_bytes(socket):
                self._stuck_since_s = None
            elif self._stuck_since_s is None:
                self._stuck_since_s = now_s
            since_s = [at_s for at_s in (self._stuck_since_s, self._speech_sent_at_s) if at_s is not None]
            if since_s and now_s - min(since_s) > policy.stall_s:
                abort(socket)
            elif now_s - self._sent_at_s >= policy.keep_alive_s:
                self._keep_alive()

    def _keep_alive(self) -> None:
        message = self._dialect.keep_alive
        self._write(message)
        if isinstance(message, bytes):  # silence, which takes place in the connection's audio
            self._clock.fill(BLOCK_MS)
