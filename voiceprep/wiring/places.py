"""Where things are kept, by the settings. Imports nothing heavy: every reading command starts here."""

from pathlib import Path

from voiceprep.recordings.age import Seal
from voiceprep.recordings.folder import recordings_folder
from voiceprep.settings import Settings


def recordings_for(settings: Settings) -> Path:
    """Where sessions are kept."""
    return recordings_folder(Path(settings.recordings) if settings.recordings else None, None)


def seal_for(settings: Settings) -> Seal:
    """To whom sessions are sealed, and what opens them."""
    return Seal(settings.encrypt_to, settings.identity)
