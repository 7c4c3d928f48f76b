"""Fits the constants of voiceprep/scoring/decision.py on the answers they may be chosen on, and prints them.

Run: python -m benchmarks.agreement.fit
"""

import random
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from benchmarks.agreement.answers import DEVELOPMENT, load_answers
from voiceprep.banks import bank_folders, list_banks
from voiceprep.model import Question
from voiceprep.scoring.decision import Finding
from voiceprep.scoring.encoder import load_encoder
from voiceprep.scoring.grade import parse_entry, parse_question
from voiceprep.scoring.meaning import TextVectors
from voiceprep.scoring.offline import read_answer
from voiceprep.scoring.points import find_evidence, read_points
from voiceprep.scoring.traps import find_traps
from voiceprep.scoring.vectors import load_vectors
from voiceprep.scoring.words import tokenize

BANK_WEIGHT, AMONG_OTHERS_WEIGHT, STRANGE_WEIGHT = 0.6, 0.1, 0.05
DENIED_WEIGHT = 0.2
RIDGE, RIDGE_LENGTH = 1.0, 40.0
"""Penalties on the weights of standardised values. Length alone proves nothing, so it is held back."""

Values = npt.NDArray[np.float64]
"""Shape (n_decisions, n_values)."""


@dataclass(frozen=True, slots=True)
class Case:
    """An answer, what a marker credits, and how much it counts."""

    question: Question
    text: str
    credited: frozenset[str]
    weight: float


def load_cases() -> list[Case]:
    """The graded answers, each point also on its own as the only one of its question; the same answers between
    answers to other questions; answers to other questions, which earn nothing; long spoken examples of the banks,
    without their phrases."""
    chance = random.Random(5)
    cases = []
    for source in DEVELOPMENT:
        answers = [(parse_question(parse_entry(a.line)), a) for a in load_answers(source)]
        for question, graded in answers:
            cases.append(Case(question, graded.text, graded.credited, 1.0))
            alone = [replace(question, key_points=(point,)) for point in question.key_points]
            cases += [Case(each, graded.text, graded.credited, 1.0) for each in alone]
            strange = [other.text for _, other in answers if other.question != graded.question]
            before, after = chance.choice(strange), chance.choice(strange)
            among = ". ".join(text.rstrip(".") for text in (before, graded.text, after))
            cases.append(Case(question, among, graded.credited, AMONG_OTHERS_WEIGHT))
            cases.append(Case(question, before, frozenset(), STRANGE_WEIGHT))
        for question in {question.text: question for question, _ in answers}.values():
            cases += [
                Case(replace(question, key_points=(point,)), text, frozenset(), DENIED_WEIGHT)
                for point in question.key_points
                for text in deny(point.text)
            ]
    for bank in list_banks(bank_folders()):
        for question in bank.questions:
            bare = tuple(replace(point, phrases=()) for point in question.key_points)
            asked = replace(question, key_points=bare, misconceptions=())
            cases += [Case(asked, e.text, frozenset(e.credited), BANK_WEIGHT) for e in question.examples]
    return cases


def deny(text: str) -> list[str]:
    """What says the contrary of a key point, for those that are stated plainly."""
    start = text[0].lower() + text[1:]
    return (
        []
        if " not " in text or " no " in text
        else [f"It is not true that {start}.", f"I don't think that {start}."]
    )


def read_findings(cases: list[Case], vectors: TextVectors | None) -> tuple[list[Finding], Values, Values]:
    """What speaks for each key point, whether a marker credited it (0 or 1) and how much it counts."""
    findings: list[Finding] = []
    marks, weights = [], []
    for case in cases:
        question, tokens = case.question, tokenize(case.text)
        masked = find_traps(question, case.text, tokens).is_masked
        view = read_answer(question, case.text, tokens, masked, load_vectors() if vectors else None)
        findings += find_evidence(read_points(question, view, vectors), len(tokens))
        marks += [point.id in case.credited for point in question.key_points]
        weights += [case.weight] * len(question.key_points)
    return findings, np.array(marks, dtype=np.float64), np.array(weights)


def fit(findings: list[Finding], wanted: Values, counts: Values) -> Values:
    """Weights of a `Finding`'s values and the constant: logistic regression by Newton's method."""
    values = np.array([astuple(finding) for finding in findings])
    middle, spread = values.mean(axis=0), values.std(axis=0)
    used = spread > 0
    rows = np.column_stack([(values[:, used] - middle[used]) / spread[used], np.ones(len(values))])
    names = [field.name for field in fields(Finding)]
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
        weights = fit(*read_findings(cases, vectors))
        name = vectors.name if vectors else "words"
        *values, constant = (round(float(weight), 2) for weight in weights)
        print(f'    "{name}": Formula(({", ".join(map(str, values))}), {constant}),')


if __name__ == "__main__":
    main()
