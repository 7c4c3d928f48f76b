"""The interviewer over whole simulated interviews: the targets of the bench, and its arithmetic."""

import pytest

from benchmarks.interviewer.figures import bank_row, misses
from benchmarks.interviewer.show import as_json, render_picture
from benchmarks.interviewer.simulate import Held, hold
from voiceprep.audio.persona import CandidateStyle
from voiceprep.banks import bank_folders, find_bank
from voiceprep.conduct.interviewers import INTERVIEWERS
from voiceprep.conduct.planning import Wish, make_plan
from voiceprep.model import Bank
from voiceprep.scoring.offline import OfflineJudge

COUNT = 6


@pytest.fixture(scope="module")
def bank() -> Bank:
    whole = find_bank("python-backend", bank_folders())
    return Bank(whole.id, whole.title, whole.questions[:COUNT])


@pytest.fixture(scope="module")
def held(bank: Bank) -> list[Held]:
    judge = OfflineJudge(has_word_vectors=False)
    return [hold(make_plan(bank, Wish(3, 1, COUNT)), bank, style, judge) for style in CandidateStyle]


def test_every_target_is_met(held: list[Held]) -> None:
    row = bank_row("python-backend", held, [])
    assert row.coverage == 1.0
    assert row.probe_count >= 20
    assert row.precision is not None
    assert row.precision >= 0.9
    assert row.disordered == ()
    assert not sum(row.found.values()), row.found
    assert row.mean_scores["strong"] > row.mean_scores["partial"] > row.mean_scores["weak"]
    assert 'width="' in render_picture([row])
    assert as_json([row], {})["banks"][0]["not_in_order"] == []


def test_a_missed_target_is_told(held: list[Held]) -> None:
    row = bank_row("python-backend", held, [])
    assert misses([row], least_precision=1.1) == [
        f"python-backend: {row.precision:.2f} of the probed points were missing, not 1.1."
    ]


@pytest.mark.parametrize("persona", sorted(INTERVIEWERS))
def test_every_persona_keeps_the_rules(bank: Bank, persona: str) -> None:
    judge = OfflineJudge(has_word_vectors=False)
    plan = make_plan(bank, Wish(3, 1, 3, interviewer=INTERVIEWERS[persona]))
    for style in (CandidateStyle.STRONG, CandidateStyle.PARTIAL, CandidateStyle.SILENT):
        audit = hold(plan, bank, style, judge).audit
        assert audit.findings == ()
        assert audit.question_count == 3
