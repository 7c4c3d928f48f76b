"""Where keys come from: the environment, else a settings file nobody else can read, else the system's keyring.

Must not know which provider a key is for. A key is never written, printed or logged.
"""

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from voiceprep.errors import ConfigError
from voiceprep.settings import read_settings_file, settings_path

KEYRING_SERVICE = "voiceprep"
"""`keyring set voiceprep DEEPGRAM_API_KEY` stores one."""


def with_keys(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The environment, and the keys of these names that it lacks. Raises ConfigError."""
    missing = [name for name in names if not environment.get(name)]
    found = _from_file(settings_path(environment), missing)
    in_keyring = _from_keyring(name for name in missing if name not in found)
    return {**environment, **in_keyring, **found}


def _from_file(path: Path, names: Iterable[str]) -> dict[str, str]:
    """The table `[keys]` of the settings file."""
    keys = read_settings_file(path).get("keys", {})
    if not keys:
        return {}
    if not isinstance(keys, dict) or not all(isinstance(value, str) for value in keys.values()):
        raise ConfigError(f"[keys] in {path} must hold texts.", 'Write DEEPGRAM_API_KEY = "…".')
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(f"{path} holds keys, and others can read it.", f"Run: chmod 600 {path}")
    return {name: keys[name] for name in names if keys.get(name)}


def _from_keyring(names: Iterable[str]) -> dict[str, str]:
    """What the optional package `keyring` finds; a keyring that is locked or broken holds nothing."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return {}
    found: dict[str, str] = {}
    for name in names:
        try:
            key = keyring.get_password(KEYRING_SERVICE, name)
        except KeyringError:
            return found
        if key:
            found[name] = key
    return found
