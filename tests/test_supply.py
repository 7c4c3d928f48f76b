"""What is known against locked packages needs an answer; that nobody could be asked is said, and is no answer."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FINDING = {"name": "pypdf", "version": "6.1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}
CLEAN = {"name": "rich", "version": "15.0.0", "vulns": []}
SKIPPED = {"name": "rich", "skip_reason": "not found"}
ANSWER = '[[answer]]\nid = "PYSEC-1"\npackage = "pypdf"\nwhy = "Never used so."\nuntil = {until}\n'


@pytest.mark.parametrize(
    ("dependencies", "answers", "code", "said"),
    [
        ([CLEAN], "", 0, "1 packages asked about"),
        ([CLEAN, FINDING], "", 1, "pypdf 6.1.0 PYSEC-1: NO ANSWER"),
        ([FINDING], ANSWER.format(until="9999-01-01"), 0, "Never used so."),
        ([FINDING], ANSWER.format(until="2020-01-01"), 1, "EXPIRED"),
        ([FINDING], ANSWER.format(until="9999-01-01").replace("pypdf", "rich"), 1, "NO ANSWER"),
        ([SKIPPED], "", 0, "NOT AUDITED"),
        ([CLEAN, SKIPPED], "", 0, "1 packages asked about, 1 not"),
        (None, "", 0, "NOT AUDITED"),
    ],
)
def test_every_finding_needs_an_answer(
    tmp_path: Path, dependencies: list[dict[str, Any]] | None, answers: str, code: int, said: str
) -> None:
    report, known = tmp_path / "a.lock.json", tmp_path / "audit.toml"
    report.write_text("" if dependencies is None else json.dumps({"dependencies": dependencies}))
    known.write_text(answers)
    program = [sys.executable, str(ROOT / "scripts" / "audit.py"), str(known), str(report)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout


def test_the_answers_of_this_repository_can_be_read(tmp_path: Path) -> None:
    program = [sys.executable, str(ROOT / "scripts" / "audit.py"), str(ROOT / "audit.toml")]
    assert subprocess.run(program, capture_output=True, check=False, timeout=100).returncode == 0
