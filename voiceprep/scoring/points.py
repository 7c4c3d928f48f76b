"""Rules on each key point of one answer: what speaks for it, what against. Must not know quotes, audio or traps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from voiceprep.model import KeyPoint, Question
from voiceprep.scoring.closeness import Closeness, WordTable
from voiceprep.scoring.contraries import affirms_denied, differs_in_number, is_contrary, split_clauses
from voiceprep.scoring.coverage import NOTHING, AnswerView, Window, best_window, without_other_side
from voiceprep.scoring.decision import (
    COVERAGE_MAX,
    CREDIT_OF_A_POINT,
    DOUBT_SHARE,
    FORMULAS,
    LENGTH_TOKENS_MAX,
    PLAIN_AT,
    SUBJECTS,
    Finding,
    coverage_to_credit,
    find_subject,
    to_credit,
)
from voiceprep.scoring.lexicon import DETERMINERS
from voiceprep.scoring.matching import match_token
from voiceprep.scoring.meaning import NO_LIKENESS, Likeness, TextVectors, find_likeness
from voiceprep.scoring.negation import Polarity, denied_as_a_whole
from voiceprep.scoring.statements import (
    Statement,
    find_contrast,
    make_phrase,
    make_statement,
    shared_share,
    without_marking_words,
)
from voiceprep.scoring.words import read_rubric

SAID_AT = 0.85
"""Coverage of a key point's own sentence that needs no other evidence."""
DENIED_AT = 0.7
"""Coverage, for and against, from which a denial of a key point decides alone."""
PHRASE_AT, PHRASE_FULL_ABOVE = 0.75, 0.2
"""Coverage from which a phrase of the bank counts, as it is short, and how much more earns full credit."""
ONE_WORD_AT = 0.8
"""The same where the phrase is a single word: it may be misheard, but a word like it is said about other things."""
MISLED_SHARE = 0.8
"""Of the words that a credit rests on, this share lies in a misconception: its full stop may be outside."""
MISCONCEPTION_AT = 0.8
NAME_TERMS_MAX, SAME_NAME_AT = 2, 0.7
"""How many words a name has at most, and the cosine from which another one means the same."""
AFFIRMED_AT = 0.6
"""Share of what a key point denies that an answer affirms, from which it says the contrary."""
STRANGE_BELOW, STRANGE_FOR_ONE_BELOW = 0.1, 0.5
"""Probability that an answer is about its question, below which it earns nothing at all; and where a bank lists
phrases, below which a single point is no evidence: some phrases are so short that they are said about anything."""
LONG_TALK_TOKENS = 30
"""From so many tokens on: a short line with a phrase in it is likely about it."""
OF_THE_SUBJECT_AT = 0.6
"""Coverage of a key point that shows that it is, whatever else."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Credit 0..1 of one key point and the tokens first..last that earn it."""

    point_id: str
    credit: float
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Rubric:
    """A question prepared once. `known`: stems of the question's words; `telling`: those that tell points apart."""

    known: frozenset[str]
    telling: frozenset[str]
    contrast: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says about one key point; `belonging` is the same for all, see closeness.WordTable."""

    point: KeyPoint
    statement: Statement
    window: Window
    phrase: Window
    likeness: Likeness | None
    closeness: Closeness
    belonging: float
    is_contrary: bool
    affirmed: float


def judge_points(
    question: Question, view: AnswerView, vectors: TextVectors | None
) -> tuple[list[Ruling], list[str]]:
    """A ruling per key point, in order, and flags: misconceptions, denials, off the topic by its meaning."""
    rubric = _read_rubric(question)
    readings = read_points(question, view, vectors)
    findings = find_evidence(readings, len(view.tokens))
    kind = vectors.name if vectors else "words"
    about = SUBJECTS[kind].probability(find_subject(findings))
    wrong = _find_misconceptions(question, rubric, view)
    flags = [f"misconception:{number}" for number, _, _ in wrong]
    denied = denied_as_a_whole(view.text, view.tokens)
    rulings = []
    for reading, finding in zip(readings, findings, strict=True):
        ruling = _rule(reading, FORMULAS[kind].probability(finding) * about**DOUBT_SHARE, view)
        if _rests_on(ruling, denied) and not _denies(reading.statement):
            ruling = replace(ruling, credit=0.0)
        is_turned = (reading.is_contrary or reading.affirmed >= AFFIRMED_AT) and not reading.point.phrases
        if _denial(reading) >= DENIED_AT or is_turned:
            flags.append(f"denied:{reading.point.id}")
        if any(_overrules(bad, window, reading, ruling) for _, bad, window in wrong):
            ruling = replace(ruling, credit=0.0)
        rulings.append(ruling)
    if _is_strange(readings, rulings, about, len(view.tokens)):
        flags.append("off_topic")
    return rulings, flags


def read_points(question: Question, view: AnswerView, vectors: TextVectors | None) -> list[Reading]:
    """What the answer says about each key point, in their order."""
    rubric = _read_rubric(question)
    texts = tuple(without_marking_words(point.text) for point in question.key_points)
    open_tokens = [token for token, is_masked in zip(view.tokens, view.is_masked, strict=True) if not is_masked]
    table = WordTable(question, open_tokens, view.vectors)
    belonging = table.belonging()
    things = frozenset(rubric.contrast or ())
    said = split_clauses(view.tokens, view.polarity, things)
    likenesses: Sequence[Likeness | None] = [None] * len(texts)
    if vectors is not None:
        likenesses = find_likeness(view.text, view.tokens, view.is_masked, (question.text, texts), vectors)
    readings = []
    for point, text, likeness in zip(question.key_points, texts, likenesses, strict=True):
        statement = make_statement(text, rubric.known - rubric.telling)
        about = without_other_side(view, statement, rubric.contrast)
        window = best_window(statement, about)
        reading = Reading(
            point,
            statement,
            window,
            _best_phrase(point, rubric, about),
            likeness,
            table.closeness(text),
            belonging,
            is_contrary(text, said, things) or differs_in_number(text, question.text, open_tokens),
            affirms_denied(text, view.tokens, view.polarity),
        )
        readings.append(reading)
    return readings


def find_evidence(readings: Sequence[Reading], token_count: int) -> list[Finding]:
    """The numbers that the formula weighs, one per key point."""
    length = math.log1p(min(LENGTH_TOKENS_MAX, token_count))
    found = []
    for place, reading in enumerate(readings):
        others = [other.window.agreement for other in (*readings[:place], *readings[place + 1 :])]
        lead = reading.window.agreement - max(others, default=0.0)
        coverage = min(COVERAGE_MAX, reading.window.agreement)
        likeness = reading.likeness or NO_LIKENESS
        found.append(
            Finding(
                coverage=coverage,
                lead=max(-COVERAGE_MAX, min(COVERAGE_MAX, lead)),
                margin=likeness.margin,
                similarity=likeness.similarity,
                parts=likeness.parts,
                echo=likeness.echo,
                words=reading.closeness.words,
                fresh=reading.closeness.fresh,
                head=reading.closeness.head,
                belonging=reading.belonging,
                is_alone=float(len(readings) == 1),
                length=length,
                long_coverage=coverage * length,
                long_parts=likeness.parts * length,
                denial=_denial(reading),
                contrary=float(reading.is_contrary),
                affirmed=reading.affirmed,
            )
        )
    return found


def _rule(reading: Reading, probability: float, view: AnswerView) -> Ruling:
    """The best of formula, plain saying and phrase; nothing for what is denied."""
    window, phrase, likeness = reading.window, reading.phrase, reading.likeness
    meant = (likeness.first, likeness.last) if likeness else (window.first, window.last)
    said = (window.first, window.last)
    if reading.point.phrases:
        covered = 0.0 if window.is_denied else coverage_to_credit(window.agreement)
        options = [(covered, said)]
        if likeness and probability >= PLAIN_AT and not window.is_denied:
            options.append((CREDIT_OF_A_POINT, meant))
    elif (
        _names_another(reading, view)
        or _denial(reading) >= DENIED_AT
        or reading.is_contrary
        or reading.affirmed >= AFFIRMED_AT
    ):
        options = []
    else:
        options = [(1.0, said)] if window.agreement >= SAID_AT else []
        options.append((to_credit(probability), meant))
    if phrase.agreement >= PHRASE_AT:
        value = min(1.0, CREDIT_OF_A_POINT + 0.5 * (phrase.agreement - PHRASE_AT) / PHRASE_FULL_ABOVE)
        options.append((round(value, 3), (phrase.first, phrase.last)))
    credit, (first, last) = max(options, key=lambda option: option[0], default=(0.0, said))
    return Ruling(reading.point.id, credit, first, last)


def _names_another(reading: Reading, view: AnswerView) -> bool:
    """A name or term is asked for, and a short answer gives another: "London" is near "Paris", but it is not."""
    name = [token for token in read_rubric(reading.statement.text) if token.text not in DETERMINERS]
    given = [token for token in view.tokens if token.is_content]
    if max(len(name), len(given)) > NAME_TERMS_MAX or any(term.is_known for term in reading.statement.terms):
        return False
    if reading.likeness is not None and reading.likeness.similarity >= SAME_NAME_AT:
        return False
    matches = [match_token(term, token, view.rubric_stems, 0.0) for term in name for token in given]
    return not any(match.strength and not match.is_opposite for match in matches)


def _rests_on(ruling: Ruling, denied: frozenset[int]) -> bool:
    return ruling.last >= ruling.first and ruling.last in denied and ruling.credit > 0


def _denies(statement: Statement) -> bool:
    """Whether a key point says that something is not so: then a denial may be what it asks for."""
    return any(term.polarity in (Polarity.DENIED, Polarity.DENIED_HEAD) for term in statement.terms)


def _is_strange(readings: Sequence[Reading], rulings: Sequence[Ruling], about: float, token_count: int) -> bool:
    if token_count >= LONG_TALK_TOKENS and any(reading.point.phrases for reading in readings):
        credited_count = sum(ruling.credit >= CREDIT_OF_A_POINT for ruling in rulings)
        return about < (STRANGE_FOR_ONE_BELOW if credited_count <= 1 < len(rulings) else STRANGE_BELOW)
    said = max(max(reading.window.agreement, reading.phrase.agreement) for reading in readings)
    return about < STRANGE_BELOW and said < OF_THE_SUBJECT_AT


def _denial(reading: Reading) -> float:
    """How much of the point the stretch nearest to it speaks about in order to deny it."""
    window, likeness = reading.window, reading.likeness
    if not window.is_denied:
        return 0.0
    if likeness is not None and min(window.last, likeness.last) < max(window.first, likeness.first):
        return 0.0
    return min(1.0, window.concern)


def _best_phrase(point: KeyPoint, rubric: _Rubric, about: AnswerView) -> Window:
    best = NOTHING
    for phrase in point.phrases:
        stated = make_phrase(phrase, rubric.known)
        said = best_window(stated, without_other_side(about, stated, rubric.contrast))
        is_said = said.agreement >= ONE_WORD_AT or len(stated.terms) > 1
        if is_said and not said.is_denied and said.agreement > best.agreement:
            best = said
    return best


def _read_rubric(question: Question) -> _Rubric:
    known = _stems(question.text)
    per_point = [_stems(point.text) for point in question.key_points]
    telling = {stem for stem in known if 0 < sum(stem in stems for stems in per_point) <= len(per_point) / 2}
    return _Rubric(known, frozenset(telling), find_contrast(question.text))


def _stems(text: str) -> frozenset[str]:
    return frozenset(token.stem for token in read_rubric(text) if token.is_content)


def _find_misconceptions(
    question: Question, rubric: _Rubric, view: AnswerView
) -> list[tuple[str, Statement, Window]]:
    found = []
    for belief in question.misconceptions:
        for phrase in (belief.text, *belief.phrases):
            statement = make_phrase(phrase, rubric.known)
            window = best_window(statement, view)
            if not window.is_denied and window.agreement >= MISCONCEPTION_AT:
                found.append((belief.id, statement, window))
                break
    return found


def _overrules(bad: Statement, bad_window: Window, reading: Reading, ruling: Ruling) -> bool:
    """A misconception voids the key point it speaks about when both rest on the same words of the answer.

    Words that state the misconception better than the key point are no evidence for any key point.
    """
    overlap = min(bad_window.last, ruling.last) - max(bad_window.first, ruling.first)
    said = max(reading.window.agreement, reading.phrase.agreement)
    if overlap + 1 >= MISLED_SHARE * (ruling.last - ruling.first + 1) and bad_window.agreement >= said:
        return True
    return overlap >= 0 and shared_share(bad, reading.statement) >= 0.4 and bad_window.agreement >= said - 0.1
