"""The offline judge: decides each key point from the transcript alone. Must not know audio, files or a network.

Zero floors (empty, refused, echoed, injected … answers) come first, what is said about the key points second.
"""

from collections.abc import Sequence
from dataclasses import astuple
from hashlib import sha256
from types import ModuleType

from voiceprep.model import KeyPointScore, Question, QuestionScore, Transcript
from voiceprep.scoring import decision, evidence, points, traps
from voiceprep.scoring.coverage import AnswerView, make_view
from voiceprep.scoring.encoder import has_encoder as is_encoder_installed
from voiceprep.scoring.encoder import load_encoder
from voiceprep.scoring.meaning import TextVectors
from voiceprep.scoring.parts import join_flags, join_points, split_points
from voiceprep.scoring.points import Ruling, judge_points
from voiceprep.scoring.quoting import quote_span
from voiceprep.scoring.repair import repair
from voiceprep.scoring.short_forms import spell_out, spell_out_rubric
from voiceprep.scoring.vectors import WordVectors, has_vectors, load_vectors
from voiceprep.scoring.words import Token, read_rubric, tokenize

ALGORITHM = "offline-6"
NEAR_AT = 0.3
"""When no key point earns this much credit, the answer earns nothing: answers to other questions get as far."""
CHANCE_BELOW = 0.25
"""When no key point earns this much credit, what there is came about by chance."""


class OfflineJudge:
    """`ports.Judge` without a model behind a network; deterministic, safe in any thread.

    `has_word_vectors`, `has_encoder`: whether to use them; by default where they are installed.
    """

    def __init__(self, has_word_vectors: bool | None = None, has_encoder: bool | None = None) -> None:
        self.name = "offline"
        self._has_vectors = has_vectors() if has_word_vectors is None else has_word_vectors
        self._has_encoder = is_encoder_installed() if has_encoder is None else has_encoder
        constants = (
            ALGORITHM,
            self._has_vectors,
            self._has_encoder,
            _numbers(decision),
            _numbers(points),
            *map(astuple, (*decision.FORMULAS.values(), *decision.SUBJECTS.values())),
        )
        self.version = sha256(repr(constants).encode()).hexdigest()[:12]

    def warm(self) -> None:
        """Load the vectors (0.2 s), so that the first answer is judged as quickly as the tenth."""
        self._text_vectors()

    def _word_vectors(self) -> WordVectors | None:
        return load_vectors() if self._has_vectors else None

    def _text_vectors(self) -> TextVectors | None:
        return load_encoder() if self._has_encoder else self._word_vectors()

    def score(self, question: Question, transcript: Transcript) -> QuestionScore:
        """Credit per key point 0..1 with its quote; the score is their weighted share (evidence.weighted_share).

        Near misses count beside something credited, or when they are no chance by themselves.
        """
        if not question.key_points or sum(point.weight for point in question.key_points) <= 0:
            return QuestionScore(question.id, None, (), is_abstained=True, flags=("no_key_points",))
        question = spell_out_rubric(question)
        text = transcript.text
        tokens = tokenize(text)
        finding = traps.find_traps(question, text, tokens)
        if finding.is_abstained:
            return _nothing(question, finding.flags, None)
        if finding.is_zero:
            return _nothing(question, finding.flags, 0.0)
        view = read_answer(question, text, tokens, finding.is_masked, self._word_vectors())
        vectors = self._text_vectors()
        stated, places = split_points(question)
        rulings, flags = judge_points(stated, view, vectors)
        scores = tuple(_point_score(ruling, tokens, transcript) for ruling in rulings)
        points = join_points(question, scores, places)
        flags = join_flags(flags, stated, question, places)
        if not vectors and "off_topic" not in flags and _is_off_topic(question, view, points):
            flags.append("off_topic")
        if "off_topic" in flags or all(point.credit < _enough(question) for point in points):
            return _nothing(question, (*finding.flags, *flags), 0.0)
        return QuestionScore(
            question.id,
            evidence.weighted_share(points, question),
            points,
            flags=(*finding.flags, *flags),
        )


def _enough(question: Question) -> float:
    """What one point has to earn for the others to count. Where phrases are listed, a near miss alone is chance."""
    return decision.CREDIT_OF_A_POINT if any(point.phrases for point in question.key_points) else NEAR_AT


def _nothing(question: Question, flags: tuple[str, ...], score: float | None) -> QuestionScore:
    points = tuple(KeyPointScore(point.id, is_credited=False, credit=0.0) for point in question.key_points)
    return QuestionScore(question.id, score, points, is_abstained=score is None, flags=flags)


def read_answer(
    question: Question,
    text: str,
    tokens: Sequence[Token],
    is_masked: Sequence[bool],
    vectors: WordVectors | None,
) -> AnswerView:
    """The answer as it was meant, without misspelt words and short forms; it has as many tokens as were written."""
    corrected = text if vectors is None else repair(text, tokens, question, vectors.is_word)
    corrected = spell_out(corrected, question.text)
    if corrected != text:
        meant = tokenize(corrected)
        if len(meant) == len(tokens):
            text, tokens = corrected, meant
    return make_view(text, tokens, is_masked, rubric_stems(question), vectors)


def rubric_stems(question: Question) -> frozenset[str]:
    """The stems of all content words that the question, its reference and its key points use."""
    texts = [question.text, question.reference, *(point.text for point in question.key_points)]
    return frozenset(token.stem for text in texts for token in read_rubric(text) if token.is_content)


def _numbers(module: ModuleType) -> list[tuple[str, float]]:
    """Every number that a module decides by, so that none is changed without another version."""
    return sorted(
        (name, value) for name, value in vars(module).items() if name.isupper() and isinstance(value, int | float)
    )


def _is_off_topic(question: Question, view: AnswerView, points: Sequence[KeyPointScore]) -> bool:
    """Chance resemblance earns nothing: no point is near, or few words are of the subject and no point is sure."""
    best = max((point.credit for point in points), default=0.0)
    return 0 < best < CHANCE_BELOW or (best < 1.0 and traps.is_off_topic(view.tokens, *_subject(question)))


def _subject(question: Question) -> tuple[frozenset[str], frozenset[str]]:
    texts = [question.text, question.reference]
    for point in question.key_points:
        texts += [point.text, *point.phrases]
    for belief in question.misconceptions:
        texts += [belief.text, *belief.phrases]
    tokens = [token for text in texts for token in read_rubric(text) if token.is_content]
    return frozenset(token.stem for token in tokens), frozenset(token.root for token in tokens)


def _point_score(ruling: Ruling, tokens: Sequence[Token], transcript: Transcript) -> KeyPointScore:
    nothing = KeyPointScore(ruling.point_id, is_credited=False, credit=0.0)
    if ruling.credit <= 0 or ruling.last < ruling.first:
        return nothing
    start_char, end_char = quote_span(ruling.first, ruling.last, tokens, transcript)
    audio = evidence.audio_span(start_char, end_char, transcript)
    if audio is None:
        return nothing
    quote = transcript.text[start_char:end_char]
    return KeyPointScore(
        ruling.point_id,
        ruling.credit >= decision.CREDIT_OF_A_POINT,
        ruling.credit,
        quote,
        start_char,
        end_char,
        *audio,
    )
