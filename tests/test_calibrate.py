"""Calibration: figures against hand-made decisions, traps that earn nothing, and the command itself."""

import json
import random
from pathlib import Path

import pytest

from tests.commands import run
from voiceprep.model import KeyPointScore, QuestionScore
from voiceprep.scoring.calibrate import Graded, bias, decisions, kappa, kappa_interval, length_bias, same_share
from voiceprep.scoring.encoder import has_encoder
from voiceprep.scoring.injection import find_injection
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.trap_answers import INJECTIONS
from voiceprep.wiring.calibrations import SHIPPED, known_kappa


def judged(question_id: str, marked: str, credited: str, words: int = 20) -> Graded:
    """A question with the points a, b and c."""
    points = tuple(KeyPointScore(each, each in credited, float(each in credited)) for each in "abc")
    score = QuestionScore(question_id, len(credited) / 3, points)
    return Graded(question_id, frozenset(marked), score, words)


def test_figures_of_known_decisions() -> None:
    graded = [judged("1", "ab", "ab"), judged("2", "a", "abc"), judged("3", "", "")]
    pairs = decisions(graded)
    assert len(pairs) == 9
    assert bias(pairs) == pytest.approx(2 / 9)
    assert kappa(pairs) == pytest.approx((7 / 9 - (3 * 5 + 6 * 4) / 81) / (1 - (3 * 5 + 6 * 4) / 81))
    assert same_share([graded[0].score], [graded[1].score]) == pytest.approx(2 / 3)
    assert kappa([]) is None
    assert kappa([(True, True)]) is None


def test_the_interval_covers_and_narrows_with_questions() -> None:
    chance = random.Random(1)
    few = [judged(str(n), "ab", "ab" if chance.random() < 0.8 else "c") for n in range(8)]
    many = [judged(str(n), "ab", "ab" if chance.random() < 0.8 else "c") for n in range(120)]
    low, high = kappa_interval(many) or (0.0, 0.0)
    wide_low, wide_high = kappa_interval(few) or (0.0, 0.0)
    assert low < (kappa(decisions(many)) or 0.0) < high
    assert high - low < wide_high - wide_low
    assert kappa_interval(few[:1]) is None


def test_length_that_is_rewarded_for_itself_shows() -> None:
    graded = [judged(str(words), "", "abc"[: words // 100], words) for words in range(10, 400, 30)]
    assert (length_bias(graded) or 0.0) > 0.8
    fair = [judged(str(words), "abc"[: words // 100], "abc"[: words // 100], words) for words in range(10, 400, 30)]
    assert length_bias(fair) is None


def test_every_injection_is_seen() -> None:
    assert len(INJECTIONS) == 30
    assert [text for text in INJECTIONS if find_injection(text, "What is a thread?") is None] == []


def test_the_command_measures_keeps_and_shows(tmp_path: Path) -> None:
    done = run("calibrate", "--bank", "python-backend", "--recordings", tmp_path, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["kappa"] >= 0.75
    assert found["retest"] == 1.0
    assert found["denied"][0] <= 0.03 * found["denied"][1]
    earned = {kind: count for kind, (count, _) in found["traps"].items() if count}
    assert earned.keys() <= {"off topic", "padding only"}  # other questions' answers share a point now and then
    assert sum(earned.values()) <= 0.02 * sum(tried for _, tried in found["traps"].values())
    kept = json.loads((tmp_path / f"calibration-{found['judge_version']}.json").read_text())
    assert kept["kappa"] == found["kappa"]
    assert kept["rubric_hash"]


def test_what_was_measured_before_it_was_shipped_is_known(tmp_path: Path) -> None:
    shipped = json.loads(SHIPPED.read_text("utf-8"))
    if not has_encoder():
        pytest.skip("the sentence vectors are not installed: another version judges")
    version = OfflineJudge().version
    assert version == shipped["judge_version"], "the judge changed: run `voiceprep calibrate --json` again"
    assert known_kappa(tmp_path, version) == shipped["kappa"]
    assert known_kappa(tmp_path, "another") is None
