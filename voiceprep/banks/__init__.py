"""Question banks: YAML → Bank with file:line in every error, where banks live, and what `banks check` says.

Must not know sessions, speech or scores.
"""

from voiceprep.banks.finding import bank_folders, find_bank, find_source, list_banks
from voiceprep.banks.linting import LintFinding, lint_bank
from voiceprep.banks.reading import BankSource, load_bank, load_source

__all__ = [
    "BankSource",
    "LintFinding",
    "bank_folders",
    "find_bank",
    "find_source",
    "lint_bank",
    "list_banks",
    "load_bank",
    "load_source",
]
