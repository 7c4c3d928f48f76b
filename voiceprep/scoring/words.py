"""Text → tokens with stems, clauses and character places. Must not know questions, scores or audio."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from voiceprep.scoring import lexicon

_WORD = re.compile(
    r"(?:[A-Za-z]\.\s?){2,}(?=\s|$|[,;])"  # spelled letters: "J. S. O. N."
    r"|[A-Za-z]+(?:['’][A-Za-z]+)?(?:\+\+|#)?"
    r"|\d+(?:\.\d+)?%?"
    r"|[^\W\d_]+",
    re.UNICODE,
)
_SENTENCE_BREAK = re.compile(r"[.!?;:\n。！？]")
_CLAUSE_BREAK = re.compile(r"[,()—–]|\s-\s")
_CONTRACTED = {"can't": "cannot", "won't": "willn't", "shan't": "shalln't", "ain't": "isn't", "cant": "cannot"} | {
    f"{verb}nt": f"{verb}n't"  # as pupils type
    for verb in "do does did is are was were has have had could would should need must".split()
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text. `start_char`/`end_char` are its place; `sentence`/`clause` count from 0.

    `stem` is the same for every inflection, `root` also for derived words ("evaporation", "evaporates").
    """

    text: str
    start_char: int
    end_char: int
    stem: str
    root: str
    sentence: int
    clause: int
    is_function: bool
    is_negator: bool
    has_capital: bool
    """Written like a name or the start of a sentence (not like an acronym)."""

    @property
    def is_content(self) -> bool:
        return not self.is_function


@lru_cache(maxsize=16_384)
def stem_of(word: str) -> str:
    """Inflection removed ("sharing" → "shar"). A final e is dropped so that all forms meet."""
    word = lexicon.IRREGULAR.get(word, word)
    word = lexicon.NUMBERS.get(word, word)
    if len(word) <= 3 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ied", "ed"):
        base = word[: -len(suffix)]
        if word.endswith(suffix) and len(base) >= 3 and re.search("[aeiouy]", base):
            word = base + "y" if suffix == "ied" else _undouble(base)
            break
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    if word.endswith("i") and len(word) > 3:
        word = word[:-1] + "y"
    return word


def _undouble(base: str) -> str:
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    return base


_SUFFIXES = (
    "izational ization isation ational ability ibility fulness iveness ousness ations ation ition ically ities "
    "ality ivity ement ments ance ence ancy ency able ible ment ness tion sion ical ally less ized ised ious "
    "ity ive ful ous ant ent ion ism ist ate iz is al ic ly or er y e"
).split()
"""Longest first; derived forms share what is left when it has at least four letters."""


@lru_cache(maxsize=16_384)
def root_of(stem: str) -> str:
    """Derivation removed ("transmission" → "transmis", "consistency" → "consist")."""
    if len(stem) <= 5 or not stem.isalpha():
        return stem
    for _ in range(2):
        for suffix in _SUFFIXES:
            if stem.endswith(suffix) and len(stem) - len(suffix) >= 4:
                stem = stem[: -len(suffix)]
                break
        else:
            break
    return stem


def tokenize(text: str) -> list[Token]:
    """All words of `text` in order, contractions with "n't" marked as negators, spelled letters joined."""
    tokens: list[Token] = []
    sentence = clause = 0
    previous_end = 0
    for match in _WORD.finditer(text):
        gap = text[previous_end : match.start()]
        if previous_end and _SENTENCE_BREAK.search(gap):
            sentence += 1
            clause += 1
        elif previous_end and _CLAUSE_BREAK.search(gap):
            clause += 1
        end_char = match.end()
        raw = match.group()
        if "." in raw and not raw[0].isdigit():
            end_char = match.start() + len(raw.rstrip())
            raw = re.sub(r"[.\s]", "", raw)
        previous_end = end_char
        tokens.append(_token(raw, match.start(), end_char, sentence, clause))
    return _split_clauses(tokens)


@lru_cache(maxsize=4096)
def read_rubric(text: str) -> tuple[Token, ...]:
    """`tokenize` for texts that come again with every answer."""
    return tuple(tokenize(text))


_ALWAYS_SPLIT = frozenset("but while whereas because although though if when unless since until so".split())


def _split_clauses(tokens: list[Token]) -> list[Token]:
    """Speech has few commas: conjunctions open clauses too, "and" only before a new subject."""
    found, extra = [], 0
    for place, token in enumerate(tokens):
        if place and tokens[place - 1].clause == token.clause:
            extra += token.text in _ALWAYS_SPLIT or (token.text == "and" and opens_clause(tokens, place + 1))
        found.append(replace(token, clause=token.clause + extra) if extra else token)
    return found


def opens_clause(tokens: Sequence[Token], place: int) -> bool:
    """Whether a new statement seems to start here: "… and it …", "… and threads do …", "… and a queue gives …"."""
    following = [token.text for token in tokens[place : place + 3]]
    if not following:
        return False
    if following[0] in lexicon.PRONOUNS:
        return True
    if following[0] in ("a", "an", "the") and len(following) == 3:
        return following[2] not in ("of", "and", "or") and (
            _is_auxiliary(following[2]) or (following[2].endswith("s") and not following[2].endswith("ss"))
        )
    return len(following) > 1 and _is_auxiliary(following[1])


def _is_auxiliary(word: str) -> bool:
    return word in lexicon.AUXILIARIES or word.endswith("n't") or word == "cannot"


def _token(raw: str, start_char: int, end_char: int, sentence: int, clause: int) -> Token:
    word = raw.lower().replace("’", "'")
    word = _CONTRACTED.get(word, word)
    is_negator = word in lexicon.NEGATORS or word.endswith("n't")
    is_function = is_negator or (word in lexicon.FUNCTION_WORDS and not _is_acronym(raw))
    if "'" in word:
        head = word.split("'")[0]
        is_function = is_function or head in lexicon.FUNCTION_WORDS
        word = word if is_negator else head
    stem = stem_of(word)
    has_capital = raw[0].isupper() and not raw.isupper()
    return Token(
        word, start_char, end_char, stem, root_of(stem), sentence, clause, is_function, is_negator, has_capital
    )


def content(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.is_content]


def _is_acronym(raw: str) -> bool:
    """GET is not "get"."""
    return len(raw) >= 2 and raw.isupper() and raw not in ("OK", "UH", "UM")


@lru_cache(maxsize=16_384)
def is_plain(text: str) -> bool:
    """A frequent general word, which is weak evidence on its own."""
    return text in lexicon.PLAIN_WORDS or stem_of(text) in _PLAIN_STEMS


_PLAIN_STEMS = frozenset(stem_of(word) for word in lexicon.PLAIN_WORDS)


@lru_cache(maxsize=16_384)
def sound_of(word: str) -> str:
    """A rough phonetic key: consonant classes without vowels, so that "Ridies" and "Redis" meet."""
    word = word.replace("ph", "f").replace("ck", "k").replace("qu", "k").replace("sh", "s").replace("ch", "k")
    key = ""
    for letter in word:
        code = _SOUNDS.get(letter, "")
        if code and not key.endswith(code):
            key += code
    return key


_SOUNDS = {
    letter: code
    for code, letters in {
        "P": "bp",
        "F": "fv",
        "K": "cgkqx",
        "S": "sz",
        "T": "dt",
        "L": "l",
        "R": "r",
        "N": "nm",
    }.items()
    for letter in letters
} | {"j": "J", "w": "W"}


@lru_cache(maxsize=65_536)
def spelling_similarity(first: str, second: str) -> float:
    """1 − edit distance / longer length (Levenshtein), in 0..1."""
    if first == second:
        return 1.0
    longer = max(len(first), len(second))
    if longer == 0 or abs(len(first) - len(second)) > longer // 2:
        return 0.0
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return 1.0 - row[-1] / longer
