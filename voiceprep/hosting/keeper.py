"""Looks after rooms whose worker died, and rooms that nobody took: they are handed out again. Rooms that the server
has forgotten are made again.

One worker at a time does it, by a lock in the shared recordings folder. Must not know how interviews are held.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
from livekit import api

from voiceprep.errors import RecordingError
from voiceprep.hosting.messages import CANDIDATE, INTERVIEWER
from voiceprep.hosting.rights import OPENED, door_of, let_in
from voiceprep.hosting.rooms import room_to_make
from voiceprep.recordings.rooms import (
    RoomEntry,
    RoomStatus,
    RoomTakenError,
    broken_off,
    is_held,
    load_room,
    open_room,
    open_rooms_in,
    sole_keeper,
)

log = logging.getLogger("voiceprep.rooms")
LOOK_S = 1.0
"""How often the folder is looked through: a room of a dead worker is handed out within this time."""

ASK_S = 5.0
"""How often the server is asked for rooms in which a candidate speaks to nobody."""

AGAIN_S = 5.0
"""A room that was handed out and is still not held after this is handed out again, then after twice as long."""

WAIT_S = 300
"""So long a room that was made again waits for its candidate."""


class Tries:
    """When a room is due to be handed out: ever less often, so that busy workers are not made busier."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[float, float]] = {}

    def is_due(self, room: str, now_s: float, first_wait_s: float = 0.0) -> bool:
        """True at most once per waiting time; `first_wait_s` is that of a room not seen before."""
        due_s, wait_s = self._due.setdefault(room, (now_s + first_wait_s, AGAIN_S))
        if now_s < due_s:
            return False
        self._due[room] = (now_s + wait_s, 2 * wait_s)
        return True

    def keep_only(self, rooms: Iterable[str]) -> None:
        """Forget every other room."""
        kept = set(rooms)
        self._due = {room: due for room, due in self._due.items() if room in kept}


class Keeper:
    """`agent` is the name under which workers are registered."""

    def __init__(self, server: api.LiveKitAPI, recordings: Path, agent: str) -> None:
        self._server = server
        self._recordings = recordings
        self._agent = agent
        self._tries = Tries()
        self._asked_s = 0.0
        self._is_registered_anew = False

    def on_registered(self) -> None:
        """The server is found, or found again: it may have been started anew, and knows no room then."""
        self._is_registered_anew = True

    async def run(self) -> None:
        """Until cancelled. A server or a folder that does not answer is asked again; it is told once."""
        told = ""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                with sole_keeper(self._recordings) as is_ours:
                    while is_ours:
                        await self.look()
                        told = ""
                        await asyncio.sleep(LOOK_S)
            except (api.TwirpError, aiohttp.ClientError, TimeoutError, RecordingError) as error:
                if told != type(error).__name__:
                    told = type(error).__name__
                    log.warning("looking after the rooms failed: %s", told)

    async def look(self) -> None:
        """Once through everything."""
        if self._is_registered_anew:
            held = [entry for entry in open_rooms_in(self._recordings) if is_held(self._recordings, entry.room)]
            for entry in await self._forgotten(held):
                await self._make_again(entry)  # those who were in it are trying to come in again
            self._is_registered_anew = False
        entries = broken_off(self._recordings)
        forgotten = await self._forgotten(entries)
        for entry in entries:
            if entry in forgotten:
                await self._wait_for_candidate(entry.room)
            else:
                await self._hand_out(entry.room, entry.order)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._asked_s >= ASK_S:
            await self._ask_server()
            self._asked_s = now_s

    async def _forgotten(self, entries: Sequence[RoomEntry]) -> list[RoomEntry]:
        """Those whose room the server does not know."""
        if not entries:
            return []
        request = api.ListRoomsRequest(names=[entry.room for entry in entries])
        known = {room.name for room in (await self._server.room.list_rooms(request)).rooms}
        return [entry for entry in entries if entry.room not in known]

    async def _make_again(self, entry: RoomEntry) -> None:
        request = room_to_make(entry.room, entry.order, WAIT_S, OPENED)  # who was interviewed had been let in
        await self._server.room.create_room(request)
        log.info("room %s was not known to the server any more: made again", entry.room)

    async def _wait_for_candidate(self, room: str) -> None:
        """Their token opens the room again. Once only: one to which nobody came back is not open any more."""
        with suppress(RoomTakenError), open_room(self._recordings, room) as book:
            if book.entry.status is RoomStatus.OPEN:
                await self._make_again(book.entry)
                book.note(status=RoomStatus.LEFT)

    async def _ask_server(self) -> None:
        rooms = (await self._server.room.list_rooms(api.ListRoomsRequest())).rooms
        self._tries.keep_only(room.name for room in rooms)
        for room in rooms:
            entry = load_room(self._recordings, room.name)
            if door_of(room.metadata) == OPENED and room.num_participants and not room.num_publishers:
                await self._let_in(room.name)
            is_over = entry is not None and entry.status is RoomStatus.OVER
            if not room.num_publishers or is_over or is_held(self._recordings, room.name):
                continue
            for dispatch in await self._server.agent_dispatch.list_dispatch(room.name):
                if dispatch.agent_name == self._agent:
                    order = entry.order if entry else dispatch.metadata
                    await self._hand_out(room.name, order, first_wait_s=AGAIN_S)
                    break

    async def _let_in(self, room: str) -> None:
        """A candidate whose door was opened before they came."""
        try:
            await let_in(self._server, room)
        except api.TwirpError as error:
            if error.code != "not_found":  # only observers are there
                raise

    async def _hand_out(self, room: str, order: str, first_wait_s: float = 0.0) -> None:
        """Only where the candidate is: nobody else can be interviewed."""
        try:
            listed = await self._server.room.list_participants(api.ListParticipantsRequest(room=room))
            if not any(each.identity == CANDIDATE and each.tracks for each in listed.participants):
                return
            if not self._tries.is_due(room, asyncio.get_running_loop().time(), first_wait_s):
                return
            request = api.CreateAgentDispatchRequest(agent_name=self._agent, room=room, metadata=order)
            await self._server.agent_dispatch.create_dispatch(request)
        except api.TwirpError as error:
            if error.code != "not_found":
                raise
            return  # the room is closed; what was said in it is in its session
        log.info("room %s had no %s: handed out again", room, INTERVIEWER)
