"""What may be reached: nothing at all with `--offline`, and without encryption only this machine.

Must not know providers.
"""

import socket
import sys
from ipaddress import ip_address
from urllib.parse import urlsplit

from voiceprep.errors import ConfigError

_PLAIN = frozenset({"http", "ws"})


def check_encrypted(url: str, name: str, *, is_plain_allowed: bool) -> None:
    """`url` came from the setting `name`. Raises ConfigError for speech and keys in the clear."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return  # no address at all: whoever wants to connect to it says so
    if parts.scheme in _PLAIN and host and not is_plain_allowed and not is_this_machine(host):
        raise ConfigError(
            f"{name} is a {parts.scheme} address of another machine: speech and key would travel readable.",
            f"Use {parts.scheme}s, or set plain_http = true if that network is yours alone.",
        )


def is_this_machine(host: str) -> bool:
    """A loopback address or `localhost`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def forbid_network() -> None:
    """From now on this process opens no network socket: an attempt raises ConfigError. Cannot be undone.

    Sockets within the machine's kernel (AF_UNIX: the event loop, the sound server) are none.
    """
    sys.addaudithook(_refuse_sockets)


def _refuse_sockets(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo" or (event == "socket.__new__" and arguments[1] in _INTERNET):
        raise ConfigError(
            "--offline: something wanted to open a network connection.",
            "Choose local engines, or leave out --offline.",
        )


_INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
