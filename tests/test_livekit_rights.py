"""What nobody may do in a room, tried with real tokens at a real LiveKit server: everything is refused.

`pytest -m livekit`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from livekit import api, rtc

from tests.livekit_room import livekit_server, make_room, open_access
from voiceprep.errors import ConfigError
from voiceprep.hosting.messages import COMMAND_TOPIC, CONSENT_ATTRIBUTE, RoomCommand
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.rights import WAITING, make_token
from voiceprep.hosting.rooms import open_rooms
from voiceprep.hosting.server import LiveKitServer

LIMIT_S = 90
pytestmark = [pytest.mark.livekit, pytest.mark.timeout(300), pytest.mark.xdist_group("livekit")]
ROLES = ("candidate", "observer")
Api = Callable[[api.LiveKitAPI, str], Awaitable[object]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with livekit_server(tmp_path_factory.mktemp("livekit")) as here:
        yield here


@asynccontextmanager
async def entered(server: LiveKitServer, token: str) -> AsyncIterator[rtc.Room]:
    room = rtc.Room()
    async with asyncio.timeout(LIMIT_S):
        await room.connect(server.url, token)
    try:
        yield room
    finally:
        await room.disconnect()


def microphone(source: rtc.AudioSource) -> rtc.LocalAudioTrack:
    return rtc.LocalAudioTrack.create_audio_track("microphone", source)


async def publish(room: rtc.Room, source: rtc.TrackSource.ValueType) -> None:
    sound = rtc.AudioSource(24_000, 1)
    try:
        async with asyncio.timeout(LIMIT_S):
            await room.local_participant.publish_track(microphone(sound), rtc.TrackPublishOptions(source=source))
    finally:
        await sound.aclose()


def is_token_of(server: LiveKitServer, role: str, room: str) -> str:
    return make_token(server, room, role, 600)


@pytest.mark.parametrize("role", ROLES)
async def test_a_token_opens_its_own_room(server: LiveKitServer, role: str) -> None:
    name, _ = await make_room(server, RoomOrder())
    async with entered(server, is_token_of(server, role, name)) as room:
        assert room.name == name


@pytest.mark.parametrize("role", ROLES)
async def test_no_token_opens_a_room_that_was_not_made(server: LiveKitServer, role: str) -> None:
    with pytest.raises(rtc.ConnectError):
        async with entered(server, is_token_of(server, role, "interview-guessed")):
            pass


@pytest.mark.parametrize("role", ROLES)
async def test_a_token_of_one_room_says_nothing_in_another(server: LiveKitServer, role: str) -> None:
    """The room is in the signed token: whoever rewrites it breaks the signature."""
    mine, _ = await make_room(server, RoomOrder())
    other, _ = await make_room(server, RoomOrder())
    head, _, signature = is_token_of(server, role, mine).split(".")
    forged = ".".join((head, is_token_of(server, role, other).split(".")[1], signature))
    with pytest.raises(rtc.ConnectError):
        async with entered(server, forged):
            pass
    async with open_access(server) as access:
        people = await access.room.list_participants(api.ListParticipantsRequest(room=other))
    assert list(people.participants) == []


@pytest.mark.parametrize("role", ROLES)
async def test_a_token_of_another_key_is_no_token(server: LiveKitServer, role: str) -> None:
    name, _ = await make_room(server, RoomOrder())
    stranger = LiveKitServer(server.url, server.key, "another-secret-of-more-than-32-characters")
    with pytest.raises(rtc.ConnectError):
        async with entered(server, is_token_of(stranger, role, name)):
            pass


@pytest.mark.parametrize("role", ROLES)
async def test_an_old_token_is_none(server: LiveKitServer, role: str) -> None:
    name, _ = await make_room(server, RoomOrder())
    with pytest.raises(rtc.ConnectError):
        async with entered(server, make_token(server, name, role, -120)):
            pass


async def test_an_observer_cannot_speak(server: LiveKitServer) -> None:
    name, _ = await make_room(server, RoomOrder())
    async with entered(server, is_token_of(server, "observer", name)) as room:
        with pytest.raises((rtc.participant.PublishTrackError, TimeoutError)):
            await publish(room, rtc.TrackSource.SOURCE_MICROPHONE)
    await check_no_tracks(server, name)


async def test_a_candidate_shows_no_screen(server: LiveKitServer) -> None:
    name, _ = await make_room(server, RoomOrder())
    async with entered(server, is_token_of(server, "candidate", name)) as room:
        with pytest.raises((rtc.participant.PublishTrackError, TimeoutError)):
            await publish(room, rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
    await check_no_tracks(server, name)


async def check_no_tracks(server: LiveKitServer, name: str) -> None:
    async with open_access(server) as access:
        people = await access.room.list_participants(api.ListParticipantsRequest(room=name))
    assert [each for each in people.participants if each.tracks] == []


async def test_an_observers_buttons_reach_nobody(server: LiveKitServer) -> None:
    name, _ = await make_room(server, RoomOrder())
    await check_buttons_reach_nobody(server, name, is_token_of(server, "observer", name))


async def check_buttons_reach_nobody(server: LiveKitServer, name: str, token: str) -> None:
    heard: asyncio.Queue[rtc.DataPacket] = asyncio.Queue()
    async with (
        entered(server, is_token_of(server, "observer", name)) as listener,
        entered(server, token) as sender,
        open_access(server) as access,
    ):
        listener.on("data_received", heard.put_nowait)
        await try_to_send(sender)
        # what the server itself sends afterwards arrives, and alone
        told = RoomCommand(command="pause").as_bytes()
        kind = api.DataPacket.Kind.RELIABLE
        await access.room.send_data(api.SendDataRequest(room=name, data=told, topic=COMMAND_TOPIC, kind=kind))
        async with asyncio.timeout(LIMIT_S):
            first = await heard.get()
    assert first.data == told


async def try_to_send(room: rtc.Room) -> None:
    try:
        async with asyncio.timeout(2):
            await room.local_participant.publish_data(RoomCommand(command="end").as_bytes(), topic=COMMAND_TOPIC)
    except (rtc.participant.PublishDataError, TimeoutError):
        return  # refused at once: just as well


FORBIDDEN: dict[str, Api] = {
    "list rooms": lambda access, room: access.room.list_rooms(api.ListRoomsRequest()),
    "make a room": lambda access, room: access.room.create_room(api.CreateRoomRequest(name="mine")),
    "close the room": lambda access, room: access.room.delete_room(api.DeleteRoomRequest(room=room)),
    "list who is there": lambda access, room: access.room.list_participants(api.ListParticipantsRequest(room=room)),
    "send the candidate away": lambda access, room: access.room.remove_participant(
        api.RoomParticipantIdentity(room=room, identity="candidate")
    ),
    "give rights": lambda access, room: access.room.update_participant(
        api.UpdateParticipantRequest(
            room=room, identity="candidate", permission=api.ParticipantPermission(can_publish=True)
        )
    ),
    "order an interviewer": lambda access, room: access.agent_dispatch.create_dispatch(
        api.CreateAgentDispatchRequest(agent_name="voiceprep", room=room)
    ),
    "record": lambda access, room: access.egress.start_room_composite_egress(
        api.RoomCompositeEgressRequest(
            room_name=room, audio_only=True, file_outputs=[api.EncodedFileOutput(filepath="stolen.ogg")]
        )
    ),
    "list what was recorded": lambda access, room: access.egress.list_egress(api.ListEgressRequest(room_name=room)),
    "end a recording": lambda access, room: access.egress.stop_egress(api.StopEgressRequest(egress_id="EG_x")),
    "open the door": lambda access, room: access.room.update_room_metadata(
        api.UpdateRoomMetadataRequest(room=room, metadata='{"door": "opened"}')
    ),
    "press a button as the organiser": lambda access, room: access.room.send_data(
        api.SendDataRequest(room=room, data=RoomCommand(command="end").as_bytes(), topic=COMMAND_TOPIC)
    ),
    "mute somebody": lambda access, room: access.room.mute_published_track(
        api.MuteRoomTrackRequest(room=room, identity="interviewer", track_sid="TR_x", muted=True)
    ),
    "subscribe somebody": lambda access, room: access.room.update_subscriptions(
        api.UpdateSubscriptionsRequest(room=room, identity="observer-x", track_sids=["TR_x"], subscribe=True)
    ),
    "see what was ordered": lambda access, room: access.agent_dispatch.list_dispatch(room),
    "take back an order": lambda access, room: access.agent_dispatch.delete_dispatch("AD_x", room),
    "send a stream in": lambda access, room: access.ingress.create_ingress(
        api.CreateIngressRequest(room_name=room, participant_identity="candidate")
    ),
    "list what streams in": lambda access, room: access.ingress.list_ingress(api.ListIngressRequest()),
    "call a telephone": lambda access, room: access.sip.create_sip_participant(
        api.CreateSIPParticipantRequest(room_name=room, sip_trunk_id="ST_x", sip_call_to="+15550100")
    ),
    "list telephone lines": lambda access, room: access.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest()),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", FORBIDDEN)
async def test_the_servers_api_is_the_organisers(server: LiveKitServer, what: str, role: str) -> None:
    name, _ = await make_room(server, RoomOrder())
    token = is_token_of(server, role, name)
    access = api.LiveKitAPI(server.http_url, token=token)
    try:
        with pytest.raises(api.TwirpError) as refused:
            await FORBIDDEN[what](access, name)
    finally:
        await access.aclose()
    assert refused.value.code in ("unauthenticated", "permission_denied")


@pytest.mark.parametrize("role", ROLES)
async def test_only_workers_take_jobs(server: LiveKitServer, role: str) -> None:
    """Registered as a worker, somebody would be handed every candidate."""
    name, _ = await make_room(server, RoomOrder())
    headers = {"Authorization": f"Bearer {is_token_of(server, role, name)}"}
    async with asyncio.timeout(LIMIT_S), aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{server.url}/agent", headers=headers)
    assert refused.value.status == 401


@pytest.mark.parametrize("role", ROLES)
async def test_nobody_writes_about_themselves(server: LiveKitServer, role: str) -> None:
    """Least of all that they agreed to be recorded, which only the page's server may write. Nobody is hidden."""
    name, _ = await make_room(server, RoomOrder())
    async with entered(server, is_token_of(server, role, name)) as room, open_access(server) as access:
        before = await who_is_there(access, room)
        async with asyncio.timeout(LIMIT_S):  # each returns once the server has answered; the SDK does not say what
            await room.local_participant.set_attributes({CONSENT_ATTRIBUTE: "2026-01-01T00:00:00+00:00"})
            await room.local_participant.set_metadata("the best of all")
            await room.local_participant.set_name("Interviewer")
        assert await who_is_there(access, room) == before
    assert before == ({}, "", role.capitalize(), False)


async def who_is_there(access: api.LiveKitAPI, room: rtc.Room) -> tuple[dict[str, str], str, str, bool]:
    """Attributes, metadata, name and hiding of the one who is in the room, as the server sees them."""
    me = api.RoomParticipantIdentity(room=room.name, identity=room.local_participant.identity)
    found = await access.room.get_participant(me)
    return dict(found.attributes), found.metadata, found.name, found.permission.hidden


async def test_buttons_from_the_waiting_room_reach_nobody(server: LiveKitServer) -> None:
    name, token = await make_room(server, RoomOrder(), has_waiting_room=True)
    await check_buttons_reach_nobody(server, name, token)


async def test_the_waiting_room_holds_a_candidate_until_the_door_opens(server: LiveKitServer) -> None:
    name, token = await make_room(server, RoomOrder(), has_waiting_room=True)
    allowed = asyncio.Event()
    async with entered(server, token) as room, open_rooms(server) as rooms:
        room.on("participant_permissions_changed", lambda *_: allowed.set())
        with pytest.raises((rtc.participant.PublishTrackError, TimeoutError)):
            await publish(room, rtc.TrackSource.SOURCE_MICROPHONE)
        (place,) = [place for place in await rooms.list() if place.name == name]
        assert place.is_waiting
        await rooms.admit(name)
        async with asyncio.timeout(LIMIT_S):
            await allowed.wait()
        await publish(room, rtc.TrackSource.SOURCE_MICROPHONE)
        (place,) = [place for place in await rooms.list() if place.name == name]
    assert not place.is_waiting
    assert WAITING not in token


async def test_a_second_candidate_replaces_the_first(server: LiveKitServer) -> None:
    name, token = await make_room(server, RoomOrder())
    gone = asyncio.Event()
    async with entered(server, token) as first:
        first.on("disconnected", lambda *_: gone.set())
        async with entered(server, token), open_access(server) as access:
            async with asyncio.timeout(LIMIT_S):
                await gone.wait()
            people = await access.room.list_participants(api.ListParticipantsRequest(room=name))
    assert [each.identity for each in people.participants] == ["candidate"]


async def test_names_are_never_the_same_and_long(server: LiveKitServer) -> None:
    names = {(await make_room(server, RoomOrder()))[0] for _ in range(20)}
    assert len(names) == 20
    assert all(len(name) >= len("interview-") + 22 for name in names)  # 128 bits in base 64


async def test_a_room_that_is_not_there_is_said_in_one_sentence(server: LiveKitServer) -> None:
    with pytest.raises(ConfigError) as caught:
        async with open_rooms(server) as rooms:
            await rooms.token("interview-of-yesterday", "observer", 60)
    assert "no such room" in caught.value.message
