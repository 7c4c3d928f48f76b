"""Rooms beside their sessions: one holder at a time, orders that are checked, servers that are known."""

from pathlib import Path

import pytest

from tests.commands import run
from voiceprep.errors import ConfigError, ExitCode
from voiceprep.hosting.keeper import AGAIN_S, Tries
from voiceprep.hosting.order import ORDER_BYTES_MAX, RoomOrder, parse_order
from voiceprep.hosting.rights import ADMITTED, OPENED, WAITING, door_of
from voiceprep.hosting.server import DEV_URL, server_for
from voiceprep.recordings.rooms import (
    ROOMS_FOLDER,
    RoomEntry,
    RoomStatus,
    RoomTakenError,
    broken_off,
    is_held,
    load_room,
    open_room,
    sole_keeper,
)

KNOWN = {"LIVEKIT_URL": "wss://rooms.example", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret-canary"}


def test_a_room_is_held_by_one(tmp_path: Path) -> None:
    with open_room(tmp_path, "interview-1") as book:
        book.note(order='{"level":2}', session="20260101T000000Z-sql-0000")
        assert is_held(tmp_path, "interview-1")
        with pytest.raises(RoomTakenError), open_room(tmp_path, "interview-1"):
            pass
        assert broken_off(tmp_path) == []
    assert not is_held(tmp_path, "interview-1")
    found = RoomEntry(room="interview-1", order='{"level":2}', session="20260101T000000Z-sql-0000")
    assert broken_off(tmp_path) == [found]


@pytest.mark.parametrize("status", [RoomStatus.OVER, RoomStatus.LEFT])
def test_what_has_ended_is_not_broken_off(tmp_path: Path, status: RoomStatus) -> None:
    with open_room(tmp_path, "interview-1") as book:
        book.note(status=status)
    assert broken_off(tmp_path) == []
    with open_room(tmp_path, "interview-1") as again:
        assert again.entry.status is status


def test_a_torn_entry_is_no_entry(tmp_path: Path) -> None:
    with open_room(tmp_path, "interview-1") as book:
        book.note()
    (tmp_path / ROOMS_FOLDER / "interview-1.json").write_bytes(b'{"room": "inter')
    assert load_room(tmp_path, "interview-1") is None
    assert broken_off(tmp_path) == []


@pytest.mark.parametrize("name", ["", "../secrets", "a/b", ".rooms", "x" * 129, "room\n"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError), open_room(tmp_path, name):
        pass
    assert list(tmp_path.iterdir()) == []


def test_one_keeper_at_a_time(tmp_path: Path) -> None:
    with sole_keeper(tmp_path) as first, sole_keeper(tmp_path) as second:
        assert (first, second) == (True, False)
    with sole_keeper(tmp_path) as next_one:
        assert next_one


def test_a_room_is_handed_out_ever_less_often() -> None:
    tries = Tries()
    due_s = [now_s for now_s in range(60) if tries.is_due("broken", float(now_s))]
    assert due_s == [0, 5, 15, 35]
    assert [now_s for now_s in range(12) if tries.is_due("unserved", float(now_s), AGAIN_S)] == [5, 10]
    tries.keep_only(["unserved"])
    assert tries.is_due("broken", 61.0), "a room that is closed is forgotten"


def test_an_order_goes_there_and_back() -> None:
    order = RoomOrder(bank="python-backend", level=2, questions=3, seed=1)
    assert parse_order(order.as_json()) == order
    assert parse_order("") == RoomOrder()


@pytest.mark.parametrize(
    "metadata",
    [
        "[]",
        "{",
        '{"bank": "../../etc/passwd"}',
        '{"bank": "/etc/passwd"}',
        '{"level": 6}',
        '{"level": "3"}',
        '{"questions": 0}',
        '{"minutes": 1e9}',
        '{"recordings": "/tmp"}',
        '{"llm": "openai"}',
        '{"budget_usd": 1000}',
        " " * ORDER_BYTES_MAX + "{}",
    ],
)
def test_a_room_orders_only_what_it_may(metadata: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_order(metadata)
    assert "passwd" not in caught.value.message


@pytest.mark.parametrize(
    ("metadata", "door"),
    [
        ("", ADMITTED),
        ("not json", ADMITTED),
        ("[1]", ADMITTED),
        ('{"door": "waiting"}', WAITING),
        ('{"door": "opened"}', OPENED),
        ('{"door": "ajar"}', ADMITTED),
    ],
)
def test_doors(metadata: str, door: str) -> None:
    assert door_of(metadata) == door


def test_which_server() -> None:
    server = server_for(KNOWN, is_dev=False, is_plain_allowed=False)
    assert (server.url, server.http_url) == ("wss://rooms.example", "https://rooms.example")
    assert "canary" not in repr(server)
    assert server_for({}, is_dev=True, is_plain_allowed=False).url == DEV_URL
    assert server_for(KNOWN, is_dev=True, is_plain_allowed=False) == server


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "LIVEKIT_URL"),
        ({**KNOWN, "LIVEKIT_API_SECRET": ""}, "LIVEKIT_API_SECRET"),
        ({**KNOWN, "LIVEKIT_URL": "rooms.example"}, "no ws"),
        ({**KNOWN, "LIVEKIT_URL": "ws://rooms.example"}, "another machine"),
    ],
)
def test_a_server_that_cannot_be_used_is_said(environment: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        server_for(environment, is_dev=False, is_plain_allowed=False)
    assert told in caught.value.message
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "arguments",
    [("rooms", "list"), ("rooms", "create"), ("rooms", "token", "x"), ("rooms", "end", "x"), ("serve", "livekit")],
)
def test_without_a_server_every_command_says_so(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, changes=dict.fromkeys(KNOWN, ""))
    assert done.code == ExitCode.USAGE
    assert "No LiveKit server is known" in done.err
    assert "--dev" in done.err
