"""Fits the constants of voiceprep/scoring/decision.py on the answers they may be chosen on, and prints them.

Run: python -m benchmarks.agreement.fit. By kind of text vectors: a line of FORMULAS, a line of SUBJECTS.
"""

import random
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from benchmarks.agreement.answers import DEVELOPMENT, load_answers, mishear
from voiceprep.banks import bank_folders, list_banks
from voiceprep.model import ExampleLevel, Question
from voiceprep.scoring.decision import Finding, Subject, find_subject
from voiceprep.scoring.encoder import load_encoder
from voiceprep.scoring.grade import parse_entry, parse_question
from voiceprep.scoring.meaning import Pieces, Rows, TextVectors
from voiceprep.scoring.offline import read_answer
from voiceprep.scoring.parts import split_points
from voiceprep.scoring.points import find_evidence, read_points
from voiceprep.scoring.short_forms import spell_out_rubric
from voiceprep.scoring.traps import find_traps
from voiceprep.scoring.vectors import load_vectors
from voiceprep.scoring.words import tokenize

BANK_WEIGHT, AMONG_OTHERS_WEIGHT, STRANGE_WEIGHT = 0.6, 0.1, 0.05
MISHEARD_WEIGHT, DENIED_WEIGHT = 0.3, 0.2
RIDGE, RIDGE_LENGTH = 1.0, 40.0
"""Penalties on the weights of standardised values. Length alone proves nothing, so it is held back."""

Values = npt.NDArray[np.float64]
"""Shape (n_decisions, n_values)."""


@dataclass(frozen=True, slots=True)
class Case:
    """An answer, what a marker credits, and how much it counts. `is_about`: whether it is about its question; None
    where nobody can tell, as in a wrong answer."""

    question: Question
    text: str
    credited: frozenset[str]
    weight: float
    is_about: bool | None = None


def load_cases() -> list[Case]:
    """The graded answers, each point also on its own as the only one of its question, and as they may be misheard;
    the same answers between answers to other questions; answers to other questions, which earn nothing; denials;
    examples of the banks, without their phrases, and examples for other questions of the same bank."""
    chance = random.Random(5)
    cases = []
    for source in DEVELOPMENT:
        answers = [(parse_question(parse_entry(a.line)), a) for a in load_answers(source)]
        for question, graded in answers:
            if not question.key_points:
                continue
            strange = [other.text for _, other in answers if other.question != graded.question]
            before, after = chance.choice(strange), chance.choice(strange)
            among = ". ".join(text.rstrip(".") for text in (before, graded.text, after))
            cases += [
                *_on_topic(question, graded.text, graded.credited, 1.0),
                Case(question, mishear(graded.text, chance), graded.credited, MISHEARD_WEIGHT),
                Case(question, among, graded.credited, AMONG_OTHERS_WEIGHT),
                Case(question, before, frozenset(), STRANGE_WEIGHT, is_about=False),
                *(Case(each, before, frozenset(), 0.0, is_about=False) for each in _alone(question)),
            ]
        for question in {question.text: question for question, _ in answers}.values():
            cases += [
                Case(replace(question, key_points=(point,)), text, frozenset(), DENIED_WEIGHT)
                for point in question.key_points
                for text in deny(point.text)
            ]
    return cases + _bank_cases(chance)


def _on_topic(question: Question, text: str, credited: frozenset[str], weight: float) -> list[Case]:
    return [
        Case(each, text, credited, weight, True if any(p.id in credited for p in each.key_points) else None)
        for each in (question, *_alone(question))
    ]


def _alone(question: Question) -> list[Question]:
    """With each of its key points as the only one, where it has several."""
    points = question.key_points if len(question.key_points) > 1 else ()
    return [replace(question, key_points=(point,)) for point in points]


def _bank_cases(chance: random.Random) -> list[Case]:
    cases = []
    for bank in list_banks(bank_folders()):
        strong = [(q.topic, e.text) for q in bank.questions for e in q.examples if e.level is ExampleLevel.STRONG]
        for question in bank.questions:
            bare = tuple(replace(point, phrases=()) for point in question.key_points)
            asked = replace(question, key_points=bare, misconceptions=())
            for example in question.examples:
                is_about = True if example.credited else None
                cases.append(Case(asked, example.text, frozenset(example.credited), BANK_WEIGHT, is_about))
            others = [text for topic, text in strong if topic != question.topic]
            if others:
                cases.append(Case(asked, chance.choice(others), frozenset(), 0.0, is_about=False))
    return cases


class KnownTexts:
    """Text vectors that make those of a text once."""

    def __init__(self, vectors: TextVectors) -> None:
        self.name = vectors.name
        self._vectors = vectors
        self._rows: dict[str, Rows] = {}
        self._pieces: dict[str, Pieces] = {}

    def rows(self, texts: Sequence[str]) -> Rows:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows |= zip(new, self._vectors.rows(new), strict=True)
        return np.stack([self._rows[text] for text in texts])

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        new = [text for text in dict.fromkeys(texts) if text not in self._pieces]
        made = self._vectors.pieces(new) if new else []
        self._pieces |= zip(new, made, strict=False)
        return [self._pieces[text] for text in texts if text in self._pieces]


def deny(text: str) -> list[str]:
    """What says the contrary of a key point, for those that are stated plainly."""
    start = text[0].lower() + text[1:]
    return (
        []
        if " not " in text or " no " in text
        else [f"It is not true that {start}.", f"I don't think that {start}."]
    )


def read_findings(cases: Sequence[Case], vectors: TextVectors | None) -> list[list[Finding]]:
    """What speaks for each key point of each case, as its rubric is read."""
    found = []
    for case in cases:
        question, tokens = spell_out_rubric(case.question), tokenize(case.text)
        masked = find_traps(question, case.text, tokens).is_masked
        view = read_answer(question, case.text, tokens, masked, load_vectors() if vectors else None)
        stated, _ = split_points(question)
        found.append(find_evidence(read_points(stated, view, vectors), len(tokens)))
    return found


def fit_points(cases: Sequence[Case], findings: Sequence[Sequence[Finding]]) -> Values:
    """For the probability that a marker credits a key point."""
    marks, weights = [], []
    for case in cases:
        _, places = split_points(spell_out_rubric(case.question))
        marks += [case.question.key_points[place].id in case.credited for place in places]
        weights += [case.weight] * len(places)
    return fit([each for found in findings for each in found], np.array(marks, dtype=float), np.array(weights))


def fit_subject(cases: Sequence[Case], findings: Sequence[Sequence[Finding]]) -> Values:
    """For the probability that an answer is about its question, when as many are as are not."""
    pairs = [(find_subject(found), case.is_about) for case, found in zip(cases, findings, strict=True)]
    values = [subject for subject, is_about in pairs if is_about is not None]
    about = np.array([is_about for _, is_about in pairs if is_about is not None], dtype=float)
    return fit(values, about, np.where(about > 0, 1.0, about.sum() / (1 - about).sum()))


def fit(known: Sequence[Finding] | Sequence[Subject], wanted: Values, counts: Values) -> Values:
    """Weights of the values and the constant: logistic regression by Newton's method."""
    values = np.array([astuple(each) for each in known])
    middle, spread = values.mean(axis=0), values.std(axis=0)
    used = spread > 0
    rows = np.column_stack([(values[:, used] - middle[used]) / spread[used], np.ones(len(values))])
    names = [field.name for field in fields(known[0])]
    ridge = np.array([RIDGE_LENGTH if name == "length" else RIDGE for name in np.array(names)[used]] + [0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        said = 1 / (1 + np.exp(-rows @ weights))
        bend = (rows * (counts * said * (1 - said))[:, None]).T @ rows + np.diag(ridge)
        weights -= np.linalg.solve(bend, rows.T @ (counts * (said - wanted)) + ridge * weights)
    plain = np.zeros(len(names) + 1)
    plain[:-1][used] = weights[:-1] / spread[used]
    plain[-1] = weights[-1] - (weights[:-1] * middle[used] / spread[used]).sum()
    return plain


def main() -> None:
    cases = load_cases()
    for vectors in (load_encoder(), load_vectors(), None):
        name = vectors.name if vectors else "words"
        findings = read_findings(cases, KnownTexts(vectors) if vectors else None)
        for fitted in (fit_points(cases, findings), fit_subject(cases, findings)):
            *values, constant = (round(float(weight), 2) for weight in fitted)
            print(f'    "{name}": Formula(({", ".join(map(str, values))}), {constant}),', flush=True)


if __name__ == "__main__":
    main()
