"""What the offline judge makes of a bank's own texts: examples, phrases, key points that cannot be told apart.

The second half of `banks check`; the first (banks.linting) looks at the words alone.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from voiceprep.banks import BankSource, LintFinding
from voiceprep.conduct.leaks import told_points
from voiceprep.model import Example, ExampleLevel, Question, QuestionScore, Transcript, Word
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.scoring.statements import make_phrase
from voiceprep.scoring.words import is_plain

STRONG_FROM, WEAK_BELOW = 0.75, 0.35
"""What an example may score; a partial one lies between."""
OVERLAP_SHARE = 0.8
"""Of the ways to say a key point, so many earn another one as well: the two cannot be told apart."""
SPOKEN_AROUND = "Well, this is how I see it. {}. That is what I would say about it."
"""A phrase is tried as people say it, not as a note."""


def check_rubrics(source: BankSource, judge: OfflineJudge | None = None) -> Iterator[LintFinding]:
    """Everything found, question by question. The judge uses words only, so that every machine finds the same."""
    judge = judge or OfflineJudge(has_word_vectors=False, has_encoder=False)
    for question in source.bank.questions:
        yield from _Check(source, question, judge).findings()


@dataclass(frozen=True, slots=True)
class _Check:
    source: BankSource
    question: Question
    judge: OfflineJudge

    def findings(self) -> Iterator[LintFinding]:
        yield from self._examples()
        yield from self._wordings()

    def _at(self, message: str, *place: str) -> LintFinding:
        line = self.source.line(self.question.id, *place)
        return LintFinding(self.source.path, line, f"question '{self.question.id}': {message}")

    def _score(self, text: str) -> QuestionScore:
        words = tuple(Word(word, at, at) for at, word in enumerate(text.split()))
        return self.judge.score(self.question, Transcript(words))

    def _examples(self) -> Iterator[LintFinding]:
        scored: dict[ExampleLevel, list[tuple[float, str]]] = {level: [] for level in ExampleLevel}
        for index, example in enumerate(self.question.examples):
            result = self._score(example.text)
            value, level = result.score or 0.0, example.level
            scored[level].append((value, str(index)))
            found = {point.id for point in result.key_points if point.is_credited}
            yield from self._disagreements(example, found, str(index))
            if not _is_in_place(level, value):
                message = f"the {level} example scores {value:.2f}; {_EXPECTED[level]}"
                yield self._at(message, "examples", str(index), "text")
            wrong = next((flag for flag in result.flags if flag.startswith("misconception:")), None)
            if wrong and level is ExampleLevel.STRONG:
                message = f"the strong example holds the {wrong.replace(':', ' ')}"
                yield self._at(message, "examples", str(index), "text")
        for better, worse in pairwise(level for level in ExampleLevel if scored[level]):
            (least, index_), (most, _) = min(scored[better]), max(scored[worse])
            if least <= most:
                message = f"the {better} example scores {least:.2f}, the {worse} one {most:.2f}"
                yield self._at(message, "examples", index_, "text")

    def _disagreements(self, example: Example, found: set[str], index: str) -> Iterator[LintFinding]:
        said, place = set(example.credited), ("examples", index, "credited")
        for point_id in sorted(found - said):
            yield self._at(f"the {example.level} example earns '{point_id}', which 'credited' leaves out", *place)
        for point_id in sorted(said - found):
            message = f"the {example.level} example does not earn '{point_id}': add how it says that to the phrases"
            yield self._at(message, *place)

    def _wordings(self) -> Iterator[LintFinding]:
        """Every way to say a key point means and earns it, and hardly ever another one; its probe earns nothing."""
        for point in self.question.key_points:
            wordings = [("text", point.text), *(("phrases", phrase) for phrase in point.phrases)]
            others: Counter[str] = Counter()
            for field, wording in wordings:
                if _is_one_common_word(wording):
                    yield self._at(f"'{wording}' is said about anything: add words", "key_points", point.id, field)
                credited, why = self._earned(SPOKEN_AROUND.format(wording.rstrip(".")))
                others.update(credited - {point.id})
                if point.id not in credited:
                    message = f"'{wording}' does not earn '{point.id}'{why}: no answer can reach it that way"
                    yield self._at(message, "key_points", point.id, field)
            for other, count in sorted(others.items()):
                if count >= OVERLAP_SHARE * len(wordings):
                    message = f"whoever says '{point.id}' mostly earns '{other}' too: word them further apart"
                    yield self._at(message, "key_points", point.id)
            told = told_points(point.probe, self.question.key_points, (self.question.text,))
            for given_away in sorted(self._earned(point.probe)[0].intersection(told)):
                message = f"the probe of '{point.id}' gives '{given_away}' away: saying it earns it"
                yield self._at(message, "key_points", point.id, "probe")

    def _earned(self, text: str) -> tuple[set[str], str]:
        """Key points that a text earns; the flags it raises, to be told."""
        result = self._score(text)
        credited = {point.id for point in result.key_points if point.is_credited}
        return credited, f" ({', '.join(result.flags)})" if result.flags else ""


def _is_one_common_word(wording: str) -> bool:
    terms = make_phrase(wording, frozenset()).terms
    return len(terms) == 1 and is_plain(terms[0].token.text)


_EXPECTED = {
    ExampleLevel.STRONG: f"at least {STRONG_FROM} is expected",
    ExampleLevel.PARTIAL: f"from {WEAK_BELOW} to below {STRONG_FROM} is expected",
    ExampleLevel.WEAK: f"below {WEAK_BELOW} is expected",
}


def _is_in_place(level: ExampleLevel, score: float) -> bool:
    if level is ExampleLevel.STRONG:
        return score >= STRONG_FROM
    if level is ExampleLevel.PARTIAL:
        return WEAK_BELOW <= score < STRONG_FROM
    return score < WEAK_BELOW
