"""Says what would be deleted, and deletes it when told to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_cache_path

from voiceprep.errors import ConfigError
from voiceprep.knowledge.notes import kept_notes
from voiceprep.language.plaintext import plain
from voiceprep.recordings.folder import find_session, session_folders
from voiceprep.recordings.removal import (
    Doomed,
    beside_sessions,
    doomed,
    older_than,
    remove_files,
    remove_session,
)
from voiceprep.settings import load_settings
from voiceprep.wiring.places import recordings_for


@dataclass(frozen=True, slots=True)
class Wanted:
    """Exactly one of the three."""

    which: str | None = None
    older_than_days: float | None = None
    is_everything: bool = False


def purge(
    environment: Mapping[str, str], recordings: str | None, wanted: Wanted, *, is_real: bool, is_json: bool
) -> None:
    """Print what goes; delete it when `is_real`. Raises ConfigError, RecordingError."""
    folder = recordings_for(load_settings(environment, {"recordings": recordings}))
    going = doomed(_chosen(folder, wanted))
    others = (*beside_sessions(folder), *kept_notes(user_cache_path("voiceprep"))) if wanted.is_everything else ()
    if is_real:
        for entry in going:
            remove_session(entry.folder)
        remove_files(others)
    if is_json:
        sessions = [{"folder": str(entry.folder), "size_bytes": entry.size_bytes} for entry in going]
        print(json.dumps({"sessions": sessions, "others": list(map(str, others)), "is_deleted": is_real}))
    else:
        _tell(folder, going, others, is_real)


def _chosen(folder: Path, wanted: Wanted) -> tuple[Path, ...]:
    given = [wanted.which is not None, wanted.older_than_days is not None, wanted.is_everything]
    if sum(given) != 1:
        raise ConfigError(
            "Say what to delete, in one way.", "Name a session, or give --older-than DAYS, or --everything."
        )
    if wanted.which is not None:
        return (find_session(folder, wanted.which),)
    if wanted.older_than_days is not None:
        return older_than(folder, wanted.older_than_days, datetime.now(UTC))
    return session_folders(folder)


def _tell(folder: Path, going: tuple[Doomed, ...], others: tuple[Path, ...], is_real: bool) -> None:
    if not going and not others:
        print(f"There is nothing to delete in {folder}.")
        return
    for entry in going:
        print(f"{entry.folder.name}  {entry.size_bytes / 1e6:.1f} MB")
    for path in others:
        print(plain(str(path)))
    size_mb = sum(entry.size_bytes for entry in going) / 1e6
    total = f"{len(going)} session{'s' * (len(going) != 1)}, {size_mb:.1f} MB"
    total += f", and {len(others)} other file{'s' * (len(others) != 1)}" * bool(others)
    print(f"Deleted for good: {total}." if is_real else f"That would delete {total}. Add --yes to do it.")
