"""The practice command: short by default, and it says what it runs on."""

import json
from pathlib import Path

from tests.commands import run_apart

DRILL = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "1", "--json")


def test_a_drill_on_the_embedded_engines_says_so_and_ends_in_a_report(tmp_path: Path) -> None:
    done = run_apart("practice", *DRILL, "--recordings", tmp_path)
    assert done.code == 0, done.err
    assert "stt local, tts local" in done.err
    document = json.loads(done.out)
    assert document["session"]["mode"] == "cascaded"
    assert len(document["questions"]) == 1


def test_practice_takes_the_same_options_as_an_interview() -> None:
    options = [
        {word for word in run_apart(command, "--help").out.split() if word.startswith("--")}
        for command in ("interview", "practice")
    ]
    assert options[0] <= options[1]
