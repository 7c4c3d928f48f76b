"""What every shipped question bank must be: broad, complete, speakable, and found wherever the package is."""

import json
import shutil
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from voiceprep.banks import bank_folders, find_bank, lint_bank, list_banks, load_bank, load_source
from voiceprep.model import Bank, ExampleLevel, Question, QuestionKind

FILES = sorted(bank_folders()[0].glob("*.yaml"))
BANKS = [pytest.param(load_bank(path), id=path.stem) for path in FILES]
QUESTIONS = [
    pytest.param(question, id=f"{bank.id}-{question.id}")
    for bank in list_banks(bank_folders())
    for question in bank.questions
]
SHARES = {ExampleLevel.STRONG: (0.85, 1.0), ExampleLevel.PARTIAL: (0.4, 0.65), ExampleLevel.WEAK: (0.0, 0.15)}
"""Least and most of a question's weight that an example of each level is credited with."""


def test_shipped_banks_are_found_beside_or_inside_the_package() -> None:
    (folder, extra) = bank_folders((Path("mine"),))
    assert folder.name == "question_banks"
    assert extra == Path("mine")
    assert [bank.id for bank in list_banks((folder,))] == [path.stem for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bank_lints_clean(path: Path) -> None:
    assert [str(each) for each in lint_bank(load_source(path))] == []


def test_a_copy_of_a_shipped_bank_reads_the_same(tmp_path: Path) -> None:
    (folder,) = bank_folders()
    copy = shutil.copy(folder / "python-backend.yaml", tmp_path / "other-name.yaml")
    assert load_bank(Path(copy)) == find_bank("python-backend", (folder,))


def test_fast_yaml_is_available() -> None:
    assert yaml.__with_libyaml__


@pytest.mark.parametrize("bank", BANKS)
def test_a_bank_is_broad_and_deep(bank: Bank) -> None:
    assert len(bank.questions) >= 25
    assert len({question.topic for question in bank.questions}) >= 5
    levels = Counter(question.difficulty for question in bank.questions)
    assert all(levels[level] >= 3 for level in range(1, 6)), levels


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_complete(question: Question) -> None:
    assert question.text.count("?") == 1
    assert 3 <= len(question.key_points) <= 6
    assert all(4 <= len(point.phrases) <= 12 for point in question.key_points)
    assert all(point.probe.count("?") == 1 for point in question.key_points)
    assert 1 <= len(question.misconceptions) <= 3
    assert all(each.phrases for each in question.misconceptions)
    assert 60 <= len(question.reference.split()) <= 130
    assert question.sources


def test_every_behavioural_question_lets_different_stories_score() -> None:
    """Parts and anchors are linted; here: not one script alone is strong."""
    questions = find_bank("behavioural", bank_folders()).questions
    assert {question.kind for question in questions} == {QuestionKind.BEHAVIOURAL}
    for question in questions:
        strong = [each for each in question.examples if each.level is ExampleLevel.STRONG]
        assert len(strong) >= 2, question.id


@pytest.mark.parametrize("question", QUESTIONS)
def test_examples_are_worth_what_their_level_says(question: Question) -> None:
    weights = {point.id: point.weight for point in question.key_points}
    for example in question.examples:
        least, most = SHARES[example.level]
        share = sum(weights[credited] for credited in example.credited) / sum(weights.values())
        assert least <= share <= most, example.level
        assert example.level is not ExampleLevel.STRONG or 55 <= len(example.text.split()) <= 130


@pytest.mark.parametrize("question", QUESTIONS)
def test_spoken_text_can_be_spoken(question: Question) -> None:
    symbols = set("`*_/\\{}[]()<>=#@|~^$%&+")
    spoken = [question.text, question.reference]
    spoken += [point.probe for point in question.key_points]
    spoken += [example.text for example in question.examples]
    for text in spoken:
        assert not symbols & set(text), text


@pytest.mark.parametrize("bank", BANKS)
def test_glossary_phonemes_are_in_the_alphabet_of_the_voice(bank: Bank) -> None:
    spec = find_spec("hibari")
    assert spec is not None
    assert spec.origin is not None
    vocab = json.loads((Path(spec.origin).parent / "assets" / "vocab.json").read_text("utf-8"))
    for term in bank.glossary:
        assert set(term.phonemes) <= set(vocab), term.written
