"""What is written and how it is said."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceprep.banks import bank_folders, list_banks
from voiceprep.language.spoken import number_words, spoken

SAID = [
    ("How do you size a pool?", "How do you size a pool?"),
    ("Explain `O(n log n)`.", "Explain O of n log n."),
    ("Is it O(n²)?", "Is it O of n squared?"),
    ("Run this:\n```python\nprint(1)\n```\nWhat happens?", "Run this: What happens?"),
    ("See https://example.org/a?b=c for more.", "See a web address for more."),
    ("See [the manual](https://example.org).", "See the manual."),
    ("Write to ada@example.org.", "Write to a web address."),
    ("Choose one:\n- a queue\n- a lock", "Choose one: a queue, a lock"),
    ("1. First\n2. Second\nWhich?", "First, Second, Which?"),
    ("It takes 250 ms or 3.5 s.", "It takes two hundred fifty milliseconds or three point five seconds."),
    ("About 99.9% of 1,000,000 calls.", "About ninety-nine point nine percent of one million calls."),
    ("It costs $5 or €1.5 million.", "It costs five dollars or one point five million euros."),
    ("Answer in 3–5 sentences.", "Answer in three to five sentences."),
    (
        "In 1999, and in 2024, and in 2005.",
        "In nineteen ninety-nine, and in twenty twenty-four, and in two thousand five.",
    ),
    ("The 3rd and the 21st and the 20th.", "The third and the twenty-first and the twentieth."),
    ("10x faster with 8 GB.", "ten times faster with eight gigabytes."),
    ("CI/CD, e.g. with C++ & C#.", "CI CD, for example, with C plus plus and C sharp."),
    ("UTF-8, S3, p99, HTTP/2 and IPv6 stay.", "UTF-8, S3, p99, HTTP/2 and IPv6 stay."),
    ("Status 404 means what?", "Status four hundred four means what?"),
    ("a + b = c", "a plus b equals c"),
    ("**Bold** and _soft_ words", "Bold and soft words"),
    ("snake_case stays", "snake_case stays"),
    ("≥ 3 and ≤ 4", "at least three and at most four"),
]


@pytest.mark.parametrize(("written", "said"), SAID)
def test_table(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "zero"),
        ("14", "fourteen"),
        ("70", "seventy"),
        ("105", "one hundred five"),
        ("12,345", "twelve thousand three hundred forty-five"),
        ("2000000007", "two billion seven"),
        ("007", "zero zero seven"),
        ("3.14", "three point one four"),
    ],
)
def test_numbers(written: str, said: str) -> None:
    assert number_words(written) == said


@given(st.text(max_size=200))
def test_whatever_is_written_can_be_said(text: str) -> None:
    said = spoken(text)
    assert "\n" not in said
    assert "```" not in said
    assert spoken(said).count("https://") == 0


def test_questions_of_the_banks_are_said_as_they_are_written() -> None:
    """They are written for the ear; only numbers may differ."""
    for bank in list_banks(bank_folders()):
        for question in bank.questions:
            for text in (question.text, *(point.probe for point in question.key_points)):
                if not re.search(r"\d|[%&/+=]", text):
                    assert spoken(text) == text, question.id
