"""Writes a session folder while the interview runs: everything handed over is on disk within 0.2 s of audio.

Must not know what is asked or how it is scored.
"""

import os
import shutil
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from voiceprep.errors import RecordingError, VoiceprepError
from voiceprep.events import Event, Journaled, LevelMeasured, SessionEnded
from voiceprep.model import Outcome
from voiceprep.ports import AudioBlock, Samples
from voiceprep.recordings.codec import encode
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.files import fsync_folder, recording_error, write_private
from voiceprep.recordings.folder import EVENTS_JSONL, SESSION_JSON, session_id
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.journal import Journal
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.queued_disk import QueuedDisk
from voiceprep.recordings.tracks import NoTracks, Tracks

README = "README.md"
EXPLANATION = """\
# What is in here
Interviews recorded by voiceprep: a folder each, named by when it began (UTC) and its question bank. They hold a
person's voice and words. Only this account may read them; keep copies as safe as that.

- `candidate.wav`, `interviewer.wav`: what was heard, unless `--no-audio` was wished.
- `events.jsonl`: what happened. `session.json`: the plan.
- `NAME.age`: the same, sealed for whoever has the key (https://age-encryption.org).
- Everything else is made from those: `voiceprep recover` makes it again, also after a crash.
- `voiceprep history` lists them, `voiceprep report ID` shows one, `voiceprep export ID` makes a copy to take along.
- `voiceprep purge ID`, or `--older-than DAYS`, or `--everything`, deletes for good; `keep_days` does so by itself.
"""
"""Written into a recordings folder when it is made."""

_ELSEWHERE = "Name another folder with --recordings DIR."


class SessionWriter:
    """One session folder being written. Use as a context manager. A slow disk delays what is stored, nobody else.

    `write_interviewer` may be called from any thread and never touches the disk; the rest belongs to the event
    loop. The first failure raises RecordingError once; after it audio is dropped and events are still tried.
    """

    def __init__(
        self, folder: Path, info: SessionInfo, journal: Journal, tracks: Tracks | NoTracks, disk: Disk = DISK
    ) -> None:
        """Use `create`."""
        self.folder = folder
        self.info = info
        self._journal = journal
        self._tracks = tracks
        self._disk = disk
        self._heard: deque[tuple[bytes, int]] = deque()
        self._lock = threading.Lock()
        self._error: RecordingError | None = None
        self._end: SessionEnded | None = None
        self._is_closed = False

    @classmethod
    def create(cls, recordings_dir: Path, info: SessionInfo, disk: Disk = DISK) -> Self:
        """A new folder named after the session's id (chosen here when empty), mode 0700.

        It appears under its name only once it is whole. Raises RecordingError and leaves nothing behind.
        """
        session = info.id or session_id(info.started_at, info.bank_id)
        info = replace(info, id=session, pid=os.getpid(), outcome=Outcome.RUNNING)
        disk = QueuedDisk(disk)
        folder, draft = recordings_dir / session, recordings_dir / f".{session}.new"
        try:
            with ExitStack() as undo:
                for missing in (made := _missing_dirs(recordings_dir)):
                    _make_folder(missing, disk)
                    undo.callback(_remove_when_empty, missing)
                if made:
                    undo.callback((readme := recordings_dir / README).unlink, missing_ok=True)
                    write_private(readme, EXPLANATION.encode(), disk)
                disk.make_folder(draft, 0o700)
                undo.callback(shutil.rmtree, draft, ignore_errors=True)
                undo.callback((journal := Journal(draft / EVENTS_JSONL, disk)).close)
                tracks = Tracks(draft, disk=disk) if info.has_audio else NoTracks()
                undo.callback(tracks.close)
                write_private(draft / SESSION_JSON, encode(info), disk)
                disk.rename(draft, folder)
                undo.callback(shutil.rmtree, folder, ignore_errors=True)
                fsync_folder(recordings_dir, disk)
                undo.pop_all()
        except OSError as error:  # closing what was opened can fail too
            raise recording_error("Cannot record the session in", recordings_dir, error, _ELSEWHERE) from error
        return cls(folder, info, journal, tracks, disk)

    @classmethod
    def resume(cls, folder: Path, disk: Disk = DISK) -> Self:
        """Go on writing a session that has ended or was repaired. Raises RecordingError."""
        info = replace(load_info(folder), pid=os.getpid(), outcome=Outcome.RUNNING, reason="")
        if info.sealed:
            raise RecordingError(f"{folder.name} is sealed.", f"Run: voiceprep unseal {folder.name}")
        disk = QueuedDisk(disk)
        try:
            with ExitStack() as undo:
                undo.callback((journal := Journal(folder / EVENTS_JSONL, disk)).close)
                tracks = Tracks(folder, is_resumed=True, disk=disk) if info.has_audio else NoTracks(info.length_ms)
                undo.callback(tracks.close)
                write_private(folder / SESSION_JSON, encode(info), disk)
                undo.pop_all()
        except BlockingIOError as error:
            raise RecordingError(f"{folder.name} is being recorded.", "End that interview first.") from error
        except OSError as error:
            raise recording_error("Cannot go on recording to", folder, error, _ELSEWHERE) from error
        return cls(folder, info, journal, tracks, disk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome, reason = self._ending(error)
        try:
            self.close(outcome, reason)
        except RecordingError as second:
            if error is None:
                raise
            error.add_note(second.message)

    def _ending(self, error: BaseException | None) -> tuple[Outcome, str]:
        """How it ended: by the session's own last word, else by what stopped it."""
        if self._end is not None:
            return self._end.outcome, self._end.reason
        if error is None:
            return Outcome.COMPLETED, ""
        if not isinstance(error, Exception):
            return Outcome.STOPPED, "interrupted"
        return Outcome.FAILED, error.message if isinstance(error, VoiceprepError) else type(error).__name__

    @property
    def position_ms(self) -> int:
        """The session clock: how far the candidate was recorded."""
        return self._tracks.position_ms

    def on_event(self, event: Event) -> None:
        """Append one line to the journal, unless it is for the screen only. Raises RecordingError once."""
        if isinstance(event, LevelMeasured):
            return
        with self._lock:
            if not self._is_closed:
                self._try(lambda: self._append(event))
                self._store_heard()

    def write_candidate(self, block: AudioBlock) -> None:
        """The next block from the microphone. Raises RecordingError once."""
        with self._lock:
            if not self._is_closed and self._error is None:
                self._try(lambda: self._tracks.add_candidate(_pcm(block.samples), block.start_ms))
                self._store_heard()

    def write_interviewer(self, samples: Samples, start_ms: int) -> None:
        """24 kHz audio that was heard from `start_ms` on; stored with the next candidate block or event."""
        self._heard.append((_pcm(samples), start_ms))

    def close(self, outcome: Outcome, reason: str = "") -> None:
        """Store the rest, make both tracks equally long, write the outcome, let the lock go. Idempotent.

        Everything is tried and every file closed before a first failure raises RecordingError. A recording that
        failed keeps the outcome `running` in session.json: `recover` can finish it once there is space.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            steps = [self._drain_heard, self._tracks.close, lambda: self._append_end(outcome, reason)]
            failures = [error for step in steps if (error := _failure(step)) is not None]
            if self._end is not None:  # session.json says what the journal says
                outcome, reason = self._end.outcome, self._end.reason
            if failures or self._error is not None:
                outcome, reason = Outcome.RUNNING, "the recording could not be written"
            length_ms = 0 if self.info.has_audio else self._tracks.position_ms
            self.info = replace(self.info, outcome=outcome, reason=reason, length_ms=length_ms)
            for step in (self._write_info, self._journal.close):
                failures += [error for error in [_failure(step)] if error is not None]
            if failures and self._error is None:
                self._fail(failures[0])

    def _write_info(self) -> None:
        write_private(self.folder / SESSION_JSON, encode(self.info), self._disk)

    def _append(self, event: Journaled) -> None:
        self._journal.append(event)
        if isinstance(event, SessionEnded):
            self._end = event

    def _append_end(self, outcome: Outcome, reason: str) -> None:
        if self._end is None:
            if self._error is not None:
                outcome, reason = Outcome.FAILED, self._error.message
            self._append(SessionEnded(at_ms=self._tracks.position_ms, outcome=outcome, reason=reason))

    def _store_heard(self) -> None:
        if self._error is None:
            self._try(self._drain_heard)

    def _drain_heard(self) -> None:
        while self._heard:
            self._tracks.add_interviewer(*self._heard.popleft())
        self._tracks.follow_clock()

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            if self._error is None:
                self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        hint = f"`voiceprep recover {self.info.id}`; what was recorded until now is kept."
        self._error = recording_error("Cannot go on recording to", self.folder, error, hint)
        raise self._error from error


def _pcm(samples: Samples) -> bytes:
    return samples.astype("<i2", copy=False).tobytes()


def _failure(step: Callable[[], None]) -> OSError | None:
    try:
        step()
    except OSError as error:
        return error
    return None


def _missing_dirs(folder: Path) -> list[Path]:
    """The folders to make so that `folder` exists, outermost first."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    return missing[::-1]


def _make_folder(folder: Path, disk: Disk) -> None:
    with suppress(FileExistsError):  # somebody else was quicker
        disk.make_folder(folder)


def _remove_when_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
