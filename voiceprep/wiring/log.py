"""A log of one session for a machine to read: a JSON line an event, added to a file. No key is ever in it, and no
speech unless that is asked for.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from voiceprep.errors import ConfigError
from voiceprep.events import Event, LevelMeasured
from voiceprep.wiring.facts import facts_of, speech_of


class SessionLog:
    """Lines are added to `path`, which only its owner can read. `session` is told once the folder has its name.

    A log that can no longer be written ends; the interview does not.
    """

    def __init__(self, path: Path, *, has_speech: bool = False) -> None:
        """Raises ConfigError."""
        self.session = ""
        self._has_speech = has_speech
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}.", "Name another: --log.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def on_event(self, event: Event) -> None:
        """Write its line. The screen's levels are left out."""
        if isinstance(event, LevelMeasured) or self._file < 0:
            return
        told = speech_of(event) if self._has_speech else {}
        line = {"at": datetime.now(UTC).isoformat(), "session": self.session, **facts_of(event), **told}
        try:
            os.write(self._file, json.dumps(line).encode() + b"\n")
        except OSError:
            self._close()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
