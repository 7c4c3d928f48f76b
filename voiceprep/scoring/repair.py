"""Misspelt words of a typed answer, read as the word of the rubric or of general English they are nearest to.

Must not know scores: it gives a corrected text to judge by; quotes stay as they were written.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from voiceprep.model import Question
from voiceprep.scoring import lexicon
from voiceprep.scoring.poles import POLE_WORDS
from voiceprep.scoring.words import Token, read_rubric, stem_of

_THEN = re.compile(r"\b((?:more|less|fewer|\w+er)\s+)then\b", re.IGNORECASE)
"""As pupils write "than"."""
LETTERS_MIN, STEM_LETTERS_MIN = 4, 5
LONG_LETTERS, ERRORS_MAX, LONG_ERRORS_MAX = 9, 1, 2
"""How many letters may be wrong, missing, added or exchanged with the next one: in shorter words, and from so many
letters on."""


def repair(text: str, tokens: Sequence[Token], question: Question, is_word: Callable[[str], bool]) -> str:
    """`text` with each word that `is_word` does not know replaced by the nearest one, if one is near.

    Words of the rubric come first: "fotosynthesis" is what the question is about.
    """
    text = _THEN.sub(r"\1than", text)
    rubric = _rubric_words(question)
    known = frozenset(rubric) | _GENERAL_SET
    corrected, end = [], 0
    for token in tokens:
        word = token.text
        if len(word) < LETTERS_MIN or not word.isalpha() or word in known or token.is_function or is_word(word):
            continue
        meant = nearest_word(word, rubric) or nearest_word(word, _GENERAL)
        if meant is not None:
            corrected += [text[end : token.start_char], meant]
            end = token.end_char
    return "".join([*corrected, text[end:]])


@lru_cache(maxsize=16_384)
def nearest_word(word: str, candidates: tuple[str, ...]) -> str | None:
    """The candidate with the fewest errors that begins like `word`; None when no one is near enough."""
    most = LONG_ERRORS_MAX if len(word) >= LONG_LETTERS else ERRORS_MAX
    found: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(candidate) - len(word)) > most or not _begins_alike(word, candidate):
            continue
        errors = min(count_errors(word, candidate), _stem_errors(word, candidate))
        if errors <= most and (found is None or errors < found[0]):
            found = errors, candidate
    return found[1] if found else None


def _stem_errors(word: str, candidate: str) -> int:
    """Of "scatered" and "scatters": the ending is no error."""
    one, other = stem_of(word), stem_of(candidate)
    return count_errors(one, other) if min(len(one), len(other)) >= STEM_LETTERS_MIN else len(word)


def _begins_alike(word: str, candidate: str) -> bool:
    return word[0] == candidate[0] or word[:2] == candidate[1::-1] or (word[0] == "f" and candidate[:2] == "ph")


def count_errors(first: str, second: str) -> int:
    """Letters wrong, missing, added or exchanged with their neighbour (Damerau 1964, restricted)."""
    before, row = list[int](), list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other)))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


@lru_cache(maxsize=256)
def _rubric_words(question: Question) -> tuple[str, ...]:
    texts = (question.text, question.reference, *(point.text for point in question.key_points))
    words = {token.text for text in texts for token in read_rubric(text)}
    return tuple(sorted(word for word in words if word.isalpha() and len(word) >= LETTERS_MIN))


def _general_words() -> tuple[str, ...]:
    groups = (*lexicon.SYNONYMS, *(side for pair in lexicon.OPPOSITES for side in pair))
    words = {word for group in groups for word in group.split()} | lexicon.PLAIN_WORDS | POLE_WORDS
    words |= lexicon.FUNCTION_WORDS | lexicon.NEGATORS
    return tuple(sorted(word for word in words if word.isalpha() and len(word) >= LETTERS_MIN))


_GENERAL = _general_words()
_GENERAL_SET = frozenset(_GENERAL)
