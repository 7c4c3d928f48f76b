"""The offline judge: decides each key point from the transcript alone. Must not know audio, files or a network.

Zero floors (empty, refused, echoed, injected … answers) come first, coverage of the key points second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from voiceprep.model import KeyPoint, KeyPointScore, Question, QuestionScore, Transcript
from voiceprep.scoring import evidence, traps
from voiceprep.scoring.coverage import NOTHING, AnswerView, Window, best_window, make_view, without_other_side
from voiceprep.scoring.statements import (
    KNOWN_WEIGHT_IN_PHRASE,
    Statement,
    find_contrast,
    make_statement,
    shared_share,
)
from voiceprep.scoring.vectors import WordVectors, has_vectors, load_vectors
from voiceprep.scoring.words import read_rubric, tokenize

ALGORITHM = "offline-1"
CREDIT_AT = 0.42
"""Coverage of a key point's own sentence from which it is credited."""
FULL_ABOVE = 0.2
"""Coverage beyond the threshold that earns full credit."""
NOTHING_BELOW = 0.2
PHRASE_AT = 0.75
"""Coverage from which a phrase of the bank counts; it is short, so nearly all of it must be there."""
MISCONCEPTION_AT = 0.8
CHANCE_BELOW = 0.25
"""When no key point earns this much credit, what there is came about by chance."""


class OfflineJudge:
    """`ports.Judge` without a model behind a network; deterministic, safe in any thread."""

    def __init__(self, has_word_vectors: bool | None = None) -> None:
        self.name = "offline"
        self._has_vectors = has_vectors() if has_word_vectors is None else has_word_vectors
        constants = (
            ALGORITHM,
            self._has_vectors,
            CREDIT_AT,
            FULL_ABOVE,
            NOTHING_BELOW,
            PHRASE_AT,
            MISCONCEPTION_AT,
        )
        self.version = sha256(repr(constants).encode()).hexdigest()[:12]

    def _vectors(self) -> WordVectors | None:
        return load_vectors() if self._has_vectors else None

    def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        """Credit per key point 0..1 with its quote; the score is their weighted share (evidence.weighted_share).

        Near misses count only beside something credited: alone they are chance, and earn nothing.
        """
        if not question.key_points or sum(point.weight for point in question.key_points) <= 0:
            return QuestionScore(question.id, None, (), is_abstained=True, flags=("no_key_points",))
        text = transcript.text
        tokens = tokenize(text)
        finding = traps.find_traps(question, text, tokens)
        if finding.is_abstained:
            return _nothing(question, finding.flags, None)
        if finding.is_zero:
            return _nothing(question, finding.flags, 0.0)
        view = make_view(text, tokens, finding.is_masked, _rubric_stems(question), self._vectors())
        points, flags = _judge_points(question, view, transcript)
        if _is_off_topic(question, view, points):
            flags.append("off_topic")
        if "off_topic" in flags or not any(point.is_credited for point in points):
            return _nothing(question, (*finding.flags, *flags), 0.0)
        return QuestionScore(
            question.id,
            evidence.weighted_share(points, question),
            tuple(points),
            flags=(*finding.flags, *flags),
        )


def _nothing(question: Question, flags: tuple[str, ...], score: float | None) -> QuestionScore:
    points = tuple(KeyPointScore(point.id, is_credited=False, credit=0.0) for point in question.key_points)
    return QuestionScore(question.id, score, points, is_abstained=score is None, flags=flags)


def _rubric_stems(question: Question) -> frozenset[str]:
    texts = [question.text, question.reference, *(point.text for point in question.key_points)]
    return frozenset(token.stem for text in texts for token in read_rubric(text) if token.is_content)


def _is_off_topic(question: Question, view: AnswerView, points: Sequence[KeyPointScore]) -> bool:
    """Chance resemblance earns nothing: no point is near, or few words are of the subject and no point is sure."""
    best = max((point.credit for point in points), default=0.0)
    is_chance = 0 < best < CHANCE_BELOW
    return is_chance or (best < 1.0 and traps.is_off_topic(view.tokens, *_subject(question)))


def _subject(question: Question) -> tuple[frozenset[str], frozenset[str]]:
    texts = [question.text, question.reference]
    for point in question.key_points:
        texts += [point.text, *point.phrases]
    for belief in question.misconceptions:
        texts += [belief.text, *belief.phrases]
    tokens = [token for text in texts for token in read_rubric(text) if token.is_content]
    return frozenset(token.stem for token in tokens), frozenset(token.root for token in tokens)


@dataclass(frozen=True, slots=True)
class _Rubric:
    """A question prepared once. `known`: stems of the question's words; `telling`: those that tell points apart."""

    known: frozenset[str]
    telling: frozenset[str]
    contrast: tuple[str, str] | None


def _read_rubric(question: Question) -> _Rubric:
    known = _stems(question.text)
    per_point = [_stems(point.text) for point in question.key_points]
    telling = {stem for stem in known if 0 < sum(stem in stems for stems in per_point) <= len(per_point) / 2}
    return _Rubric(known, frozenset(telling), find_contrast(question.text))


def _stems(text: str) -> frozenset[str]:
    return frozenset(token.stem for token in read_rubric(text) if token.is_content)


def _judge_points(
    question: Question, view: AnswerView, transcript: Transcript
) -> tuple[list[KeyPointScore], list[str]]:
    rubric = _read_rubric(question)
    wrong = _find_misconceptions(question, rubric, view)
    flags = [f"misconception:{number}" for number, _, _ in wrong]
    points = []
    for point in question.key_points:
        statement = make_statement(point.text, rubric.known - rubric.telling)
        credit, window = _credit(point, statement, rubric, view)
        if window.is_denied and window.concern >= CREDIT_AT:
            flags.append(f"denied:{point.id}")
        if any(_overrules(bad, bad_window, statement, window) for _, bad, bad_window in wrong):
            credit, window = 0.0, NOTHING
        points.append(_point_score(point.id, credit, window, view, transcript))
    return points, flags


def _credit(point: KeyPoint, statement: Statement, rubric: _Rubric, view: AnswerView) -> tuple[float, Window]:
    about = without_other_side(view, statement, rubric.contrast)
    window = best_window(statement, about)
    credit = 0.0 if window.is_denied else to_credit(window.agreement, CREDIT_AT)
    for phrase in point.phrases:
        said = best_window(make_statement(phrase, rubric.known, KNOWN_WEIGHT_IN_PHRASE), about)
        if said.is_denied or said.agreement < PHRASE_AT:
            continue
        value = to_credit(said.agreement, PHRASE_AT)
        if value > credit:
            credit, window = value, said
    return credit, window


def to_credit(coverage: float, credit_at: float) -> float:
    """Coverage → credit 0..1: half at `credit_at`, the rest in straight lines.

    Graded credit follows human marks better than yes or no; what is not credited earns less than half.
    """
    if coverage <= NOTHING_BELOW:
        return 0.0
    if coverage < credit_at:
        return round(0.49 * (coverage - NOTHING_BELOW) / (credit_at - NOTHING_BELOW), 3)
    return round(min(1.0, 0.5 + 0.5 * (coverage - credit_at) / FULL_ABOVE), 3)


def _find_misconceptions(
    question: Question, rubric: _Rubric, view: AnswerView
) -> list[tuple[str, Statement, Window]]:
    found = []
    for belief in question.misconceptions:
        for phrase in (belief.text, *belief.phrases):
            statement = make_statement(phrase, rubric.known, KNOWN_WEIGHT_IN_PHRASE)
            window = best_window(statement, view)
            if not window.is_denied and window.agreement >= MISCONCEPTION_AT:
                found.append((belief.id, statement, window))
                break
    return found


def _overrules(bad: Statement, bad_window: Window, statement: Statement, window: Window) -> bool:
    """A misconception voids the key point it speaks about when both rest on the same words of the answer."""
    overlap = min(bad_window.last, window.last) - max(bad_window.first, window.first)
    return overlap >= 0 and shared_share(bad, statement) >= 0.4 and bad_window.agreement >= window.agreement - 0.1


def _point_score(
    point_id: str, credit: float, window: Window, view: AnswerView, transcript: Transcript
) -> KeyPointScore:
    if credit <= 0 or window.last < window.first:
        return KeyPointScore(point_id, is_credited=False, credit=0.0)
    start_char, end_char = quote_span(window, view, transcript)
    audio = evidence.audio_span(start_char, end_char, transcript)
    if audio is None:
        return KeyPointScore(point_id, is_credited=False, credit=0.0)
    quote = view.text[start_char:end_char]
    return KeyPointScore(point_id, credit >= 0.5, credit, quote, start_char, end_char, *audio)


CLAUSE_REACH_TOKENS = 6
"""A quote grows to the ends of its clauses when they are this near; further away it stops at the word."""


def quote_span(window: Window, view: AnswerView, transcript: Transcript) -> tuple[int, int]:
    """(start_char, end_char) of a window, grown to clause ends that are near, at whole words."""
    tokens, first, last = view.tokens, window.first, window.last
    start = first
    while start and tokens[start - 1].clause == tokens[first].clause:
        start -= 1
    end = last
    while end + 1 < len(tokens) and tokens[end + 1].clause == tokens[last].clause:
        end += 1
    first = start if first - start <= CLAUSE_REACH_TOKENS else first
    last = end if end - last <= CLAUSE_REACH_TOKENS else last
    start_char, end_char = tokens[first].start_char, tokens[last].end_char
    touched = [s for s in evidence.word_spans(transcript) if s[0] < end_char and start_char < s[1]]
    return evidence.trim(touched[0][0], touched[-1][1], view.text) if touched else (start_char, end_char)
