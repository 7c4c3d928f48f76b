"""One connection to a Deepgram voice: one text at a time, what is left unheard is cleared before the next.

Must not know which of the two protocols it is (a Dialect says), nor who listens.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from voiceprep.ports import Samples
from voiceprep.providers.deepgram_link import Dialler, LinkError, LinkPolicy, happens_within, messages
from voiceprep.providers.deepgram_socket import abort, write

SPEAK_CHARS_MAX = 1_800
"""Deepgram takes 2,000 characters a message."""

ATTEMPTS_MAX = 2
"""Failed attempts to connect before whoever waits is told."""

FLUSHES_MAX = 20
FLUSHES_PER_S = 60.0
"""More flushes on one connection within a minute are answered with a warning, and not carried out."""


class Mark(Enum):
    """What a message of the server means."""

    END = "end"  # the text flushed last has been spoken
    CLEARED = "cleared"  # nothing of what was asked for before will come any more


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the two speak protocols: the place in the SDK's client, the type of the message that
    takes back what was asked for, and what the server's messages mean."""

    resource: str
    clear: str
    marks: Mapping[str, frozenset[Mark]]


class SpeakLine:
    """One connection, at most one text at a time. What is left unheard is cleared before the next."""

    def __init__(self, dialect: Dialect, policy: LinkPolicy, on_free: Callable[[], None]) -> None:
        self._dialect = dialect
        self._policy = policy
        self._on_free = on_free
        self._dialler = Dialler(policy, on_free)
        self._socket: Any = None
        self._inbox: asyncio.Queue[bytes | Mark | LinkError] = asyncio.Queue()
        self._is_taken = False
        self._unspoken_on: Any = None
        self._is_clearing = False
        self._left = asyncio.Event()
        self._cleared = asyncio.Event()
        self._flushed_at: deque[float] = deque(maxlen=FLUSHES_MAX)

    def hopeless(self) -> LinkError | None:
        """Why there is no connection, after two attempts to make one."""
        return None if self._socket is not None else self._dialler.hopeless(ATTEMPTS_MAX)

    def wake(self) -> None:
        self._dialler.wake()

    async def until_up(self) -> None:
        """Wait for the connection. Raises LinkError."""
        self.wake()
        await self._dialler.until(lambda: self._socket is not None, ATTEMPTS_MAX)

    def take(self) -> bool:
        """Reserve this line; False while it is used, cleared or not there."""
        if self._socket is None or self._is_taken or self._is_clearing:
            return False
        if not self._may_flush():
            self._cut(self._socket)  # a new connection has its own allowance
            return False
        self._is_taken = True
        return True

    def leave(self) -> None:
        """Give the line back; the rest of an unfinished text is cleared away."""
        self._is_taken = False
        if self._unspoken_on is not None and self._unspoken_on is self._socket:
            self._is_clearing = True
            self._left.set()
        else:
            self._on_free()

    def renew(self) -> None:
        """Change an unused connection for a new one: the network under it has failed elsewhere."""
        if not self._is_taken:
            self._cut(self._socket)

    async def say(self, text: str) -> AsyncGenerator[Samples, None]:
        """The audio of `text` as it arrives, shape (n_samples,). Raises LinkError."""
        socket, inbox = self._socket, asyncio.Queue[bytes | Mark | LinkError]()
        if socket is None:
            raise LinkError("dropped the connection")
        self._inbox = inbox
        self._unspoken_on = socket
        self._flushed_at.append(asyncio.get_running_loop().time())
        for part in parts_of(text):
            write(socket, json.dumps({"type": "Speak", "text": part}))
        write(socket, json.dumps({"type": "Flush"}))
        rest = b""
        has_audio = False
        while True:
            item = await self._next(socket, inbox)
            if isinstance(item, bytes):
                has_audio = True
                audio = rest + item
                rest = audio[len(audio) & ~1 :]
                samples = np.frombuffer(audio[: len(audio) & ~1], "<i2").astype(np.int16, copy=False)
                if len(samples):
                    yield samples
            elif has_audio:  # else it is the end of a text that was cleared
                self._unspoken_on = None
                return

    async def keep(self, connect: Callable[[], Awaitable[AbstractAsyncContextManager[Any]]]) -> None:
        """Hold the connection; runs until cancelled."""
        await self._dialler.keep(connect, "send_close", self._converse)

    async def tidy(self) -> None:
        """Clear away what was left; runs until cancelled."""
        while True:
            await self._left.wait()
            self._left.clear()
            socket = self._socket
            if socket is None:
                continue
            self._cleared.clear()
            write(socket, json.dumps({"type": self._dialect.clear}))
            if not await happens_within(self._cleared, self._policy.close_s):
                self._cut(socket)

    async def _next(self, socket: Any, inbox: "asyncio.Queue[bytes | Mark | LinkError]") -> bytes | Mark:  # noqa: ANN401
        try:
            async with asyncio.timeout(self._policy.stall_s):
                item = await inbox.get()
        except TimeoutError:
            self._cut(socket)
            raise LinkError("does not answer") from None
        if isinstance(item, LinkError):
            raise item
        return item

    async def _converse(self, socket: Any) -> None:  # noqa: ANN401 - the SDK's socket
        self._socket = socket
        self._is_clearing = False
        self._flushed_at.clear()
        self._dialler.notify()
        try:
            async with aclosing(messages(socket)) as arriving:
                async for message in arriving:
                    self._hear(message)
        except LinkError as error:
            self._inbox.put_nowait(error)
            raise
        finally:
            self._socket = None
            self._is_clearing = False
            self._cleared.set()
            self._dialler.notify()

    def _hear(self, message: Any) -> None:  # noqa: ANN401 - the SDK checks nothing of what it parses
        if isinstance(message, bytes):
            if not self._is_clearing:
                self._inbox.put_nowait(message)
            self._dialler.succeed()
            return
        kind = getattr(message, "type", None)
        if kind == "Error":
            raise LinkError("reports an error")
        marks = self._dialect.marks.get(kind, frozenset()) if isinstance(kind, str) else frozenset()
        if self._is_clearing and Mark.CLEARED in marks:
            self._is_clearing = False
            self._cleared.set()
            self._dialler.notify()
        elif not self._is_clearing and Mark.END in marks:
            self._inbox.put_nowait(Mark.END)

    def _cut(self, socket: Any) -> None:  # noqa: ANN401 - the SDK's socket
        if socket is not None:
            abort(socket)
        if socket is self._socket:
            self._socket = None

    def _may_flush(self) -> bool:
        now = asyncio.get_running_loop().time()
        return len(self._flushed_at) < FLUSHES_MAX or now - self._flushed_at[0] > FLUSHES_PER_S


def parts_of(text: str) -> Iterator[str]:
    """`text` in pieces that Deepgram takes, cut between words."""
    part = ""
    for word in re.findall(r"\S+\s*", text):
        if part and len(part) + len(word) > SPEAK_CHARS_MAX:
            yield part
            part = ""
        part += word
    if part:
        yield part
