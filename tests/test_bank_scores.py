"""The examples of every shipped bank, scored by the offline judge: strong above partial above weak."""

import pytest

from voiceprep.banks import bank_folders, list_banks
from voiceprep.model import ExampleLevel, Question, QuestionScore, Transcript, Word
from voiceprep.scoring.offline import OfflineJudge

QUESTIONS = [
    pytest.param(question, id=f"{bank.id}-{question.id}")
    for bank in list_banks(bank_folders())
    for question in bank.questions
]
WORD_MS = 300


def transcript(text: str) -> Transcript:
    return Transcript(tuple(Word(word, i * WORD_MS, (i + 1) * WORD_MS) for i, word in enumerate(text.split())))


@pytest.mark.parametrize("has_word_vectors", [False, None], ids=["words-only", "as-installed"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_examples_score_as_their_level_says(question: Question, has_word_vectors: bool | None) -> None:
    judge = OfflineJudge(has_word_vectors)
    results = {each.level: judge.score(question, transcript(each.text)) for each in question.examples}
    score = {level: result.score or 0.0 for level, result in results.items()}
    assert score[ExampleLevel.STRONG] >= 0.75
    assert 0.35 <= score[ExampleLevel.PARTIAL] < 0.75
    assert score[ExampleLevel.WEAK] < 0.35
    assert score[ExampleLevel.STRONG] > score[ExampleLevel.PARTIAL] > score[ExampleLevel.WEAK]
    assert _misconceptions(results[ExampleLevel.STRONG]) == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_credited_point_of_a_strong_answer_is_credited(question: Question) -> None:
    strong = next(each for each in question.examples if each.level is ExampleLevel.STRONG)
    result = OfflineJudge().score(question, transcript(strong.text))
    assert {point.id for point in result.key_points if point.is_credited} == set(strong.credited)


def test_there_are_banks_to_score() -> None:
    assert len(QUESTIONS) >= 25


def _misconceptions(result: QuestionScore) -> list[str]:
    return [flag for flag in result.flags if flag.startswith("misconception")]
