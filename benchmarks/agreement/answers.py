"""Graded short answers, as they were written or with word errors. Must not know any judge."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
HELD_OUT = (HERE / "fresh.txt", HERE / "classroom.txt")
DEVELOPMENT = (
    HERE / "tuned.txt",
    HERE / "heldout.txt",
    HERE / "varied.txt",
    HERE.parent.parent / "tests" / "graded_answers.txt",
)
"""Files that constants of the judge may be chosen on, and those that are for the figures only."""
WORD_ERRORS = 0.1
SMALL_WORDS = ("the", "a", "where", "it", "and")


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """An answer and the key points a marker credited; `line` is what `voiceprep grade --jsonl` reads.

    `mark`: share 0..1 of the full mark; where the question has no key points it is all that was marked.
    """

    question: str
    domain: str
    text: str
    credited: frozenset[str]
    mark: float
    line: str


def load_answers(path: Path) -> list[GradedAnswer]:
    """All answers of a file in its order; its format is told in its first lines."""
    return list(_read(path.read_text("utf-8").splitlines()))


def _read(lines: list[str]) -> Iterator[GradedAnswer]:
    domain = question = reference = ""
    points: list[dict[str, str]] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "D":
            domain = rest
        elif kind == "Q":
            question, reference, points = rest, "", []
        elif kind == "R":
            reference = rest
        elif kind == "K":
            point_id, _, text = rest.partition(" ")
            points.append({"id": point_id, "text": text})
        elif kind == "A":
            marked, _, text = rest.partition(" | ")
            ids = frozenset(marked.split()) - {"-"} if points else frozenset[str]()
            mark = len(ids) / len(points) if points else float(marked)
            entry = {"id": question, "question": question, "key_points": points, "answer": text}
            if reference:
                entry["reference"] = reference
            yield GradedAnswer(question, domain, text, ids, mark, json.dumps(entry))


def mishear(text: str, chance: random.Random) -> str:
    """`text` with WORD_ERRORS of its words dropped, cut short or replaced by a small word."""
    words = [
        chance.choice(("", word[:-1], chance.choice(SMALL_WORDS))) if chance.random() < WORD_ERRORS else word
        for word in text.split()
    ]
    return " ".join(word for word in words if word)
