"""Writes new banks and prints banks for other tools. Must not know sessions."""

import sys
from collections.abc import Mapping
from pathlib import Path

from voiceprep.banks import find_bank
from voiceprep.banks.draft import render_draft
from voiceprep.banks.entry import ID_PATTERN
from voiceprep.banks.exporting import render_anki, render_bank_markdown
from voiceprep.banks.schema import SCHEMA_PATH
from voiceprep.banks.template import render_template
from voiceprep.errors import BankError
from voiceprep.language.plaintext import plain
from voiceprep.settings import Settings, load_settings
from voiceprep.wiring.choice import NO_MODEL, bank_folders_for, keys_for, own_banks_folder
from voiceprep.wiring.drafting import draft_by_template, draft_with_model, read_notes


def make_new(environment: Mapping[str, str], bank_id: str, folder: Path | None) -> None:
    """Write a commented bank and say where it is. Raises BankError; never overwrites."""
    target = _target(bank_id, folder, load_settings(environment, {}))
    _write_new(target, render_template(bank_id, SCHEMA_PATH.as_uri()))
    print(target)


def make_draft(
    environment: Mapping[str, str],
    bank_id: str,
    folder: Path | None,
    notes_folder: Path,
    flags: Mapping[str, object | None],
    question_count: int,
) -> None:
    """Draft a bank from notes and say where it is; what is sent to whom is said before. Raises VoiceprepError."""
    settings = load_settings(environment, flags)
    target = _target(bank_id, folder, settings)
    if target.exists():
        raise _exists(target)
    notes = read_notes(notes_folder, question_count)
    size = f"{notes.word_count} words from {notes_folder.name}"
    sent = f"go to {settings.llm}, to draft questions" if settings.llm != NO_MODEL else "stay on this machine"
    for remark in (f"{size} {sent}.", *notes.remarks):
        _tell(remark)
    if settings.llm == NO_MODEL:
        drafted = draft_by_template(notes, question_count)
    else:
        drafted = draft_with_model(notes, question_count, settings, keys_for(environment))
        for remark in (*drafted.remarks, f"Cost: ${drafted.cost_usd:.2f}"):
            _tell(remark)
    if not drafted.questions:
        raise BankError("No question came of these notes, so no bank was written.", "Try a larger --llm model.")
    _write_new(target, render_draft(bank_id, notes_folder.name, drafted.questions, SCHEMA_PATH.as_uri()))
    _tell(f"{len(drafted.questions)} questions, as a draft. Review it with: voiceprep banks check {target}")
    print(target)


def _tell(remark: str) -> None:
    print(plain(remark), file=sys.stderr, flush=True)


def _target(bank_id: str, folder: Path | None, settings: Settings) -> Path:
    if not ID_PATTERN.fullmatch(bank_id):
        raise BankError(f"{bank_id!r} is not an id.", "Use small letters, digits and hyphens, such as my-stack.")
    return (folder or own_banks_folder(settings)).expanduser() / f"{bank_id}.yaml"


def _exists(target: Path) -> BankError:
    return BankError(f"{target} exists already.", "Choose another id, or edit that file.")


def _write_new(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError as error:
        raise BankError(f"{target} cannot be written: {error.strerror}.", "Name another --folder.") from error


def export(environment: Mapping[str, str], name: str, form: str) -> None:
    """Print a bank as `anki` or `markdown`. Raises BankError."""
    bank = find_bank(name, bank_folders_for(load_settings(environment, {})))
    print(render_anki(bank) if form == "anki" else render_bank_markdown(bank), end="")
