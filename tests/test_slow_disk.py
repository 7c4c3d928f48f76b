"""A disk whose every write takes a second: the interview does not wait for it, and nothing is lost."""

import errno
import os
import random
import threading
from pathlib import Path

import numpy as np
import pytest

from tests import sample_session as sample
from voiceprep.errors import RecordingError
from voiceprep.events import ProvisionalHeard, SessionStarted
from voiceprep.model import Outcome
from voiceprep.ports import BLOCK_MS, SPEAKER_RATE_HZ
from voiceprep.recordings.disk import Disk
from voiceprep.recordings.queued_disk import QueuedDisk
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.repair import recover
from voiceprep.recordings.samples import load_samples
from voiceprep.recordings.writer import SessionWriter

WRITE_S = 1.0


class SlowDisk(Disk):
    """Once `is_slow`, a write takes `write_s` of `now_s`, and in another thread waits for the gate.

    `held_up_s`: how long the thread that made the disk was kept waiting.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.held_up_s = 0.0
        self.write_count = 0
        self.is_slow = self.is_failing = False
        self.write_s = WRITE_S
        self.gate = threading.Event()
        self._thread = threading.get_ident()

    def write(self, file: int, data: memoryview) -> int:
        self._wait()
        return super().write(file, data)

    def write_at(self, file: int, data: memoryview, start_bytes: int) -> int:
        self._wait()
        return super().write_at(file, data, start_bytes)

    def _wait(self) -> None:
        if not self.is_slow:
            return
        self.write_count += 1
        self.now_s += self.write_s
        if threading.get_ident() == self._thread:
            self.held_up_s += self.write_s
        else:
            assert self.gate.wait(60)
            if self.is_failing:
                raise OSError(errno.ENOSPC, "No space left on device")


def speak(writer: SessionWriter, seconds: int, first: int = 0) -> None:
    """The candidate all the time, the interviewer now and then, and five events a second."""
    for block in sample.blocks(seconds * 1000 // BLOCK_MS, first):
        number = block.start_ms // BLOCK_MS
        writer.write_candidate(block)
        if number % 100 < 40:
            writer.write_interviewer(np.full(480, number % 30_000 + 1, np.int16), block.start_ms)
        if number % 10 == 0:
            text = f"words until {number}"
            writer.on_event(ProvisionalHeard(at_ms=block.start_ms, turn_index=0, text=text))


def writer_on(disk: SlowDisk, recordings: Path) -> SessionWriter:
    """It becomes slow once the session has begun."""
    writer = SessionWriter.create(recordings, sample.info(), QueuedDisk(disk, lambda: disk.now_s))
    disk.is_slow = True
    writer.on_event(SessionStarted(at_ms=0, started_at=sample.STARTED_AT))
    return writer


def test_a_minute_on_a_disk_that_takes_a_second_for_each_write(tmp_path: Path) -> None:
    disk = SlowDisk()
    writer = writer_on(disk, tmp_path)
    speak(writer, 60)
    assert disk.held_up_s == WRITE_S  # one write was waited for, which is how it is known; then none in a minute
    disk.gate.set()
    writer.close(Outcome.COMPLETED)
    record = load_session(writer.folder)
    assert record.problems == ()
    assert [event.text for event in record.events if isinstance(event, ProvisionalHeard)] == [
        f"words until {number}" for number in range(0, 3_000, 10)
    ]
    candidate = load_samples(writer.folder / "candidate.wav")
    assert candidate is not None
    np.testing.assert_array_equal(candidate, np.arange(len(candidate)) % 1_000 + 1)
    interviewer = load_samples(writer.folder / "interviewer.wav")
    assert interviewer is not None
    numbers = np.arange(len(interviewer)) // (SPEAKER_RATE_HZ * BLOCK_MS // 1000)
    np.testing.assert_array_equal(interviewer, np.where(numbers % 100 < 40, numbers % 30_000 + 1, 0))


@pytest.mark.parametrize("write_s", [0.05, 0.2])
def test_many_short_writes_are_no_better_than_a_long_one(tmp_path: Path, write_s: float) -> None:
    disk = SlowDisk()
    disk.write_s = write_s
    writer = writer_on(disk, tmp_path)
    speak(writer, 60)
    assert disk.held_up_s <= 0.5
    disk.gate.set()
    writer.close(Outcome.COMPLETED)
    assert load_session(writer.folder).problems == ()


def test_what_waits_is_joined_so_that_the_disk_keeps_up(tmp_path: Path) -> None:
    """Six hundred pieces of audio and three hundred lines are stored in fewer writes than there were seconds."""
    disk = SlowDisk()
    writer = writer_on(disk, tmp_path)
    speak(writer, 60)
    disk.gate.set()
    writer.close(Outcome.COMPLETED)
    assert disk.write_count < 60 / WRITE_S


def test_a_slow_disk_that_then_is_full_is_told_once_and_recovered(tmp_path: Path) -> None:
    disk = SlowDisk()
    writer = writer_on(disk, tmp_path)
    speak(writer, 2)
    disk.is_failing = True
    disk.gate.set()
    with pytest.raises(RecordingError) as failure:
        writer.close(Outcome.COMPLETED)
    assert "disk is full" in failure.value.message
    recover(writer.folder)
    assert load_session(writer.folder).is_complete


@pytest.mark.parametrize("seed", range(30))
def test_what_is_queued_ends_as_what_is_written_at_once(tmp_path: Path, seed: int) -> None:
    """Writes anywhere, over one another, and lines at the end, let through in the middle or at last."""
    chance, slow = random.Random(f"queue {seed}"), SlowDisk()
    queued = QueuedDisk(slow, lambda: slow.now_s)
    disks: dict[str, Disk] = {"queued": queued, "plain": Disk()}
    files = {}
    for name, disk in disks.items():
        files[name] = [
            disk.open_file(tmp_path / f"{name}-{number}", os.O_RDWR | os.O_CREAT | (os.O_APPEND if number else 0))
            for number in range(2)
        ]
    slow.is_slow = True
    for number in range(60):
        data = bytes([number]) * chance.randrange(1, 30)
        at = chance.choice((None, 0, chance.randrange(200)))
        for name, disk in disks.items():
            if at is None:
                disk.write(files[name][1], memoryview(data))
            else:
                disk.write_at(files[name][0], memoryview(data), at)
        if number == chance.randrange(60):
            slow.gate.set()
    slow.gate.set()
    for name, disk in disks.items():
        for file in files[name]:
            disk.close_file(file)
    for number in range(2):
        assert (tmp_path / f"queued-{number}").read_bytes() == (tmp_path / f"plain-{number}").read_bytes()


def test_a_healthy_disk_is_written_at_once(tmp_path: Path) -> None:
    """Nothing waits in memory when the call returns: the model of what a kill may lose holds."""
    disk = QueuedDisk()
    file = disk.open_file(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    assert disk.write(file, memoryview(b"abc")) == 3
    assert (tmp_path / "file").read_bytes() == b"abc"
    disk.close_file(file)
