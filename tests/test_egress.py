"""LiveKit Egress through its API: with consent only, sound only, linked in the folder, in nobody's way."""

import json
from pathlib import Path

import pytest
from livekit import api

from tests.loopback.egress import EgressServer, egress_server
from tests.object_store import empty_bucket, object_store
from voiceprep.errors import ConfigError
from voiceprep.hosting.egress import RoomEgress, check_target
from voiceprep.storage.bucket import open_bucket

CONSENT = "2026-11-29T00:00:00+00:00"
SOUND = b"OggS and what follows"


def linked(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "egress.json").read_text())
    return found


async def test_a_room_is_recorded_from_consent_to_the_end(tmp_path: Path) -> None:
    server = EgressServer()
    with object_store() as keys, empty_bucket(keys, "kept"):
        open_bucket("s3://kept/egress", keys, is_plain_allowed=False).put(f"{tmp_path.name}.ogg", SOUND)
        async with egress_server(server) as access:
            egress = RoomEgress(access, "interview-x", "s3://kept/egress", keys)
            await egress.start(tmp_path, CONSENT)
            assert linked(tmp_path)["status"] == "starting"
            await egress.stop()
    assert (tmp_path / "room.ogg").read_bytes() == SOUND
    assert linked(tmp_path) == {
        "schema_version": 1,
        "egress_id": "EG_0",
        "room": "interview-x",
        "consent_at": CONSENT,
        "status": "complete",
        "location": f"s3://kept/egress/{tmp_path.name}.ogg",
        "file": "room.ogg",
        "size_bytes": 9_000,
        "duration_ms": 2_500,
        "error": "",
    }
    (request,) = server.requests
    (output,) = request.file_outputs
    assert output.s3 == api.S3Upload(
        access_key=keys["AWS_ACCESS_KEY_ID"],
        secret=keys["AWS_SECRET_ACCESS_KEY"],
        region="us-east-1",
        endpoint=keys["AWS_ENDPOINT_URL"],
        bucket="kept",
        force_path_style=True,
    )
    assert server.calls == ["StartRoomCompositeEgress", "StopEgress", "ListEgress"]
    assert server.violations == []


async def test_without_consent_nothing_is_asked(tmp_path: Path) -> None:
    server = EgressServer()
    async with egress_server(server) as access:
        egress = RoomEgress(access, "interview-x", "/recordings", {})
        await egress.start(tmp_path, "")
        await egress.stop()
    assert server.calls == []
    assert not (tmp_path / "egress.json").exists()


async def test_a_folder_and_a_room_that_was_closed_first(tmp_path: Path) -> None:
    server = EgressServer()
    session, shared = tmp_path / "session", tmp_path / "shared"
    session.mkdir()
    shared.mkdir()
    async with egress_server(server) as access:
        egress = RoomEgress(access, "interview-x", f"{shared}/", {})
        await egress.start(session, CONSENT)
        (shared / "session.ogg").write_bytes(SOUND)
        server.close_room()
        await egress.stop()
    assert linked(session)["location"] == f"{shared}/session.ogg"
    assert (session / "room.ogg").read_bytes() == SOUND
    assert server.requests[0].file_outputs[0].WhichOneof("output") is None


async def test_what_is_out_of_reach_is_linked_only(tmp_path: Path) -> None:
    """The egress service's folder is on its own machine."""
    async with egress_server(EgressServer()) as access:
        egress = RoomEgress(access, "interview-x", "/recordings", {})
        await egress.start(tmp_path, CONSENT)
        await egress.stop()
    assert (linked(tmp_path)["location"], linked(tmp_path)["file"]) == (f"/recordings/{tmp_path.name}.ogg", "")
    assert not (tmp_path / "room.ogg").exists()


async def test_a_failure_is_linked_and_stops_nobody(tmp_path: Path) -> None:
    async with egress_server(EgressServer(fails=True)) as access:
        egress = RoomEgress(access, "interview-x", "/recordings", {})
        await egress.start(tmp_path, CONSENT)
        await egress.stop()
    assert (linked(tmp_path)["status"], linked(tmp_path)["error"]) == ("failed", "the disk is full")


async def test_no_egress_service_stops_nobody(tmp_path: Path) -> None:
    server = EgressServer(refuses=True)
    async with egress_server(server) as access:
        egress = RoomEgress(access, "interview-x", "/recordings", {})
        await egress.start(tmp_path, CONSENT)
        await egress.stop()
    assert not (tmp_path / "egress.json").exists()


@pytest.mark.parametrize("target", ["", "recordings", "https://elsewhere/x", "s3://", "file:///x"])
def test_what_is_no_place_is_said(target: str) -> None:
    with pytest.raises(ConfigError, match="no place for egress"):
        check_target(target)
