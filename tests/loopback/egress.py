"""The Egress API as LiveKit's server offers it: Twirp over HTTP, every request checked, states as documented."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from google.protobuf.message import Message
from livekit import api

from tests.loopback.twirp import Method, WrongRequestError, allow, answer, serve_twirp

STARTING, ACTIVE = api.EgressStatus.EGRESS_STARTING, api.EgressStatus.EGRESS_ACTIVE
ENDING, COMPLETE = api.EgressStatus.EGRESS_ENDING, api.EgressStatus.EGRESS_COMPLETE


@dataclass
class EgressServer:
    """Every egress goes one state on each time it is asked for. `refuses`: there is no egress service behind it."""

    egresses: dict[str, api.EgressInfo] = field(default_factory=dict)
    requests: list[api.RoomCompositeEgressRequest] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    refuses: bool = False
    fails: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append(request.match_info["name"])
        methods: dict[str, Callable[[bytes], Message]] = {
            "StartRoomCompositeEgress": self._start,
            "StopEgress": self._stop,
            "ListEgress": self._list,
        }
        return await answer(
            request, {name: _recording(method) for name, method in methods.items()}, self.violations
        )

    def _start(self, body: bytes) -> api.EgressInfo:
        request = api.RoomCompositeEgressRequest.FromString(body)
        if self.refuses:
            raise WrongRequestError("unavailable", "no response from servers", 503)
        if not request.room_name or not request.audio_only or request.video_only:
            raise WrongRequestError("invalid_argument", "a room's sound is wanted")
        (output,) = request.file_outputs
        if output.file_type != api.EncodedFileType.OGG or not output.filepath.endswith(".ogg"):
            raise WrongRequestError("invalid_argument", "the file's type is wrong")
        if output.WhichOneof("output") == "s3" and not output.s3.bucket:
            raise WrongRequestError("invalid_argument", "no bucket")
        self.requests.append(request)
        info = api.EgressInfo(egress_id=f"EG_{len(self.egresses)}", room_name=request.room_name, status=STARTING)
        self.egresses[info.egress_id] = info
        return info

    def _stop(self, body: bytes) -> api.EgressInfo:
        info = self._find(api.StopEgressRequest.FromString(body).egress_id)
        if info.status not in (STARTING, ACTIVE):
            raise WrongRequestError("failed_precondition", "it cannot be stopped any more", 412)
        info.status = ENDING
        return info

    def _list(self, body: bytes) -> api.ListEgressResponse:
        info = self._find(api.ListEgressRequest.FromString(body).egress_id)
        if info.status == ENDING:
            self._end(info)
        return api.ListEgressResponse(items=[info])

    def _end(self, info: api.EgressInfo) -> None:
        if self.fails:
            info.status, info.error = api.EgressStatus.EGRESS_FAILED, "the disk is full"
            return
        info.status = COMPLETE
        place = self.requests[-1].file_outputs[0]
        bucket = f"s3://{place.s3.bucket}/" if place.WhichOneof("output") == "s3" else ""
        file = api.FileInfo(filename=place.filepath, location=bucket + place.filepath, size=9_000)
        file.duration = 2_500_000_000
        info.file_results.append(file)

    def close_room(self) -> None:
        """What happens to egress when its room is closed: it ends by itself."""
        for info in self.egresses.values():
            if info.status in (STARTING, ACTIVE):
                self._end(info)

    def _find(self, egress_id: str) -> api.EgressInfo:
        if egress_id not in self.egresses:
            raise WrongRequestError("not_found", "no such egress", 404)
        return self.egresses[egress_id]


def _recording(method: Callable[[bytes], Message]) -> Method:
    """Only with a token that may record."""

    def checked(body: bytes, grants: api.VideoGrants) -> Message:
        allow(grants.room_record)
        return method(body)

    return checked


@asynccontextmanager
async def egress_server(server: EgressServer) -> AsyncIterator[api.LiveKitAPI]:
    """Serve it; access with the operator's key."""
    async with serve_twirp({"Egress": server.answer}) as place:
        access = api.LiveKitAPI(place.http_url, place.key, place.secret)
        try:
            yield access
        finally:
            await access.aclose()
