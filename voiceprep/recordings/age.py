"""Bytes sealed with age (https://age-encryption.org/v1) through pyrage: to whom, and with which key they open.

Must not know sessions. A private key is read from its file when it is needed, and never kept, printed or logged.
"""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from voiceprep.errors import ConfigError, RecordingError
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.files import fill_private, write_all, write_private

FORMAT = "age-encryption.org/v1"
"""The first line of every sealed file."""
SUFFIX = ".age"
KEY_FILE = "age-identity.txt"
"""In the account's configuration folder, unless the settings name another one."""
_HOW = "`voiceprep keys create` or `age-keygen` makes a pair of keys; ssh-ed25519 keys will do too."
_NAME_IT = "Name the file with the private key: VOICEPREP_IDENTITY=FILE, or `identity` in the settings."
_MISSING = "No matching keys found"
"""What pyrage says when no key fits; everything else means that the file is damaged."""


@dataclass(frozen=True, slots=True)
class Seal:
    """`recipients`: public keys to seal to. `key_file`: private keys that open again; empty: the usual place."""

    recipients: tuple[str, ...] = ()
    key_file: str = ""

    @property
    def identity(self) -> Path:
        return Path(self.key_file).expanduser() if self.key_file else default_key_file()

    @property
    def has_identity(self) -> bool:
        return self.identity.is_file()


NO_SEAL = Seal(key_file=os.devnull)


def default_key_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path("voiceprep") / KEY_FILE


def check_recipients(recipients: Sequence[str]) -> None:
    """Raises ConfigError for one that is none, and where pyrage is not installed."""
    _recipients(recipients)


def seal_file(path: Path, target: Path, recipients: Sequence[str], disk: Disk = DISK) -> None:
    """Write what is in `path` to `target`, sealed, in one step. Raises OSError, ConfigError."""
    with path.open("rb") as source:
        _seal(source, target, recipients, disk)


def seal_bytes(data: bytes, target: Path, recipients: Sequence[str]) -> None:
    """The same for what is in memory. Raises OSError, ConfigError."""
    from io import BytesIO

    _seal(BytesIO(data), target, recipients, DISK)


def _seal(source: BinaryIO, target: Path, recipients: Sequence[str], disk: Disk) -> None:
    pyrage, to = _pyrage(), _recipients(recipients)

    def fill(file: int) -> None:
        sink = _Sink(lambda data: write_all(file, data, disk))
        try:
            pyrage.encrypt_io(source, sink, to)
        except (pyrage.EncryptError, OSError) as error:
            raise sink.error or OSError(errno.EIO, f"age: {error}") from error
        if sink.error is not None:  # what goes wrong at the end of the file pyrage does not tell
            raise sink.error

    fill_private(target, fill, disk)


def unseal_file(path: Path, target: Path, seal: Seal, disk: Disk = DISK) -> None:
    """Write what is sealed in `path` to `target` in one step. Raises OSError, RecordingError, ConfigError."""
    fill_private(target, lambda file: _unseal(path, lambda data: write_all(file, data, disk), seal), disk)


def unseal_bytes(path: Path, seal: Seal) -> bytes:
    """What is sealed in `path`. Raises OSError, RecordingError, ConfigError."""
    parts: list[bytes] = []
    _unseal(path, parts.append, seal)
    return b"".join(parts)


def _unseal(path: Path, write: Callable[[bytes], object], seal: Seal) -> None:
    pyrage, identities = _pyrage(), _identities(seal, path)
    sink = _Sink(write)
    with path.open("rb") as source:
        try:
            pyrage.decrypt_io(source, sink, identities)
        except (pyrage.DecryptError, OSError) as error:
            if sink.error is not None:
                raise sink.error from error
            if isinstance(error, OSError) and error.errno is not None:
                raise
            if _MISSING in str(error):
                raise RecordingError(
                    f"{path} is sealed to another key than those in {seal.identity}.",
                    _NAME_IT,
                ) from error
            raise RecordingError(
                f"{path} is damaged and cannot be unsealed ({error}).", "Restore it from a backup."
            ) from error
    if sink.error is not None:
        raise sink.error


class _Sink:
    """What pyrage writes to. Keeps what went wrong first, of which pyrage would leave only the text, or nothing."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        if self.error is not None:
            raise self.error
        try:
            self._write(data)
        except BaseException as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        """Every write is done when it returns."""


def make_key_file(path: Path) -> str:
    """A new pair of keys as `age-keygen` writes it, for its owner only; the public one. Raises ConfigError."""
    if path.exists():
        raise ConfigError(
            f"{path} is there already.", "It may be the only key to your sessions. Name another: --out FILE."
        )
    identity = _pyrage().x25519.Identity.generate()
    public = str(identity.to_public())
    text = f"# created: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n# public key: {public}\n{identity}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.", "Name another: --out FILE.") from error
    return public


def _recipients(recipients: Sequence[str]) -> list[Any]:
    """Nothing of what was given is shown: somebody may have put a private key there."""
    pyrage = _pyrage()
    found = []
    for number, text in enumerate(recipients, start=1):
        kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
        try:
            found.append(kind.Recipient.from_str(text.strip()))
        except pyrage.RecipientError as error:
            raise ConfigError(
                f"encrypt_to: number {number} is no public key that age knows (age1… or ssh-ed25519 …).", _HOW
            ) from error
    return found


def _identities(seal: Seal, path: Path) -> list[Any]:
    """Raises ConfigError for a key file that cannot be used, RecordingError where there is none."""
    pyrage, key_file = _pyrage(), seal.identity
    try:
        data = key_file.read_bytes()
        mode = stat.S_IMODE(key_file.stat().st_mode)
    except FileNotFoundError:
        data, mode = b"", 0
    except OSError as error:
        raise ConfigError(f"The key file {key_file} cannot be read: {error.strerror}.", "Correct that.") from error
    if not data:
        raise RecordingError(
            f"{path.parent.name} is sealed, and there is no private key in {key_file} to open it.",
            _NAME_IT,
        )
    if mode & 0o077:
        raise ConfigError(f"{key_file} holds a private key, and others can read it.", f"Run: chmod 600 {key_file}")
    try:
        if data.startswith(b"-----BEGIN"):
            return [pyrage.ssh.Identity.from_buffer(data)]
        lines = [line.strip() for line in data.decode().splitlines()]
        found = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
        if not found:
            raise ValueError("nothing but comments")
        return found
    except (ValueError, pyrage.IdentityError) as error:
        raise ConfigError(
            f"{key_file} holds no private key of age, nor an ssh-ed25519 one without a passphrase.", _HOW
        ) from error


def _pyrage() -> Any:  # noqa: ANN401 - it has no types
    """Raises ConfigError where it is not installed."""
    try:
        import pyrage
    except ImportError as error:
        raise ConfigError(
            "Sealed sessions need pyrage, which is not installed here.",
            "Install the extra: pipx install 'voiceprep[age]'.",
        ) from error
    return pyrage
