"""A recording whose disk fails, at every single call: a clear error, and a folder that can be recovered."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.disk_faults import FINE, count_calls, play
from tests import sample_session as sample
from tests.faulty_disk import Fault, FaultyDisk
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
def test_a_whole_session_on_a_disk_that_fails(fault: Fault) -> None:
    """The real engine and everything derived: each call of the beginning and the end, and some between.

    `python -m benchmarks.disk_faults` tries them all."""
    count = count_calls()
    between = random.Random(fault.name).sample(range(40, count - 60), 40)
    for at in (*range(40), *between, *range(count - 60, count)):
        assert play(fault, at) == FINE, at


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
