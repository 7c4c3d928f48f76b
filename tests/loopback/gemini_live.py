"""Gemini's Live API on 127.0.0.1, over TLS as its SDK insists: validates every message both ways and the rules.

The client trusts `ca_path`, by SSL_CERT_FILE or by a context of its own.
"""

from pathlib import Path

from aiohttp import web

from tests.loopback.certificates import make_tls
from tests.loopback.gemini_live_conversation import GeminiConversation
from tests.loopback.realtime import RealtimeServer, Script, Wire
from tests.loopback.serving import LoopbackServer

KEY = "gemini-loopback"
PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
MODEL = "gemini-3.8-live"


class GeminiLiveServer(RealtimeServer):
    """`url` is what a client is given, with `KEY`. `folder` takes the certificates.

    `handles`: what resuming brings back, by handle; drop one to make it expire.
    """

    PATHS = (PATH,)
    SENDS_BINARY = True
    key = KEY

    def __init__(self, folder: Path, script: Script | None = None) -> None:
        tls, self.ca_path = make_tls(folder)
        self.handles: dict[str, tuple[tuple[str, str], ...]] = {}
        super().__init__(script, LoopbackServer({f"GET {PATH}": self._answer}, tls))

    def refusal(self, request: web.Request) -> web.Response | None:
        if request.query:
            self.serving.violate(f"{request.path}: the key belongs into a header, not into the query")
        return None

    def converse(self, wire: Wire) -> GeminiConversation:
        is_known = wire.headers.get("x-goog-api-key") == self.key
        others = [other for other in self.wires if other is not wire and not other.is_over]
        conversation = GeminiConversation(wire, self.script, self.handles, is_known, bool(others))
        self.conversations.append(conversation)
        return conversation
