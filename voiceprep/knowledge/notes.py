"""A folder of notes → a search index, kept in a cache until a file in the folder changes."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from voiceprep.errors import ConfigError
from voiceprep.knowledge.documents import find_documents, load_document
from voiceprep.knowledge.index import FORMAT, Embed, SearchIndex, build_index, dump_index, parse_index
from voiceprep.knowledge.passages import Passage, split_passages

_KEPT = "notes-*.npz"


def kept_notes(cache: Path) -> tuple[Path, ...]:
    """The indices that are kept: each holds the passages of somebody's notes."""
    return tuple(sorted(cache.glob(_KEPT)))


def load_notes(folder: Path, cache: Path, embed: Embed | None = None) -> tuple[SearchIndex, tuple[str, ...]]:
    """The index of a folder, and why files were left out. Raises ConfigError when nothing can be read.

    A broken or unwritable cache costs time, nothing else.
    """
    paths = find_documents(folder)
    kept = cache / _KEPT.replace("*", _digest(paths, has_vectors=embed is not None))
    with suppress(OSError, ValueError):
        return parse_index(kept.read_bytes()), ()
    passages, problems = _read(paths)
    if not passages:
        raise ConfigError(f"None of the notes in {folder} can be read.", problems[0] if problems else "")
    index = build_index(passages, embed)
    if not problems:
        with suppress(OSError):
            _write(kept, dump_index(index))
    return index, tuple(problems)


def _read(paths: Iterable[Path]) -> tuple[list[Passage], list[str]]:
    passages: list[Passage] = []
    problems: list[str] = []
    for path in paths:
        try:
            document = load_document(path)
        except ConfigError as error:
            problems.append(error.message)
            continue
        passages += split_passages(document.name, document.pages)
    return passages, problems


def _digest(paths: Iterable[Path], *, has_vectors: bool) -> str:
    """Changes with every file's name, size and time of change."""
    digest = sha256(f"{FORMAT}:{has_vectors}".encode())
    for path in paths:
        facts = path.stat()
        digest.update(f"\0{path}\0{facts.st_size}\0{facts.st_mtime_ns}".encode(errors="surrogateescape"))
    return digest.hexdigest()[:24]


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
