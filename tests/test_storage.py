"""Session folders in a real S3-compatible server (moto): growing, broken off, whole, fetched, refused."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.commands import run
from tests.object_store import empty_bucket, object_store
from voiceprep.errors import ConfigError, RecordingError
from voiceprep.recordings.age import FORMAT, make_key_file
from voiceprep.recordings.codec import encode
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.writer import SessionWriter
from voiceprep.settings import DEFAULTS
from voiceprep.storage.bucket import Bucket, open_bucket
from voiceprep.storage.sessions import GROWING, MANIFEST, PARTS, Upload, pull, stored_names
from voiceprep.wiring.storing import Storing

NAME = "interviews"
URL = f"s3://{NAME}/team-a"


@pytest.fixture(scope="module")
def keys() -> Iterator[dict[str, str]]:
    with object_store() as here:
        yield here


@pytest.fixture
def bucket(keys: dict[str, str]) -> Iterator[Bucket]:
    with empty_bucket(keys, NAME):
        yield open_bucket(URL, keys, is_plain_allowed=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample.record_session(tmp_path / "here").folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def grow(whole: Path, part: Path, share: float) -> None:
    """`part` as it was when so much of each growing file was written, in the middle of a line too."""
    part.mkdir(parents=True, exist_ok=True)
    shutil.copy(whole / "session.json", part)
    for name in GROWING:
        data = (whole / name).read_bytes()
        (part / name).write_bytes(data[: int(len(data) * share)])


def test_a_whole_session_comes_back_as_it_was(bucket: Bucket, folder: Path, tmp_path: Path) -> None:
    Upload(bucket, folder).push_whole()
    assert stored_names(bucket) == [folder.name]
    back = pull(bucket, folder.name, tmp_path / "there")
    assert content(back) == content(folder)
    assert (back / "candidate.wav").stat().st_mode & 0o077 == 0
    assert load_session(back).problems == ()


def test_what_grows_goes_up_in_order_and_only_once(bucket: Bucket, folder: Path, tmp_path: Path) -> None:
    part = tmp_path / "growing" / folder.name
    upload = Upload(bucket, part)
    grow(folder, part, 0.3)
    assert upload.push_growth() > 0
    assert upload.push_growth() == 0
    grow(folder, part, 0.7)
    upload.push_growth()
    lines = pulled(bucket, folder.name, tmp_path / "a")["events.jsonl"]
    assert lines.endswith(b"\n")
    assert (folder / "events.jsonl").read_bytes().startswith(lines)
    starts = [int(key[-15:]) for key in bucket.sizes(f"{folder.name}/{PARTS}/events.jsonl")]
    assert starts == sorted(starts)
    assert len(starts) == 2


def pulled(bucket: Bucket, name: str, where: Path) -> dict[str, bytes]:
    return content(pull(bucket, name, where))


def test_an_interrupted_upload_goes_on_where_it_ended(bucket: Bucket, folder: Path, tmp_path: Path) -> None:
    part = tmp_path / "growing" / folder.name
    grow(folder, part, 0.5)
    Upload(bucket, part).push_growth()
    before = set(bucket.sizes(folder.name))
    grow(folder, part, 1.0)
    Upload(bucket, part).push_growth()  # another process, which knows nothing of the first
    assert before < set(bucket.sizes(folder.name))
    back = pulled(bucket, folder.name, tmp_path / "there")
    assert {name: back[name] for name in GROWING} == {name: (folder / name).read_bytes() for name in GROWING}


def test_a_lost_machine_loses_only_what_was_not_sent(bucket: Bucket, folder: Path, tmp_path: Path) -> None:
    part = tmp_path / "growing" / folder.name
    grow(folder, part, 0.6)
    Upload(bucket, part).push_growth()
    shutil.rmtree(part)
    pull(bucket, folder.name, tmp_path / "there")
    done = run("recover", folder.name, "--recordings", tmp_path / "there")
    assert done.code == 0, done.err
    record = load_session(tmp_path / "there" / folder.name)
    whole = load_session(folder)
    assert record.turns[: len(record.turns) - 1] == whole.turns[: len(record.turns) - 1]


def test_finishing_replaces_the_parts_and_is_done_once(bucket: Bucket, folder: Path, tmp_path: Path) -> None:
    Upload(bucket, folder).push_growth()
    Upload(bucket, folder).push_whole()
    keys = set(bucket.sizes(folder.name))
    assert not [key for key in keys if PARTS in key]
    assert f"{folder.name}/{MANIFEST}" in keys
    Upload(bucket, folder).push_whole()
    assert set(bucket.sizes(folder.name)) == keys
    Upload(bucket, folder).push_growth()  # the session goes on
    assert f"{folder.name}/{MANIFEST}" not in bucket.sizes(folder.name)
    assert pulled(bucket, folder.name, tmp_path / "x")["events.jsonl"] == (folder / "events.jsonl").read_bytes()


def test_what_was_changed_in_the_storage_is_noticed(bucket: Bucket, folder: Path, tmp_path: Path) -> None:
    Upload(bucket, folder).push_whole()
    bucket.put(f"{folder.name}/candidate.wav", b"something else")
    with pytest.raises(RecordingError, match="not what was stored"):
        pull(bucket, folder.name, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_nothing_here_is_overwritten_and_nothing_leaves_the_folder(bucket: Bucket, folder: Path) -> None:
    Upload(bucket, folder).push_whole()
    with pytest.raises(RecordingError, match="there already"):
        pull(bucket, folder.name, folder.parent)
    bucket.put("evil/" + MANIFEST, json.dumps({"../out": {"bytes": 1, "sha256": ""}}).encode())
    with pytest.raises(RecordingError, match="has no session"):
        pull(bucket, "evil", folder.parent)
    assert not (folder.parent / "out").exists()


def test_commands(bucket: Bucket, keys: dict[str, str], folder: Path, tmp_path: Path) -> None:
    changes = {**keys, "VOICEPREP_STORAGE": URL}
    done = run("store", "push", "all", "--recordings", folder.parent, "--json", changes=changes)
    assert json.loads(done.out)["stored"] == [folder.name]
    assert run("store", "list", changes=changes).out.split() == [folder.name]
    there = tmp_path / "there"
    done = run("store", "pull", "all", "--recordings", there, changes=changes)
    assert (done.code, done.out.startswith("1 session fetched")) == (0, True)
    assert run("store", "pull", "all", "--recordings", there, changes=changes).out.startswith("0 sessions fetched")
    assert run("store", "pull", "nobody", "--recordings", there, changes=changes).code == 5


def test_an_interview_is_stored_while_it_is_held(bucket: Bucket, keys: dict[str, str], tmp_path: Path) -> None:
    options = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "1")
    changes = {**keys, "VOICEPREP_STORAGE": URL}
    done = run("interview", *options, "--recordings", tmp_path / "here", changes=changes)
    assert done.code == 0, done.err
    (name,) = stored_names(bucket)
    back = pull(bucket, name, tmp_path / "there")
    assert content(back) == content(tmp_path / "here" / name)


@pytest.fixture
def sealing(tmp_path: Path) -> dict[str, str]:
    key_file = tmp_path / "key.txt"
    return {"VOICEPREP_ENCRYPT_TO": make_key_file(key_file), "VOICEPREP_IDENTITY": str(key_file)}


def readable_in(bucket: Bucket, name: str) -> set[str]:
    """Names of the stored files that are not sealed."""
    keys = [key for key in bucket.sizes(name) if not bucket.get(key).startswith(FORMAT.encode())]
    return {key.removeprefix(f"{name}/") for key in keys}


def test_of_a_session_that_is_sealed_nothing_else_is_stored(
    bucket: Bucket, keys: dict[str, str], sealing: dict[str, str], tmp_path: Path
) -> None:
    """Not even while it is held: parts of what is recorded would be left in the bucket if they were sent."""
    options = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "1")
    changes = {**keys, **sealing, "VOICEPREP_STORAGE": URL}
    done = run("interview", *options, "--recordings", tmp_path / "here", changes=changes)
    assert (done.code, done.err) == (0, "")
    (name,) = stored_names(bucket)
    assert readable_in(bucket, name) == {"session.json", MANIFEST}
    back = pull(bucket, name, tmp_path / "there")
    assert content(back) == content(tmp_path / "here" / name)
    assert run("report", back, "--json", changes=changes).code == 0


def test_nothing_is_sent_while_a_session_to_be_sealed_is_recorded(
    bucket: Bucket, keys: dict[str, str], sealing: dict[str, str], tmp_path: Path
) -> None:
    info = replace(sample.info(), encrypt_to=(sealing["VOICEPREP_ENCRYPT_TO"],))
    storing = Storing(replace(DEFAULTS, storage=URL), keys)
    with SessionWriter.create(tmp_path, info) as writer:
        storing.finish(writer.folder)
    assert "not sealed yet" in storing.problem
    assert stored_names(bucket) == []


def test_what_was_stored_in_the_open_is_replaced_when_it_is_sealed(
    bucket: Bucket, keys: dict[str, str], sealing: dict[str, str], folder: Path
) -> None:
    changes = {**keys, **sealing, "VOICEPREP_STORAGE": URL}
    place = ("--recordings", folder.parent)
    run("store", "push", "last", *place, changes=changes)
    assert "candidate.wav" in readable_in(bucket, folder.name)
    run("seal", "last", *place, changes=changes)
    run("store", "push", "last", *place, changes=changes)
    assert readable_in(bucket, folder.name) == {"session.json", MANIFEST}


def test_pushing_seals_first_what_was_left_open(
    bucket: Bucket, keys: dict[str, str], sealing: dict[str, str], folder: Path
) -> None:
    info = replace(load_info(folder), encrypt_to=(sealing["VOICEPREP_ENCRYPT_TO"],))
    (folder / "session.json").write_bytes(encode(info))
    done = run("store", "push", "all", "--recordings", folder.parent, changes={**keys, "VOICEPREP_STORAGE": URL})
    assert done.code == 0, done.err
    assert readable_in(bucket, folder.name) == {"session.json", MANIFEST}


def test_an_interview_never_fails_with_its_storage(keys: dict[str, str], tmp_path: Path) -> None:
    options = ("--candidate", "weak", "--pace", "fast", "--questions", "1", "--seed", "1")
    changes = {**keys, "VOICEPREP_STORAGE": "s3://no-such-bucket"}
    done = run("interview", *options, "--recordings", tmp_path, changes=changes)
    assert done.code == 0
    assert "Not all of it is in the storage" in done.err
    assert "no-such-bucket" in done.err


@pytest.mark.parametrize("url", ["http://elsewhere", "s3://", "interviews", "s3:interviews"])
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(ConfigError, match="no storage address"):
        open_bucket(url, {}, is_plain_allowed=False)


def test_an_unencrypted_storage_elsewhere_is_refused() -> None:
    with pytest.raises(ConfigError, match="travel readable"):
        open_bucket(URL, {"AWS_ENDPOINT_URL": "http://storage.example.org"}, is_plain_allowed=False)


def test_offline_and_storage_exclude_each_other(tmp_path: Path) -> None:
    done = run("store", "list", "--storage", URL, changes={"VOICEPREP_OFFLINE": "1"})
    assert done.code == 2
    assert "--offline" in done.err
    assert run("store", "list").code == 2
