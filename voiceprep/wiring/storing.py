"""Keeps a copy of a session in storage while it is recorded. No interview waits for it or fails with it."""

import asyncio
import importlib.util
from collections.abc import Mapping
from pathlib import Path

from voiceprep.errors import ConfigError, RecordingError
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.sealing import is_to_be_sealed
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks

PUSH_S = 5.0
"""So much of a session may be lost with the machine it is held on."""


def check_storage(settings: Settings) -> None:
    """Raises ConfigError for storage that cannot be used."""
    if not settings.storage:
        return
    if settings.offline:
        raise ConfigError("--offline: storage is reached over the network.", "Leave out one of the two.")
    if importlib.util.find_spec("obstore") is None:
        raise ConfigError("obstore is not installed here.", "Install the extra: pipx install 'voiceprep[s3]'.")


class Storing:
    """Of one session; does nothing where no storage is set. `problem`: why the storage does not have all of it."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        """Raises ConfigError."""
        check_storage(settings)
        self.problem = ""
        self._bucket = None
        if settings.storage:
            from voiceprep.storage.bucket import open_bucket

            self._bucket = open_bucket(settings.storage, environment, is_plain_allowed=settings.plain_http)

    def follow(self, folder: Path, tasks: Tasks) -> None:
        """Store what is added, as long as `tasks` live; of a session that is to be sealed nothing before it is."""
        if self._bucket is not None and not is_to_be_sealed(folder, load_info(folder)):
            tasks.watch(self._follow(folder), "storing")

    async def _follow(self, folder: Path) -> None:
        from voiceprep.storage.sessions import Upload

        assert self._bucket is not None
        upload = Upload(self._bucket, folder)
        while True:
            try:
                await asyncio.to_thread(
                    upload.push_growth
                )  # the session's own threads are for hearing and speaking
                self.problem = ""
            except RecordingError as error:
                self.problem = f"{error.message} {error.hint}"
            await asyncio.sleep(PUSH_S)

    def finish(self, folder: Path) -> None:
        """The whole session, as it is now. One that should be sealed and is not stays here."""
        if self._bucket is None:
            return
        from voiceprep.storage.sessions import Upload

        try:
            if is_to_be_sealed(folder, load_info(folder)):
                self.problem = f"It is not sealed yet, so nothing was sent. Run: voiceprep recover {folder.name}"
                return
            Upload(self._bucket, folder).push_whole()
            self.problem = ""
        except RecordingError as error:
            self.problem = f"{error.message} {error.hint}"
