"""Who may do what in a room: tokens with the least that a role needs, and the waiting room's door.

Must not know how rooms are made.
"""

import json
import secrets
from datetime import timedelta

from livekit import api

from voiceprep.hosting.messages import CANDIDATE, OBSERVER_PREFIX
from voiceprep.hosting.server import LiveKitServer

ADMITTED, WAITING, OPENED = "admitted", "waiting", "opened"
"""The door of a room: there is none, it is closed, it was opened. A candidate who was let in and comes back has the
rights of the waiting room again, and is let in again."""


def make_token(server: LiveKitServer, room: str, role: str, valid_s: int, *, is_waiting: bool = False) -> str:
    """A JWT for one room. A candidate may send a microphone and buttons; an observer may only listen."""
    is_candidate = role == CANDIDATE
    identity = CANDIDATE if is_candidate else f"{OBSERVER_PREFIX}{secrets.token_hex(4)}"
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_subscribe=True,
        can_publish=is_candidate and not is_waiting,
        can_publish_sources=["microphone"] if is_candidate and not is_waiting else [],
        can_publish_data=is_candidate and not is_waiting,
        can_update_own_metadata=False,
    )
    token = api.AccessToken(server.key, server.secret).with_identity(identity).with_name(role.capitalize())
    return token.with_ttl(timedelta(seconds=valid_s)).with_grants(grants).to_jwt()


async def let_in(access: api.LiveKitAPI, room: str) -> None:
    """Give a candidate in the waiting room what a candidate has."""
    await access.room.update_participant(
        api.UpdateParticipantRequest(
            room=room,
            identity=CANDIDATE,
            permission=api.ParticipantPermission(
                can_subscribe=True,
                can_publish=True,
                can_publish_sources=[api.TrackSource.MICROPHONE],
                can_publish_data=True,
            ),
        )
    )


def door_of(metadata: str) -> str:
    """`admitted`, `waiting` or `opened`; a room of another make has no door."""
    try:
        door = json.loads(metadata or "{}").get("door", ADMITTED)
    except (ValueError, AttributeError):
        return ADMITTED
    return door if door in (WAITING, OPENED) else ADMITTED
