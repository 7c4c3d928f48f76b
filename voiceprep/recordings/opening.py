"""A session to read, whether it is sealed or not: a sealed one as a private copy, in memory where the system has a
place for that, which goes away at the end. Must not know what is read.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.recordings.age import SUFFIX, Seal, seal_file, unseal_bytes
from voiceprep.recordings.files import recording_error, write_private
from voiceprep.recordings.folder import SESSION_JSON
from voiceprep.recordings.info import SessionInfo
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.sealing import in_the_open, sealed_files, sole_user

_PREFIX = "voiceprep-open-"
_YOUNG_S = 60.0
"""A copy this young may not be locked yet."""
_AUDIO = ".wav"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """`kept` is the session's folder, `folder` the one to read and write in; the same unless it is sealed."""

    kept: Path
    folder: Path

    @property
    def is_sealed(self) -> bool:
        return self.kept != self.folder

    def kept_as(self, path: Path) -> Path:
        """Where a file of `folder` is when the session is closed again."""
        return self.kept / (path.name + SUFFIX) if self.is_sealed else path


@contextmanager
def open_session(folder: Path, seal: Seal, *, has_audio: bool = True) -> Iterator[OpenSession]:
    """The session, readable until the end of the block; then what was written meanwhile is sealed as the rest is.

    Raises RecordingError, ConfigError for a sealed one that cannot be opened.
    """
    info = _info(folder)
    if info is None or not info.sealed:
        yield OpenSession(folder, folder)
        return
    with _private_folder() as place:
        copy = place / folder.resolve().name
        try:
            _fill(copy, folder, seal, has_audio)
        except OSError as error:
            raise recording_error("Cannot open", folder, error, f"It is opened in {place.parent}.") from error
        before = _stamps(copy)
        try:
            yield OpenSession(folder, copy)
        finally:
            _seal_back(copy, folder, before)


def _info(folder: Path) -> SessionInfo | None:
    with suppress(RecordingError):  # whoever reads it says what is wrong
        return load_info(folder)
    return None


def _fill(copy: Path, folder: Path, seal: Seal, has_audio: bool) -> None:
    """Everything, and what lies beside sessions for all of them. Raises OSError, RecordingError."""
    copy.mkdir(0o700)
    wanted = [path for path in sealed_files(folder) if has_audio or path.with_suffix("").suffix != _AUDIO]
    for path in wanted:
        (copy / path.with_suffix("").name).write_bytes(unseal_bytes(path, seal))
    for path in in_the_open(folder):  # sealing was cut off: what is still open is the newer one
        (copy / path.name).write_bytes(path.read_bytes())
    for path in folder.absolute().parent.glob("calibration-*.json"):
        (copy.parent / path.name).symlink_to(path)


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    found = {path.name: path.stat() for path in folder.iterdir() if not path.name.startswith(".")}
    return {name: (stat.st_mtime_ns, stat.st_ino) for name, stat in found.items()}


def _seal_back(copy: Path, folder: Path, before: dict[str, tuple[int, int]]) -> None:
    """Raises RecordingError."""
    changed = [name for name, stamp in _stamps(copy).items() if before.get(name) != stamp and name != SESSION_JSON]
    if not changed:
        return
    try:
        with sole_user(folder) as info:
            for name in changed:
                if info.sealed:
                    seal_file(copy / name, folder / (name + SUFFIX), info.encrypt_to)
                else:  # somebody has unsealed it meanwhile
                    write_private(folder / name, (copy / name).read_bytes())
    except OSError as error:
        raise recording_error("Cannot write to", folder, error, "The session itself is as it was.") from error


@contextmanager
def _private_folder() -> Iterator[Path]:
    """For this process alone, removed at the end; those of killed processes go too. Raises RecordingError."""
    home = _home()
    _remove_abandoned(home)
    with ExitStack() as stack:
        try:
            place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
            stack.callback(shutil.rmtree, place, ignore_errors=True)
            lock = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, lock)
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise recording_error("Cannot open a sealed session in", home, error, "Set TMPDIR.") from error
        yield place


def _home() -> Path:
    """Memory where there is some for this account (Linux), else the folder for temporary files."""
    in_memory = (Path(f"/run/user/{os.getuid()}"), Path("/dev/shm"))
    usable = (path for path in in_memory if path.is_dir() and os.access(path, os.W_OK | os.X_OK))
    return next(usable, Path(tempfile.gettempdir()))


def _remove_abandoned(home: Path) -> None:
    for place in home.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if place.stat().st_uid != os.getuid() or time.time() - place.stat().st_mtime < _YOUNG_S:
                continue
            lock = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)
            finally:
                os.close(lock)
