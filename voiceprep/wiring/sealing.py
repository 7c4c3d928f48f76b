"""Seals a session when everything about it is written. Must not know how."""

from pathlib import Path

from voiceprep.errors import VoiceprepError
from voiceprep.recordings.age import check_recipients
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.sealing import is_left_open, seal_session
from voiceprep.settings import Settings


def check_sealing(settings: Settings) -> None:
    """Before anything is recorded. Raises ConfigError for sealing that would fail in the end."""
    if settings.encrypt_to:
        check_recipients(settings.encrypt_to)


def seal_at_end(folder: Path) -> str:
    """Seal what is over and to be sealed; why that failed, empty when it did not. `recover` tries again."""
    try:
        if is_left_open(folder, load_info(folder)):
            seal_session(folder)
    except VoiceprepError as error:
        return f"{error.message} {error.hint}"
    return ""
