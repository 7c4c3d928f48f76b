"""Takes the text out of one file, in a process of its own: `python -P -m voiceprep.knowledge.extraction FILE
SECONDS BYTES`.

Parsers of PDF and DOCX can be made to run for ever or to fill the memory: this process may do neither, nor open a
network connection. It prints JSON: {"pages": […]}, or {"message", "hint"} of what is wrong with the file.
"""

import json
import resource
import sys
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from voiceprep.errors import ConfigError
from voiceprep.network import forbid_network


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take: processor time (a document of 500 pages takes 5 s) and memory."""

    seconds: int = 30
    memory_bytes: int = 1_000_000_000


UNPACKED_BYTES_MAX = 100_000_000
UNPACKED_RATIO_MAX = 100
"""Text compresses to a tenth; what unpacks to a hundred times its size was made to."""
RATIO_COUNTS_FROM_BYTES = 5_000_000
ENTRIES_MAX = 2_000
PAGES_MAX = 2_000
SCANNED_CHARS_PER_PAGE = 20
"""A PDF with less text than this on an average page is a picture of text."""
TEXT_PAGE_LINES = 50
"""Text without pages of its own counts as a page for so many lines."""


def read_pages(path: Path) -> list[str]:
    """The text of a PDF, DOCX or text file, by its suffix. Raises ConfigError, and OSError."""
    try:
        match path.suffix.lower():
            case ".pdf":
                return _read_pdf(path)
            case ".docx":
                return _read_docx(path)
            case _:
                return _read_text(path)
    except MemoryError as error:
        raise too_costly(path) from error


def too_costly(path: Path) -> ConfigError:
    """It takes more time or memory than any document should."""
    return ConfigError(
        f"{path} takes more time or memory to read than a document should.", "Save the part that matters anew."
    )


def _read_pdf(path: Path) -> list[str]:
    from pypdf import PdfReader

    data = BytesIO(path.read_bytes())
    try:
        reader = PdfReader(data)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ConfigError(f"{path} is encrypted.", "Save a copy without a password.")
        pages = [page.extract_text() or "" for page in reader.pages[:PAGES_MAX]]
    except (ConfigError, MemoryError):
        raise
    except Exception as error:  # a broken file makes the parser raise whatever it likes
        raise ConfigError(f"{path} is a broken PDF ({type(error).__name__}).", "Print it to a new PDF.") from error
    if pages and sum(map(len, pages)) < SCANNED_CHARS_PER_PAGE * len(pages):
        raise ConfigError(f"{path} is a scan: it holds pictures and no text.", "Make it searchable first (OCR).")
    return pages


def _read_docx(path: Path) -> list[str]:
    from docx import Document as DocxDocument

    data = path.read_bytes()
    try:
        if _is_bomb(data):
            raise ConfigError(f"{path} unpacks to far more than a document.", "Save it anew.")
        document = DocxDocument(BytesIO(data))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return _paged([*(paragraph.text for paragraph in document.paragraphs), *cells])
    except (ConfigError, MemoryError):
        raise
    except Exception as error:  # as above
        hint = "Save it anew as DOCX; one with a password has to be saved without."
        raise ConfigError(f"{path} is no DOCX file that can be opened.", hint) from error


def _is_bomb(data: bytes) -> bool:
    """By what the archive says it unpacks to: nothing longer than that is ever unpacked."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entries = archive.infolist()
    unpacked_bytes = sum(entry.file_size for entry in entries)
    is_blown_up = unpacked_bytes > max(RATIO_COUNTS_FROM_BYTES, UNPACKED_RATIO_MAX * len(data))
    return len(entries) > ENTRIES_MAX or unpacked_bytes > UNPACKED_BYTES_MAX or is_blown_up


def _read_text(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    return _paged(text.splitlines())


def _paged(lines: list[str]) -> list[str]:
    return ["\n".join(lines[start : start + TEXT_PAGE_LINES]) for start in range(0, len(lines), TEXT_PAGE_LINES)]


def main() -> None:
    """See the module."""
    path, limits = Path(sys.argv[1]), Limits(*map(int, sys.argv[2:]))
    with suppress(ValueError, OSError):  # a system without such a limit
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    forbid_network()
    try:
        found: dict[str, object] = {"pages": read_pages(path)}
    except ConfigError as error:
        found = {"message": error.message, "hint": error.hint}
    except OSError as error:
        found = {"message": f"{path} cannot be read: {error.strerror or error}.", "hint": "Check the path."}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
