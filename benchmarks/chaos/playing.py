"""Plays one story to its end and judges: the session, its death, its recovery, how it is gone on with."""

import asyncio
import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from benchmarks.chaos import holding
from benchmarks.chaos.disk import MortalDisk
from benchmarks.chaos.holding import GIVEN, Held
from benchmarks.chaos.story import Story
from tests.consistency import LOST_MS_MAX, HeardIn, inconsistencies
from tests.loopback.tones import heard_words
from tests.provider_room import words_in
from voiceprep.errors import VoiceprepError
from voiceprep.model import Outcome
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ, Samples
from voiceprep.recordings.age import NO_SEAL
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.repair import RecoveryStatus
from voiceprep.recordings.wav import HEADER_BYTES
from voiceprep.wiring.records import recover_folder
from voiceprep.wiring.resuming import earlier, take_up

SAMPLE_BYTES = 2
HUNG_EXIT = 3
HUNG_S = 1_800.0
"""Of wall time, for a process whose own watch does not see that it hangs."""


@dataclass
class Played:
    """What came of one story. `ends`: what happened to it in words, for counting. No complaint is good."""

    story: Story
    ends: list[str] = field(default_factory=list)
    blows: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def play(story: Story, folder: Path) -> Played:
    """Play it in `folder`, which is empty. Raises nothing; what went wrong is in the complaints."""
    played = Played(story)
    try:
        broken_off = (
            _play_killed(story, folder, played) if _is_really_killed(story) else _play(story, folder, played)
        )
        if story.is_resumed and broken_off is not None:
            _go_on(story, broken_off, folder, played)
    except Exception as error:  # whatever it is, the run goes on and names the seed
        played.complaints.append(f"{type(error).__name__}: {error}")
    return played


def _is_really_killed(story: Story) -> bool:
    return story.death is not None and story.death.is_real


def _play(story: Story, folder: Path, played: Played) -> Path | None:
    """In this process; a death is a copy of the folder. The session that can be gone on with."""
    live, cut = folder / "live", folder / "cut"
    live.mkdir()
    disk = MortalDisk(lambda: shutil.copytree(live, cut), story.death.share if story.death else 0.0)
    held = asyncio.run(holding.hold(story, live, disk))
    _judge_end(held, story, played)
    if not disk.is_dead:
        return held.folder
    return _judge_death(story, cut, played)


def _play_killed(story: Story, folder: Path, played: Played) -> Path | None:
    """In a process of its own, which kills itself. The session that can be gone on with."""
    live = folder / "live"
    live.mkdir()
    process = multiprocessing.get_context("forkserver").Process(target=_hold_and_die, args=(story, live))
    process.start()
    process.join(HUNG_S)
    if process.is_alive():
        process.kill()
        process.join()
        played.complaints.append("hung, and could not be interrupted")
        return None
    if process.exitcode == HUNG_EXIT:
        played.complaints.append("hung")
        return None
    if process.exitcode == 0:
        played.ends.append("ended before it could be killed")
        found = session_folders(live / "recordings")
        played.complaints += [what for session in found for what in inconsistencies(session)]
        return next(iter(found), None)
    if process.exitcode != -signal.SIGKILL:
        played.complaints.append(f"the process ended with {process.exitcode}")
    return _judge_death(story, live, played)


def _hold_and_die(story: Story, folder: Path) -> None:
    assert story.death is not None
    disk = MortalDisk(lambda: os.kill(os.getpid(), signal.SIGKILL), story.death.share)
    if asyncio.run(holding.hold(story, folder, disk)).is_hung:
        sys.exit(HUNG_EXIT)


# ---------------------------------------------------------------------------------------------- judging


def _judge_end(held: Held, story: Story, played: Played) -> None:
    """A session that ended by itself, or was interrupted: closed, marked, whole."""
    played.blows += held.blows
    played.complaints += [*held.violations, *(f"a task was left: {name}" for name in held.leftovers)]
    if held.is_hung:
        played.complaints.append("hung")
    if held.folder is None:
        played.ends.append("ended before there was a folder")
        return
    record = load_session(held.folder)
    played.ends.append(str(record.info.outcome))
    marks = (record.info.outcome, record.info.reason)
    if isinstance(held.how, VoiceprepError) and marks != (Outcome.FAILED, held.how.message):
        played.complaints.append(f"stopped by {held.how.message!r}, marked {marks}")
    elif isinstance(held.how, Outcome) and marks[0] is not held.how:
        played.complaints.append(f"ended {held.how}, marked {marks}")
    elif held.how is None and not held.is_hung and marks[0] not in (Outcome.STOPPED, Outcome.COMPLETED):
        played.complaints.append(f"interrupted, marked {marks}")
    played.complaints += inconsistencies(held.folder, _ear(story))
    given, stored = (held.folder.parent.parent / GIVEN).read_bytes(), _stored(held.folder)
    if stored.rstrip(b"\0") != given.rstrip(b"\0"):
        played.complaints.append(f"{len(given)} bytes were given, candidate.wav holds {len(stored)}, not the same")


def _judge_death(story: Story, folder: Path, played: Played) -> Path | None:
    """A folder as a killed process left it. The session, recovered; None when there was none yet."""
    found = session_folders(folder / "recordings")
    if not found:
        played.ends.append("killed before there was a session")
        return None
    (session,) = found
    before, given = load_session(session), (folder / GIVEN).read_bytes()
    if story.recovery_death is not None:
        session = _recover_and_die(session, story.recovery_death, folder.parent / "twice", played)
    recover_folder(session)
    record = load_session(session)
    played.ends.append(f"killed and recovered, {record.info.outcome}")
    played.complaints += inconsistencies(session, _ear(story))
    if record.events[: len(before.events)] != before.events:
        played.complaints.append("events of the killed session were lost")
    played.complaints += _lost(given, _stored(session))
    files = {path.name: path.read_bytes() for path in session.iterdir()}
    if recover_folder(session).status is not RecoveryStatus.NOT_NEEDED:
        played.complaints.append("it needs recovery again")
    if files != {path.name: path.read_bytes() for path in session.iterdir()}:
        played.complaints.append("a second recovery changed something")
    return session


def _recover_and_die(session: Path, call_count: int, folder: Path, played: Played) -> Path:
    """Recover, being killed in the middle; the folder as that left it."""
    disk = MortalDisk(lambda: shutil.copytree(session.parent, folder))
    disk.arm(call_count)
    recover_folder(session, disk)
    if not disk.is_dead:
        return session
    played.ends.append("recovery killed")
    return folder / session.name


def _lost(given: bytes, stored: bytes) -> Iterator[str]:
    """The model of what a kill may lose: what is there is what was given, but for the last 0.2 s."""
    both_bytes = min(len(given), len(stored))
    differing = np.flatnonzero(
        np.frombuffer(given, np.uint8, both_bytes) != np.frombuffer(stored, np.uint8, both_bytes)
    )
    same_bytes = int(differing[0]) if differing.size else both_bytes
    lost_ms = (len(given) - same_bytes) // SAMPLE_BYTES * 1000 / MICROPHONE_RATE_HZ
    if lost_ms > LOST_MS_MAX + BLOCK_MS:
        yield f"{lost_ms:.0f} ms of audio were lost"
    if stored[same_bytes:].strip(b"\0"):
        yield "candidate.wav holds what was not said"


# --------------------------------------------------------------------------------------------- going on


def _go_on(story: Story, session: Path, folder: Path, played: Played) -> None:
    """Resume it undisturbed: one record, nothing of the first part changed, held to its end."""
    if load_session(session).info.outcome is Outcome.COMPLETED:
        return
    before, audio = take_up(session, NO_SEAL), _stored(session)
    calm = replace(story, blows=(), losses=(), death=None, interrupt_at_ms=None)
    again = folder / "again"
    again.mkdir()
    held = asyncio.run(holding.hold(calm, again, MortalDisk(lambda: None), earlier(before)))
    played.ends.append("resumed")
    after = load_session(session)
    played.complaints += [f"resumed: {what}" for what in inconsistencies(session, _ear(story))]
    if held.is_hung or held.how is not Outcome.COMPLETED or after.info.outcome is not Outcome.COMPLETED:
        played.complaints.append(f"resumed, it ended {held.how!r}, marked {after.info.outcome}")
    if after.events[: len(before.events)] != before.events:
        played.complaints.append("resuming changed the journal's first part")
    if not _stored(session).startswith(audio):
        played.complaints.append("resuming changed the first part of candidate.wav")


def _stored(session: Path) -> bytes:
    return (session / "candidate.wav").read_bytes()[HEADER_BYTES:]


def _ear(story: Story) -> HeardIn | None:
    """Who understands the candidate. The vocabulary of tones dies with its process."""
    if story.cascade is not None:
        return words_in
    return None if _is_really_killed(story) else _tone_words


def _tone_words(samples: Samples) -> str:
    return " ".join(word.text for word in heard_words(np.asarray(samples), MICROPHONE_RATE_HZ))
