"""Short forms in answers and rubrics."""

import pytest

from voiceprep.model import KeyPoint, Question
from voiceprep.scoring.grade import written_transcript
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.short_forms import spell_out
from voiceprep.scoring.words import tokenize


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("co2 goes thru the skin cuz of temp", "carbon dioxide goes through the skin because of temperature"),
        ("H2O and O2", "the water there and the oxygen"),
        ("temporary information", "temporary information"),
    ],
)
def test_short_forms_are_written_out_in_as_many_words(text: str, full: str) -> None:
    assert spell_out(text, "Why?") == full
    assert len(tokenize(text)) == len(tokenize(full))


def test_a_question_for_a_short_form_keeps_it() -> None:
    assert spell_out("H2O", "What is the formula of water?") == "H2O"


@pytest.mark.parametrize(("point", "answer"), [("CO2 is given off", "carbon dioxide is given off"),
                                               ("Carbon dioxide is given off", "co2 is given off")])  # fmt: skip
def test_answer_and_key_point_may_write_it_differently(point: str, answer: str) -> None:
    question = Question("q", "t", "What happens in respiration?", (KeyPoint("a", point),))
    judge = OfflineJudge(has_word_vectors=False, has_encoder=False)
    score = judge.score(question, written_transcript(answer)[0])
    assert score.key_points[0].is_credited
    assert score.key_points[0].quote == answer
