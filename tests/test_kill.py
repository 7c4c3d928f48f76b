"""kill -9 at 50 random moments of a session: every folder recovers, and hardly anything is missing."""

import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import killed_session
from voiceprep.events import AnswerHeard, SessionEnded, TurnEnded
from voiceprep.model import Outcome
from voiceprep.ports import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.listing import list_sessions
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.repair import RecoveryStatus
from voiceprep.recordings.transcript import render_json, transcript_of
from voiceprep.reports.document import build_document
from voiceprep.wiring.records import recover_folder

LOST_AUDIO_MS_MAX = 200
SCRIPTED_KILLS, COMMAND_KILLS = 45, 5


def _wav(path: Path, rate_hz: int) -> Samples:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate_hz, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def _tracks(folder: Path) -> tuple[Samples, Samples]:
    candidate = _wav(folder / "candidate.wav", MICROPHONE_RATE_HZ)
    interviewer = _wav(folder / "interviewer.wav", SPEAKER_RATE_HZ)
    assert len(candidate) * 3 == len(interviewer) * 2
    return candidate, interviewer


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _recover_twice(folder: Path) -> SessionRecord:
    """Recover; everything must be there then, and recovering again must change nothing."""
    before = load_session(folder)
    recover_folder(folder)
    record = load_session(folder)
    assert record.is_complete, record.problems
    assert record.events[: len(before.events)] == before.events
    assert all(isinstance(event, TurnEnded | SessionEnded) for event in record.events[len(before.events) :])
    assert (folder / "transcript.json").read_bytes() == render_json(
        transcript_of(record.info, record.turns, record.provisional_turns)
    )
    assert record.scores is not None
    assert record.delivery is not None
    assert {path.suffix for path in folder.glob("transcript.*")} == {".json", ".md", ".vtt"}
    assert build_document(record).folder == folder
    found = _files(folder)
    assert recover_folder(folder).status is RecoveryStatus.NOT_NEEDED
    assert _files(folder) == found
    return record


# --------------------------------------------------------------------------------- scripted sessions


class Killed:
    """One scripted session that was killed once it had told `line_count` lines, and every line it told."""

    def __init__(self, recordings: Path, line_count: int | None) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["__main__", killed_session.__name__])
        reader, writer = context.Pipe(duplex=False)
        process = context.Process(target=killed_session.run, args=(recordings, writer))
        process.start()
        writer.close()
        with os.fdopen(os.dup(reader.fileno()), encoding="utf-8") as told:
            wanted = line_count or sys.maxsize
            lines = [line for _, line in zip(range(wanted), told, strict=False)]
            process.kill()
            lines += told.readlines()
        reader.close()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        process.close()
        self.told = [line.strip() for line in lines if line.endswith("\n")]
        self.folder = find_session(recordings, "last") if list_sessions(recordings) else None

    @property
    def audio_ms(self) -> int:
        """Candidate audio that was certainly handed over."""
        return max([int(line.split()[1]) for line in self.told if line.startswith("audio")], default=0)

    @property
    def event_count(self) -> int:
        return sum(line.startswith("event") for line in self.told)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """The session nobody disturbed; the scripted room says the same every time."""
    killed = Killed(tmp_path_factory.mktemp("whole"), None)
    assert killed.told[-1] == "derived"
    return killed


def _moments() -> Iterator[float]:
    """Shares of the session: its first and its last moments, then anywhere."""
    chance = random.Random(20261124)
    yield from (0.0, 0.001, 0.002, 0.9994, 1.0)
    yield from (chance.random() for _ in range(SCRIPTED_KILLS - 5))


@pytest.mark.parametrize("share", [pytest.param(share, id=f"{share:.4f}") for share in _moments()])
def test_a_session_killed_at_a_random_moment(tmp_path: Path, whole: Killed, share: float) -> None:
    killed = Killed(tmp_path, 1 + round(share * (len(whole.told) - 1)))
    if killed.folder is None:
        assert killed.told == ["alive"]
        return
    events_before = load_session(killed.folder).events
    record = _recover_twice(killed.folder)

    assert whole.folder is not None
    reference = load_session(whole.folder)
    assert events_before == reference.events[: len(events_before)]
    assert len(events_before) >= killed.event_count
    assert record.info.outcome is (Outcome.COMPLETED if _has_ended(record) else Outcome.RECOVERED)
    handed_over_ms = killed.audio_ms - LOST_AUDIO_MS_MAX
    rates_hz = (MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ)
    for found, expected, rate_hz in zip(_tracks(killed.folder), _tracks(whole.folder), rates_hz, strict=True):
        least_samples = max(0, handed_over_ms) * rate_hz // 1000
        length_samples = len(np.trim_zeros(found, "b"))
        assert len(found) >= least_samples
        np.testing.assert_array_equal(found[:least_samples], expected[:least_samples])
        np.testing.assert_array_equal(found[:length_samples], expected[:length_samples])


def _has_ended(record: SessionRecord) -> bool:
    """It had told its own end before it was killed."""
    return any(isinstance(event, SessionEnded) and event.outcome is Outcome.COMPLETED for event in record.events)


# -------------------------------------------------------------------------------------- real command


def _kill_command(recordings: Path, line_count: int, seed: int) -> list[str]:
    """Run `voiceprep interview` on the embedded engines, kill it after so many lines; every line it printed."""
    options = ["--candidate", "partial", "--pace", "fast", "--questions", "1", "--plain"]
    command = [sys.executable, "-m", "voiceprep", "interview", *options, "--seed", str(seed)]
    with subprocess.Popen(
        [*command, "--recordings", str(recordings)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(line_count)]
        child.kill()
        lines += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    return [line.strip() for line in lines if line.endswith("\n")]


@pytest.mark.parametrize("seed", range(COMMAND_KILLS))
def test_the_command_killed_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    printed = _kill_command(tmp_path, random.Random(seed).randrange(1, 12), seed)
    folder = find_session(tmp_path, "last")
    assert list_sessions(tmp_path)[0].needs_recovery
    record = _recover_twice(folder)
    assert record.info.outcome is Outcome.RECOVERED
    answers = [event.answer.transcript.text for event in record.events if isinstance(event, AnswerHeard)]
    said = [re.sub("^You: ", "", line) for line in printed if line.startswith("You: ")]
    assert answers[: len(said)] == said
    candidate, _ = _tracks(folder)
    last_ms = max(event.at_ms for event in record.events)
    assert len(candidate) * 1000 // MICROPHONE_RATE_HZ >= last_ms - LOST_AUDIO_MS_MAX
