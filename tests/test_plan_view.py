"""`--plan`: what would be asked and why, without a session; `--persona`: who asks."""

import json
from pathlib import Path

import pytest

from tests.commands import run
from voiceprep.commands.options import PersonaName
from voiceprep.conduct.interviewers import INTERVIEWERS

PLAN = ("--plan", "--seed", "3")


def test_a_plan_is_shown_with_reasons_and_nothing_is_held(tmp_path: Path) -> None:
    done = run("interview", *PLAN, "--questions", "4", "--recordings", tmp_path / "r")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "Python backend engineer"
    assert lines[1].startswith("4 questions, about 6 minutes, interviewer neutral, seed 3.")
    assert sum(line.strip().startswith(("warms up: ", "covers: ", "goes deep: ", "closes ")) for line in lines) == 4
    assert not (tmp_path / "r").exists()


def test_a_plan_as_json(tmp_path: Path) -> None:
    done = run("practice", *PLAN, "--json", "--persona", "probing", "--minutes", "10")
    plan = json.loads(done.out)
    assert (plan["persona"], plan["limit_ms"], plan["is_filling"]) == ("probing", 600_000, True)
    assert plan["questions"][0]["role"] == "warm_up"
    assert 0.7 * 600_000 <= plan["expected_ms"] <= 600_000
    assert run("practice", *PLAN, "--json", "--persona", "probing", "--minutes", "10").out == done.out


def test_the_personas_of_the_command_line_are_all_there_are() -> None:
    assert [name.value for name in PersonaName] == list(INTERVIEWERS)


def test_an_unknown_persona_in_the_settings_says_which_there_are() -> None:
    done = run("interview", *PLAN, changes={"VOICEPREP_PERSONA": "grumpy"})
    assert done.code == 2
    assert "There is no persona 'grumpy'." in done.err
    assert "silent-type" in done.err


@pytest.mark.parametrize("interviewer", INTERVIEWERS.values(), ids=list(INTERVIEWERS))
def test_what_a_persona_says_between_questions_asks_and_judges_nothing(interviewer: object) -> None:
    from voiceprep.conduct.interviewers import Interviewer
    from voiceprep.wording import is_judging

    assert isinstance(interviewer, Interviewer)
    lines = (*interviewer.acknowledgements, *interviewer.moving_on, interviewer.goodbye, *interviewer.nudges)
    for line in lines:
        assert "?" not in line
        assert not is_judging(line)
        assert len(line.split(". ")) <= 3
    assert interviewer.welcome.count("{agenda}") == 1
