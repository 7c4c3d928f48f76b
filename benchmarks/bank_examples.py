"""The examples of every shipped bank, and what of their score is owed to phrases that stand in them word for word.

`python -m benchmarks.bank_examples` scores each example twice: with the bank as it is, and without every phrase
that the example contains verbatim. 1 when strong, partial and weak are out of order with the bank as it is.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from voiceprep.banks import bank_folders, list_banks
from voiceprep.banks.words import has_phrase
from voiceprep.model import Bank, Example, ExampleLevel, Question, QuestionScore, Transcript, Word
from voiceprep.scoring.offline import OfflineJudge

WORD_MS = 300


@dataclass(slots=True)
class Tally:
    """Counts over one bank. `due`: key points a marker credits; `undue`: those a marker does not."""

    due: int = 0
    undue: int = 0
    verbatim: int = 0
    earned: int = 0
    false: int = 0
    ordered: int = 0

    def count(self, example: Example, result: QuestionScore) -> None:
        earned = {point.id for point in result.key_points if point.is_credited}
        self.due += len(example.credited)
        self.undue += len(result.key_points) - len(example.credited)
        self.earned += len(earned & set(example.credited))
        self.false += len(earned - set(example.credited))


def spoken(text: str) -> Transcript:
    words = text.split()
    return Transcript(tuple(Word(word, i * WORD_MS, (i + 1) * WORD_MS) for i, word in enumerate(words)))


def without_verbatim(question: Question, example: Example) -> Question:
    """The question without the phrases that stand in the example."""
    return replace(
        question,
        key_points=tuple(
            replace(point, phrases=tuple(each for each in point.phrases if not has_phrase(example.text, each)))
            for point in question.key_points
        ),
    )


def is_ordered(scores: Sequence[tuple[ExampleLevel, float]]) -> bool:
    strong, partial, weak = ([score for level, score in scores if level is wanted] for wanted in ExampleLevel)
    return min(strong) > max(partial) and min(partial) > max(weak)


def measure(bank: Bank, judge: OfflineJudge) -> tuple[Tally, Tally]:
    """(the bank as it is, with verbatim phrases withheld)."""
    plain, withheld = Tally(), Tally()
    for question in bank.questions:
        scores: dict[int, list[tuple[ExampleLevel, float]]] = {0: [], 1: []}
        for example in question.examples:
            harder = without_verbatim(question, example)
            for which, (asked, tally) in enumerate(((question, plain), (harder, withheld))):
                result = judge.score(asked, spoken(example.text))
                tally.count(example, result)
                scores[which].append((example.level, result.score or 0.0))
            withheld.verbatim += sum(
                before.id in example.credited and before.phrases != after.phrases
                for before, after in zip(question.key_points, harder.key_points, strict=True)
            )
        plain.ordered += is_ordered(scores[0])
        withheld.ordered += is_ordered(scores[1])
    return plain, withheld


def main() -> int:
    judge = OfflineJudge()
    is_broken = False
    print("                         ------ as it is ------   ------------ withheld ------------")
    print("bank               asked  ordered  earned  false   verbatim  ordered  earned  false")
    for bank in list_banks(bank_folders()):
        plain, withheld = measure(bank, judge)
        asked = len(bank.questions)
        is_broken |= plain.ordered < asked
        print(
            f"{bank.id:<18} {asked:>5} {plain.ordered:>8} {plain.earned / plain.due:>7.1%} "
            f"{plain.false / plain.undue:>6.1%} {withheld.verbatim / withheld.due:>10.0%} {withheld.ordered:>8} "
            f"{withheld.earned / withheld.due:>7.1%} {withheld.false / withheld.undue:>6.1%}"
        )
    return 1 if is_broken else 0


if __name__ == "__main__":
    sys.exit(main())
