"""Serves the page for candidates and observers, and changes an invitation for a pass into its room.

A pass has the invitation's rights and no others, and a candidate's only after they agreed to be recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from livekit import api

from voiceprep.errors import ConfigError
from voiceprep.hosting.messages import CANDIDATE, CONSENT_ATTRIBUTE, OBSERVER_PREFIX
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rooms import NoRoomError, open_rooms
from voiceprep.hosting.server import LiveKitServer

BUILT = Path(__file__).parent / "page"
"""Where `make page` puts it; the wheel carries it."""
PASS_S = 600
"""A pass is only looked at when somebody joins; the server renews it while they are there."""
OPEN_ROOM_S = 600
OPEN_ROOMS_MAX = 50
"""So many rooms may be open before the page gives out no more of its own."""
BODY_BYTES_MAX = 8_000


@dataclass(frozen=True, slots=True)
class PagePlan:
    """`is_open`: who comes without an invitation gets a room of their own, with `order`."""

    server: LiveKitServer
    host: str = "127.0.0.1"
    port: int = 8080
    is_open: bool = False
    order: RoomOrder = field(default_factory=RoomOrder)


class RefusedError(Exception):
    """Why somebody is not let in, in a sentence for them; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def open_page(plan: PagePlan) -> web.AppRunner:
    """Listening; the caller cleans it up. Raises ConfigError."""
    if not (BUILT / "index.html").is_file():
        raise ConfigError("The page is not built.", "Run `make page` (it needs Node.js), or install a wheel.")
    runner = web.AppRunner(page_app(plan), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, plan.host, plan.port).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigError(
            f"Nothing can be served on {plan.host}:{plan.port}: {error.strerror or error}.",
            "Choose another --host or --port.",
        ) from error
    return runner


def page_app(plan: PagePlan) -> web.Application:
    """GET / and its files, POST /token."""
    headers = _headers(plan.server)

    async def index(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(BUILT / "index.html", headers={**headers, "Cache-Control": "no-cache"})

    async def token(request: web.Request) -> web.Response:
        try:
            invitation, has_consent = _parse(await request.read())
            found = await make_pass(plan, invitation, has_consent=has_consent)
        except RefusedError as error:
            return web.json_response({"error": str(error)}, status=error.status, headers=headers)
        except ConfigError as error:
            return web.json_response({"error": f"{error.message} Ask for help."}, status=503, headers=headers)
        answer = {"url": plan.server.url, "token": found}
        return web.json_response(answer, headers={**headers, "Cache-Control": "no-store"})

    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_get("/", index)
    app.router.add_post("/token", token)
    app.router.add_static("/assets", BUILT / "assets")
    return app


async def make_pass(plan: PagePlan, invitation: str, *, has_consent: bool) -> str:
    """A token for the invitation's room and role. Raises RefusedError, ConfigError."""
    async with open_rooms(plan.server) as rooms:
        if invitation:
            room, role = _read(plan.server, invitation)
        elif plan.is_open:
            if len(await rooms.list()) >= OPEN_ROOMS_MAX:
                raise RefusedError(503, "All rooms are taken. Try again later.")
            room, role = "", CANDIDATE
        else:
            raise RefusedError(403, "This link has no invitation. Use the whole link that you were sent.")
        if role == CANDIDATE and not has_consent:
            raise RefusedError(403, "The interview is recorded; without your consent it cannot begin.")
        if not room:
            room = await rooms.create(plan.order, OPEN_ROOM_S, has_waiting_room=False)
        try:
            granted = await rooms.token(room, role, PASS_S)
        except NoRoomError:
            raise RefusedError(410, "This interview is over, or its room was closed.") from None
    return _with_consent(plan.server, granted) if role == CANDIDATE else granted


def _read(server: LiveKitServer, invitation: str) -> tuple[str, str]:
    """Room and role of a token that this server's key has signed. Raises RefusedError."""
    try:
        claims = api.TokenVerifier(server.key, server.secret).verify(invitation)
    except Exception:  # the SDK passes on whatever its parser raises
        raise RefusedError(403, "This invitation is not valid any more. Ask for a new one.") from None
    grants = claims.video
    if grants is None or not grants.room_join or not grants.room:
        raise RefusedError(403, "This is no invitation to a room.")
    if claims.identity == CANDIDATE:
        return grants.room, CANDIDATE
    if claims.identity.startswith(OBSERVER_PREFIX):
        return grants.room, "observer"
    raise RefusedError(403, "This is no invitation to a room.")


def _with_consent(server: LiveKitServer, token: str) -> str:
    """The same token with the moment of consent, which everybody in the room can read."""
    claims = api.TokenVerifier(server.key, server.secret).verify(token)
    signed = api.AccessToken(server.key, server.secret).with_identity(claims.identity).with_name(claims.name)
    assert claims.video is not None  # we made it
    signed = signed.with_grants(claims.video).with_ttl(timedelta(seconds=PASS_S))
    return signed.with_attributes({CONSENT_ATTRIBUTE: datetime.now(UTC).isoformat(timespec="seconds")}).to_jwt()


def _parse(body: bytes) -> tuple[str, bool]:
    try:
        found = json.loads(body)
        invitation, has_consent = found["invitation"], found["consent"]
    except (ValueError, TypeError, KeyError):
        raise RefusedError(400, "This is no request for a pass.") from None
    if not isinstance(invitation, str) or not isinstance(has_consent, bool):
        raise RefusedError(400, "This is no request for a pass.")
    return invitation, has_consent


def _headers(server: LiveKitServer) -> Mapping[str, str]:
    """Nothing but our own files, our own server and the room."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        "media-src 'self' blob: mediastream:; "
        f"connect-src 'self' {server.url} {server.http_url}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
