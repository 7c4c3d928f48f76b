"""Writes new banks and prints banks for other tools. Must not know sessions."""

from collections.abc import Mapping
from pathlib import Path

from voiceprep.banks import find_bank
from voiceprep.banks.entry import ID_PATTERN
from voiceprep.banks.exporting import render_anki, render_bank_markdown
from voiceprep.banks.schema import SCHEMA_PATH
from voiceprep.banks.template import render_template
from voiceprep.errors import BankError
from voiceprep.settings import load_settings
from voiceprep.wiring.choice import bank_folders_for, own_banks_folder


def make_new(environment: Mapping[str, str], bank_id: str, folder: Path | None) -> None:
    """Write a commented bank and say where it is. Raises BankError; never overwrites."""
    if not ID_PATTERN.fullmatch(bank_id):
        raise BankError(f"{bank_id!r} is not an id.", "Use small letters, digits and hyphens, such as my-stack.")
    target = (folder or own_banks_folder(load_settings(environment, {}))).expanduser() / f"{bank_id}.yaml"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(render_template(bank_id, SCHEMA_PATH.as_uri()))
    except FileExistsError as error:
        raise BankError(f"{target} exists already.", "Choose another id, or edit that file.") from error
    except OSError as error:
        raise BankError(f"{target} cannot be written: {error.strerror}.", "Name another --folder.") from error
    print(target)


def export(environment: Mapping[str, str], name: str, form: str) -> None:
    """Print a bank as `anki` or `markdown`. Raises BankError."""
    bank = find_bank(name, bank_folders_for(load_settings(environment, {})))
    print(render_anki(bank) if form == "anki" else render_bank_markdown(bank), end="")
