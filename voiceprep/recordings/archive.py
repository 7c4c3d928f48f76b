"""Session folders as one ZIP file, for one's own copy. Must not know what the files mean."""

import os
import stat
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.recordings.files import recording_error
from voiceprep.recordings.folder import is_being_written

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""ZIP knows no earlier time."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One folder to pack. `pages` are files made for the archive, which replace the folder's own of that name."""

    folder: Path
    pages: Mapping[str, bytes]


def write_archive(path: Path, packed: Sequence[Packed], *, has_audio: bool = True) -> int:
    """Write `path` whole or not at all, readable by its owner only; its size in bytes. Raises RecordingError.

    Only plain files of the folders go in, under the folder's name: no links, nothing hidden.
    """
    for entry in packed:
        if is_being_written(entry.folder):
            raise RecordingError(f"{entry.folder.name} is being recorded.", "End that interview first.")
    draft = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w+b") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for entry in packed:
                    _pack(archive, entry, has_audio)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
        return path.stat().st_size
    except OSError as error:
        raise recording_error("Cannot write", path, error, "Name another file with --out FILE.") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _pack(archive: zipfile.ZipFile, packed: Packed, has_audio: bool) -> None:
    name = packed.folder.resolve().name
    for path in sorted(packed.folder.iterdir()):
        is_plain = stat.S_ISREG(path.lstat().st_mode) and not path.name.startswith(".")
        is_wanted = path.name not in packed.pages and (has_audio or path.suffix != ".wav")
        if is_plain and is_wanted:
            archive.write(path, f"{name}/{path.name}")
    for page, content in packed.pages.items():
        archive.writestr(zipfile.ZipInfo(f"{name}/{page}", EARLIEST), content, zipfile.ZIP_DEFLATED)
