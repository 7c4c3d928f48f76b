"""Sentences of a rubric as weighted terms. Must not know answers."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache

from voiceprep.scoring.lexicon import AUXILIARIES, DETERMINERS
from voiceprep.scoring.matching import match_words
from voiceprep.scoring.negation import Polarity, polarities
from voiceprep.scoring.words import Token, is_plain, tokenize

PLAIN_WEIGHT = 0.5
KNOWN_WEIGHT = 0.4
"""A word of the question itself: saying it again is weak evidence."""
KNOWN_WEIGHT_ALONE = 0.8
"""The same when a statement has hardly any other word."""
KNOWN_WEIGHT_IN_PHRASE = 0.7
"""The same in a phrase, which somebody chose on purpose."""
SMALL_SHARE, SMALL_SHARE_OF_ALL = 0.35, 0.8
"""What a small word weighs beside the only content word of a phrase, and what all of them weigh at most."""
SMALL_GAP_TOKENS = 4
"""How many other words may stand among those of such a phrase."""


@dataclass(frozen=True, slots=True)
class Term:
    """A content word of a statement, how much it matters there and how it is meant."""

    token: Token
    weight: float
    polarity: Polarity
    is_known: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """Something an answer may say. `window_tokens`: how long a stretch may be that says it."""

    text: str
    terms: tuple[Term, ...]
    total_weight: float
    window_tokens: int


@lru_cache(maxsize=4096)
def make_statement(text: str, known_stems: Set[str], known_weight: float = KNOWN_WEIGHT) -> Statement:
    """Split `text` into weighted terms; words of `known_stems` (the question's) count less."""
    tokens = tokenize(text)
    meant = polarities(text, tokens, is_claim=False)
    chosen: dict[str, tuple[Token, Polarity]] = {}
    for token, polarity in zip(tokens, meant, strict=True):
        if token.is_content and token.stem not in chosen:
            chosen[token.stem] = (token, polarity)
    if not chosen:
        chosen = {token.stem: (token, polarity) for token, polarity in zip(tokens, meant, strict=True)}
    fresh = sum(_rarity(token) for token, _ in chosen.values() if token.stem not in known_stems)
    is_alone = fresh < 0.3 * sum(_rarity(token) for token, _ in chosen.values())
    known_weight = KNOWN_WEIGHT_ALONE if is_alone else known_weight
    terms = tuple(
        Term(
            token,
            _rarity(token) * (known_weight if token.stem in known_stems else 1.0),
            polarity,
            is_known=token.stem in known_stems and not is_alone,
        )
        for token, polarity in chosen.values()
    )
    length = min(45, max(12, 10 + 2 * len(terms), int(1.3 * len(tokens)) + 4))
    return Statement(text, terms, sum(term.weight for term in terms) or 1.0, length)


@lru_cache(maxsize=16_384)
def make_phrase(text: str, known_stems: Set[str]) -> Statement:
    """A phrase of a bank as weighted terms.

    Beside a single content word its small words count too: "worked" is said about anything, "worked out" is not.
    """
    statement = make_statement(text, known_stems, KNOWN_WEIGHT_IN_PHRASE)
    tokens = tokenize(text)
    small = {token.text: token for token in tokens if token.is_function and not _is_empty(token)}
    if len(statement.terms) != 1 or statement.terms[0].token.is_function or not small:
        return statement
    (telling,) = statement.terms
    weight = telling.weight * min(SMALL_SHARE, SMALL_SHARE_OF_ALL / len(small))
    terms = (telling, *(Term(token, weight, Polarity.OPEN, is_known=False) for token in small.values()))
    return Statement(text, terms, sum(term.weight for term in terms), len(tokens) + SMALL_GAP_TOKENS)


def _is_empty(token: Token) -> bool:
    """A small word that says nothing by itself, or denies, which is a matter of polarity."""
    return token.is_negator or token.text == "there" or token.text in DETERMINERS | AUXILIARIES


def _rarity(token: Token) -> float:
    return PLAIN_WEIGHT if is_plain(token.text) else 1.0


def shared_share(statement: Statement, other: Statement) -> float:
    """Share 0..1 of a statement's weight whose words `other` has too, whatever is said of them."""
    if not other.terms:
        return 0.0
    found = sum(
        term.weight * max(match_words(term.token.text, them.token.text).strength for them in other.terms)
        for term in statement.terms
    )
    return found / statement.total_weight


_COMPARING = re.compile(r"\b(?:differ|compare|contrast|versus|vs|between|over|rather|advantage)", re.IGNORECASE)
_JOINTS = ("and", "or", "vs", "versus", "over", "from", "than", "to", "with")


@lru_cache(maxsize=256)
def find_contrast(question: str) -> tuple[str, str] | None:
    """The stems of two things that a question compares ("a stack and a queue"), or None."""
    if not _COMPARING.search(question):
        return None
    tokens = tokenize(question)
    for place, token in enumerate(tokens):
        if token.text not in _JOINTS or not place:
            continue
        after = [t for t in tokens[place + 1 : place + 4] if t.is_content]
        before = tokens[place - 1]
        if after and before.is_content and before.stem != after[0].stem:
            return before.stem, after[0].stem
    return None


_VERBS = (
    r"states?|mentions?|explains?|says?|identif(?:y|ies)|describes?|names?|notes?|recogni[sz]es?|cites?|relates?|"
    r"points? out|indicates?|refers? to|understands?|includes?|gives?|lists?|provides?|acknowledges?|discusses|"
    r"talks? about"
)
_MARKING_WORDS = re.compile(
    r"(?:(?:the )?(?:student|answer|candidate|response|learner)s? (?:should |must |also )?"
    rf"(?:(?:correctly|clearly|explicitly|also|partially|fully) )*(?:{_VERBS})(?: (?:that|how|why))?"
    rf"|(?:correctly|clearly|explicitly|partially|fully) (?:{_VERBS})(?: (?:that|how|why))?"
    r"|(?:mentions|states|explains|says|notes|cites|relates|identifies|recogni[sz]es|points out|indicates|"
    r"acknowledges|describes)(?: (?:that|how|why))?)\s+",
    re.IGNORECASE,
)


def without_marking_words(text: str) -> str:
    """What a marking scheme asks for without how it asks: "Student states that X" → "X"."""
    match = _MARKING_WORDS.match(text)
    return text[match.end() :] or text if match else text
