"""Sessions are deleted for good, and only those that were meant."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands import Done, run
from tests.sample_session import info, record_session
from voiceprep.errors import ExitCode
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.writer import SessionWriter

NOW = datetime.now(UTC)


def a_session(recordings: Path, days_ago: float) -> Path:
    started = replace(info(), id="", started_at=NOW - timedelta(days=days_ago))
    with SessionWriter.create(recordings, started) as writer:
        return writer.folder


def names(recordings: Path) -> set[str]:
    return {folder.name for folder in session_folders(recordings)}


def test_without_yes_it_only_says_what_would_go(tmp_path: Path) -> None:
    folder = record_session(tmp_path).folder
    done = run("purge", "last", "--recordings", tmp_path)
    assert (done.code, folder.is_dir()) == (ExitCode.DONE, True)
    assert folder.name in done.out
    assert "Add --yes" in done.out


def test_what_is_purged_is_gone_with_everything_derived(tmp_path: Path) -> None:
    record_session(tmp_path)
    other = a_session(tmp_path, 1)
    done = run("purge", other.name, "--recordings", tmp_path, "--yes", "--json")
    document = json.loads(done.out)
    assert document["is_deleted"]
    assert document["sessions"][0]["size_bytes"] > 0
    assert [path.name for path in tmp_path.iterdir()] == list(names(tmp_path))
    assert other.name not in names(tmp_path)


def test_older_than_spares_the_younger_ones(tmp_path: Path) -> None:
    young, old = a_session(tmp_path, 2), a_session(tmp_path, 40)
    run("purge", "--older-than", "30", "--recordings", tmp_path, "--yes")
    assert (young.is_dir(), old.exists()) == (True, False)


def purge_everything(recordings: Path, *words: str) -> Done:
    """With a cache folder of its own."""
    cache = {"XDG_CACHE_HOME": str(recordings.parent / "cache")}
    return run("purge", "--everything", "--recordings", recordings, *words, changes=cache)


def test_everything_takes_notes_and_sessions_that_never_began_along(tmp_path: Path) -> None:
    recordings, cache = tmp_path / "recordings", tmp_path / "cache" / "voiceprep"
    a_session(recordings, 1)
    cache.mkdir(parents=True)
    (cache / "notes-0123.npz").write_bytes(b"what I wrote")
    (cache / "models").mkdir()
    (recordings / ".20260101T000000Z-bank-0000.new").mkdir()
    told = json.loads(purge_everything(recordings, "--json").out)
    assert [Path(path).name for path in told["others"]] == [".20260101T000000Z-bank-0000.new", "notes-0123.npz"]
    assert (cache / "notes-0123.npz").exists()
    done = purge_everything(recordings, "--yes")
    assert "and 2 other files" in done.out
    assert [path.name for path in cache.iterdir()] == ["models"]
    assert [path.name for path in recordings.iterdir()] == ["README.md"]


def test_everything_leaves_what_is_not_a_session(tmp_path: Path) -> None:
    a_session(tmp_path, 1)
    (tmp_path / "notes.txt").write_text("mine")
    purge_everything(tmp_path, "--yes")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_everything_takes_the_schedule_and_the_index_along(tmp_path: Path) -> None:
    record_session(tmp_path)
    run("history", "--recordings", tmp_path)
    (tmp_path / "schedule.json").write_text("{}")
    purge_everything(tmp_path)
    assert (tmp_path / "schedule.json").exists()
    purge_everything(tmp_path, "--yes")
    assert not (tmp_path / "schedule.json").exists()
    index = tmp_path / ".index.sqlite3"
    assert not index.exists() or b"idempotent" not in index.read_bytes()


def test_a_session_that_is_being_recorded_is_left_alone(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, replace(info(), started_at=NOW - timedelta(days=90))) as writer:
        done = purge_everything(tmp_path, "--yes")
        assert done.code == ExitCode.RECORDING
        assert "is being recorded" in done.err
        run("purge", "--older-than", "30", "--recordings", tmp_path, "--yes")
        assert writer.folder.is_dir()


@pytest.mark.parametrize("arguments", [[], ["last", "--everything"], ["--everything", "--older-than", "3"]])
def test_an_unclear_wish_deletes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    folder = a_session(tmp_path, 1)
    done = run("purge", *arguments, "--yes", "--recordings", tmp_path)
    assert (done.code, folder.is_dir()) == (ExitCode.USAGE, True)


def test_an_interview_deletes_what_is_older_than_keep_days(tmp_path: Path) -> None:
    old = a_session(tmp_path, 31)
    words = ("--candidate", "silent", "--pace", "fast", "--questions", "1", "--recordings", str(tmp_path))
    done = run("interview", *words, changes={"VOICEPREP_KEEP_DAYS": "30"})
    assert done.code == ExitCode.DONE
    assert "Deleted 1 session older than 30 days" in done.out
    assert not old.exists()
    assert len(names(tmp_path)) == 1
