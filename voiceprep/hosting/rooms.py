"""Rooms and who may do what in them, through the server's API. Must not know how an interview is held."""

import json
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp
from livekit import api

from voiceprep.errors import ConfigError
from voiceprep.hosting.messages import (
    AGENT_NAME,
    CANDIDATE,
    COMMAND_TOPIC,
    INTERVIEWER,
    OBSERVER_PREFIX,
    RoomCommand,
)
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rights import ADMITTED, OPENED, WAITING, door_of, let_in, make_token
from voiceprep.hosting.server import LiveKitServer

NAME_BYTES = 16
"""128 bits: nobody guesses the name of a room."""

PARTICIPANTS_MAX = 5
"""The candidate, the interviewer, and a few who listen."""

_ROOM_GONE = "not_found"


class NoRoomError(ConfigError):
    """It was never made, or it is closed."""


@dataclass(frozen=True, slots=True)
class RoomPlace:
    """One room as it is now. `observer_count`: who listens."""

    name: str
    is_waiting: bool
    has_candidate: bool
    has_interviewer: bool
    observer_count: int
    age_s: int


def room_to_make(name: str, order: str, open_s: int, door: str) -> api.CreateRoomRequest:
    """A room that gets an interviewer as soon as somebody speaks in it; `open_s`: how long nobody need be there."""
    return api.CreateRoomRequest(
        name=name,
        empty_timeout=open_s,
        max_participants=PARTICIPANTS_MAX,
        metadata=json.dumps({"door": door}),
        agents=[api.RoomAgentDispatch(agent_name=AGENT_NAME, metadata=order)],
    )


class Rooms:
    """Every method raises ConfigError when the server refuses or does not answer."""

    def __init__(self, server: LiveKitServer, access: api.LiveKitAPI) -> None:
        self._server = server
        self._access = access

    @property
    def url(self) -> str:
        return self._server.url

    async def create(self, order: RoomOrder, open_s: int, *, has_waiting_room: bool) -> str:
        """A room nobody is in yet, and its name. It is closed when nobody came within `open_s`."""
        name = f"interview-{secrets.token_urlsafe(NAME_BYTES).replace('-', '_')}"
        door = WAITING if has_waiting_room else ADMITTED
        with self._translated():
            await self._access.room.create_room(room_to_make(name, order.as_json(), open_s, door))
        return name

    async def list(self) -> list[RoomPlace]:
        """Newest first."""
        with self._translated():
            rooms = (await self._access.room.list_rooms(api.ListRoomsRequest())).rooms
            places = [await self._place(room) for room in sorted(rooms, key=lambda room: -room.creation_time)]
        return [place for place in places if place is not None]

    async def admit(self, name: str) -> None:
        """Let the candidate out of the waiting room."""
        await self._find(name)
        metadata = json.dumps({"door": OPENED})
        with self._translated():
            request = api.UpdateRoomMetadataRequest(room=name, metadata=metadata)
            await self._access.room.update_room_metadata(request)
            people = await self._access.room.list_participants(api.ListParticipantsRequest(room=name))
            if any(each.identity == CANDIDATE for each in people.participants):
                await let_in(self._access, name)

    async def end(self, name: str, *, is_now: bool) -> bool:
        """Ask the interviewer to say goodbye: True. Where there is none, or at once, close the room: False."""
        await self._find(name)
        request = api.SendDataRequest(
            room=name,
            data=RoomCommand(command="end").as_bytes(),
            topic=COMMAND_TOPIC,
            kind=api.DataPacket.Kind.RELIABLE,
        )
        with self._translated():
            people = await self._access.room.list_participants(api.ListParticipantsRequest(room=name))
            if is_now or not any(each.identity == INTERVIEWER for each in people.participants):
                await self._access.room.delete_room(api.DeleteRoomRequest(room=name))
                return False
            await self._access.room.send_data(request)
        return True

    async def token(self, name: str, role: str, valid_s: int) -> str:
        """What a `candidate` or an `observer` needs to come in, and nothing more."""
        room = await self._find(name)
        return make_token(self._server, name, role, valid_s, is_waiting=door_of(room.metadata) == WAITING)

    async def _find(self, name: str) -> api.Room:
        with self._translated():
            found = (await self._access.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms
        if not found:
            raise NoRoomError("There is no such room.", "`voiceprep rooms list` shows those that are open.")
        return found[0]

    async def _place(self, room: api.Room) -> RoomPlace | None:
        try:
            people = await self._access.room.list_participants(api.ListParticipantsRequest(room=room.name))
        except api.TwirpError as error:
            if error.code == _ROOM_GONE:
                return None
            raise
        identities = [each.identity for each in people.participants]
        return RoomPlace(
            room.name,
            door_of(room.metadata) == WAITING,
            CANDIDATE in identities,
            INTERVIEWER in identities,
            sum(identity.startswith(OBSERVER_PREFIX) for identity in identities),
            max(0, round(time.time() - room.creation_time)),
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except api.TwirpError as error:
            raise ConfigError(
                f"The LiveKit server refused: {error.code}.", "Look at LIVEKIT_API_KEY and LIVEKIT_API_SECRET."
            ) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ConfigError(
                f"No LiveKit server answers at {self._server.url}.",
                "Start one with `make livekit`, or correct LIVEKIT_URL.",
            ) from error


@asynccontextmanager
async def open_rooms(server: LiveKitServer) -> AsyncIterator[Rooms]:
    """Access with the operator's key."""
    access = api.LiveKitAPI(server.http_url, server.key, server.secret)
    try:
        yield Rooms(server, access)
    finally:
        await access.aclose()
