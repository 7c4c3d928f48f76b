"""Which transport to serve over, and where. Must not import Pipecat."""

from dataclasses import dataclass

SERVERS = ("websocket", "webrtc")
"""These take many calls; the others are one conversation."""
TRANSPORTS = (*SERVERS, "livekit", "daily", "local")


@dataclass(frozen=True, slots=True)
class PipelineOrder:
    """`url`, `token` and `room`: those of a LiveKit or Daily room. `public_url`: how the world reaches a server."""

    transport: str = "websocket"
    host: str = "127.0.0.1"
    port: int = 8765
    url: str = ""
    token: str = ""
    room: str = ""
    at_once_max: int = 4
    public_url: str = ""
    seed: int | None = None
    """The same seed asks the same questions."""
