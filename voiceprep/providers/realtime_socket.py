"""One WebSocket of JSON messages to a realtime model, and what its failures mean to a person.

Must not know protocols. Frames that are no JSON object are left out and counted; nothing a server says is quoted.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from voiceprep.errors import ProviderError
from voiceprep.providers.openai_services import showable_url
from voiceprep.tasks import Tasks

Frame = dict[str, Any]
OPEN_S = 8.0
CLOSE_S = 1.0
FATAL_CLOSES = (1002, 1003, 1007, 1008, 1009)
"""Close codes a new connection would only meet again; 4000 and above are the service's own refusals."""


class RealtimeSocket:
    """Sends in order without blocking; `frames` ends when the connection does."""

    def __init__(self, connection: Any, tasks: Tasks, who: "Who") -> None:  # noqa: ANN401 - websockets is late
        self.strange_count = 0
        self._connection = connection
        self._who = who
        self._outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self._sender = tasks.watch(self._send_all(), "realtime sender")

    def send(self, message: Frame) -> None:
        """Returns at once."""
        self._outbox.put_nowait(json.dumps(message, separators=(",", ":")))

    async def receive(self) -> Frame | None:
        """The next JSON object; None when the connection has ended. Raises ProviderError for an end with a reason
        that a new connection would not help."""
        from websockets.exceptions import ConnectionClosed

        while True:
            try:
                raw = await self._connection.recv()
            except ConnectionClosed as error:
                received = error.rcvd
                if received is not None and (received.code in FATAL_CLOSES or received.code >= 4000):
                    raise self._who.refused_in_session(received.code) from None
                return None
            try:
                frame = json.loads(raw)
            except (ValueError, RecursionError):
                frame = None
            if isinstance(frame, dict):
                return frame
            self.strange_count += 1

    async def frames(self) -> AsyncIterator[Frame]:
        """Every JSON object until the end. Raises ProviderError as `receive` does."""
        while (frame := await self.receive()) is not None:
            yield frame

    async def close(self) -> None:
        """Send what is waiting, then hang up. May be called twice."""
        self._outbox.put_nowait(None)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await asyncio.wait([self._sender])
        self._sender.cancel()
        await self._connection.close()

    async def _send_all(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            while (text := await self._outbox.get()) is not None:
                await self._connection.send(text)


class Who:
    """Whose server it is, for what a person is told. `key_name`: the variable that holds its key."""

    def __init__(self, name: str, title: str, key_name: str, url: str) -> None:
        self.name, self.title, self.key_name, self.url = name, title, key_name, url

    def error(self, message: str, hint: str, *, is_retryable: bool = False) -> ProviderError:
        return ProviderError(message, hint, provider=self.name, stage="realtime", is_retryable=is_retryable)

    def refused_in_session(self, code: int) -> ProviderError:
        return self.error(
            f"{self.title} closed the connection and refuses to go on (code {code}).",
            f"Check {self.key_name} and the model, or use --mode cascaded.",
        )

    def refused(self, status: int) -> ProviderError:
        """The handshake was answered with an HTTP status."""
        told = {
            401: ("does not accept the key", f"Check {self.key_name}: it may be mistyped, expired or revoked."),
            402: ("says that the account has no credit left", "Add credit, or use --mode cascaded."),
            403: ("does not let this key use the model", "Choose another with --realtime PROVIDER:MODEL."),
            404: ("knows no such realtime model", "Choose another with --realtime PROVIDER:MODEL."),
            429: ("gets too many requests from this key", "Wait a little and try again."),
        }
        what, hint = told.get(status, ("refused the connection", "Try again, or use --mode cascaded."))
        is_retryable = status in (408, 429) or status >= 500
        return self.error(f"{self.title} {what} (HTTP {status}).", hint, is_retryable=is_retryable)

    def unreachable(self) -> ProviderError:
        return self.error(
            f"{self.title} cannot be reached at {showable_url(self.url)}.",
            "Check the network and the address, or use --mode cascaded.",
            is_retryable=True,
        )


def keep_headers_unlogged() -> None:
    """Below this level the library logs every header, the key among them, and every frame."""
    logging.getLogger("websockets.client").setLevel(logging.INFO)


async def open_socket(url: str, headers: Mapping[str, str], tasks: Tasks, who: Who) -> RealtimeSocket:
    """Connect. Raises ProviderError."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

    keep_headers_unlogged()
    try:
        connection = await connect(
            url,
            additional_headers=dict(headers),
            compression=None,
            max_size=None,
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
        )
    except InvalidStatus as error:
        raise who.refused(error.response.status_code) from None
    except InvalidURI:
        raise who.error(f"The address of {who.title} is no web address.", "Correct it.") from None
    except (OSError, TimeoutError, InvalidHandshake):
        raise who.unreachable() from None
    return RealtimeSocket(connection, tasks, who)
