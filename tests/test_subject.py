"""Whether an answer is about its question at all decides how much near words are worth."""

import pytest

from tests.test_offline_judge import THREADS, credited, score
from voiceprep.model import KeyPoint, Question
from voiceprep.scoring.decision import SUBJECTS, Finding, Subject, find_subject
from voiceprep.scoring.encoder import has_encoder
from voiceprep.scoring.offline import OfflineJudge

SEARCH = Question(
    id="search",
    topic="algorithms",
    text="How does binary search find a value in a sorted list?",
    key_points=(
        KeyPoint("halves", "Each comparison halves the part that is left to search"),
        KeyPoint("middle", "It compares the value with the middle element"),
    ),
)


def finding(**values: float) -> Finding:
    names = Finding.__dataclass_fields__
    return Finding(**{name: values.get(name, 0.0) for name in names})


def test_the_subject_is_read_from_all_key_points() -> None:
    first = finding(similarity=0.25, parts=0.5, echo=0.3, coverage=0.4, belonging=0.6, length=2.0)
    second = finding(similarity=0.75, parts=0.1, echo=0.3, coverage=0.1, belonging=0.6, length=2.0)
    assert find_subject([first, second]) == Subject(0.75, 0.5, 0.5, 0.3, 0.4, 0.6, 2.0)


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_the_more_an_answer_has_of_the_rubric_the_likelier_it_is_about_it(kind: str) -> None:
    formula = SUBJECTS[kind]
    nothing = formula.probability(Subject(0.05, 0.05, 0.2, 0.0, 0.0, 0.1, 2.5))
    much = formula.probability(Subject(0.7, 0.5, 0.7, 0.5, 0.6, 0.8, 2.5))
    assert nothing < 0.35
    assert much > 0.9


@pytest.mark.skipif(not has_encoder(), reason="the sentence vectors are not installed")
def test_unusual_words_are_no_reason_to_call_an_answer_off_topic() -> None:
    result = score("every step throws out half of what remains", SEARCH)
    assert credited(result) == {"halves"}
    assert score("the moon is pulled by the earth", SEARCH).flags == ("off_topic",)


@pytest.mark.parametrize("judge", [OfflineJudge(), OfflineJudge(has_encoder=False)], ids=["as-installed", "words"])
def test_one_short_phrase_of_a_bank_is_no_evidence_in_talk_about_something_else(judge: OfflineJudge) -> None:
    strange = (
        "My grandmother sends all her letters to the same address, space is what she misses in her kitchen "
        "when all of us come to see her and sit around the table on Sundays"
    )
    assert "off_topic" in score(strange, THREADS, judge).flags
    assert score(strange, THREADS, judge).score == 0.0
    assert credited(score("Threads live in the same address space of their process", THREADS, judge)) == {"memory"}
