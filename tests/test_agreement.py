"""The offline judge on graded short answers of subjects that no bank has; nothing was chosen on these."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.agreement.answers import load_answers
from benchmarks.agreement.judged import agreement, agreement_interval, judge_answers, mark_correlation
from voiceprep.scoring.encoder import load_encoder
from voiceprep.scoring.meaning import Pieces, Rows, find_likeness
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.statements import without_marking_words
from voiceprep.scoring.words import tokenize

HELD_OUT = Path(__file__).parent.parent / "benchmarks" / "agreement" / "fresh.txt"


def test_it_agrees_with_marks_on_held_out_subjects() -> None:
    answers = load_answers(HELD_OUT)
    judged = judge_answers(answers, [answer.text for answer in answers], OfflineJudge())
    assert agreement(judged) >= 0.48
    assert mark_correlation(judged) >= 0.58
    interval = agreement_interval(judged)
    assert interval is not None
    assert interval[0] < agreement(judged) < interval[1]


def test_an_answer_is_judged_by_what_was_heard_of_it() -> None:
    answers = [each for each in load_answers(HELD_OUT) if each.mark == 1.0][:8]
    silent = judge_answers(answers, [""] * len(answers), OfflineJudge(has_word_vectors=False, has_encoder=False))
    assert all(each.score == 0.0 and not any(said for _, said in each.decisions) for each in silent)
    marked = [wanted for each in silent for wanted, _ in each.decisions]
    assert marked
    assert all(marked)


def test_a_question_without_key_points_has_no_decisions(tmp_path: Path) -> None:
    source = tmp_path / "graded.txt"
    source.write_text("Q Why?\nR Ice floats. It is light.\nA 1 | Ice floats.\nA 0 | It is red.\n", "utf-8")
    answers = load_answers(source)
    judged = judge_answers(answers, [answer.text for answer in answers], OfflineJudge(False, False))
    assert [each.decisions for each in judged] == [(), ()]
    assert [each.mark for each in judged] == [1.0, 0.0]
    assert judged[0].score > judged[1].score


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Student states that the bulbs go out", "the bulbs go out"),
        ("Correctly explains that the charge is higher", "the charge is higher"),
        ("Mentions the temperature", "the temperature"),
        ("The student's answer names a cause", "The student's answer names a cause"),
        ("Lists are mutable", "Lists are mutable"),
        ("It states the obvious", "It states the obvious"),
    ],
)
def test_a_marking_scheme_is_read_for_what_it_wants(text: str, said: str) -> None:
    assert without_marking_words(text) == said


class Directions:
    """Vectors by hand: a dimension per keyword."""

    name = "words"

    def rows(self, texts: Sequence[str]) -> Rows:
        found = np.array([[float(word in text.lower()) for word in ("red", "blue", "ask")] for text in texts])
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return (found / np.where(lengths > 0, lengths, 1)).astype(np.float32)

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        return [Pieces(np.ones(len(text.split()), dtype=np.float32), self.rows(text.split())) for text in texts]


def test_a_stretch_speaks_for_the_point_it_is_nearest_to() -> None:
    text = "Well, the wall looks red, and the door seems blue."
    tokens = tokenize(text)
    red, blue = find_likeness(
        text, tokens, (False,) * len(tokens), ("ask what", ("is red", "is blue")), Directions()
    )
    assert text[tokens[red.first].start_char : tokens[red.last].end_char].endswith("wall looks red")
    assert text[tokens[blue.first].start_char : tokens[blue.last].end_char].endswith("door seems blue")
    assert red.margin == pytest.approx(1.0)
    assert red.similarity == pytest.approx(1.0)
    assert red.parts == pytest.approx(0.5)  # "is" has no vector
    assert red.echo == pytest.approx(0.0)


def test_sentence_vectors_know_paraphrases() -> None:
    encoder = load_encoder()
    if encoder is None:
        pytest.skip("the sentence vectors are not installed")
    rows = encoder.rows(["The other bulbs go out", "They stop shining", "Bread needs yeast", "", "x" * 5_000])
    assert rows.shape == (5, 384)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2
    assert [round(float(row @ row), 3) for row in rows[:3]] == [1.0, 1.0, 1.0]
