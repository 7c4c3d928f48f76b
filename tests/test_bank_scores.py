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


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("has_word_vectors", [False, None], ids=["words-only", "as-installed"])
def test_examples_score_as_their_level_says(question: Question, has_word_vectors: bool | None) -> None:
    judge = OfflineJudge(has_word_vectors, has_word_vectors)
    scores: dict[ExampleLevel, list[float]] = {level: [] for level in ExampleLevel}
    for example in question.examples:
        result = judge.score(question, transcript(example.text))
        scores[example.level].append(result.score or 0.0)
        if example.level is ExampleLevel.STRONG:
            assert _misconceptions(result) == []
            if has_word_vectors is None:
                assert {point.id for point in result.key_points if point.is_credited} == set(example.credited)
    strong, partial, weak = (scores[level] for level in ExampleLevel)
    assert min(strong) >= 0.75
    assert 0.35 <= min(partial) <= max(partial) < 0.75
    assert max(weak) < 0.35


def test_there_are_banks_to_score() -> None:
    assert len(QUESTIONS) >= 25


def _misconceptions(result: QuestionScore) -> list[str]:
    return [flag for flag in result.flags if flag.startswith("misconception")]
