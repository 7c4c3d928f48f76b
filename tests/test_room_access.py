"""Rooms, passes into them, and rooms that nobody looks after, against LiveKit's API on this machine.

What needs sound is tried with the real server (`pytest -m livekit`).
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from livekit import api

from tests.commands import Done, run
from tests.loopback.livekit_api import LiveKitApiServer, livekit_api
from voiceprep.errors import ConfigError, ExitCode
from voiceprep.hosting.keeper import WAIT_S, Keeper
from voiceprep.hosting.messages import AGENT_NAME, CANDIDATE, COMMAND_TOPIC, CONSENT_ATTRIBUTE, INTERVIEWER
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.page_server import OPEN_ROOMS_MAX, PagePlan, RefusedError, make_pass
from voiceprep.hosting.rights import make_token
from voiceprep.hosting.rooms import PARTICIPANTS_MAX, Rooms, open_rooms
from voiceprep.hosting.server import LiveKitServer
from voiceprep.recordings.rooms import RoomStatus, load_room, open_room

DEADLINE_S = 60
CLOSED, OPEN, LET_IN = ('{"door": "waiting"}', '{"door": "admitted"}', '{"door": "opened"}')
ORDER = RoomOrder(bank="python-backend", level=2, questions=3)


@asynccontextmanager
async def rooms_of(server: LiveKitApiServer) -> AsyncIterator[Rooms]:
    async with asyncio.timeout(DEADLINE_S), livekit_api(server) as place, open_rooms(place) as rooms:
        yield rooms


def grants_of(token: str, place: LiveKitServer) -> api.VideoGrants:
    grants = api.TokenVerifier(place.key, place.secret).verify(token).video
    assert grants is not None
    return grants


# ------------------------------------------------------------------------------------------- the organiser


async def test_a_room_is_made_with_its_order_and_its_door() -> None:
    server = LiveKitApiServer()
    async with rooms_of(server) as rooms:
        name = await rooms.create(ORDER, 3_600, has_waiting_room=True)
        (place,) = await rooms.list()
    room, (dispatch,) = server.rooms[name], server.dispatches[name]
    assert (room.empty_timeout, room.max_participants, room.metadata) == (3_600, PARTICIPANTS_MAX, CLOSED)
    assert (dispatch.agent_name, dispatch.metadata) == (AGENT_NAME, ORDER.as_json())
    assert (place.name, place.is_waiting, place.has_candidate, place.observer_count) == (name, True, False, 0)
    assert server.violations == []


async def test_rooms_are_listed_newest_first_with_who_is_in_them() -> None:
    server = LiveKitApiServer()
    server.add_room("older", OPEN)
    server.add_room("newer", CLOSED)
    for identity in (CANDIDATE, INTERVIEWER, "observer-1", "observer-2"):
        server.enter("older", identity)
    async with rooms_of(server) as rooms:
        newer, older = await rooms.list()
    assert (newer.name, newer.is_waiting, newer.has_candidate) == ("newer", True, False)
    assert (older.is_waiting, older.has_candidate, older.has_interviewer) == (False, True, True)
    assert older.observer_count == 2


async def test_a_room_that_is_closed_while_it_is_listed_is_left_out() -> None:
    server = LiveKitApiServer(refusals={"ListParticipants": ("not_found", 404)})
    server.add_room("going")
    async with rooms_of(server) as rooms:
        assert await rooms.list() == []


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_candidate_is_let_in_now_or_when_they_come(is_there: bool) -> None:
    """Who is there gets the rights at once; who comes later gets a token that has them."""
    server = LiveKitApiServer()
    server.add_room("quiet", CLOSED)
    if is_there:
        server.enter("quiet", CANDIDATE)
    async with asyncio.timeout(DEADLINE_S), livekit_api(server) as place, open_rooms(place) as rooms:
        closed = grants_of(await rooms.token("quiet", CANDIDATE, 60), place)
        await rooms.admit("quiet")
        opened = grants_of(await rooms.token("quiet", CANDIDATE, 60), place)
    assert (closed.can_publish, closed.can_publish_data, closed.can_publish_sources) == (False, False, [])
    assert (opened.can_publish, opened.can_publish_data, opened.can_publish_sources) == (True, True, ["microphone"])
    assert server.rooms["quiet"].metadata == LET_IN
    given = [(update.identity, list(update.permission.can_publish_sources)) for update in server.updates]
    assert given == [(CANDIDATE, [api.TrackSource.MICROPHONE])] * is_there


@pytest.mark.parametrize(
    ("people", "is_now", "is_closed"),
    [
        ((), False, True),
        ((CANDIDATE,), False, True),
        ((CANDIDATE, INTERVIEWER), False, False),
        ((INTERVIEWER,), True, True),
    ],
)
async def test_an_interview_ends_with_a_goodbye_where_somebody_can_say_it(
    people: tuple[str, ...], is_now: bool, is_closed: bool
) -> None:
    server = LiveKitApiServer()
    server.add_room("talk")
    for identity in people:
        server.enter("talk", identity)
    async with rooms_of(server) as rooms:
        assert await rooms.end("talk", is_now=is_now) != is_closed
    assert ("talk" not in server.rooms) == is_closed
    told = [(sent.topic, json.loads(sent.data)["command"]) for sent in server.sent]
    assert told == [(COMMAND_TOPIC, "end")] * (not is_closed)


async def test_what_the_server_refuses_is_said_in_one_sentence() -> None:
    async with asyncio.timeout(DEADLINE_S), livekit_api(LiveKitApiServer()) as place:
        stranger = replace(place, secret="another-secret-that-is-long-enough-for-it")
        with pytest.raises(ConfigError, match="refused: unauthenticated"):
            async with open_rooms(stranger) as rooms:
                await rooms.list()
        with pytest.raises(ConfigError, match="no such room"):
            async with open_rooms(place) as rooms:
                await rooms.end("of-yesterday", is_now=True)


# -------------------------------------------------------------------------------------------- commands


async def command(place: LiveKitServer, *arguments: str) -> Done:
    """`voiceprep rooms ARGUMENTS` beside the server."""
    keys = {"LIVEKIT_URL": place.url, "LIVEKIT_API_KEY": place.key, "LIVEKIT_API_SECRET": place.secret}
    return await asyncio.to_thread(run, "rooms", *arguments, changes=keys)


async def test_a_room_from_its_making_to_its_end_by_commands() -> None:
    server = LiveKitApiServer()
    async with asyncio.timeout(DEADLINE_S), livekit_api(server) as place:
        empty = await command(place, "list")
        made = await command(place, "create", "--bank", "sql-and-data", "--waiting-room", "--valid", "5", "--json")
        room = json.loads(made.out)
        name, secret_free = room["room"], place.secret not in made.out
        server.enter(name, CANDIDATE)
        server.enter(name, "observer-1")
        listed = await command(place, "list")
        admitted = await command(place, "admit", name)
        told = json.loads((await command(place, "list", "--json")).out)
        token = await command(place, "token", name, "--role", "observer")
        ended = await command(place, "end", name)
        gone = await command(place, "end", name)
        plain = await command(place, "create")
    assert empty.out == "No room is open.\n"
    assert secret_free
    assert room["url"] == place.url
    assert not grants_of(room["token"], place).can_publish
    assert "candidate, 1 listening, waiting room closed" in listed.out
    assert (admitted.code, [update.identity for update in server.updates]) == (ExitCode.DONE, [CANDIDATE])
    assert [(each["name"], each["is_waiting"], each["observer_count"]) for each in told] == [(name, False, 1)]
    assert not grants_of(token.out.strip(), place).can_publish
    assert (ended.code, ended.out) == (ExitCode.DONE, "Closed.\n")
    assert (gone.code, "no such room" in gone.err) == (ExitCode.USAGE, True)
    assert "lets one candidate in, for 60 minutes" in plain.err
    assert "Token  " in plain.out


async def test_a_worker_with_a_wrong_key_or_without_a_server_does_not_begin(tmp_path: Path) -> None:
    serve = ("serve", "livekit", "--recordings", str(tmp_path))
    async with asyncio.timeout(DEADLINE_S), livekit_api(LiveKitApiServer()) as place:
        keys = {"LIVEKIT_URL": place.url, "LIVEKIT_API_KEY": place.key, "LIVEKIT_API_SECRET": "x" * 40}
        refused = await asyncio.to_thread(run, *serve, changes=keys)
    alone = await asyncio.to_thread(run, *serve, changes=keys)
    assert (refused.code, alone.code) == (ExitCode.USAGE, ExitCode.USAGE)
    assert "does not accept the key: unauthenticated" in refused.err
    assert f"No LiveKit server answers at {place.url}" in alone.err


# --------------------------------------------------------------------------------------------- the page


@asynccontextmanager
async def page_of(server: LiveKitApiServer, *, is_open: bool = False) -> AsyncIterator[PagePlan]:
    async with asyncio.timeout(DEADLINE_S), livekit_api(server) as place:
        yield PagePlan(place, is_open=is_open, order=ORDER)


async def refusal(plan: PagePlan, invitation: str, *, has_consent: bool = True) -> tuple[int, str]:
    with pytest.raises(RefusedError) as caught:
        await make_pass(plan, invitation, has_consent=has_consent)
    return caught.value.status, str(caught.value)


async def test_a_pass_has_the_invitations_rights_and_says_when_consent_was_given() -> None:
    server = LiveKitApiServer()
    server.add_room("mine", OPEN)
    async with page_of(server) as plan:
        candidate = await make_pass(plan, make_token(plan.server, "mine", CANDIDATE, 60), has_consent=True)
        observer = await make_pass(plan, make_token(plan.server, "mine", "observer", 60), has_consent=False)
        claims = api.TokenVerifier(plan.server.key, plan.server.secret).verify(candidate)
        grants = grants_of(candidate, plan.server)
        listening = grants_of(observer, plan.server)
    assert (claims.identity, grants.room, grants.can_publish_sources) == (CANDIDATE, "mine", ["microphone"])
    assert list(claims.attributes or ()) == [CONSENT_ATTRIBUTE]
    assert (listening.room, listening.can_publish, listening.can_publish_data) == ("mine", False, False)


async def test_who_is_not_let_in_reads_why() -> None:
    server = LiveKitApiServer()
    server.add_room("mine", OPEN)
    async with page_of(server) as plan:
        mine = make_token(plan.server, "mine", CANDIDATE, 60)
        forged = make_token(replace(plan.server, secret="y" * 40), "mine", CANDIDATE, 60)
        interviewer = api.AccessToken(plan.server.key, plan.server.secret).with_identity(INTERVIEWER)
        interviewer = interviewer.with_grants(api.VideoGrants(room_join=True, room="mine"))
        roomless = api.AccessToken(plan.server.key, plan.server.secret).with_identity(CANDIDATE)
        assert await refusal(plan, mine, has_consent=False) == (
            403,
            "The interview is recorded; without your consent it cannot begin.",
        )
        assert (await refusal(plan, ""))[0] == 403
        assert "not valid any more" in (await refusal(plan, forged))[1]
        assert "not valid any more" in (await refusal(plan, make_token(plan.server, "mine", CANDIDATE, -120)))[1]
        for other in (interviewer, roomless):
            assert await refusal(plan, other.to_jwt()) == (403, "This is no invitation to a room.")
        del server.rooms["mine"]
        assert (await refusal(plan, mine))[0] == 410
        server.refusals["ListRooms"] = ("unavailable", 503)
        with pytest.raises(ConfigError, match="refused: unavailable"):
            await make_pass(plan, mine, has_consent=True)


async def test_an_open_page_gives_each_a_room_until_there_are_enough() -> None:
    server = LiveKitApiServer()
    async with page_of(server, is_open=True) as plan:
        first = grants_of(await make_pass(plan, "", has_consent=True), plan.server)
        assert server.dispatches[first.room][0].metadata == ORDER.as_json()
        assert (await refusal(plan, "", has_consent=False))[0] == 403
        for number in range(OPEN_ROOMS_MAX - 1):
            server.add_room(f"other-{number}")
        assert await refusal(plan, "") == (503, "All rooms are taken. Try again later.")
    assert len(server.rooms) == OPEN_ROOMS_MAX


# ------------------------------------------------------------------------------------------- the keeper


@asynccontextmanager
async def keeper_of(server: LiveKitApiServer, recordings: Path) -> AsyncIterator[Keeper]:
    async with asyncio.timeout(DEADLINE_S), livekit_api(server) as place:
        access = api.LiveKitAPI(place.http_url, place.key, place.secret)
        try:
            yield Keeper(access, recordings, AGENT_NAME)
        finally:
            await access.aclose()


def break_off(recordings: Path, room: str, status: RoomStatus = RoomStatus.OPEN) -> None:
    """What a worker leaves that dies while it holds a room."""
    with open_room(recordings, room) as book:
        book.note(order=ORDER.as_json(), session="20260101T000000Z-sql-0000", status=status)


async def test_a_room_whose_worker_died_is_handed_out_again_with_its_order(tmp_path: Path) -> None:
    server = LiveKitApiServer()
    for room in ("broken", "silent", "left"):
        server.add_room(room)
        break_off(tmp_path, room, RoomStatus.LEFT if room == "left" else RoomStatus.OPEN)
    for room in ("broken", "left"):
        server.enter(room, CANDIDATE, is_sending=True)
    server.enter("silent", "observer-1")
    async with keeper_of(server, tmp_path) as keeper:
        for _ in range(3):  # a second time only when nobody took it for a while
            await keeper.look()
    handed_out = [each for dispatches in server.dispatches.values() for each in dispatches]
    assert [(each.room, each.agent_name, each.metadata) for each in handed_out] == [
        ("broken", AGENT_NAME, ORDER.as_json())
    ]


async def test_a_room_that_the_server_has_forgotten_is_made_again_once(tmp_path: Path) -> None:
    """It waits for its candidate, who has been let in before; when nobody comes it stays closed."""
    server = LiveKitApiServer()
    break_off(tmp_path, "forgotten")
    for status in (RoomStatus.LEFT, RoomStatus.OVER):
        break_off(tmp_path, status.value, status)
    async with keeper_of(server, tmp_path) as keeper:
        await keeper.look()
        (made,), (dispatch,) = server.rooms.values(), server.dispatches["forgotten"]
        del server.rooms["forgotten"]
        await keeper.look()
    assert (made.name, made.empty_timeout, made.max_participants, made.metadata) == (
        "forgotten",
        WAIT_S,
        PARTICIPANTS_MAX,
        LET_IN,
    )
    assert (dispatch.agent_name, dispatch.metadata) == (AGENT_NAME, ORDER.as_json())
    assert server.rooms == {}
    entry = load_room(tmp_path, "forgotten")
    assert entry is not None
    assert entry.status is RoomStatus.LEFT


async def test_a_room_that_is_held_is_made_again_when_the_worker_has_found_the_server_again(tmp_path: Path) -> None:
    """Else somebody has closed it, and its interviewer is about to hear of it."""
    server = LiveKitApiServer()
    async with keeper_of(server, tmp_path) as keeper:
        with open_room(tmp_path, "held") as book:
            book.note(order=ORDER.as_json())
            await keeper.look()
            assert server.rooms == {}
            keeper.on_registered()
            await keeper.look()
            assert set(server.rooms) == {"held"}
            del server.rooms["held"]
            await keeper.look()
            assert server.rooms == {}
    entry = load_room(tmp_path, "held")
    assert entry is not None
    assert entry.status is RoomStatus.OPEN


async def test_a_room_that_is_held_or_over_is_left_alone(tmp_path: Path) -> None:
    server = LiveKitApiServer()
    for room in ("held", "over"):
        server.add_room(room)
        server.enter(room, CANDIDATE, is_sending=True)
    break_off(tmp_path, "over", RoomStatus.OVER)
    async with keeper_of(server, tmp_path) as keeper:
        with open_room(tmp_path, "held") as book:
            book.note(order=ORDER.as_json())
            await keeper.look()
    assert "CreateDispatch" not in server.calls
    assert "ListDispatch" not in server.calls


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_door_that_was_opened_lets_in_who_comes_later(tmp_path: Path, is_there: bool) -> None:
    """Observers alone are nobody to be let in."""
    server = LiveKitApiServer()
    server.add_room("quiet", LET_IN)
    server.enter("quiet", CANDIDATE if is_there else "observer-1")
    async with keeper_of(server, tmp_path) as keeper:
        await keeper.look()
    assert [update.identity for update in server.updates] == [CANDIDATE] * is_there


async def called(server: LiveKitApiServer, method: str) -> None:
    while await server.news.get() != method:
        pass


async def test_a_server_that_fails_is_asked_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = LiveKitApiServer(refusals={"ListRooms": ("permission_denied", 403)})
    server.add_room("broken")
    server.enter("broken", CANDIDATE, is_sending=True)
    with caplog.at_level(logging.WARNING, "voiceprep.rooms"):
        async with keeper_of(server, tmp_path) as keeper:
            running = asyncio.create_task(keeper.run())
            for _ in range(2):
                await called(server, "ListRooms")
            server.refusals.clear()
            break_off(tmp_path, "broken")
            await called(server, "CreateDispatch")
            running.cancel()
            await asyncio.wait([running])
    assert caplog.messages.count("looking after the rooms failed: ServerError") == 1
