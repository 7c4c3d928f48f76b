"""A recording whose disk fails, at every single call: a clear error, and a folder that can be recovered."""

import asyncio
import errno
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path

import numpy as np
import pytest

from tests import sample_session as sample
from tests.consistency import inconsistencies
from tests.killed_session import hold_scripted
from voiceprep import events
from voiceprep.errors import RecordingError
from voiceprep.model import Outcome
from voiceprep.recordings.disk import Disk
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.journal import parse_journal
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.repair import recover
from voiceprep.recordings.writer import SessionWriter
from voiceprep.wiring.records import finish, recover_folder


class Fault(Enum):
    """How the disk fails, and what the error must say."""

    ONCE = auto()  # one call fails, the next ones work: a cable, a network drive
    FOR_GOOD = auto()  # this call and every later one: a full disk
    HALF_WRITTEN = auto()  # half of the bytes are stored, then no space is left


class FaultyDisk(Disk):
    """Counts its calls and fails at number `at`, from 0; None: never."""

    def __init__(self, at: int | None = None, fault: Fault = Fault.ONCE) -> None:
        self.calls: list[str] = []
        self._at = at
        self._fault = fault

    def _is_failing(self, call: str) -> bool:
        self.calls.append(call)
        number = len(self.calls) - 1
        return self._at is not None and (
            number == self._at or (number > self._at and self._fault is not Fault.ONCE)
        )

    def _check(self, call: str) -> None:
        if self._is_failing(call):
            raise self._error()

    def _error(self) -> OSError:
        if self._fault is Fault.ONCE:
            return OSError(errno.EIO, "Input/output error")
        return OSError(errno.ENOSPC, "No space left on device")

    def make_folder(self, path: Path, mode: int = 0o777) -> None:
        self._check("make_folder")
        super().make_folder(path, mode)

    def open_file(self, path: Path, flags: int) -> int:
        self._check("open")
        return super().open_file(path, flags)

    def write(self, file: int, data: memoryview) -> int:
        if self._is_failing("write"):
            if self._fault is Fault.HALF_WRITTEN:
                super().write(file, data[: len(data) // 2])
            raise self._error()
        return super().write(file, data)

    def write_at(self, file: int, data: memoryview, start_bytes: int) -> int:
        if self._is_failing("write_at"):
            if self._fault is Fault.HALF_WRITTEN:
                super().write_at(file, data[: len(data) // 2], start_bytes)
            raise self._error()
        return super().write_at(file, data, start_bytes)

    def cut(self, file: int, length_bytes: int) -> None:
        self._check("cut")
        super().cut(file, length_bytes)

    def sync(self, file: int) -> None:
        self._check("sync")
        super().sync(file)

    def rename(self, old: Path, new: Path) -> None:
        self._check("rename")
        super().rename(old, new)


def hold(recordings: Path, disk: Disk) -> None:
    """Two seconds in which both speak and every kind of event happens. Raises RecordingError."""
    journaled = [event for event in sample.every_event() if not isinstance(event, events.SessionEnded)]
    with SessionWriter.create(recordings, sample.info(), disk) as writer:
        for number, block in enumerate(sample.blocks(100)):
            writer.write_candidate(block)
            if number % 50 < 20:
                writer.write_interviewer(np.full(480, number + 1, np.int16), block.start_ms)
            if number % 5 == 0 and journaled:
                writer.on_event(journaled.pop(0))
        writer.close(Outcome.COMPLETED)


def calls_of_a_session(recordings: Path) -> list[str]:
    disk = FaultyDisk()
    hold(recordings, disk)
    return disk.calls


def spoken_samples(folder: Path) -> int:
    """How much of what the candidate said was stored."""
    stored = np.frombuffer((folder / "candidate.wav").read_bytes()[44:], "<i2")
    return len(np.trim_zeros(stored, "b"))


def test_the_session_makes_calls_of_every_kind(tmp_path: Path) -> None:
    """`cut` happens only after a failure."""
    counted = Counter(calls_of_a_session(tmp_path))
    assert counted.keys() == {"make_folder", "open", "write", "write_at", "sync", "rename"}
    assert counted.total() > 80


@pytest.mark.parametrize("fault", Fault)
def test_a_disk_that_fails_at_every_call(tmp_path: Path, fault: Fault) -> None:
    for at in range(len(calls_of_a_session(tmp_path / "whole"))):
        recordings = tmp_path / str(at)
        with pytest.raises(RecordingError) as failure:
            hold(recordings, FaultyDisk(at, fault))
        said = "Input/output error" if fault is Fault.ONCE else "disk is full"
        assert said in failure.value.message, at
        assert failure.value.hint, at
        _check_folder(recordings, failure.value, at)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", Fault)
def test_a_whole_session_on_a_disk_that_fails(tmp_path: Path, fault: Fault) -> None:
    """The real engine and everything derived: each call of the beginning and the end, and some between."""
    whole = FaultyDisk()
    finish(asyncio.run(hold_scripted(tmp_path / "whole", disk=whole)), whole)
    count = len(whole.calls)
    between = random.Random(fault.name).sample(range(40, count - 60), 40)
    for at in (*range(40), *between, *range(count - 60, count)):
        recordings = tmp_path / str(at)
        disk = FaultyDisk(at, fault)
        with pytest.raises(RecordingError) as failure:
            finish(asyncio.run(hold_scripted(recordings, disk=disk)), disk)
        assert failure.value.hint, at
        for folder in session_folders(recordings):
            recover_folder(folder)
            assert inconsistencies(folder) == [], at


@pytest.mark.parametrize("fault", Fault)
def test_what_is_derived_is_made_again_after_a_disk_that_failed(tmp_path: Path, fault: Fault) -> None:
    """Every call of a recovery fails in turn; the next recovery ends with the same bytes as one undisturbed."""
    killed = _killed(tmp_path / "killed")
    disk = FaultyDisk()
    undisturbed = _copy(killed, tmp_path / "undisturbed")
    recover(undisturbed, sample.scores, sample.delivery, disk=disk)
    for at in range(len(disk.calls)):
        folder = _copy(killed, tmp_path / str(at))
        with pytest.raises(RecordingError) as failure:
            recover(folder, sample.scores, sample.delivery, disk=FaultyDisk(at, fault))
        assert failure.value.hint, at
        recover(folder, sample.scores, sample.delivery)
        found, expected = _files(folder), _files(undisturbed)
        assert found.pop("events.jsonl.torn").startswith(expected.pop("events.jsonl.torn")), at
        assert found == expected, at


def _killed(recordings: Path) -> Path:
    """A session that was killed in the middle of a journal line."""
    with pytest.raises(RecordingError):
        hold(recordings, FaultyDisk(at=60, fault=Fault.FOR_GOOD))
    (folder,) = session_folders(recordings)
    with (folder / "events.jsonl").open("ab") as journal:
        journal.write(b'{"at_ms": 5, "ty')
    return folder


def _copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / folder.name))


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _check_folder(recordings: Path, error: RecordingError, at: int) -> None:
    """No folder at all and nothing left behind, or one that recovers with all that had been stored."""
    found = session_folders(recordings)
    if not found:
        assert not recordings.exists(), f"call {at} left {list(_everything(recordings))}"
        return
    (folder,) = found
    assert f"voiceprep recover {folder.name}" in error.hint, at
    stored = parse_journal((folder / "events.jsonl").read_bytes()).events
    heard = spoken_samples(folder)
    recover(folder)
    record = load_session(folder)
    assert record.is_complete, (at, record.problems)
    assert load_info(folder).outcome is not Outcome.RUNNING
    assert record.events[: len(stored)] == stored, at
    assert spoken_samples(folder) == heard, at


def _everything(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in folder.rglob("*"))
