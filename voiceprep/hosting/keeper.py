"""Looks after rooms whose worker died, and rooms that nobody took: they are handed out again.

One worker at a time does it, by a lock in the shared recordings folder. Must not know how interviews are held.
"""

import asyncio
import logging
from pathlib import Path

import aiohttp
from livekit import api

from voiceprep.errors import RecordingError
from voiceprep.hosting.messages import CANDIDATE, INTERVIEWER
from voiceprep.hosting.rights import OPENED, door_of, let_in
from voiceprep.recordings.rooms import RoomStatus, broken_off, is_held, load_room, sole_keeper

log = logging.getLogger("voiceprep.rooms")
LOOK_S = 1.0
"""How often the folder is looked through: a room of a dead worker is handed out within this time."""

ASK_S = 5.0
"""How often the server is asked for rooms in which a candidate speaks to nobody."""

AGAIN_S = 5.0
"""A room that was handed out and is still not held after this is handed out again."""


class Keeper:
    """`agent` is the name under which workers are registered."""

    def __init__(self, server: api.LiveKitAPI, recordings: Path, agent: str) -> None:
        self._server = server
        self._recordings = recordings
        self._agent = agent
        self._handed_out_s: dict[str, float] = {}
        self._asked_s = 0.0

    async def run(self) -> None:
        """Until cancelled. A server or a folder that does not answer is asked again."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                with sole_keeper(self._recordings) as is_ours:
                    while is_ours:
                        await self.look()
                        await asyncio.sleep(LOOK_S)
            except (api.TwirpError, aiohttp.ClientError, TimeoutError, RecordingError) as error:
                log.warning("looking after the rooms failed: %s", type(error).__name__)

    async def look(self) -> None:
        """Once through everything."""
        for entry in broken_off(self._recordings):
            await self._hand_out(entry.room, entry.order)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._asked_s >= ASK_S:
            self._asked_s = now_s
            await self._ask_server()

    async def _ask_server(self) -> None:
        rooms = (await self._server.room.list_rooms(api.ListRoomsRequest())).rooms
        for room in rooms:
            entry = load_room(self._recordings, room.name)
            if door_of(room.metadata) == OPENED and room.num_participants and not room.num_publishers:
                await self._let_in(room.name)
            is_over = entry is not None and entry.status is RoomStatus.OVER
            if not room.num_publishers or is_over or is_held(self._recordings, room.name):
                continue
            for dispatch in await self._server.agent_dispatch.list_dispatch(room.name):
                if dispatch.agent_name == self._agent:
                    await self._hand_out(room.name, entry.order if entry else dispatch.metadata)
                    break

    async def _let_in(self, room: str) -> None:
        """A candidate whose door was opened before they came."""
        try:
            await let_in(self._server, room)
        except api.TwirpError as error:
            if error.code != "not_found":  # only observers are there
                raise

    async def _hand_out(self, room: str, order: str) -> None:
        """Only where the candidate is: nobody else can be interviewed."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._handed_out_s.get(room, -AGAIN_S) < AGAIN_S:
            return
        try:
            listed = await self._server.room.list_participants(api.ListParticipantsRequest(room=room))
            if not any(each.identity == CANDIDATE and each.tracks for each in listed.participants):
                return
            self._handed_out_s[room] = now_s
            request = api.CreateAgentDispatchRequest(agent_name=self._agent, room=room, metadata=order)
            await self._server.agent_dispatch.create_dispatch(request)
        except api.TwirpError as error:
            if error.code != "not_found":
                raise
            return  # the room is closed; what was said in it is in its session
        log.info("room %s had no %s: handed out again", room, INTERVIEWER)
