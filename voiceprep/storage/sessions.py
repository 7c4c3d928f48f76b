"""A session folder in a bucket: what is added goes up while it is recorded, the whole once it is finished.

Objects cannot grow: a file that does is kept as parts, named by where they begin, until the whole replaces them.
The journal goes first and by whole lines, so what is there is always a beginning of it.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.storage.bucket import Bucket

GROWING = ("events.jsonl", "candidate.wav", "interviewer.wav")
"""In the order in which they go up."""
JOURNAL = GROWING[0]
INFO = "session.json"
PARTS = ".parts"
MANIFEST = "manifest.json"
"""Written last: with it every file is there. Name → size and SHA-256."""
PART_BYTES_MAX = 8_000_000


@dataclass
class Upload:
    """One folder on its way. Broken off, a new one goes on where the parts in the bucket end."""

    bucket: Bucket
    folder: Path
    _sent: dict[str, int] = field(default_factory=dict)
    _info: bytes = b""

    def push_growth(self) -> int:
        """What was added since the last time; how many bytes that was. Raises RecordingError."""
        is_first = not self._sent
        if is_first:
            self._sent = self._sent_before()
        self._push_info()
        pushed = sum(self._push_file(name) for name in GROWING if (self.folder / name).is_file())
        if is_first:  # a session that goes on is not whole any more
            self.bucket.delete([key for key in self.bucket.sizes(self.folder.name) if key.endswith(f"/{MANIFEST}")])
        return pushed

    def push_whole(self) -> None:
        """Every file as it is now, then the manifest; the parts are not needed any more, nor what was stored before
        it was sealed. Raises RecordingError."""
        name = self.folder.name
        there = self.bucket.sizes(name)
        before = _read_manifest(self.bucket, name)
        manifest: dict[str, dict[str, object]] = {}
        for path in sorted(self.folder.iterdir()):
            if not path.is_file() or path.is_symlink() or path.name.startswith("."):
                continue
            content = path.read_bytes()
            entry: dict[str, object] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            manifest[path.name] = entry
            key = f"{name}/{path.name}"
            if before.get(path.name) != entry or there.get(key) != len(content):
                self.bucket.put(key, content)
        sealed = {f"{name}/{file}" for file in manifest if file != f"{INFO}.age"}  # the outline stays
        self.bucket.put(f"{name}/{MANIFEST}", json.dumps(manifest, indent=2).encode())
        self.bucket.delete([key for key in there if key.startswith(f"{name}/{PARTS}/") or f"{key}.age" in sealed])

    def _sent_before(self) -> dict[str, int]:
        return {name: _end_of(_parts(self.bucket, self.folder.name, name)) for name in GROWING}

    def _push_info(self) -> None:
        """Small, and written anew as a whole: what the session is."""
        content = (self.folder / INFO).read_bytes()
        if content != self._info:
            self.bucket.put(f"{self.folder.name}/{INFO}", content)
            self._info = content

    def _push_file(self, name: str) -> int:
        pushed = 0
        with (self.folder / name).open("rb") as file:
            file.seek(self._sent[name])
            while content := file.read(PART_BYTES_MAX):
                if name == JOURNAL:
                    content = content[: content.rfind(b"\n") + 1]
                if not content:
                    break
                start = self._sent[name]
                self.bucket.put(f"{self.folder.name}/{PARTS}/{name}/{start:015d}", content)
                self._sent[name] = start + len(content)
                pushed += len(content)
                file.seek(self._sent[name])
        return pushed


def stored_names(bucket: Bucket) -> list[str]:
    """Every session there, finished or not, oldest first."""
    return bucket.folders()


def pull(bucket: Bucket, name: str, recordings: Path) -> Path:
    """The session's folder, whole or as far as it got up; `voiceprep recover` finishes that. Raises RecordingError.

    Nothing that is already on this machine is overwritten.
    """
    folder = recordings / name
    if folder.exists():
        raise RecordingError(f"{folder} is there already.", "Move it away first; nothing was changed.")
    manifest = _read_manifest(bucket, name)
    files = _pull_whole(bucket, name, manifest) if manifest else _pull_parts(bucket, name)
    if not files:
        raise RecordingError(f"{bucket.url} has no session {name}.", "`voiceprep store list` names those it has.")
    draft = folder.with_name(f".{name}.pulled")
    draft.mkdir(parents=True, mode=0o700, exist_ok=True)
    for file, content in files.items():
        (draft / file).write_bytes(content)
        (draft / file).chmod(0o600)
    draft.rename(folder)
    return folder


def _pull_whole(bucket: Bucket, name: str, manifest: dict[str, dict[str, object]]) -> dict[str, bytes]:
    files = {file: bucket.get(f"{name}/{file}") for file in manifest if _is_plain(file)}
    for file, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest[file]["sha256"]:
            raise RecordingError(f"{name}/{file} in {bucket.url} is not what was stored.", "Store it again.")
    return files


def _pull_parts(bucket: Bucket, name: str) -> dict[str, bytes]:
    """The beginnings of files that were still growing, and what was whole."""
    files = {file: bucket.get(key) for key in bucket.sizes(name) if _is_plain(file := key.removeprefix(f"{name}/"))}
    for file in GROWING:
        parts = _parts(bucket, name, file)
        if _end_of(parts):
            files[file] = b"".join(bucket.get(key) for start, key, size in parts if start < _end_of(parts))
    return files


def _is_plain(file: str) -> bool:
    """A name that stays in its folder."""
    return bool(file) and "/" not in file and not file.startswith(".") and file != MANIFEST


def _parts(bucket: Bucket, name: str, file: str) -> list[tuple[int, str, int]]:
    """Start, key and size of each part, in order."""
    sizes = bucket.sizes(f"{name}/{PARTS}/{file}")
    return [(int(key.rsplit("/", 1)[1]), key, size) for key, size in sizes.items()]


def _end_of(parts: list[tuple[int, str, int]]) -> int:
    """Where the unbroken beginning ends."""
    end = 0
    for start, _, size in parts:
        if start != end:
            break
        end += size
    return end


def _read_manifest(bucket: Bucket, name: str) -> dict[str, dict[str, object]]:
    found = bucket.find(f"{name}/{MANIFEST}")
    manifest: dict[str, dict[str, object]] = json.loads(found) if found else {}
    return manifest
