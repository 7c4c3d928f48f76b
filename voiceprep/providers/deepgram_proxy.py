"""Deepgram's sockets through the proxy that the environment names: the library under their SDK knows of none.

The SDK takes a transport of our own, but only one that is there at once: it gets a placeholder, opened afterwards.
Must not know messages.
"""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from voiceprep.network import is_this_machine

HEADER_BYTES_MAX = 8_192
CONNECT_S = 10.0


class ProxyError(OSError):
    """The proxy cannot be used, or refuses. `reason` is a clause without its address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def has_proxy(url: str) -> bool:
    """A proxy stands between this machine and `url` (ws or wss). Raises ProxyError for one that cannot be used."""
    return _proxy_for(url) is not None


class Unopened:
    """A connection to be: what the SDK is given in place of one, by its `transport_factory`."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._opened: Any = None

    async def open(self) -> Any:  # noqa: ANN401 - a WebSocketClientProtocol
        """Connect, through the proxy where there is one. Raises OSError and what the library raises."""
        from websockets.legacy.client import connect

        proxy = _proxy_for(self._url)
        through: dict[str, Any] = {} if proxy is None else {"sock": await _tunnel(proxy, self._url)}
        self._opened = await connect(self._url, extra_headers=self._headers, open_timeout=CONNECT_S, **through)
        return self._opened

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()


async def open_through(client: Any) -> None:  # noqa: ANN401 - the SDK's socket
    """Give the SDK's socket the connection that it has a placeholder for. Raises what `Unopened.open` raises."""
    if isinstance(client._websocket, Unopened):
        client._websocket = await client._websocket.open()


def _proxy_for(url: str) -> str | None:
    """Raises ProxyError for one of another kind."""
    from websockets.uri import get_proxy, parse_uri

    target = parse_uri(url)
    proxy = None if is_this_machine(target.host) else get_proxy(target)
    if proxy is not None and urlsplit(proxy).scheme != "http":
        raise ProxyError("cannot be reached: only http:// proxies can be used")
    return proxy


async def _tunnel(proxy_url: str, url: str) -> socket.socket:
    """A socket that ends at the host of `url` (CONNECT, RFC 9110 9.3.6). Raises ProxyError, OSError."""
    from websockets.asyncio.client import prepare_connect_request
    from websockets.exceptions import InvalidProxy
    from websockets.uri import parse_proxy, parse_uri

    try:
        proxy = parse_proxy(proxy_url)
    except InvalidProxy:
        raise ProxyError("cannot be reached: the proxy's address is none") from None
    place = (proxy.host, proxy.port)
    tunnel = await asyncio.to_thread(lambda: socket.create_connection(place, timeout=CONNECT_S))
    try:
        tunnel.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(tunnel, prepare_connect_request(proxy, parse_uri(url)))
        status = await _status(tunnel)
        if not 200 <= status < 300:
            raise ProxyError(f"cannot be reached: the proxy refuses (HTTP {status})")
    except BaseException:
        tunnel.close()
        raise
    return tunnel


async def _status(tunnel: socket.socket) -> int:
    """Of the proxy's answer, which is read up to its end and not a byte further. Raises ProxyError, OSError."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = await asyncio.get_running_loop().sock_recv(tunnel, 1)
        answer += byte
        if not byte or len(answer) > HEADER_BYTES_MAX:
            raise ProxyError("cannot be reached: the proxy gives no answer")
    words = answer.split(b" ", 2)
    if len(words) < 2 or not words[1][:3].isdigit():
        raise ProxyError("cannot be reached: the proxy gives no answer")
    return int(words[1][:3])
