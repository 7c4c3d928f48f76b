"""Whether words stand in an order that English allows. Must not know questions, except to compare with one text.

Shuffled words keep every term of a good answer and say nothing.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from voiceprep.scoring import lexicon
from voiceprep.scoring.words import Token

_CLASSES = {
    word: number
    for number, words in enumerate(
        (
            "the",
            "a an",
            "this these those",
            "my your his her its our their",
            "of",
            "in on at inside outside within between among during",
            "for by with from via per through across",
            "as about over under into onto toward towards upon up down out off around along against than",
            "is are was were be been being am",
            "do does did can could will would shall should may might must",
            "have has had having",
            "i you he she we they who there",
            "it",
            "that which what",
            "me him us them itself themselves yourself one someone something anyone anything everything",
            "and or",
            "but so because if when while whereas since unless until although though where how why whether then",
            "not no never neither nor without cannot",
            "to",
        )
    )
    for word in words.split()
}
_NUMBER, _ING, _ED, _LY, _S, _WORD, _END = range(19, 26)
_NEGATION = _CLASSES["not"]

_AFFINITY = (
    "00000000000100200003632460",
    "00000000000000000003533160",
    "00010210673210610213023550",
    "00130000003210300101421650",
    "75770000000003500105321530",
    "76670000002026400004200440",
    "66660100000334600304623440",
    "67473341102644633145443431",
    "36100303000002400713187140",
    "00106000818010301800106040",
    "67480300603230602844365320",
    "00020110888122220523006042",
    "00010234888021423640014604",
    "43502100688760303522234630",
    "12038555455546263040331145",
    "45271232245642414515543550",
    "65650210012884411722542240",
    "14010402517210300020576350",
    "65560001525034500006314250",
    "20110231312333065238323545",
    "55355544322354653152412544",
    "11220787020451055261406336",
    "33310445325552745543575335",
    "44245655555446564353344336",
    "33335445454345454254423445",
    "54830442020661207213335440",
)
"""Digit d at [first class][second class] is the pointwise mutual information (d − 4) / 2 of neighbouring word
classes, counted over 125,000 words of the Python standard library's own documentation strings."""

WORDS_MIN = 10
ERROR_MARGIN = 0.12
"""How far word errors of a recogniser may push the affinity down."""
IMPOSSIBLE_PAIRS_MAX, ORDERED_WORDS_MIN = 3, 30
"""So many are no slip of a recogniser; capitals in odd places, which it does not make, count as two. And there is
one in so many words."""
PAIRS_MIN = 3
KEPT_SHARE = 0.3
COPIED_SHARE = 0.8
COPIED_NEIGHBOURS_MAX = 0.3
COPIED_WORDS_MIN, COPIED_CONTENT_MIN = 5, 3


_ARTICLES = ("the", "a", "an", "my", "your", "our", "their")
_NOT_AFTER_ARTICLES = frozenset(
    "of at by for with from into onto to through during via per toward towards among upon is are was were be been "
    "am does did has have had could would should because than but although unless whereas when".split()
)
_NEVER_AFTER = {word: _NOT_AFTER_ARTICLES | frozenset(_ARTICLES) for word in _ARTICLES} | {
    word: lexicon.AUXILIARIES - {"being", "having", "doing"} for word in ("of", "from", "into")
}


def is_shuffled(tokens: Sequence[Token], sources: Sequence[Sequence[Token]]) -> bool:
    """Whether the words are in disorder by themselves, or are those of one source text in disorder.

    `sources` are texts of the rubric. The limit on the mean affinity tightens with length. Word errors of a
    recogniser disturb it too, so expressions of the rubric that survived in order speak for the answer.
    """
    said = [token for token in tokens if token.text not in lexicon.FILLERS]
    if any(is_disordered_copy(said, source) for source in sources):
        return True
    if len(said) < WORDS_MIN:
        return False
    affinity = mean_affinity(said)
    limit = 0.11 - 3.4 / len(said) + 0.08 * has_odd_capitals(said)
    if affinity >= limit + ERROR_MARGIN:
        return False
    impossible = count_impossible_pairs(said)
    if (
        impossible * ORDERED_WORDS_MIN >= len(said)
        and impossible + 2 * has_odd_capitals(said) >= IMPOSSIBLE_PAIRS_MAX
    ):
        return True
    kept, possible = count_kept_pairs(said, sources)
    if affinity >= limit:
        return kept == 0 and possible > PAIRS_MIN
    if possible < PAIRS_MIN:
        return affinity < limit - ERROR_MARGIN
    return kept < (KEPT_SHARE if affinity < limit - ERROR_MARGIN else KEPT_SHARE / 2) * possible


def count_kept_pairs(said: Sequence[Token], sources: Sequence[Sequence[Token]]) -> tuple[int, int]:
    """(kept, possible): neighbours in a source, not both function words, whose stems are all in the answer,
    and how many of them are neighbours in the answer too (one word between them allowed)."""
    have = {token.stem for token in said}
    near = {(a.stem, b.stem) for a, b in pairwise(said)} | {
        (a.stem, b.stem) for a, b in zip(said, said[2:], strict=False)
    }
    pairs = {
        (a.stem, b.stem)
        for source in sources
        for a, b in pairwise(source)
        if a.stem in have and b.stem in have and not (a.is_function and b.is_function)
    }
    return len(pairs & near), len(pairs)


def count_impossible_pairs(tokens: Sequence[Token]) -> int:
    """Neighbours that no sentence has: "the through", "a the", an article before a full stop, "of are"."""
    return sum(
        first.text != second.text and (first.sentence != second.sentence or second.text in _NEVER_AFTER[first.text])
        for first, second in pairwise(tokens)
        if first.text in _NEVER_AFTER
    )


def mean_affinity(tokens: Sequence[Token]) -> float:
    """Mean pointwise mutual information of neighbouring word classes; about 0.3 for text, −0.2 for disorder."""
    classes: list[int] = []
    previous: Token | None = None
    for token in tokens:
        if previous is not None and token.text == previous.text:
            continue  # a stutter
        if previous is not None and token.sentence != previous.sentence:
            classes.append(_END)
        classes.append(_class_of(token))
        previous = token
    values = [(int(_AFFINITY[a][b]) - 4) / 2 for a, b in pairwise(classes)]
    return sum(values) / len(values) if values else 0.0


def _class_of(token: Token) -> int:
    word = token.text
    known = _CLASSES.get(word)
    if known is not None:
        return known
    if token.is_negator:
        return _NEGATION
    if word[0].isdigit() or word in lexicon.NUMBERS:
        return _NUMBER
    for number, ending in ((_ING, "ing"), (_ED, "ed"), (_LY, "ly")):
        if word.endswith(ending) and len(word) > 4:
            return number
    return _S if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else _WORD


def has_odd_capitals(tokens: Sequence[Token]) -> bool:
    """Sentences that start small while capitals stand inside: the mark of words moved about."""
    small_starts = inner_capitals = 0
    for before, token in pairwise(tokens):
        if token.sentence != before.sentence:
            small_starts += not token.has_capital
        else:
            inner_capitals += token.has_capital and token.text not in ("i", "i'm")
    return small_starts > 0 and inner_capitals > 0


def is_disordered_copy(said: Sequence[Token], source: Sequence[Token]) -> bool:
    """Nearly all words come from one text but hardly any two neighbours do."""
    if len(said) < COPIED_WORDS_MIN or len(source) < COPIED_WORDS_MIN:
        return False
    if sum(token.is_content for token in said) < COPIED_CONTENT_MIN:
        return False
    have = Counter(token.text for token in said)
    given = Counter(token.text for token in source)
    if sum((have & given).values()) < COPIED_SHARE * len(said):
        return False
    neighbours = {(a.text, b.text) for a, b in pairwise(source)}
    kept = sum((a.text, b.text) in neighbours for a, b in pairwise(said))
    return kept < COPIED_NEIGHBOURS_MAX * (len(said) - 1) and mean_affinity(said) < 0.3
