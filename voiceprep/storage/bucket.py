"""Objects in S3-compatible storage, through obstore. The only file that knows it; its errors become ours here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from voiceprep.errors import ConfigError, RecordingError
from voiceprep.network import check_encrypted

ENDPOINT_NAME = "AWS_ENDPOINT_URL"
RETRY_S_MAX = 30
_NAMES = {
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
    "AWS_REGION": "region",
    ENDPOINT_NAME: "endpoint",
}


class Bucket:
    """Objects under one prefix. Every method raises RecordingError when the storage refuses or does not answer."""

    def __init__(self, store: S3Store, url: str) -> None:
        self.url = url
        self._store = store

    def put(self, key: str, content: bytes) -> None:
        """Whole or not at all; a later one replaces it."""
        with self._translated():
            obstore.put(self._store, key, content)

    def get(self, key: str) -> bytes:
        with self._translated():
            return bytes(obstore.get(self._store, key).bytes())

    def find(self, key: str) -> bytes | None:
        """None where there is no such object."""
        with self._translated():
            try:
                return bytes(obstore.get(self._store, key).bytes())
            except (NotFoundError, FileNotFoundError):
                return None

    def sizes(self, prefix: str) -> dict[str, int]:
        """Key → bytes of everything under `prefix`, in the order of the keys."""
        with self._translated():
            found = {entry["path"]: entry["size"] for batch in obstore.list(self._store, prefix) for entry in batch}
        return dict(sorted(found.items()))

    def folders(self) -> list[str]:
        """Names of what looks like a folder at the top."""
        with self._translated():
            return sorted(obstore.list_with_delimiter(self._store)["common_prefixes"])

    def delete(self, keys: list[str]) -> None:
        if keys:
            with self._translated():
                obstore.delete(self._store, keys)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            raise RecordingError(
                f"{self.url} refuses the key.", "Look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            ) from error
        except (NotFoundError, FileNotFoundError) as error:
            raise RecordingError(f"{self.url} is not there.", "Make the bucket, or correct its name.") from error
        except (BaseError, OSError) as error:
            raise RecordingError(
                f"{self.url} cannot be reached.", "What was recorded is on this machine; try again later."
            ) from error


def open_bucket(url: str, environment: Mapping[str, str], *, is_plain_allowed: bool) -> Bucket:
    """`url` is s3://BUCKET/PREFIX; key and address come from the AWS_ variables. Raises ConfigError."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise ConfigError(f"{url!r} is no storage address.", "Write s3://BUCKET or s3://BUCKET/PREFIX.")
    endpoint = environment.get(ENDPOINT_NAME, "")
    check_encrypted(endpoint, ENDPOINT_NAME, is_plain_allowed=is_plain_allowed)
    config = {ours: environment[name] for name, ours in _NAMES.items() if environment.get(name)}
    store = S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config={"region": "us-east-1", **config},  # type: ignore[arg-type]  # its names are checked by obstore
        client_options={"allow_http": endpoint.startswith("http://")},
        retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=RETRY_S_MAX)},
    )
    return Bucket(store, url)
