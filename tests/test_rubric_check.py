"""What `banks check` finds by asking the offline judge: examples out of place, phrases out of reach, overlaps."""

from pathlib import Path

import pytest

from voiceprep.banks import bank_folders, list_banks, load_source
from voiceprep.scoring.rubric_check import check_rubrics

GOOD = """\
id: kitchen
title: Kitchen
questions:
  - id: boil-egg
    topic: eggs
    text: How do you boil an egg?
    key_points:
      - id: water
        text: Lower it into water that is already boiling.
        weight: 3
        phrases: [into boiling water]
        probe: What state is the pot in at the start?
      - id: time
        text: Six to eight minutes, depending on its size.
        weight: 2
        phrases: [about seven minutes]
        probe: For how long?
      - id: cool
        text: Put it into cold water with ice afterwards.
        phrases: [an ice bath]
    misconceptions:
      - id: microwave
        text: An egg in its shell belongs into the microwave.
        phrases: [put the egg into the microwave]
    examples:
      - level: strong
        text: I lower it into boiling water, wait about seven minutes, and then give it an ice bath.
        credited: [water, time, cool]
      - level: partial
        text: I put it into boiling water and look at it from time to time until it seems done to me.
        credited: [water]
      - level: weak
        text: I would ask somebody who cooks, my brother for example, he has a very nice kitchen.
        credited: []
"""


@pytest.fixture
def bank_path(tmp_path: Path) -> Path:
    return tmp_path / "kitchen.yaml"


def findings(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    return [str(each).removeprefix(f"{path}:") for each in check_rubrics(load_source(path))]


def test_a_good_bank_has_no_findings(bank_path: Path) -> None:
    assert findings(bank_path, GOOD) == []


CHECKED = [
    ("my brother for example", "into boiling water", 34, "the weak example earns 'water', which 'credited' leaves"),
    ("my brother for example", "into boiling water", 33, "; below 0.35 is expected"),
    ("an ice bath.", "serve it.", 28, "the strong example does not earn 'cool'"),
    ("into boiling water and", "into the pot and", 30, "the partial example scores 0.00; from 0.35 to below 0.75"),
    ("into boiling water and", "into the pot and", 30, "the partial example scores 0.00, the weak one 0.00"),
    ("[about seven minutes]", "[I do not know]", 16, "'I do not know' does not earn 'time'"),
    (
        "        phrases: [an ice bath]",
        "        phrases: [an ice bath]\n      - id: chill\n        text: Put it into icy cold water.\n"
        "        phrases: [give it an ice bath]",
        18,
        "whoever says 'cool' mostly earns 'chill' too",
    ),
    ("ice bath.\n", "ice bath. Or put the egg into the microwave.\n", 27, "holds the misconception microwave"),
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
