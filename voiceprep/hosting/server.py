"""Which LiveKit server, and its key: from the environment, or the one of `make livekit` with --dev.

A key is never written, printed or logged. Must not know rooms.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from voiceprep.errors import ConfigError
from voiceprep.network import check_encrypted

DEV_URL = "ws://127.0.0.1:7880"
DEV_KEY = "devkey"
DEV_SECRET = "voiceprep-development-secret-not-for-any-network"
"""As in deploy/livekit-dev.yaml; everybody knows it, and that server listens on this machine only."""

_NAMES = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")


@dataclass(frozen=True, slots=True)
class LiveKitServer:
    """`url` is ws or wss."""

    url: str
    key: str
    secret: str = field(repr=False)

    @property
    def http_url(self) -> str:
        return self.url.replace("ws", "http", 1)


def server_for(environment: Mapping[str, str], *, is_dev: bool, is_plain_allowed: bool) -> LiveKitServer:
    """Raises ConfigError that names what is missing."""
    given = {name: environment.get(name, "") for name in _NAMES}
    if is_dev:
        given = dict(zip(_NAMES, (DEV_URL, DEV_KEY, DEV_SECRET), strict=True)) | {
            name: value for name, value in given.items() if value
        }
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise ConfigError(
            f"No LiveKit server is known: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.",
            "Set them, or use --dev with the server of `make livekit`.",
        )
    url = given["LIVEKIT_URL"]
    if url.startswith("http"):
        url = url.replace("http", "ws", 1)
    if urlsplit(url).scheme not in ("ws", "wss") or not urlsplit(url).hostname:
        raise ConfigError("LIVEKIT_URL is no ws:// or wss:// address.", "Write wss://host, or ws://127.0.0.1:7880.")
    check_encrypted(url, "LIVEKIT_URL", is_plain_allowed=is_plain_allowed)
    return LiveKitServer(url, given["LIVEKIT_API_KEY"], given["LIVEKIT_API_SECRET"])
