"""Technical terms: putting right what a recogniser heard, and telling a voice how to say them. Pure.

Prefers leaving a wrong word alone to changing a right one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from voiceprep.model import Term, Word

LONGEST_WINDOW = 4
"""Words that one term may have been heard as ("J. S. O N")."""

LEAST_KEY_CHARS = 5
"""Consonant sounds two spellings must share before sound alone counts, so that "reads" is never Redis."""

LEAST_NAME_KEY_CHARS = 3
LEAST_NAME_CHARS = 5
"""The same for one word written as a name inside a sentence ("we use Ridies"): not ordinary English then."""

LEAST_JOINED_CHARS = 6
"""Letters of a term that was heard in pieces ("post gres") before the pieces are joined without being listed."""

_COMMON = frozenset(
    """a able about above after again all also always am an and another any are as ask at away back bad be because
    been before being best better between big both bring but buy by call came can cold come could day did do does
    done down each early else end even ever every far fast few find first fit for free from full get give go goes
    going good got great had hard has have he help her here high him his hold hot how i if in into is it its job
    just keep kind knew know large last late leave left less let like line list little live long look lot low made
    main make many may me mean might mine more most much must my name near need never new next nice no none nor
    not now of off often old on once one only open or other our out over own part per place play point put quick
    quite ran rather react read real red rest right run rust safe said same saw say see seem seen sell send sent set
    several she short should show side since slow small so some soon sort spark start still stop such sure swift
    take tell ten than that the their them then there these they thing think this those though three through time
    to together told too took top try turn two under until up upon us use used user very want was way we
    well went were what when where which while who whole whom whose why will wish with without word work would
    yes yet you your""".split()
)
"""Words too ordinary to be a misheard term, or a piece of one, unless the bank lists exactly that."""

_PUNCTUATION = ".,;:!?…\"'”’)]"
_MARKUP = re.compile(r"\[[^\]]*\]\(/[^)]*/\)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A term and everything that is compared with what was heard.

    A symbolic one ("C++") is more than its letters, so that these alone are not enough to recognise it.
    """

    term: Term
    letters: str
    is_symbolic: bool
    heard_as: frozenset[tuple[str, ...]]
    key: str


def repair(words: Sequence[Word], glossary: Sequence[Term]) -> tuple[Word, ...]:
    """`words` with misheard terms replaced; a replaced window becomes one word over its whole span.

    Such a word keeps what was heard in `heard` and the punctuation around it. Only the case put right
    ("redis" → "Redis") is no repair: the same was heard, and `heard` stays None.
    """
    entries = _entries(tuple(glossary))
    repaired: list[Word] = []
    place = 0
    while place < len(words):
        is_mid_sentence = place > 0 and not words[place - 1].text.endswith((".", "!", "?", "…", ":"))
        for size in range(min(LONGEST_WINDOW, len(words) - place), 0, -1):
            window = words[place : place + size]
            entry = _match(window, entries, is_mid_sentence=is_mid_sentence)
            if entry is not None:
                repaired.append(_merged(window, entry.term.written))
                place += size
                break
        else:
            repaired.append(words[place])
            place += 1
    return tuple(repaired)


def speakable(text: str, glossary: Sequence[Term]) -> str:
    """`text` with inline phonemes, `[Redis](/ɹˈɛdɪs/)`, for the terms that have some.

    Whole words only. Case counts for terms of up to three letters and for those that are ordinary words ("Go").
    """
    terms = sorted((term for term in glossary if term.phonemes), key=lambda term: -len(term.written))
    patterns = [_MARKUP.pattern]
    patterns += [
        rf"(?<!\w){re.escape(term.written)}(?!\w)"
        if len(term.written) <= 3 or term.written.lower() in _COMMON
        else rf"(?<!\w)(?i:{re.escape(term.written)})(?!\w)"
        for term in terms
    ]

    def marked(found: re.Match[str]) -> str:
        index = next(i for i, group in enumerate(found.groups()) if group is not None)
        return found[0] if index == 0 else f"[{found[0]}](/{terms[index - 1].phonemes}/)"

    return re.sub("|".join(f"({pattern})" for pattern in patterns), marked, text) if terms else text


@lru_cache(maxsize=4096)
def sound_key(text: str) -> str:
    """The consonant sounds of `text`, voiced and unvoiced ones the same, behind A when it starts with a vowel.

    A small relative of Metaphone, made for comparing a recogniser's guess with a term: "item potent" and
    "idempotent" are both ATMPTNT.
    """
    letters = _letters(text)
    for spelling, sound in _SPELLINGS:
        letters = re.sub(spelling, sound, letters)
    key = re.sub(r"(.)\1+", r"\1", letters)
    head = "A" if key[:1] in _VOWELS else ""
    return head + "".join(sound for sound in key if sound not in _VOWELS)


_VOWELS = frozenset("aeiouyhw")
_SPELLINGS = (
    (r"tch|ch|sh|sch|sio|tio|ci(?=[ao])", "X"),
    (r"ph|gh(?=t)", "F"),
    (r"th", "0"),
    (r"ck|q(?:ue?)?|c(?![eiy])|g(?![eiy])|k", "K"),
    (r"[jg]", "J"),
    (r"x", "KS"),
    (r"[csz]", "S"),
    (r"^kn|^gn", "N"),
    (r"[dt]", "T"),
    (r"[bp]", "P"),
    (r"[fv]", "F"),
    (r"[lmnr]", lambda found: found[0].upper()),
)


@lru_cache(maxsize=8)
def _entries(glossary: tuple[Term, ...]) -> tuple[_Entry, ...]:
    return tuple(
        _Entry(
            term,
            _letters(term.written),
            any(char in "+#" for char in term.written),
            frozenset(tuple(map(_letters, heard.split())) for heard in term.heard_as),
            sound_key(term.written),
        )
        for term in glossary
    )


def _match(window: Sequence[Word], entries: Sequence[_Entry], *, is_mid_sentence: bool) -> _Entry | None:
    """The first term that `window` is, by the surest test first."""
    pieces = tuple(_letters(word.text) for word in window)
    if not all(pieces) or _is_broken(window):
        return None
    spelled = _spelled(window, pieces)
    for entry in entries:
        if pieces in entry.heard_as or spelled == entry.letters:
            return entry
    if any(piece in _COMMON for piece in pieces):
        return None
    joined = "".join(pieces)
    for entry in entries:
        if (
            joined == entry.letters
            and not entry.is_symbolic
            and (len(pieces) == 1 or len(joined) >= LEAST_JOINED_CHARS)
        ):
            return entry
    is_name = len(window) == 1 and is_mid_sentence and window[0].text[:1].isupper()
    key = sound_key(joined)
    alike = (entry for entry in entries if entry.key == key)
    return next((entry for entry in alike if _sounds_like(joined, entry, is_name=is_name)), None)


def _is_broken(window: Sequence[Word]) -> bool:
    """A clause ends inside the window; the point of an initial ("J.") does not count."""
    return any(
        word.text[-1] in ",;:!?…" or (word.text[-1] == "." and len(_letters(word.text)) > 1) for word in window[:-1]
    )


def _spelled(window: Sequence[Word], pieces: Sequence[str]) -> str | None:
    """What is said letter by letter, "S Q L"; lower-case ones are articles, not initials."""
    is_initials = len(pieces) > 1 and all(len(piece) == 1 for piece in pieces)
    return "".join(pieces) if is_initials and all(word.text[0].isupper() for word in window) else None


def _sounds_like(joined: str, entry: _Entry, *, is_name: bool) -> bool:
    """Of those whose sounds have the same key."""
    if joined.startswith(entry.letters) or entry.letters.startswith(joined):
        return False  # "containers" is not a misheard "container"
    if joined[0] not in _first_letters(entry.letters):
        return False
    if is_name and len(entry.letters) >= LEAST_NAME_CHARS and len(entry.key) >= LEAST_NAME_KEY_CHARS:
        return _syllables(joined) == _syllables(entry.letters) or len(entry.key) >= LEAST_KEY_CHARS
    return len(entry.key) >= LEAST_KEY_CHARS and abs(_syllables(joined) - _syllables(entry.letters)) <= 1


def _first_letters(letters: str) -> frozenset[str]:
    """Letters a word may begin with to begin with the same sound."""
    groups = ("aeiouy", "ckq", "kg", "bp", "dt", "fvp", "csz", "gj")
    same = frozenset(letters[0])
    return same.union(*(group for group in groups if letters[0] in group))


def _syllables(letters: str) -> int:
    """Groups of vowels, without a silent e at the end."""
    return len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^aeiouy])e$", "", letters)))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _merged(window: Sequence[Word], written: str) -> Word:
    first, last = window[0].text, window[-1].text
    before = first[: next(i for i, char in enumerate(first) if char.isalnum())]
    after = last[len(last.rstrip(_PUNCTUATION)) :]
    if len(window) > 1 and len(_letters(last)) == 1 and after == "." and "." in first:
        after = ""  # the point of an initial, "J. S."
    text = before + written + after
    heard = " ".join(word.heard or word.text for word in window)
    is_same = len(window) == 1 and _letters(heard) == _letters(written)
    return Word(text, window[0].start_ms, window[-1].end_ms, None if is_same else heard)
