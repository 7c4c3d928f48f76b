"""The page of a room in a real browser: a whole interview over a LiveKit server, by keyboard, and listened to."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import psutil
import pytest
from livekit import api
from playwright.async_api import Page, expect

from tests.browser.room_browser import build_page, open_browser, open_tab, page_address, write_answer
from tests.cable import cabled
from tests.livekit_room import (
    NO_KEYS,
    livekit_process,
    livekit_server,
    make_room,
    open_access,
    serving,
    until_gone,
    until_recorded,
)
from tests.loopback.embedded import EmbeddedModel
from tests.loopback.realtime import Script
from tests.realtime_servers import served
from voiceprep.events import DeviceLost, DeviceReturned
from voiceprep.hosting.messages import CANDIDATE, CONSENT_ATTRIBUTE
from voiceprep.hosting.order import RoomOrder
from voiceprep.hosting.page_server import PagePlan
from voiceprep.hosting.rooms import open_rooms
from voiceprep.hosting.server import LiveKitServer
from voiceprep.model import Outcome
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.tasks import Tasks

pytestmark = [
    pytest.mark.livekit,
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("livekit"),
]
ORDER = RoomOrder(bank="python-backend", questions=1, seed=1, persona="hurried")
CLOSED_CHANNEL = re.compile(r"publisher data channel '\w+' closed unexpectedly|DataChannel error on \w+")
"""LiveKit's client on its console where the server ends a connection, and its word for it comes second."""
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module", autouse=True)
def built_page() -> None:
    build_page()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with livekit_server(tmp_path_factory.mktemp("livekit")) as here:
        yield here


async def join_by_keyboard(page: Page) -> None:
    """Consent and begin, without a mouse."""
    await expect(page.get_by_role("button", name="Begin the interview")).to_be_enabled()
    await page.get_by_role("checkbox", name=re.compile("recorded")).focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("html[data-joined]", state="attached")


def granted(server: LiveKitServer, token: str) -> api.VideoGrants:
    grants = api.TokenVerifier(server.key, server.secret).verify(token).video
    assert grants is not None
    return grants


async def kept(server: LiveKitServer, room: str, recordings: Path) -> SessionRecord:
    async with open_rooms(server) as rooms:
        await until_gone(rooms, room)
    (folder,) = session_folders(recordings)
    return load_session(folder)


async def hold_in_browser(server: LiveKitServer, tmp_path: Path, order: RoomOrder, keys: Mapping[str, str]) -> None:
    """A candidate on a telephone's screen, an observer beside them, and what is left of it."""
    await write_answer(tmp_path / "answer.wav", order, keys)
    complaints: list[str] = []
    async with serving(server, tmp_path / "kept", keys=keys), page_address(PagePlan(server, port=0)) as address:
        room, invitation = await make_room(server, order)
        async with open_rooms(server) as rooms:
            listening = await rooms.token(room, "observer", 600)
        async with open_browser(tmp_path / "answer.wav") as browser:
            page = await open_tab(browser, f"{address}#token={invitation}", complaints, **PHONE)
            await join_by_keyboard(page)
            observer = await open_tab(browser, f"{address}#token={listening}", complaints)
            await observer.get_by_role("button", name="Listen").click()
            await expect(page.locator("#progress")).to_have_text("Question 1 of 1")
            await expect(page.get_by_role("log")).to_contain_text("Interviewer")
            await expect(observer.locator("#notice")).to_contain_text("recorded")
            await expect(observer.get_by_role("button", name="My answer is finished")).not_to_be_visible()
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["viewport"]["width"]  # type: ignore[index]
            async with open_access(server) as access:
                who = api.RoomParticipantIdentity(room=room, identity=CANDIDATE)
                attributes = dict((await access.room.get_participant(who)).attributes)
            assert set(attributes) == {CONSENT_ATTRIBUTE}
            await expect(page.locator("#captions .candidate").first).to_contain_text(re.compile(r"\w+ \w+"))
            await expect(observer.locator("#captions .candidate").first).to_contain_text(re.compile(r"\w+ \w+"))
            await expect(page.locator("#over-title")).to_have_text("The interview is over")
            await expect(observer.locator("#over-title")).to_have_text("The interview is over")
        record = await kept(server, room, tmp_path / "kept")
    assert complaints == []
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    assert record.info.mode == (order.mode or "cascaded")
    assert record.scores is not None
    assert (record.scores.questions[0].score or 0) > 0.2


async def test_a_cascaded_interview_in_a_browser(server: LiveKitServer, tmp_path: Path) -> None:
    await hold_in_browser(server, tmp_path, ORDER, NO_KEYS)


async def test_a_speech_to_speech_interview_in_a_browser(server: LiveKitServer, tmp_path: Path) -> None:
    async with Tasks() as tasks:
        model = EmbeddedModel(tasks)
        await model.warm()
        async with served("openai", tmp_path, model.equip(Script())) as here:
            await hold_in_browser(server, tmp_path, ORDER.model_copy(update={"mode": "s2s"}), here.environment)
            assert here.server.violations == []


async def test_a_reload_goes_on_and_the_button_ends_it(server: LiveKitServer, tmp_path: Path) -> None:
    await write_answer(tmp_path / "answer.wav", ORDER, {})
    complaints: list[str] = []
    async with serving(server, tmp_path / "kept"), page_address(PagePlan(server, port=0)) as address:
        room, invitation = await make_room(server, ORDER)
        async with open_browser(tmp_path / "answer.wav") as browser:
            page = await open_tab(browser, f"{address}#token={invitation}", complaints)
            await join_by_keyboard(page)
            await expect(page.locator("#progress")).to_have_text("Question 1 of 1")
            await page.reload()
            await join_by_keyboard(page)
            await expect(page.locator("#progress")).to_have_text("Question 1 of 1")
            await page.get_by_role("button", name="Mute").click()
            await expect(page.get_by_role("button", name="Unmute")).to_have_attribute("aria-pressed", "true")
            await page.get_by_role("button", name="Unmute").click()
            await page.get_by_role("button", name="End", exact=True).click()
            await page.get_by_role("dialog").get_by_role("button", name="End it").click()
            await expect(page.locator("#over-title")).to_have_text("The interview is over")
        record = await kept(server, room, tmp_path / "kept")
    assert record.info.outcome is Outcome.STOPPED
    assert complaints == []


def browsers() -> list[psutil.Process]:
    """Those that this test has started, and all below them."""
    below = psutil.Process().children(recursive=True)
    return [process for process in below if process.name().startswith("chrom")]


async def test_a_pulled_cable_is_told_and_the_interview_goes_on(tmp_path: Path) -> None:
    """Not a reload: signalling and sound stop without a word, on the page's side only."""
    await write_answer(tmp_path / "answer.wav", ORDER, {})
    recordings = tmp_path / "kept"
    async with (
        cabled(tmp_path, browsers) as (server, seen, cable),
        serving(server, recordings),
        page_address(PagePlan(seen, port=0)) as address,
    ):
        room, invitation = await make_room(server, ORDER)
        async with open_browser(tmp_path / "answer.wav") as browser:
            page = await open_tab(browser, f"{address}#token={invitation}", [])
            await join_by_keyboard(page)
            await expect(page.locator("#captions .candidate").first).to_contain_text(re.compile(r"\w+ \w+"))
            cable.pull()
            await expect(page.locator("#banner")).to_contain_text("The connection was lost")
            await until_recorded(recordings, "device_lost")
            cable.plug_in()
            await until_recorded(recordings, "device_returned")
            await expect(page.locator("#banner")).not_to_be_visible()
            await expect(page.locator("#over-title")).to_have_text("The interview is over")
        record = await kept(server, room, recordings)
    assert record.problems == ()
    assert record.info.outcome is Outcome.COMPLETED
    lost = [event.at_ms for event in record.events if isinstance(event, DeviceLost)]
    assert lost == [event.at_ms for event in record.events if isinstance(event, DeviceReturned)]


async def test_a_candidate_in_the_waiting_room_is_let_in(server: LiveKitServer, tmp_path: Path) -> None:
    """And goes on in another window."""
    await write_answer(tmp_path / "answer.wav", ORDER, {})
    complaints: list[str] = []
    async with (
        serving(server, tmp_path / "kept"),
        page_address(PagePlan(server, port=0)) as address,
        open_rooms(server) as rooms,
        open_browser(tmp_path / "answer.wav") as browser,
    ):
        room, invitation = await make_room(server, ORDER, has_waiting_room=True)
        page = await open_tab(browser, f"{address}#token={invitation}", complaints)
        await join_by_keyboard(page)
        await expect(page.locator("#status")).to_contain_text("You will be let in soon")
        await expect(page.get_by_role("button", name="My answer is finished")).not_to_be_visible()
        await rooms.admit(room)
        await expect(page.locator("#progress")).to_have_text("Question 1 of 1")
        other = await open_tab(browser, f"{address}#token={invitation}", complaints)
        await join_by_keyboard(other)
        await expect(page.locator("#over-title")).to_have_text("The interview goes on in another window")
        await rooms.end(room, is_now=True)
        await expect(other.locator("#over-title")).to_have_text("The interview is over")
    unexpected = [each for each in complaints if CLOSED_CHANNEL.match(each) is None]
    assert unexpected == []


async def test_a_server_that_was_started_again_is_come_back_to(tmp_path: Path) -> None:
    """It stays away until the page's client has given up; who was muted stays muted."""
    await write_answer(tmp_path / "answer.wav", ORDER, {})
    recordings = tmp_path / "kept"
    with livekit_process(tmp_path) as server:
        async with (
            serving(server.address, recordings),
            page_address(PagePlan(server.address, port=0)) as address,
            open_browser(tmp_path / "answer.wav") as browser,
        ):
            room, invitation = await make_room(server.address, ORDER)
            page = await open_tab(browser, f"{address}#token={invitation}", [])
            await join_by_keyboard(page)
            await expect(page.locator("#captions .candidate").first).to_contain_text(re.compile(r"\w+ \w+"))
            await page.get_by_role("button", name="Mute").click()
            server.kill()
            async with page.expect_response(lambda answer: answer.url.endswith("/token")) as asked:
                await expect(page.locator("#banner")).to_contain_text("The connection was lost")
                await expect(page.locator("#status")).to_have_text("Connecting again")
            assert (await asked.value).status == 503, "the page asks for a new pass: its client has given up"
            server.start()
            await expect(page.locator("#banner")).to_have_text("You are muted.")
            await expect(page.get_by_role("log")).to_contain_text("Welcome back")
            await page.get_by_role("button", name="End", exact=True).click()
            await page.get_by_role("dialog").get_by_role("button", name="End it").click()
            await expect(page.locator("#over-title")).to_have_text("The interview is over")
            record = await kept(server.address, room, recordings)
    assert record.problems == ()
    assert record.info.outcome is Outcome.STOPPED


async def test_who_gets_a_pass_and_what_it_lets_them_do(server: LiveKitServer) -> None:
    async with page_address(PagePlan(server, port=0)) as address, aiohttp.ClientSession() as http:

        async def ask(body: object) -> tuple[int, dict[str, str]]:
            async with http.post(f"{address}token", data=json.dumps(body)) as answer:
                assert "connect-src 'self' ws://" in answer.headers["Content-Security-Policy"]
                return answer.status, await answer.json()

        room, invitation = await make_room(server, ORDER)
        async with open_rooms(server) as rooms:
            listening = await rooms.token(room, "observer", 600)
        operator = api.AccessToken(server.key, server.secret).with_identity("boss")
        boss = operator.with_grants(api.VideoGrants(room_admin=True, room=room)).to_jwt()
        forged = api.AccessToken(server.key, "x" * 40).with_identity(CANDIDATE)
        stranger = forged.with_grants(api.VideoGrants(room_join=True, room=room)).to_jwt()
        for body, status in (
            ({"invitation": invitation, "consent": False}, 403),
            ({"invitation": "", "consent": True}, 403),
            ({"invitation": boss, "consent": True}, 403),
            ({"invitation": stranger, "consent": True}, 403),
            ({"invitation": 3, "consent": True}, 400),
            ([], 400),
        ):
            found, told = await ask(body)
            assert (found, set(told)) == (status, {"error"})
        _, given = await ask({"invitation": invitation, "consent": True})
        grants = granted(server, given["token"])
        assert (grants.room, grants.can_publish_sources) == (room, ["microphone"])
        assert not any((grants.room_admin, grants.room_create, grants.room_list, grants.room_record))
        _, given = await ask({"invitation": listening, "consent": False})
        grants = granted(server, given["token"])
        assert (grants.room, grants.can_publish, grants.can_publish_data) == (room, False, False)
        async with open_rooms(server) as rooms:
            await rooms.end(room, is_now=True)
        assert (await ask({"invitation": invitation, "consent": True}))[0] == 410


async def test_an_open_page_makes_a_room_for_whoever_consents(server: LiveKitServer) -> None:
    plan = PagePlan(server, port=0, is_open=True, order=ORDER)
    async with page_address(plan) as address, aiohttp.ClientSession() as http:
        async with http.post(f"{address}token", json={"invitation": "", "consent": True}) as answer:
            room = granted(server, (await answer.json())["token"]).room
        assert room.startswith("interview-")
        async with open_rooms(server) as rooms:
            assert room in {place.name for place in await rooms.list()}
            await rooms.end(room, is_now=True)
