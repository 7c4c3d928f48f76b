"""Twirp over HTTP as LiveKit's server speaks it: requests in protobuf with a signed token, errors in JSON."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from google.protobuf.message import DecodeError, Message
from livekit import api

from voiceprep.hosting.server import LiveKitServer

KEY, SECRET = "loopback-key", "loopback-secret-that-is-long-enough-for-it"


class WrongRequestError(Exception):
    """What is wrong with a request, as a Twirp error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.answer = web.json_response({"code": code, "msg": message}, status=status)


Method = Callable[[bytes, api.VideoGrants], Message]
"""A request's body and what its token allows → the answer. Raises WrongRequestError, DecodeError."""


async def answer(request: web.Request, methods: Mapping[str, Method], violations: list[str]) -> web.Response:
    """What a method says; what is wrong with the request is noted in `violations`."""
    name = request.match_info["name"]
    try:
        grants = _grants(request.headers.get("authorization", ""))
        if request.content_type != "application/protobuf" or name not in methods:
            raise WrongRequestError("bad_route", f"no such method: {name}", 404)
        found = methods[name](await request.read(), grants)
    except WrongRequestError as error:
        violations.append(f"{error.code}: {error}")
        return error.answer
    except DecodeError as error:
        violations.append(str(error))
        return WrongRequestError("malformed", str(error)).answer
    return web.Response(body=found.SerializeToString(), content_type="application/protobuf")


def _grants(header: str) -> api.VideoGrants:
    try:
        claims = api.TokenVerifier(KEY, SECRET).verify(header.removeprefix("Bearer "))
    except Exception as error:
        raise WrongRequestError("unauthenticated", "the token is wrong", 401) from error
    return claims.video or api.VideoGrants()


def allow(is_allowed: bool | None) -> None:
    """Raises WrongRequestError where a token may not do what it asks for."""
    if not is_allowed:
        raise WrongRequestError("permission_denied", "the token may not do that", 403)


@asynccontextmanager
async def serve_twirp(services: Mapping[str, Callable[[web.Request], object]]) -> AsyncIterator[LiveKitServer]:
    """Service name → who answers, on a free port of this machine."""
    app = web.Application()
    for name, handler in services.items():
        app.router.add_post(f"/twirp/livekit.{name}/{{name}}", handler)  # type: ignore[arg-type]
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield LiveKitServer(f"ws://{host}:{port}", KEY, SECRET)
    finally:
        await runner.cleanup()
