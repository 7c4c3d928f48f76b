"""Takes calls over HTTP: Pipecat clients by WebSocket, telephones through Twilio, browsers peer to peer.

Who may call is decided here; what a call is about is not known.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import quoteattr

from fastapi import FastAPI, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from pipecat.transports.base_transport import BaseTransport
from pydantic import BaseModel, Field

from voiceprep.errors import ConfigError
from voiceprep.hosting.pipeline.transports import twilio_transport, webrtc_transport, websocket_transport
from voiceprep.tasks import Tasks

KEY_NAME = "VOICEPREP_CALL_KEY"
TWILIO_TOKEN_NAME = "TWILIO_AUTH_TOKEN"
START_S_MAX = 10
FULL_CODE, REFUSED_CODE = 1013, 1008
"""WebSocket close codes: try again later; policy violation."""

OnCall = Callable[[BaseTransport], Coroutine[Any, Any, None]]


@dataclass
class Calls:
    """The HTTP side: how many calls at once, and the tickets of telephones that are being connected."""

    on_call: OnCall
    tasks: Tasks
    environment: Mapping[str, str]
    at_once_max: int
    is_open: bool
    """Only this machine can reach us: no key is asked for."""
    public_url: str = ""
    tickets: set[str] = field(default_factory=set)
    call_count: int = 0
    is_draining: bool = False
    on_idle: Callable[[], None] = lambda: None
    """The last call has ended."""

    def __post_init__(self) -> None:
        if not self.is_open and not self.environment.get(KEY_NAME):
            raise ConfigError(
                "Others can reach this address, and no key protects it.",
                f"Set {KEY_NAME} to a long random word, or serve on 127.0.0.1 only.",
            )

    async def pipecat(self, websocket: WebSocket) -> None:
        """GET /ws?key=…: Pipecat's own frames."""
        if not self._is_key(websocket.query_params.get("key", "")):
            await websocket.close(REFUSED_CODE)
            return
        await websocket.accept()
        await self._take(websocket, lambda: websocket_transport(websocket))

    async def twilio_answer(self, request: Request) -> Response:
        """POST /twilio: what Twilio asks when the telephone rings. It is told to stream the call to us."""
        if not self._is_from_twilio(request, await request.body()):
            raise HTTPException(403, "This is not signed by Twilio.")
        ticket = secrets.token_urlsafe(16)
        self.tickets.add(ticket)
        base = self.public_url or f"{request.url.scheme}://{request.url.netloc}"
        stream = quoteattr(f"{base.replace('http', 'ws', 1)}/twilio/stream")
        parameter = f'<Parameter name="ticket" value="{ticket}"/>'
        twiml = f"<Response><Connect><Stream url={stream}>{parameter}</Stream></Connect></Response>"
        return Response(f'<?xml version="1.0" encoding="UTF-8"?>{twiml}', media_type="application/xml")

    async def twilio_stream(self, websocket: WebSocket) -> None:
        """GET /twilio/stream: the call itself. Twilio first says what it is about."""
        await websocket.accept()
        try:
            async with asyncio.timeout(START_S_MAX):
                start = await _twilio_start(websocket)
        except (TimeoutError, ValueError, WebSocketDisconnect):
            await websocket.close(REFUSED_CODE)
            return
        ticket = start.parameters.get("ticket", "")
        if ticket not in self.tickets:
            await websocket.close(REFUSED_CODE)
            return
        self.tickets.discard(ticket)
        await self._take(
            websocket, lambda: twilio_transport(websocket, start.stream_sid, start.call_sid, self.environment)
        )

    async def webrtc_offer(self, request: Request) -> dict[str, str]:
        """POST /offer?key=…: a browser's offer is answered, and the call goes on beside the answer."""
        from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

        if not self._is_key(request.query_params.get("key", "")):
            raise HTTPException(403, "The key is wrong.")
        if self.is_full:
            raise HTTPException(503, "All places are taken. Try again later.")
        offer = await request.json()
        if not isinstance(offer, dict) or not isinstance(offer.get("sdp"), str) or offer.get("type") != "offer":
            raise HTTPException(400, "This is no offer.")
        connection = SmallWebRTCConnection()
        await connection.initialize(sdp=offer["sdp"], type="offer")
        self.call_count += 1
        call = self.tasks.work(self.on_call(webrtc_transport(connection)), "call")
        call.add_done_callback(lambda _: self._end())
        answer: dict[str, str] = connection.get_answer()
        return answer

    @property
    def is_full(self) -> bool:
        return self.is_draining or self.call_count >= self.at_once_max

    def _end(self) -> None:
        self.call_count -= 1
        if not self.call_count:
            self.on_idle()

    async def _take(self, websocket: WebSocket, make: Callable[[], BaseTransport]) -> None:
        if self.is_full:
            await websocket.close(FULL_CODE)
            return
        self.call_count += 1
        try:
            await self.on_call(make())
        finally:
            self._end()

    def _is_key(self, given: str) -> bool:
        return self.is_open or hmac.compare_digest(given.encode(), self.environment[KEY_NAME].encode())

    def _is_from_twilio(self, request: Request, body: bytes) -> bool:
        """Twilio signs address and form fields with the account's token (X-Twilio-Signature)."""
        token = self.environment.get(TWILIO_TOKEN_NAME, "")
        if not token:
            return self.is_open
        url = f"{self.public_url}{request.url.path}" if self.public_url else str(request.url)
        fields = sorted(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        signed = url + "".join(name + value for name, value in fields)
        wanted = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest())
        return hmac.compare_digest(wanted, request.headers.get("x-twilio-signature", "").encode())


class TwilioStart(BaseModel):
    """What Twilio says about a call before its sound; the rest of it is not needed."""

    stream_sid: str = Field(alias="streamSid")
    call_sid: str = Field("", alias="callSid")
    parameters: dict[str, str] = Field({}, alias="customParameters")


async def _twilio_start(websocket: WebSocket) -> TwilioStart:
    """The `start` message. Raises ValueError for anything else."""
    while True:
        message = json.loads(await websocket.receive_text())
        if not isinstance(message, dict) or message.get("event") not in ("connected", "start"):
            raise ValueError("not a Twilio stream")
        if message["event"] == "start":
            return TwilioStart.model_validate(message.get("start"))


def calls_app(calls: Calls, on_start: Callable[[], None], *, has_webrtc: bool = False) -> FastAPI:
    """The application uvicorn serves; `on_start` is called in its loop."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        on_start()
        yield

    app = FastAPI(title="voiceprep", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_api_websocket_route("/ws", calls.pipecat)
    app.add_api_route("/twilio", calls.twilio_answer, methods=["POST"])
    app.add_api_websocket_route("/twilio/stream", calls.twilio_stream)
    if has_webrtc:
        app.add_api_route("/offer", calls.webrtc_offer, methods=["POST"])
    return app
