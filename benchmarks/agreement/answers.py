"""Reads graded short answers. Must not know any judge."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


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
