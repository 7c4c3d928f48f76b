"""Where banks live and how one is found by id or path. Must not know what is inside a bank."""

from collections.abc import Sequence
from pathlib import Path

from voiceprep.banks.document import fault
from voiceprep.banks.entry import ID_PATTERN, suggest
from voiceprep.banks.reading import BANK, BankSource, load_source
from voiceprep.errors import BankError
from voiceprep.model import Bank

SUFFIXES = (".yaml", ".yml")


def bank_folders(extra: Sequence[Path] = ()) -> tuple[Path, ...]:
    """The folders to look in, later ones overriding earlier ones: the shipped banks, then `extra`.

    In an installed wheel the shipped banks are inside the package, in a checkout beside it.
    """
    package = Path(__file__).resolve().parent.parent
    shipped = [
        folder for folder in (package / "question_banks", package.parent / "question_banks") if folder.is_dir()
    ]
    return (*shipped[:1], *extra)


def find_bank(id_or_path: str, folders: Sequence[Path]) -> Bank:
    """A bank by id, looked up in `folders`, or straight from a YAML file. Raises BankError."""
    return find_source(id_or_path, folders).bank


def find_source(id_or_path: str, folders: Sequence[Path]) -> BankSource:
    """The same with its file and lines, for `banks check`. Raises BankError."""
    path = Path(id_or_path).expanduser()
    if path.suffix.lower() in SUFFIXES or _is_file(path):
        if not _is_file(path):
            raise BankError(f"{path}: there is no such bank file", "Check the path, or give the id of a bank.")
        return load_source(path)
    files = _bank_files(folders)
    if id_or_path not in files:
        raise _unknown(id_or_path, tuple(sorted(files)), folders)
    return _load_named(files[id_or_path])


def list_banks(folders: Sequence[Path]) -> tuple[Bank, ...]:
    """Every bank in `folders`, sorted by id. Raises BankError for the first that cannot be read."""
    files = _bank_files(folders)
    return tuple(_load_named(files[bank_id]).bank for bank_id in sorted(files))


def _bank_files(folders: Sequence[Path]) -> dict[str, Path]:
    """Id → file. A bank's file is named after its id, so that finding one does not mean reading all."""
    found = {}
    for folder in folders:
        try:
            files = sorted(folder.iterdir()) if folder.is_dir() else []
        except OSError as error:
            raise BankError(
                f"{folder}: cannot be read: {error.strerror or error}", "Check the folder of your banks."
            ) from error
        for path in files:
            if path.suffix.lower() in SUFFIXES and ID_PATTERN.fullmatch(path.stem):
                found[path.stem] = path
    return found


def _is_file(path: Path) -> bool:
    """False also for what cannot be a path at all (too long, a null character)."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _load_named(path: Path) -> BankSource:
    source = load_source(path)
    if source.bank.id != path.stem:
        raise fault(
            path,
            source.line(BANK, "id"),
            f"the bank's id is '{source.bank.id}', but its file is named '{path.name}'",
            f"Rename the file to {source.bank.id}.yaml, or change the id.",
        )
    return source


def _unknown(bank_id: str, known: tuple[str, ...], folders: Sequence[Path]) -> BankError:
    if not known:
        places = ", ".join(str(folder) for folder in folders) or "no folder"
        return BankError(f"There is no bank '{bank_id}': no banks in {places}.", "Give the path of a YAML file.")
    listing = f"There are: {', '.join(known)}."
    hint = suggest(bank_id, known)
    return BankError(f"There is no bank '{bank_id}'.", hint if hint == listing else f"{hint} {listing}")
