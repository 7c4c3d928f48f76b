"""How strongly a word of an answer stands for a term of a key point. Must not know windows or scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from voiceprep.scoring import lexicon
from voiceprep.scoring.words import Token, is_plain, root_of, sound_of, spelling_similarity, stem_of

SAME_ROOT = 0.9
OPPOSITE_PREFIX = 0.95
SAME_SIDE = 0.8
SYNONYM = 0.75
SAME_DIRECTION = 0.6
MISHEARD = 0.8
VECTOR_FROM, VECTOR_LEAST, VECTOR_MOST = 0.25, 0.3, 0.85
"""Cosine from which words count as used alike, and the range of strengths that gives."""
"""Strengths of a match that is not the same word; ordered by how much meaning survives."""

_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis", "a")
_UP = frozenset(
    stem_of(word)
    for pair in lexicon.OPPOSITES[:10]
    for word in pair[0].split()
    if word not in ("always", "extra", "additional")
)
_DOWN = frozenset(stem_of(word) for pair in lexicon.OPPOSITES[:10] for word in pair[1].split() if word != "never")


@dataclass(frozen=True, slots=True)
class Match:
    """`strength` 0..1; `is_opposite`: the word says the contrary of the term."""

    strength: float
    is_opposite: bool = False


NO_MATCH = Match(0.0)


def _index(groups: Sequence[str]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, group in enumerate(groups):
        for word in group.split():
            found.setdefault(stem_of(word), set()).add(number)
    return {stem: frozenset(numbers) for stem, numbers in found.items()}


_SYNONYMS = _index(lexicon.SYNONYMS)
_ONE_SIDE = _index([pair[0] for pair in lexicon.OPPOSITES])
_OTHER_SIDE = _index([pair[1] for pair in lexicon.OPPOSITES])
_NONE: frozenset[int] = frozenset()


@lru_cache(maxsize=131_072)
def match_words(term: str, word: str) -> Match:
    """Compare two lower-case words by form and general vocabulary."""
    term_stem, word_stem = stem_of(term), stem_of(word)
    if term_stem == word_stem:
        return Match(1.0)
    if _bare_forms(term) & _forms(word) or _bare_forms(word) & _forms(term):
        return Match(OPPOSITE_PREFIX, is_opposite=True)
    if root_of(term_stem) == root_of(word_stem) and len(root_of(term_stem)) >= 4:
        return Match(SAME_ROOT)
    return _match_meaning(term_stem, word_stem)


@lru_cache(maxsize=16_384)
def _forms(word: str) -> frozenset[str]:
    return frozenset({stem_of(word), root_of(stem_of(word))}) if len(word) >= 5 else frozenset()


@lru_cache(maxsize=16_384)
def _bare_forms(word: str) -> frozenset[str]:
    """Forms of a word without a negating prefix; "immutable" → those of "mutable"."""
    rests = [word[len(prefix) :] for prefix in _PREFIXES if word.startswith(prefix)]
    return frozenset(form for rest in rests for form in _forms(rest))


def _match_meaning(term: str, word: str) -> Match:
    term_one, term_other = _ONE_SIDE.get(term, _NONE), _OTHER_SIDE.get(term, _NONE)
    word_one, word_other = _ONE_SIDE.get(word, _NONE), _OTHER_SIDE.get(word, _NONE)
    if term_one & word_one or term_other & word_other:
        return Match(SAME_SIDE)
    if term_one & word_other or term_other & word_one:
        return Match(SAME_SIDE, is_opposite=True)
    if _SYNONYMS.get(term, _NONE) & _SYNONYMS.get(word, _NONE):
        return Match(SYNONYM)
    if (term in _UP and word in _UP) or (term in _DOWN and word in _DOWN):
        return Match(SAME_DIRECTION)
    if (term in _UP and word in _DOWN) or (term in _DOWN and word in _UP):
        return Match(SAME_DIRECTION, is_opposite=True)
    return NO_MATCH


@lru_cache(maxsize=131_072)
def match_misheard(term: str, heard: str) -> Match:
    """A recogniser's near miss of a rare term: "Ridies" for "Redis", "item potent" (joined) for "idempotent"."""
    if len(term) < 4 or len(heard) < 4 or is_plain(heard) or is_plain(term) or heard in lexicon.FUNCTION_WORDS:
        return NO_MATCH
    if term[0] not in heard[0] + _alike(heard[0]) or abs(len(term) - len(heard)) > 4:
        return NO_MATCH
    spelling = spelling_similarity(term, heard)
    if term[0] == heard[0] and spelling >= 0.82 and min(len(term), len(heard)) >= 6:
        return Match(MISHEARD)
    key = sound_of(term)
    if len(key) >= 3 and spelling >= 0.55:
        heard_key = sound_of(heard)
        if key == heard_key or (len(key) >= 5 and spelling_similarity(key, heard_key) >= 0.8 and spelling >= 0.65):
            return Match(MISHEARD)
    return NO_MATCH


def _alike(letter: str) -> str:
    return {"c": "ks", "k": "cq", "s": "cz", "i": "eay", "e": "ia", "g": "j", "j": "g", "f": "p", "a": "eiuo"}.get(
        letter, ""
    )


def match_token(term: Token, word: Token, rubric_stems: frozenset[str], similarity: float) -> Match:
    """Compare a term with an answer's word; a word that is itself a term of the rubric is never a near miss.

    `similarity`: cosine of their vectors, 0 when unknown.
    """
    found = match_words(term.text, word.text)
    if found.is_opposite or found.strength >= SAME_SIDE:
        return found
    if similarity >= VECTOR_FROM:
        strength = min(VECTOR_MOST, VECTOR_LEAST + (similarity - VECTOR_FROM) * 1.2)
        found = found if found.strength >= strength else Match(strength)
    if found.strength or word.stem in rubric_stems:
        return found
    return match_misheard(term.text, word.text)
