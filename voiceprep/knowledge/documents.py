"""Reads a résumé, a job description or notes: PDF, DOCX, Markdown, text → pages of text.

Files come from strangers: size and pages are limited, parsers run apart, and nothing in a file is run.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from voiceprep.errors import ConfigError
from voiceprep.knowledge.extraction import PAGES_MAX, Limits, read_pages, too_costly

SIZE_BYTES_MAX = 20_000_000
PAGE_CHARS_MAX = 20_000
WAIT_FACTOR = 10
"""On a busy machine the processor's time passes so many times more slowly than the clock's, at most."""
LIMITS = Limits()
PARSED_SUFFIXES = (".pdf", ".docx")
SUFFIXES = (*PARSED_SUFFIXES, ".md", ".markdown", ".txt", ".text")


@dataclass(frozen=True, slots=True)
class Document:
    """A file as text, page by page. `name` is its file name."""

    name: str
    pages: tuple[str, ...]


def load_document(path: Path, limits: Limits = LIMITS) -> Document:
    """Raises ConfigError for what cannot be read: missing, huge, encrypted, scanned, broken, or no text at all."""
    path = path.expanduser()
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"{path} is no document I can read.", f"Give one of: {', '.join(SUFFIXES)}.")
    try:
        size_bytes = path.stat().st_size
        if size_bytes > SIZE_BYTES_MAX:
            limit = SIZE_BYTES_MAX // 1_000_000
            raise ConfigError(
                f"{path} is larger than {limit} MB.", "Save the part that matters as a file of its own."
            )
        pages = _read_apart(path, limits) if suffix in PARSED_SUFFIXES else read_pages(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.", "Check the path.") from error
    if not any(page.strip() for page in pages):
        raise ConfigError(f"There is no text in {path}.", "If it is a scan, make it searchable first (OCR).")
    return Document(path.name, tuple(page[:PAGE_CHARS_MAX] for page in pages[:PAGES_MAX]))


def find_documents(folder: Path) -> list[Path]:
    """Every readable file below a folder, sorted; hidden ones are left out. Raises ConfigError."""
    folder = folder.expanduser()
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder.", "Give the folder of your notes.")
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    paths = sorted(
        path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not paths:
        raise ConfigError(f"There are no notes in {folder}.", f"It reads: {', '.join(SUFFIXES)}.")
    return paths


def _read_apart(path: Path, limits: Limits) -> list[str]:
    """The pages of a format that needs a parser, read by a process with limits. Raises ConfigError."""
    told = (str(path.absolute()), str(limits.seconds), str(limits.memory_bytes))
    program = (sys.executable, "-P", "-m", "voiceprep.knowledge.extraction", *told)
    wait_s = WAIT_FACTOR * limits.seconds
    try:
        done = subprocess.run(program, capture_output=True, check=False, timeout=wait_s)
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:  # ended by a limit before it could say anything
        raise too_costly(path) from error
    if "message" in found:
        raise ConfigError(found["message"], found["hint"])
    pages: list[str] = found["pages"]
    return pages
