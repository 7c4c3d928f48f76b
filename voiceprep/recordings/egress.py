"""What LiveKit Egress made of a room, linked in the session's folder. Must not know LiveKit."""

from dataclasses import dataclass
from pathlib import Path

from voiceprep.recordings.codec import encode
from voiceprep.recordings.files import recording_error, write_private

SCHEMA_VERSION = 1
EGRESS_JSON = "egress.json"
ROOM_OGG = "room.ogg"


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressFile:
    """egress.json. `status` is LiveKit's, in lower case: `complete`, `failed`, `aborted`, or what it was last.

    `location`: where the recording is; empty while or when there is none. `file`: its copy beside this link, empty
    where it could not be fetched. `consent_at`: when the candidate agreed.
    """

    schema_version: int = SCHEMA_VERSION
    egress_id: str
    room: str
    consent_at: str
    status: str
    location: str = ""
    file: str = ""
    size_bytes: int = 0
    duration_ms: int = 0
    error: str = ""


def write_egress(folder: Path, found: EgressFile) -> None:
    """Whole or not at all. Raises RecordingError."""
    try:
        write_private(folder / EGRESS_JSON, encode(found))
    except OSError as error:
        raise recording_error("Cannot write", folder / EGRESS_JSON, error, "Make some room.") from error


def write_room_recording(folder: Path, content: bytes) -> str:
    """room.ogg, whole or not at all; its name. Raises RecordingError."""
    try:
        write_private(folder / ROOM_OGG, content)
    except OSError as error:
        raise recording_error("Cannot write", folder / ROOM_OGG, error, "Make some room.") from error
    return ROOM_OGG
