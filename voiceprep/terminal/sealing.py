"""Seals sessions, unseals them, makes keys, and says what was done. Must not know how files are sealed."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from voiceprep.errors import ConfigError, RecordingError
from voiceprep.recordings.age import check_recipients, make_key_file
from voiceprep.recordings.folder import find_session, is_being_written, session_folders
from voiceprep.recordings.sealing import seal_session, unseal_session
from voiceprep.settings import load_settings
from voiceprep.wiring.places import recordings_for, seal_for
from voiceprep.wiring.records import repair_folder

EVERY = "all"
Flags = Mapping[str, object | None]


def seal(environment: Mapping[str, str], flags: Flags, which: str, is_json: bool) -> None:
    """One session or all, repaired first where one was killed. Raises RecordingError, ConfigError."""
    settings = load_settings(environment, {name: value for name, value in flags.items() if value})
    if not settings.encrypt_to:
        raise ConfigError(
            "Nobody is named who may read it afterwards.",
            "Give it --to age1…, or set encrypt_to in the settings; `voiceprep keys create` makes a pair of keys.",
        )
    check_recipients(settings.encrypt_to)
    folder = recordings_for(settings)
    chosen = session_folders(folder) if which == EVERY else (find_session(folder, which),)
    wanted = [each for each in chosen if not is_being_written(each)]
    if not wanted:
        raise RecordingError(f"There is no finished session in {folder}.", "Name another with --recordings DIR.")
    for each in wanted:
        repair_folder(each)
        seal_session(each, settings.encrypt_to)
    _tell("sealed", wanted, is_json)


def unseal(environment: Mapping[str, str], flags: Flags, which: str, is_json: bool) -> None:
    """Raises RecordingError, ConfigError."""
    settings = load_settings(environment, flags)
    folder = find_session(recordings_for(settings), which)
    if not unseal_session(folder, seal_for(settings), is_for_good=True):
        raise RecordingError(f"{folder.name} is not sealed.", "Everything in it can be read as it is.")
    _tell("unsealed", [folder], is_json)


def create_keys(environment: Mapping[str, str], out: Path | None) -> None:
    """Raises ConfigError."""
    path = out or seal_for(load_settings(environment, {})).identity
    public = make_key_file(path)
    print(public)
    print(
        f"The private key is in {path}. Keep a copy elsewhere: without it nobody can open what is sealed.\n"
        f'To seal every session from now on, write into the settings file: encrypt_to = ["{public}"]',
        file=sys.stderr,
    )
    if out is not None:
        print(f'and: identity = "{path}"', file=sys.stderr)


def _tell(what: str, folders: list[Path], is_json: bool) -> None:
    names = [folder.resolve().name for folder in folders]
    print(json.dumps({what: names}) if is_json else "\n".join(f"{name}: {what}" for name in names))
