"""Puts sessions into storage and fetches them. Must not know how they are laid out there."""

import json
from collections.abc import Mapping
from pathlib import Path

from voiceprep.errors import ConfigError, RecordingError
from voiceprep.language.plaintext import plain
from voiceprep.recordings.folder import find_session, is_being_written, session_folders
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.sealing import is_to_be_sealed, seal_session
from voiceprep.settings import Settings, load_settings
from voiceprep.wiring.places import recordings_for
from voiceprep.wiring.storing import check_storage

EVERY = "all"
Flags = Mapping[str, object | None]


def push(environment: Mapping[str, str], flags: Flags, which: str, is_json: bool) -> None:
    """Raises RecordingError, ConfigError."""
    settings = _settings(environment, flags)
    from voiceprep.storage.bucket import open_bucket
    from voiceprep.storage.sessions import Upload

    bucket = open_bucket(settings.storage, environment, is_plain_allowed=settings.plain_http)
    recordings = recordings_for(settings)
    folders = session_folders(recordings) if which == EVERY else (find_session(recordings, which),)
    finished = [folder for folder in folders if not is_being_written(folder)]
    if not finished:
        raise RecordingError(
            f"There is no finished session in {recordings}.", "Name another with --recordings DIR."
        )
    for folder in finished:
        _seal_first(folder)
        Upload(bucket, folder.resolve()).push_whole()
    _tell("stored", [folder.resolve().name for folder in finished], settings.storage, is_json)


def _seal_first(folder: Path) -> None:
    """What is to be sealed is not sent before it is. Raises RecordingError, ConfigError."""
    try:
        info = load_info(folder)
    except RecordingError:
        return  # it is stored as it is, for whoever can repair it
    if is_to_be_sealed(folder, info):
        seal_session(folder)


def pull(environment: Mapping[str, str], flags: Flags, which: str, is_json: bool) -> None:
    """Raises RecordingError, ConfigError."""
    settings = _settings(environment, flags)
    from voiceprep.storage.bucket import open_bucket
    from voiceprep.storage.sessions import pull as pull_session
    from voiceprep.storage.sessions import stored_names

    bucket = open_bucket(settings.storage, environment, is_plain_allowed=settings.plain_http)
    recordings = recordings_for(settings)
    recordings.mkdir(parents=True, exist_ok=True)
    here = {folder.name for folder in session_folders(recordings)}
    names = [name for name in stored_names(bucket) if name not in here] if which == EVERY else [which]
    for name in names:
        pull_session(bucket, name, recordings)
    _tell("fetched", names, str(recordings), is_json)


def show_stored(environment: Mapping[str, str], flags: Flags, is_json: bool) -> None:
    """Raises RecordingError, ConfigError."""
    settings = _settings(environment, flags)
    from voiceprep.storage.bucket import open_bucket
    from voiceprep.storage.sessions import stored_names

    names = stored_names(open_bucket(settings.storage, environment, is_plain_allowed=settings.plain_http))
    if is_json:
        print(json.dumps({"storage": settings.storage, "sessions": names}))
        return
    for name in names:
        print(plain(name))


def _settings(environment: Mapping[str, str], flags: Flags) -> Settings:
    settings = load_settings(environment, {name: value for name, value in flags.items() if value is not None})
    if not settings.storage:
        raise ConfigError("No storage is named.", "Give it --storage s3://BUCKET, or set storage in the settings.")
    check_storage(settings)
    return settings


def _tell(what: str, names: list[str], where: str, is_json: bool) -> None:
    if is_json:
        print(json.dumps({what: names, "where": where}))
        return
    count = f"{len(names)} session{'s' * (len(names) != 1)}"
    print(plain(f"{count} {what}: {where}"))
