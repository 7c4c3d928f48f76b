"""`doctor --bundle FILE`: what somebody needs who is to find out what is wrong here. No key, nothing that was said.

A ZIP of JSON: what the doctor found, versions, settings, and of the newest sessions what happened when.
"""

import json
import os
import platform
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import distributions
from io import BytesIO
from pathlib import Path
from typing import Any

from voiceprep import __version__
from voiceprep.errors import ConfigError, VoiceprepError
from voiceprep.recordings.files import write_private
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session
from voiceprep.settings import DEFAULTS, Settings
from voiceprep.terminal.machine import Finding
from voiceprep.wiring.choice import keys_for
from voiceprep.wiring.facts import facts_of
from voiceprep.wiring.places import recordings_for

SESSIONS_MAX = 5
KEPT_SETTINGS = frozenset(
    "questions minutes level persona patience eagerness keep_days mode realtime turns push_to_talk stt llm tts "
    "second_tts budget_usd notice log_speech telemetry offline plain_http plain echo_cancel".split()
)
"""Names of devices, files and folders stay here: they may say who somebody is."""


def write_bundle(
    path: Path, findings: Sequence[Finding], settings: Settings, environment: Mapping[str, str]
) -> None:
    """Whole or not at all, readable by its owner only. Raises ConfigError."""
    parts = {
        "doctor.json": [asdict(finding) for finding in findings],
        "versions.json": _versions(),
        "settings.json": _settings(settings),
        "sessions.json": _sessions(settings),
    }
    secrets = _secrets(environment)
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in parts.items():
            archive.writestr(name, _without(json.dumps(value, indent=1), secrets))
    try:
        write_private(path, made.getvalue())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", "Name another file: --bundle.") from error


def _versions() -> dict[str, Any]:
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    return {
        "voiceprep": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "encoding": sys.getfilesystemencoding(),
        "packages": dict(sorted(packages.items())),
    }


def _settings(settings: Settings) -> dict[str, Any]:
    """What differs from the defaults; of what may name somebody only that it does."""
    changed = {
        field.name: getattr(settings, field.name)
        for field in fields(Settings)
        if getattr(settings, field.name) != getattr(DEFAULTS, field.name)
    }
    return {name: value if name in KEPT_SETTINGS else "(set)" for name, value in changed.items()}


def _sessions(settings: Settings) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for folder in session_folders(recordings_for(settings))[:SESSIONS_MAX]:
        try:
            record = load_session(folder)
        except VoiceprepError as error:
            found.append({"unreadable": type(error).__name__})
            continue
        info = record.info
        found.append(
            {
                "started_at": info.started_at.isoformat(),
                "mode": info.mode,
                "outcome": info.outcome.value,
                "providers": info.providers,
                "judge": info.judge,
                "duration_ms": record.duration_ms,
                "is_complete": record.is_complete,
                "problem_count": len(record.problems),
                "unknown_event_count": record.unknown_event_count,
                "files": {file.name: file.stat().st_size for file in sorted(folder.iterdir()) if file.is_file()},
                "events": [facts_of(event) for event in record.events],
            }
        )
    return found


def _secrets(environment: Mapping[str, str]) -> list[str]:
    """Values that may stand nowhere: keys, and where this account lives."""
    try:
        known = keys_for(environment)
    except ConfigError:
        known = dict(environment)
    keys = [value for name, value in known.items() if name.endswith(("KEY", "TOKEN", "SECRET", "PASSWORD"))]
    return [*(key for key in keys if len(key) >= 6), str(Path.home())]


def _without(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(json.dumps(secret)[1:-1], "~" if secret == str(Path.home()) else "(left out)")
    return text
