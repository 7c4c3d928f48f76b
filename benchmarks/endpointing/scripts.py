"""Where a thinking candidate falls silent: the bank's answers, cut into what is said in one breath.

Pure: words and chance only. Must not know audio, nor the word lists that voiceprep decides by.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from voiceprep.model import Bank, Question

SHORTEST_MS, LONGEST_MS = 300, 3_000
SURVIVES_MS = 2_400
"""The longest pause at which an answer has to survive."""
PAUSES = (3, 5)
"""Thinking pauses per answer, lengths drawn evenly on a logarithmic scale."""
BREATH_MS = (120, 280)
"""What is between sentences without a thinking pause."""
GOING_ON_SENTENCES = (2, 3)
CLOSING_WORDS = (
    "That's it.",
    "So that would be my answer.",
    "And that's all I can say.",
    "I think that covers it.",
    "Yeah, that's about it.",
    "That's all I know.",
)


class Style(StrEnum):
    """Which of the bank's examples is said."""

    STRONG = "strong"  # everything asked for, and mostly nothing after it
    PARTIAL = "partial"
    CLOSING = "closing"  # the partial one, then words that close an answer
    GOING_ON = "going_on"  # the strong one, then two or three sentences of the partial one: nothing new


class Place(StrEnum):
    """Where silence falls."""

    SENTENCE = "sentence"  # between two sentences
    CLAUSE = "clause"  # at a comma, or before "because", "and", "which" …
    LINK = "link"  # after a word that needs another one: "because", "the", "of", "would" …
    WORD = "word"  # between any other two words: subject and verb, verb and object …
    FILLER = "filler"  # after an "um" said at one of the places above
    BREATH = "breath"  # between two sentences, without thinking


SHARES = {Place.SENTENCE: 0.40, Place.CLAUSE: 0.15, Place.LINK: 0.15, Place.WORD: 0.15, Place.FILLER: 0.15}
CONJUNCTIONS = frozenset("and but or because since while which that so if when where although before after".split())
LINKS = CONJUNCTIONS | frozenset(
    "the a an of to for with in on by at from as into my our your its this every some is are was were would can "
    "could should will may must do does not i we you it they one uses use take only also very".split()
)
FILLERS = ("um", "uh", "er")


SEEDS = {Style.STRONG: 0, Style.PARTIAL: 1, Style.GOING_ON: 2, Style.CLOSING: 3}


@dataclass(frozen=True, slots=True)
class Break:
    """A thinking pause inside a sentence, after `word_count` of its words, with a filler before it or none."""

    word_count: int
    place: Place
    pause_ms: int
    filler: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and the silence after it (none after the last: there the answer is over)."""

    words: tuple[str, ...]
    inner: Break | None = None
    end_place: Place = Place.BREATH
    end_ms: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """One answer as it will be said. `session` counts the candidates, who answer several questions each."""

    name: str
    question_id: str
    style: Style
    is_held_out: bool
    sentences: tuple[Sentence, ...]


def write_scripts(bank: Bank, take_count: int) -> list[Script]:
    """`take_count` ways to say every strong and partial example answer, and one of each other style.

    The same each time. Every other question is held out: no weight and no word list comes from it.
    """
    scripts = []
    usual = [(style, take) for take in range(take_count) for style in (Style.STRONG, Style.PARTIAL)]
    for style, take in [*usual, (Style.GOING_ON, 0), (Style.CLOSING, 0)]:
        for number, question in enumerate(bank.questions):
            scripts.append(_script(question, number, style, take, LONGEST_MS))
    return scripts


def write_survival_scripts(bank: Bank) -> list[Script]:
    """Every strong and partial example once, with pauses that an answer has to survive; all of it held out."""
    usual = (Style.STRONG, Style.PARTIAL)
    made = [
        _script(question, number, style, 0, SURVIVES_MS)
        for style in usual
        for number, question in enumerate(bank.questions)
    ]
    return [replace(script, is_held_out=True) for script in made]


def _script(question: Question, number: int, style: Style, take: int, longest_ms: int) -> Script:
    chance = np.random.default_rng([take, number, SEEDS[style]])
    said = _sentences(_text(question, style, chance), chance, longest_ms)
    return Script(f"{question.id}-{style.value}-{take}", question.id, style, number % 2 == 1, said)


def _text(question: Question, style: Style, chance: np.random.Generator) -> str:
    # A level may have several examples; the first one is said, so that older measurements stay comparable.
    texts = {example.level.value: example.text for example in reversed(question.examples)}
    if style is Style.CLOSING:
        return f"{texts[Style.PARTIAL.value]} {chance.choice(CLOSING_WORDS)}"
    if style is not Style.GOING_ON:
        return texts[style.value]
    more = _split(texts[Style.PARTIAL.value])[: int(chance.integers(*GOING_ON_SENTENCES, endpoint=True))]
    return " ".join([texts[Style.STRONG.value], *more])


def _split(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+", text.strip())


def _sentences(text: str, chance: np.random.Generator, longest_ms: int) -> tuple[Sentence, ...]:
    said = [tuple(sentence.split()) for sentence in _split(text)]
    inner: dict[int, Break] = {}
    ends: dict[int, int] = {}
    wanted = int(chance.integers(*PAUSES, endpoint=True))
    for _ in range(wanted * 10):
        if len(inner) + len(ends) == wanted:
            break
        place = Place(chance.choice(list(SHARES), p=list(SHARES.values())))
        where = int(chance.integers(len(said)))
        if place is Place.SENTENCE:
            if where < len(said) - 1 and where not in ends:
                ends[where] = _pause_ms(chance, longest_ms)
        elif where not in inner and (found := _inner_break(said[where], place, chance, longest_ms)):
            inner[where] = found
    last = len(said) - 1
    return tuple(
        Sentence(
            words,
            inner.get(i),
            Place.SENTENCE if i in ends else Place.BREATH,
            0 if i == last else ends.get(i) or int(chance.integers(*BREATH_MS)),
        )
        for i, words in enumerate(said)
    )


def _pause_ms(chance: np.random.Generator, longest_ms: int) -> int:
    return round(float(np.exp(chance.uniform(np.log(SHORTEST_MS), np.log(longest_ms)))))


def _inner_break(
    words: tuple[str, ...], place: Place, chance: np.random.Generator, longest_ms: int
) -> Break | None:
    counts = [count for count in range(1, len(words) - 1) if _fits(words, count, place)]
    if not counts:
        return None
    filler = str(chance.choice(FILLERS)) if place is Place.FILLER else ""
    return Break(int(chance.choice(counts)), place, _pause_ms(chance, longest_ms), filler)


def _fits(words: tuple[str, ...], count: int, place: Place) -> bool:
    """Whether the gap after `count` words is of this kind."""
    before, after = words[count - 1].lower(), words[count].lower()
    if place is Place.FILLER:
        return True
    if before.endswith(",") or (after in CONJUNCTIONS and before not in LINKS):
        return place is Place.CLAUSE and count > 1
    if before in LINKS:
        return place is Place.LINK
    return place is Place.WORD and count > 1
