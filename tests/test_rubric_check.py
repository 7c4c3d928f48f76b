"""What `banks check` finds by asking the offline judge: examples out of place, phrases out of reach, overlaps."""

from pathlib import Path

import pytest

from voiceprep.banks import bank_folders, list_banks, load_source
from voiceprep.banks.template import render_template
from voiceprep.scoring.rubric_check import check_rubrics

GOOD = render_template("kitchen", "")


@pytest.fixture
def bank_path(tmp_path: Path) -> Path:
    return tmp_path / "kitchen.yaml"


def findings(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    return [str(each).removeprefix(f"{path}:") for each in check_rubrics(load_source(path))]


def test_a_good_bank_has_no_findings(bank_path: Path) -> None:
    assert findings(bank_path, GOOD) == []


CHECKED = [
    ("my brother for example", "into boiling water", 49, "the weak example earns 'water', which 'credited' leaves"),
    ("my brother for example", "into boiling water", 48, "; below 0.35 is expected"),
    ("an ice bath.", "serve it.", 43, "the strong example does not earn 'cool'"),
    ("into boiling water and", "into the pot and", 45, "the partial example scores 0.00; from 0.35 to below 0.75"),
    ("into boiling water and", "into the pot and", 45, "the partial example scores 0.00, the weak one 0.00"),
    ("[about seven minutes]", "[use]", 27, "'use' is said about anything"),
    ("[about seven minutes]", "[I do not know]", 27, "'I do not know' does not earn 'time'"),
    (
        "        phrases: [an ice bath]",
        "        phrases: [an ice bath]\n      - id: chill\n        text: Put it into icy cold water.\n"
        "        phrases: [give it an ice bath]",
        29,
        "whoever says 'cool' mostly earns 'chill' too",
    ),
    ("ice bath.\n", "ice bath. Or put the egg into the microwave.\n", 42, "holds the misconception microwave"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), CHECKED)
def test_findings_name_the_line(bank_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    found = findings(bank_path, GOOD.replace(old, new))
    assert any(each.startswith(f"{line}: ") and message in each for each in found), found


@pytest.mark.slow
@pytest.mark.parametrize("bank_id", [bank.id for bank in list_banks(bank_folders())])
def test_shipped_banks_are_clean(bank_id: str) -> None:
    (folder,) = bank_folders()
    assert [str(each) for each in check_rubrics(load_source(folder / f"{bank_id}.yaml"))] == []
