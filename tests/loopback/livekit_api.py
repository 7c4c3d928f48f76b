"""LiveKit's room service and agent dispatch as its server offers them: rooms, people, what was asked of whom.

Every token is held to what the server asks of it. No sound: tests of that need the real server.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from google.protobuf.message import Message
from livekit import api

from tests.loopback.twirp import WrongRequestError, allow, answer, serve_twirp
from voiceprep.hosting.server import LiveKitServer


@dataclass
class LiveKitApiServer:
    """`people`: room → who is there. `sent`: what was asked to be told to a room. `refusals`: method → code and
    HTTP status with which it fails. `news`: every call, for those who wait for one."""

    rooms: dict[str, api.Room] = field(default_factory=dict)
    people: dict[str, list[api.ParticipantInfo]] = field(default_factory=dict)
    dispatches: dict[str, list[api.AgentDispatch]] = field(default_factory=dict)
    sent: list[api.SendDataRequest] = field(default_factory=list)
    updates: list[api.UpdateParticipantRequest] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    news: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    violations: list[str] = field(default_factory=list)
    refusals: dict[str, tuple[str, int]] = field(default_factory=dict)
    clock_s: int = 1_800_000_000

    def add_room(self, name: str, metadata: str = "") -> api.Room:
        self.clock_s += 1
        room = api.Room(sid=f"RM_{len(self.rooms)}", name=name, metadata=metadata, creation_time=self.clock_s)
        self.rooms[name], self.people[name], self.dispatches[name] = room, [], []
        return room

    def enter(self, room: str, identity: str, *, is_sending: bool = False) -> None:
        tracks = [api.TrackInfo(type=api.TrackType.AUDIO)] if is_sending else []
        self.people[room].append(api.ParticipantInfo(identity=identity, tracks=tracks))
        self.rooms[room].num_participants += 1
        self.rooms[room].num_publishers += is_sending

    async def answer(self, request: web.Request) -> web.Response:
        methods = {
            "CreateRoom": self._create,
            "ListRooms": self._list,
            "DeleteRoom": self._delete,
            "UpdateRoomMetadata": self._update_metadata,
            "ListParticipants": self._list_participants,
            "UpdateParticipant": self._update_participant,
            "SendData": self._send,
            "CreateDispatch": self._create_dispatch,
            "ListDispatch": self._list_dispatch,
        }
        name = request.match_info["name"]
        self.calls.append(name)
        self.news.put_nowait(name)
        if name in self.refusals:
            code, status = self.refusals[name]
            return web.json_response({"code": code, "msg": "refused"}, status=status)
        return await answer(request, methods, self.violations)

    # ------------------------------------------------------------------------------------------- rooms

    def _create(self, body: bytes, grants: api.VideoGrants) -> Message:
        request = api.CreateRoomRequest.FromString(body)
        allow(grants.room_create)
        if not request.name:
            raise WrongRequestError("invalid_argument", "a room has a name")
        room = self.add_room(request.name, request.metadata)
        room.empty_timeout, room.max_participants = request.empty_timeout, request.max_participants
        self.dispatches[room.name] += [
            api.AgentDispatch(agent_name=agent.agent_name, room=room.name, metadata=agent.metadata)
            for agent in request.agents
        ]
        return room

    def _list(self, body: bytes, grants: api.VideoGrants) -> Message:
        names = api.ListRoomsRequest.FromString(body).names
        allow(grants.room_list)
        return api.ListRoomsResponse(
            rooms=[room for room in self.rooms.values() if not names or room.name in names]
        )

    def _delete(self, body: bytes, grants: api.VideoGrants) -> Message:
        allow(grants.room_create)
        del self.rooms[self._find(api.DeleteRoomRequest.FromString(body).room).name]
        return api.DeleteRoomResponse()

    def _update_metadata(self, body: bytes, grants: api.VideoGrants) -> Message:
        request = api.UpdateRoomMetadataRequest.FromString(body)
        room = self._administered(request.room, grants)
        room.metadata = request.metadata
        return room

    # ------------------------------------------------------------------------------------------ people

    def _list_participants(self, body: bytes, grants: api.VideoGrants) -> Message:
        room = self._administered(api.ListParticipantsRequest.FromString(body).room, grants)
        return api.ListParticipantsResponse(participants=self.people[room.name])

    def _update_participant(self, body: bytes, grants: api.VideoGrants) -> Message:
        request = api.UpdateParticipantRequest.FromString(body)
        room = self._administered(request.room, grants)
        for person in self.people[room.name]:
            if person.identity == request.identity:
                self.updates.append(request)
                return person
        raise WrongRequestError("not_found", "participant does not exist", 404)

    def _send(self, body: bytes, grants: api.VideoGrants) -> Message:
        request = api.SendDataRequest.FromString(body)
        self._administered(request.room, grants)
        self.sent.append(request)
        return api.SendDataResponse()

    # ---------------------------------------------------------------------------------------- dispatch

    def _create_dispatch(self, body: bytes, grants: api.VideoGrants) -> Message:
        request = api.CreateAgentDispatchRequest.FromString(body)
        room = self._administered(request.room, grants)
        made = api.AgentDispatch(agent_name=request.agent_name, room=room.name, metadata=request.metadata)
        self.dispatches[room.name].append(made)
        return made

    def _list_dispatch(self, body: bytes, grants: api.VideoGrants) -> Message:
        room = self._administered(api.ListAgentDispatchRequest.FromString(body).room, grants)
        return api.ListAgentDispatchResponse(agent_dispatches=self.dispatches[room.name])

    def _administered(self, name: str, grants: api.VideoGrants) -> api.Room:
        allow(grants.room_admin and grants.room == name)
        return self._find(name)

    def _find(self, name: str) -> api.Room:
        if name not in self.rooms:
            raise WrongRequestError("not_found", "requested room does not exist", 404)
        return self.rooms[name]


@asynccontextmanager
async def livekit_api(server: LiveKitApiServer) -> AsyncIterator[LiveKitServer]:
    """Serve it; where, and the operator's key."""
    services = {"RoomService": server.answer, "AgentDispatchService": server.answer}
    async with serve_twirp(services) as place:
        yield place
