"""What every Deepgram adapter needs: the SDK's client, sockets whose opening and closing end in time, errors.

Must not know what is heard or said. The SDK is imported inside `open_client` only.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from voiceprep.errors import ProviderError
from voiceprep.providers.deepgram_proxy import ProxyError, Unopened, has_proxy, open_through
from voiceprep.providers.deepgram_socket import abort, read_all

PROVIDER = "deepgram"
DEFAULT_URL = "https://api.deepgram.com"

HEALTHY_S = 10.0
"""A connection that lasted so long was no failure; Deepgram closes idle ones."""

_FATAL_CLOSE_CODES = frozenset({1002, 1003, 1007, 1008, 1009, 1010})
"""Closes that would come again: what we sent is not accepted. Anything else is worth another connection."""

_OK_CLOSE_CODES = frozenset({1000, 1001})

_CODE = re.compile(r"\b([a-z]{3,12})-?(\d{4})\b", re.IGNORECASE)
"""Deepgram's own error codes (NET-0001, DATA-0000); the only part of a server's text that is repeated."""

_KEY_HINT = "Check DEEPGRAM_API_KEY, or use `--stt local --tts local`, which need no key."
_STATUSES = {
    400: ("does not accept these settings", "Check the model's name."),
    401: ("does not accept the key", _KEY_HINT),
    402: ("says that the account has no credit left", "Top it up at console.deepgram.com, or use `local`."),
    403: ("does not allow this key to do that", _KEY_HINT),
    404: ("knows no such model or address", "Check the model's name and VOICEPREP_DEEPGRAM_URL."),
    429: ("has too many connections of this account open", "Wait a moment, or end other sessions."),
}
_LATER_HINT = "Check the network and try again; `local` needs none."


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """How long to wait for Deepgram, and how often to try again. Seconds of wall time."""

    connect_s: float = 5.0
    close_s: float = 1.0
    keep_alive_s: float = 4.0
    """Deepgram closes a recogniser's socket (NET-0001) after 10 s of nothing and advises one every 3 to 5."""
    stall_s: float = 5.0
    """Speech was sent, or text was flushed, and nothing came back."""
    finalize_s: float = 2.0
    """How long the answer to a Finalize may take before the audio is sent again on a new connection."""
    give_up_s: float = 10.0
    """The longest that `finish` lasts."""
    backoff_s: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0)
    """Waits before each further attempt to connect."""


class Socket(Protocol):
    """What the SDK's four socket clients share."""

    def __aiter__(self) -> AsyncIterator[Any]: ...


class LinkError(Exception):
    """A connection is of no use any more. `reason` is a clause about Deepgram, without any text of its own."""

    def __init__(self, reason: str, *, is_retryable: bool = True, hint: str = _LATER_HINT) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_retryable = is_retryable
        self.hint = hint


def open_client(api_key: str, base_url: str | None, resource: str) -> Any:  # noqa: ANN401 - see docstring
    """Import the SDK (0.2 s) and make an AsyncDeepgramClient whose `resource` ("listen.v1") is ready to use; for a
    thread. Raises LinkError for a useless key or address.

    The type stays out of signatures so that importing this module imports no SDK.
    """
    try:
        from deepgram import AsyncDeepgramClient
        from deepgram.environment import DeepgramClientEnvironment
    except ImportError as error:
        raise LinkError(
            "cannot be used: its SDK is not installed",
            is_retryable=False,
            hint="Install the package `deepgram-sdk`.",
        ) from error
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise LinkError("needs a key of plain letters and digits", is_retryable=False, hint=_KEY_HINT)
    http = re.sub(r"^ws", "http", (base_url or DEFAULT_URL).rstrip("/"))
    if not re.match(r"https?://[^/\s]", http):
        raise LinkError(
            "has no usable address",
            is_retryable=False,
            hint="VOICEPREP_DEEPGRAM_URL looks like https://api.deepgram.com.",
        )
    socket = re.sub(r"^http", "ws", http)
    # At DEBUG the socket library logs every message, and with them what was said.
    logging.getLogger("websockets.client").setLevel(logging.INFO)
    # Of a message it does not know the SDK warns, on the screen; what such a message means is decided here.
    logging.getLogger("deepgram").setLevel(logging.ERROR)
    environment = DeepgramClientEnvironment(base=http, production=socket, agent=socket, agent_rest=http)
    try:
        way = {"transport_factory": Unopened} if has_proxy(socket) else {}
    except ProxyError as error:
        raise reason_of(error) from None
    client = AsyncDeepgramClient(api_key=key, environment=environment, **way)
    attrgetter(resource)(client)  # loaded on first use: this thread may wait for it, the event loop may not
    return client


class Dialler:
    """Keeps one connection: made again when it ends, given up after `backoff_s` has run out, until `wake`.

    `trouble` is set while it is given up; `failure` is why the last connection ended or could not be made.
    """

    def __init__(self, policy: LinkPolicy, on_change: Callable[[], None] | None = None) -> None:
        self.policy = policy
        self._on_change = on_change
        self.changed = asyncio.Event()
        self.trouble: LinkError | None = None
        self.failure: LinkError | None = None
        self.failure_count = 0
        self._wanted = asyncio.Event()

    async def keep(
        self,
        connect: Callable[[], Awaitable[AbstractAsyncContextManager[Any]]],
        goodbye: str,
        converse: Callable[[Any], Awaitable[None]],
    ) -> None:
        """Runs until cancelled. `converse` gets each new socket and ends with LinkError when it is lost."""
        loop = asyncio.get_running_loop()
        while True:
            opened_s = loop.time()
            try:
                async with open_socket(await connect(), self.policy, goodbye) as socket:
                    opened_s = loop.time()
                    await converse(socket)
            except LinkError as error:
                if loop.time() - opened_s > HEALTHY_S:
                    self.succeed()
                self.failure = error
            except Exception as error:  # whoever waits must be told, whatever it was
                self.failure = LinkError(
                    f"cannot be used: {type(error).__name__} in its adapter",
                    is_retryable=False,
                    hint="Please report this; `local` works meanwhile.",
                )
            await self._rest()

    def succeed(self) -> None:
        """The connection does what it is for."""
        self.failure, self.failure_count = None, 0

    def wake(self) -> None:
        """Somebody wants a connection: try again if it was given up."""
        if self.trouble is not None:
            self.trouble = None
            self.succeed()
            self._wanted.set()

    def notify(self) -> None:
        """Wake everybody who waits for `changed`."""
        self.changed.set()
        self.changed = asyncio.Event()
        if self._on_change is not None:
            self._on_change()

    async def until(self, is_up: Callable[[], bool], attempts_max: int) -> None:
        """Wait for a connection. Raises LinkError when it was given up or could not be made so many times."""
        while not is_up():
            if (failure := self.hopeless(attempts_max)) is not None:
                raise failure
            await self.changed.wait()

    def hopeless(self, attempts_max: int) -> LinkError | None:
        """Why there is no connection, once it was given up or could not be made so many times."""
        return self.failure if self.trouble is not None or self.failure_count >= attempts_max else None

    async def _rest(self) -> None:
        """Wait for the next attempt: a moment, or until somebody wants a connection again."""
        failure = self.failure
        if failure is not None and failure.is_retryable and self.failure_count < len(self.policy.backoff_s):
            self.failure_count += 1
            self.notify()
            await asyncio.sleep(self.policy.backoff_s[self.failure_count - 1])
            return
        self._wanted.clear()
        self.trouble = failure
        self.notify()
        await self._wanted.wait()


@asynccontextmanager
async def open_socket(
    opening: AbstractAsyncContextManager[Any], policy: LinkPolicy, goodbye: str
) -> AsyncIterator[Any]:
    """Connect within `connect_s`; at the end say `goodbye` (the socket's method) and close within `close_s`.

    Raises LinkError when there is no connection.
    """
    try:
        async with asyncio.timeout(policy.connect_s):
            socket = await opening.__aenter__()
            await open_through(socket)
    except Exception as error:
        # The SDK's errors print the request's headers: nothing of them may reach a traceback.
        raise reason_of(error) from None
    try:
        yield socket
    finally:
        abort_later = asyncio.get_running_loop().call_later(policy.close_s, abort, socket)
        try:
            with suppress(Exception):
                await getattr(socket, goodbye)()
            with suppress(Exception):
                await opening.__aexit__(None, None, None)
        finally:
            abort_later.cancel()


async def hear(socket: Any, take: Callable[[Sequence[bytes]], None]) -> None:  # noqa: ANN401 - the SDK's socket
    """Give the messages to `take`, those that came at once together, until the connection ends; then always raises
    LinkError.

    The SDK's own way takes 0.4 ms a message, 25 times a second, and checks nothing.
    """
    from websockets.exceptions import WebSocketException

    try:
        await read_all(socket, take)
    except WebSocketException as error:
        raise reason_of(error) from None


async def messages(socket: Socket) -> AsyncGenerator[Any, None]:
    """Whatever arrives, until the connection ends; then always raises LinkError."""
    try:
        async for message in socket:
            yield message
    except Exception as error:
        raise reason_of(error) from None
    raise LinkError("closed the connection")


async def happens_within(event: asyncio.Event, wait_s: float) -> bool:
    """Whether `event` is set in time."""
    try:
        async with asyncio.timeout(wait_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


def reason_of(error: BaseException) -> LinkError:
    """What an exception of the SDK or of a socket means, without its text."""
    if isinstance(error, LinkError):
        return error
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        what, hint = _STATUSES.get(status, ("has trouble of its own", _LATER_HINT))
        is_retryable = status == 429 or status >= 500
        return LinkError(f"{what} (HTTP {status})", is_retryable=is_retryable, hint=hint)
    close = getattr(error, "rcvd", None)
    if close is not None:
        if close.code in _OK_CLOSE_CODES:
            return LinkError("closed the connection")
        code = _CODE.search(close.reason or "")
        named = f"{close.code} {code[1].upper()}-{code[2]}" if code else str(close.code)
        return LinkError(f"closed the connection ({named})", is_retryable=close.code not in _FATAL_CLOSE_CODES)
    if isinstance(error, TimeoutError):
        return LinkError("does not answer")
    if isinstance(error, ssl.SSLError):
        return LinkError("cannot be reached safely: its certificate is not trusted", is_retryable=False)
    if isinstance(error, ProxyError):
        return LinkError(error.reason, hint="Look at HTTPS_PROXY, or except api.deepgram.com from it: NO_PROXY.")
    if isinstance(error, OSError):
        return LinkError("cannot be reached")
    return LinkError("dropped the connection")


def provider_error(error: LinkError, stage: str) -> ProviderError:
    """The error that leaves the adapter."""
    return ProviderError(
        f"Deepgram {error.reason}.", error.hint, provider=PROVIDER, stage=stage, is_retryable=error.is_retryable
    )
