"""Reads a résumé, a job description or notes: PDF, DOCX, Markdown, text → pages of text.

Files come from strangers: size, pages and what they unpack to are limited, and nothing in them is run.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from voiceprep.errors import ConfigError

SIZE_BYTES_MAX = 20_000_000
UNPACKED_BYTES_MAX = 100_000_000
PAGES_MAX = 2_000
PAGE_CHARS_MAX = 20_000
SCANNED_CHARS_PER_PAGE = 20
"""A PDF with less text than this on an average page is a picture of text."""
TEXT_PAGE_LINES = 50
"""Text without pages of its own counts as a page for so many lines."""
SUFFIXES = (".pdf", ".docx", ".md", ".markdown", ".txt", ".text")


@dataclass(frozen=True, slots=True)
class Document:
    """A file as text, page by page. `name` is its file name."""

    name: str
    pages: tuple[str, ...]


def load_document(path: Path) -> Document:
    """Raises ConfigError for what cannot be read: missing, huge, encrypted, scanned, broken, or no text at all."""
    path = path.expanduser()
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise ConfigError(f"{path} is no document I can read.", f"Give one of: {', '.join(SUFFIXES)}.")
    try:
        size_bytes = path.stat().st_size
        if size_bytes > SIZE_BYTES_MAX:
            limit = SIZE_BYTES_MAX // 1_000_000
            raise ConfigError(
                f"{path} is larger than {limit} MB.", "Save the part that matters as a file of its own."
            )
        pages = _READERS[suffix](path)
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


def _read_pdf(path: Path) -> list[str]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ConfigError(f"{path} is encrypted.", "Save a copy without a password.")
        pages = [page.extract_text() or "" for page in reader.pages[:PAGES_MAX]]
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError) as error:
        raise ConfigError(f"{path} is a broken PDF ({type(error).__name__}).", "Print it to a new PDF.") from error
    if pages and sum(map(len, pages)) < SCANNED_CHARS_PER_PAGE * len(pages):
        raise ConfigError(f"{path} is a scan: it holds pictures and no text.", "Make it searchable first (OCR).")
    return pages


def _read_docx(path: Path) -> list[str]:
    from docx import Document as DocxDocument
    from docx.opc.exceptions import PackageNotFoundError

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise ConfigError(f"{path} unpacks to far more than a document.", "Save it anew.")
        document = DocxDocument(str(path))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError, SyntaxError) as error:
        hint = "Save it anew as DOCX; one with a password has to be saved without."
        raise ConfigError(f"{path} is no DOCX file that can be opened.", hint) from error
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return _paged([*(paragraph.text for paragraph in document.paragraphs), *cells])


def _read_text(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    return _paged(text.splitlines())


def _paged(lines: list[str]) -> list[str]:
    return ["\n".join(lines[start : start + TEXT_PAGE_LINES]) for start in range(0, len(lines), TEXT_PAGE_LINES)]


_READERS: dict[str, Callable[[Path], list[str]]] = {
    ".pdf": _read_pdf,
    ".docx": _read_docx,
    **dict.fromkeys((".md", ".markdown", ".txt", ".text"), _read_text),
}
