"""What a language model found about the interviewer: second-look.json of a session, beside the audit by rules."""

from dataclasses import dataclass
from pathlib import Path

from voiceprep.model import AuditFinding
from voiceprep.recordings.files import recording_error, write_private

SECOND_LOOK_JSON = "second-look.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """second-look.json. `unfound_count`: claims that quoted nothing the interviewer said, and were dropped."""

    schema_version: int = SCHEMA_VERSION
    model: str
    findings: tuple[AuditFinding, ...] = ()
    unfound_count: int = 0


def load_second_look(folder: Path) -> SecondLook | None:
    """None when nobody looked, or the file cannot be read: it can be made again."""
    from voiceprep.recordings.codec import decode

    try:
        return decode(SecondLook, (folder / SECOND_LOOK_JSON).read_bytes())
    except (OSError, ValueError):
        return None


def save_second_look(folder: Path, look: SecondLook) -> None:
    """The newest one is kept. Raises RecordingError."""
    from voiceprep.recordings.codec import encode

    path = folder / SECOND_LOOK_JSON
    try:
        write_private(path, encode(look))
    except OSError as error:
        raise recording_error("Cannot write", path, error, "The interview itself is kept.") from error
