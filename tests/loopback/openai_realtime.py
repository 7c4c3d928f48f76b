"""OpenAI's Realtime API on 127.0.0.1, over WebSocket: validates every message both ways and the rules between them.

Also what Azure offers under its own address and header. What breaks a rule is a violation.
"""

from aiohttp import web

from tests.loopback.openai import KEY
from tests.loopback.openai_realtime_conversation import OpenAIConversation
from tests.loopback.openai_realtime_dialect import OpenAIDialect
from tests.loopback.realtime import RealtimeServer, Wire

PATH = "/v1/realtime"
AZURE_PATH = "/openai/realtime"
MODEL = "gpt-realtime-2.1"


class OpenAIRealtimeServer(RealtimeServer):
    """`base_url` is what a client is given, with `KEY`. `conversations`: one a connection, oldest first."""

    PATHS = (PATH, AZURE_PATH)
    key = KEY

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def websocket_base_url(self) -> str:
        return f"{self.serving.websocket_url}/v1"

    @property
    def refusals(self) -> list[str]:
        """Codes of every error a client was told, except those that were scripted."""
        return [code for conversation in self.conversations for code in conversation.refusals]

    def refusal(self, request: web.Request) -> web.Response | None:
        if "OpenAI-Beta" in request.headers:
            self.serving.violate(f"{request.path}: OpenAI-Beta header")
        is_azure = request.path == AZURE_PATH
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        key = request.headers.get("api-key", "") if is_azure else bearer
        if key != self.key or (not is_azure and scheme != "Bearer"):
            error = {"message": f"Incorrect API key provided: {key}.", "type": "invalid_request_error"}
            return web.json_response({"error": {**error, "code": "invalid_api_key"}}, status=401)
        wanted = {"api-version", "deployment"} if is_azure else {"model"}
        if set(request.query) != wanted or not all(request.query.values()):
            self.serving.violate(f"{request.path}: the query is {dict(request.query)}")
            return web.json_response({"error": {"message": "bad query", "type": "x", "code": "x"}}, status=400)
        return None

    def converse(self, wire: Wire) -> OpenAIConversation:
        model = wire.query.get("model") or wire.query["deployment"]
        conversation = OpenAIConversation(wire, self.script, OpenAIDialect(), model)
        self.conversations.append(conversation)
        return conversation
