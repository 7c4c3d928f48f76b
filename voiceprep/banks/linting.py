"""What is wrong with a bank that can be read: rubrics that cannot be met, probes that leak, texts that repeat.

Must not know how answers are scored; it looks at the bank's own words only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from voiceprep.banks.reading import BANK, BankSource, Place
from voiceprep.banks.words import content_stems, has_phrase, words
from voiceprep.model import ExampleLevel, KeyPoint, Question, QuestionKind, StarPart, Term

PROBE_SHARE = 0.2
"""A key point worth this share of its question needs a probe."""

_LEAKED_SHARE = 0.75
"""A probe that holds this share of a phrase's words says the answer."""

_SAME_QUESTION_SHARE, _SAME_QUESTION_WORDS = 0.75, 4
"""Questions that share so much of at least so many words ask the same."""

_TWO_QUESTIONS = re.compile(
    r"\?.*\?|,? and (?:(?:at|by|for|from|of|on|to|with) )?(?:how|what|when|where|which|whom?|whose|why)\b.*\?"
)
"""Two question marks, or a second question word after "and"."""


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing to mend. `str()` is `file:line: message`."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def lint_bank(source: BankSource) -> tuple[LintFinding, ...]:
    """Everything found, in the order of the file."""
    findings = [*_draft(source), *_glossary(source)]
    findings += _duplicate_texts(source)
    spellings = _spellings(source.bank.glossary)
    for question in source.bank.questions:
        findings += _Lint(source, question, spellings).findings()
    return tuple(sorted(findings, key=lambda each: each.line))


def _draft(source: BankSource) -> Iterator[LintFinding]:
    if source.bank.draft:
        line = source.line(BANK, "draft")
        yield LintFinding(source.path, line, "this is a draft: read every question, then take this line out")


@dataclass(frozen=True, slots=True)
class _Lint:
    """The checks of one question."""

    source: BankSource
    question: Question
    spellings: "_Spellings"

    def findings(self) -> Iterator[LintFinding]:
        yield from self._question_marks()
        yield from self._probes()
        yield from self._phrases()
        yield from self._examples()
        yield from self._story()
        yield from self._spelling()

    def _at(self, message: str, *place: str) -> LintFinding:
        line = self.source.line(self.question.id, *place)
        return LintFinding(self.source.path, line, f"question '{self.question.id}': {message}")

    def _question_marks(self) -> Iterator[LintFinding]:
        if _TWO_QUESTIONS.search(self.question.text):
            yield self._at("asks two questions at once", "text")
        for wording in self.question.wordings:
            if _TWO_QUESTIONS.search(wording):
                yield self._at(f"'{wording}' asks two questions at once", "wordings")

    def _probes(self) -> Iterator[LintFinding]:
        total = sum(point.weight for point in self.question.key_points)
        for point in self.question.key_points:
            share = point.weight / total
            if not point.probe:
                if share >= PROBE_SHARE:
                    yield self._at(f"key point '{point.id}' is worth {share:.0%} and has no probe", *_key(point))
                continue
            if _TWO_QUESTIONS.search(point.probe):
                yield self._at(f"the probe of '{point.id}' asks two questions at once", *_key(point), "probe")
            leak = _leak(self.question, point)
            if leak:
                yield self._at(f"the probe of '{point.id}' gives the answer away: '{leak}'", *_key(point), "probe")

    def _phrases(self) -> Iterator[LintFinding]:
        owners: dict[tuple[str, ...], str] = {}
        for point in self.question.key_points:
            if not point.phrases:
                yield self._at(f"key point '{point.id}' has no phrases: no answer can reach it", *_key(point))
            for phrase in point.phrases:
                yield from self._phrase(owners, phrase, point.id, *_key(point), "phrases")
        for wrong in self.question.misconceptions:
            for phrase in wrong.phrases:
                yield from self._phrase(owners, phrase, wrong.id, "misconceptions", wrong.id, "phrases")

    def _phrase(
        self, owners: dict[tuple[str, ...], str], phrase: str, owner: str, *place: str
    ) -> Iterator[LintFinding]:
        first = owners.setdefault(words(phrase), owner)
        if first != owner:
            yield self._at(f"'{first}' and '{owner}' share the phrase '{phrase}'", *place)
        elif not content_stems(phrase):
            yield self._at(f"the phrase '{phrase}' of '{owner}' holds only everyday words", *place)

    def _examples(self) -> Iterator[LintFinding]:
        weights = {point.id: point.weight for point in self.question.key_points}
        examples = [(each, ("examples", str(index))) for index, each in enumerate(self.question.examples)]
        earned: dict[ExampleLevel, list[tuple[float, tuple[str, str]]]] = {level: [] for level in ExampleLevel}
        for example, place in examples:
            earned[example.level].append((sum(weights[id_] for id_ in example.credited), place))
        for level, marks in earned.items():
            if not marks:
                yield self._at(f"the {level} example is missing", "examples")
        for better, worse in pairwise([level for level in ExampleLevel if earned[level]]):
            least, place = min(earned[better])
            if least <= max(earned[worse])[0]:
                yield self._at(f"the {better} example earns no more than the {worse} one", *place)
        for example, place in examples:
            for point in self.question.key_points:
                said = next((each for each in point.phrases if has_phrase(example.text, each)), None)
                if said and point.id not in example.credited:
                    problem = f"the {example.level} example says '{said}' and gets no credit for '{point.id}'"
                    yield self._at(problem, *place)

    def _story(self) -> Iterator[LintFinding]:
        """Behavioural questions say what belongs to which part of the story and what each level looks like."""
        parts = {point.star for point in self.question.key_points}
        if self.question.kind is not QuestionKind.BEHAVIOURAL:
            marked = next((point for point in self.question.key_points if point.star), None)
            if marked:
                yield self._at("'star' is for behavioural questions", *_key(marked), "star")
            return
        if not parts & {StarPart.SITUATION, StarPart.TASK}:
            yield self._at("no key point is marked as its situation or task", "key_points")
        for part in (StarPart.ACTION, StarPart.RESULT):
            if part not in parts:
                yield self._at(f"no key point is marked as its {part}", "key_points")
        if not self.question.anchors:
            yield self._at("has no anchors: say what answers of level 1 to 5 look like")

    def _spelling(self) -> Iterator[LintFinding]:
        question = self.question
        texts: list[tuple[Place, str]] = [(("text",), question.text), (("reference",), question.reference)]
        texts += [((*_key(point), "text"), point.text) for point in question.key_points]
        texts += [((*_key(point), "probe"), point.probe) for point in question.key_points]
        texts += [(("misconceptions", each.id, "text"), each.text) for each in question.misconceptions]
        texts += [(("examples", str(i), "text"), each.text) for i, each in enumerate(question.examples)]
        texts += [(("anchors", str(level)), text) for level, text in enumerate(question.anchors, 1)]
        for place, text in texts:
            for wrong, term in self.spellings.misspelt(text):
                yield self._at(f"'{wrong}' is written '{term.written}' in the glossary", *place)


def _key(point: KeyPoint) -> tuple[str, str]:
    return "key_points", point.id


def _leak(question: Question, point: KeyPoint) -> str | None:
    """The words of a phrase that the probe says, those of the question apart; None when it keeps the secret."""
    asked = content_stems(question.text)
    probe = content_stems(point.probe) - asked
    for phrase in point.phrases:
        secret = content_stems(phrase) - asked
        if secret and len(secret & probe) / len(secret) >= _LEAKED_SHARE:
            return phrase
    return None


@dataclass(frozen=True, slots=True)
class _Spellings:
    """Finds glossary terms written in another way. One expression for all, as a bank has hundreds of spellings."""

    terms: dict[str, Term]
    pattern: re.Pattern[str]

    def misspelt(self, text: str) -> Iterator[tuple[str, Term]]:
        """What is written, and the term it should be; a capital at the start and a plural s are fine."""
        for match in self.pattern.finditer(text):
            term = self.terms[match.group().lower()]
            if match.group() not in (term.written, term.written[:1].upper() + term.written[1:]):
                yield match.group(), term


def _spellings(glossary: tuple[Term, ...]) -> _Spellings:
    terms: dict[str, Term] = {}
    for term in glossary:
        for spelling in (term.written, *term.heard_as):
            terms.setdefault(spelling.lower(), term)
    longest_first = sorted(terms, key=len, reverse=True)
    # Without a glossary the pattern may match nothing, hence the (?!).
    spellings = "|".join(map(re.escape, longest_first)) or "(?!)"
    return _Spellings(terms, re.compile(rf"(?<!\w)(?:{spellings})(?!\w)", re.IGNORECASE))


def _glossary(source: BankSource) -> Iterator[LintFinding]:
    """Two terms that recognisers hear alike cannot both be repaired."""
    owners: dict[str, str] = {}
    for term in source.bank.glossary:
        owners.setdefault(" ".join(words(term.written)), term.written)
    for term in source.bank.glossary:
        for heard in term.heard_as:
            key = " ".join(words(heard))
            owner = owners.setdefault(key, term.written)
            if owner != term.written:
                message = f"'{heard}' is heard for both '{owner}' and '{term.written}'"
                yield LintFinding(source.path, source.line(BANK, "glossary", term.written, "heard_as"), message)


def _duplicate_texts(source: BankSource) -> Iterator[LintFinding]:
    """Two questions with the same words, or with nearly the same words that carry meaning."""
    seen: list[tuple[str, tuple[str, ...], frozenset[str]]] = []
    for question in source.bank.questions:
        asked, stems = words(question.text), content_stems(question.text)
        for owner, text, known in seen:
            is_close = len(stems & known) >= _SAME_QUESTION_SHARE * max(len(stems | known), _SAME_QUESTION_WORDS)
            if asked == text or is_close:
                message = (
                    f"question '{question.id}': asks {'' if asked == text else 'nearly '}the same as '{owner}'"
                )
                yield LintFinding(source.path, source.line(question.id, "text"), message)
                break
        seen.append((question.id, asked, stems))
