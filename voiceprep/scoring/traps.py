"""Answers that deserve nothing whatever words they hold: empty, refused, echoed, soup, shuffled, injected …

Must not know how key points are credited.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from voiceprep.model import Question
from voiceprep.scoring import lexicon
from voiceprep.scoring.injection import find_injection
from voiceprep.scoring.word_order import is_shuffled
from voiceprep.scoring.words import Token, is_plain, read_rubric, stem_of, tokenize


@dataclass(frozen=True, slots=True)
class Finding:
    """`is_masked[i]`: token i is no evidence. `is_zero`: earns 0; `is_abstained`: cannot be judged."""

    flags: tuple[str, ...]
    is_masked: tuple[bool, ...]
    is_zero: bool = False
    is_abstained: bool = False


_REFUSAL = re.compile(
    r"\b(?:i (?:really |honestly |just |actually )*(?:do not|don't|dont|did not|didn't) (?:really |actually )?"
    r"(?:know|remember|recall|understand|get|have (?:an|any) (?:answer|idea))"
    r"|(?:i(?: am|'m)? )?(?:really )?not (?:really |quite |so |too )?sure|(?:i have |i've |i've got |"
    r"absolutely )?no (?:idea|clue)"
    r"|dunno|haven't (?:a clue|got a clue|the faintest)|(?:i have|i've) never (?:heard|used|worked|seen|done)"
    r"|never heard|i (?:can't|can not|cannot|couldn't|could not) (?:answer|say|remember|tell|think of)"
    r"|(?:can we|could we|let's|let us|i(?:'ll| will| would|'d)?(?: have to| like to| rather)?|"
    r"please) (?:skip|pass|move on)"
    r"|^(?:(?:uh|um|hmm|er|so|okay|well|please|sorry|i(?:'ll| will)?),?\s+)*(?:skip|pass)\b"
    r"(?: please| on (?:this|that)(?: one)?)?(?=[.,!]*$)|next question(?: please)?|i give up"
    r"|i(?:'m| am) (?:so )?sorry|sorry"
    r"|i(?:'m| am) not familiar|that(?:'s| is) (?:a )?(?:hard|tough|difficult|good|great)(?: one| "
    r"question)?|no comment"
    r"|you got me|beats me|it escapes me|my mind (?:is|went) blank|i forgot)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:i think maybe|maybe|perhaps|i guess|i suppose|not (?:really |entirely |totally |100% |so "
    r")?sure|might be|"
    r"could be wrong|probably|possibly|something like that|i'm guessing|if i remember|i'm not certain)\b",
    re.IGNORECASE,
)
REFUSAL_FRESH_MAX = 1
SOUP_WORDS_MIN, SOUP_FUNCTION_SHARE = 9, 0.1
RUN_TOGETHER_WORDS_MIN, SMALL_TALK_WORDS_MIN = 5, 5
BARE_SOUP_WORDS_MIN = 7
"""So many words without a single function word are a list too."""
LONG_SOUP_WORDS_MIN, LONG_SOUP_FUNCTION_SHARE = 20, 0.2
"""People who talk use 40 % function words, in notes 25 %; by so many words the share is sure."""
LIST_CLAUSES_MIN, LIST_CLAUSE_WORDS = 6, 2.2
ECHO_FRESH_SHARE, ECHO_QUESTION_SHARE = 0.2, 0.6
FOREIGN_WORDS_MIN = 4
TOPIC_WORDS_MIN, TOPIC_SHARE = 6, 0.12

_FOREIGN = frozenset(
    "el la los las una por que para con está son pero como muy más este esta cuando porque también "
    "hay ser lo se del al "
    "le les des une est dans pour avec sur qui pas mais ou où très ce cette nous vous ils elles être sont aux je "
    "der die das und ist nicht ein eine mit von zu den dem auf für auch wird werden oder sich wenn "
    "aber wir sie ich es "
    "o os um uma não com mais ao pelo pela são você isso il lo gli di che non per sono della nel "
    "alla questo perché "
    "het een van niet dat zijn op te voor maar nie się jest na z w do że jak".split()
)
_ENGLISH = lexicon.FUNCTION_WORDS - {
    "a",
    "an",
    "in",
    "on",
    "as",
    "so",
    "me",
    "die",
    "was",
    "war",
    "am",
    "do",
    "no",
    "to",
}


def find_traps(question: Question, text: str, tokens: Sequence[Token]) -> Finding:
    """Look for everything that needs no key point; the first finding that decides wins."""
    clear = (False,) * len(tokens)
    rubric_texts = [question.text, question.reference, *(point.text for point in question.key_points)]
    if not any(token.text not in lexicon.FILLERS for token in tokens):
        return Finding(("empty",), clear, is_zero=True)
    if find_injection(text, " ".join(rubric_texts)):
        return Finding(("injection",), clear, is_zero=True)
    if is_foreign(tokens) and not is_foreign(read_rubric(" ".join(rubric_texts))):
        return Finding(("not_english",), clear, is_abstained=True)
    asked = read_rubric(question.text)
    known = {token.stem for token in asked if token.is_content}
    fresh = [token for token in tokens if token.is_content and token.stem not in known and not is_plain(token.text)]
    masked = mask_echo(tokens, asked)
    flag = _zero_flag(question, text, tokens, fresh, masked)
    if flag:
        return Finding((flag,), clear, is_zero=True)
    flags = (*(("hedged",) if _HEDGE.search(text) else ()), *(("echo_ignored",) if any(masked) else ()))
    small_talk = mask_small_talk(tokens, [phrase for point in question.key_points for phrase in point.phrases])
    return Finding(flags, tuple(echo or talk for echo, talk in zip(masked, small_talk, strict=True)))


def _zero_flag(
    question: Question, text: str, tokens: Sequence[Token], fresh: Sequence[Token], masked: Sequence[bool]
) -> str | None:
    if is_refusal(text, fresh):
        return "refusal"
    if is_gibberish(tokens):
        return "gibberish"
    if is_echo(tokens, fresh, masked):
        return "echo"
    points = [point.text for point in question.key_points]
    if is_soup(tokens) or is_run_together(tokens, [read_rubric(point) for point in points]):
        return "keyword_soup"
    phrases = [phrase for point in question.key_points for phrase in point.phrases]
    texts = (question.reference, " ".join(points), question.text, *points, *phrases)
    sources = [read_rubric(source) for source in texts]
    return "shuffled" if is_shuffled(tokens, sources) else None


def is_refusal(text: str, fresh: Sequence[Token]) -> bool:
    """Says that there is no answer, and hardly anything else that the question did not say."""
    spans = [match.span() for match in _REFUSAL.finditer(text.replace("’", "'"))]
    if not spans:
        return False
    left = [token for token in fresh if not any(start <= token.start_char < end for start, end in spans)]
    return len(left) <= REFUSAL_FRESH_MAX


def is_gibberish(tokens: Sequence[Token]) -> bool:
    """Letters without words, or one word over and over."""
    words = [token.text for token in tokens if token.text not in lexicon.FILLERS]
    if len(words) < 3:
        return False
    odd = sum(_is_unpronounceable(word) for word in words)
    most = Counter(word for word in words if word not in lexicon.FUNCTION_WORDS).most_common(1)
    is_repeated = bool(most) and len(words) >= 6 and most[0][1] > 0.6 * len(words)
    return odd >= 0.4 * len(words) or is_repeated


def _is_unpronounceable(word: str) -> bool:
    if not word.isascii() or not word.isalpha() or len(word) < 4:
        return False
    return not re.search("[aeiouy]", word) or bool(re.search(r"[bcdfghjklmnpqrstvwxz]{5}|(.)\1\1", word))


def mask_echo(tokens: Sequence[Token], asked: Sequence[Token]) -> tuple[bool, ...]:
    """Marks the stretch where the question itself is repeated, from its first word on."""
    said, question = [t.text for t in tokens], [t.text for t in asked]
    blocks = [b for b in SequenceMatcher(None, said, question, autojunk=False).get_matching_blocks() if b.size >= 2]
    matched = sum(block.size for block in blocks)
    if not blocks or matched < max(4, ECHO_QUESTION_SHARE * len(question)) or blocks[0].b > 0:
        return (False,) * len(tokens)
    first, last = blocks[0].a, blocks[-1].a + blocks[-1].size
    if last - first > 1.4 * len(question):
        return (False,) * len(tokens)
    return tuple(first <= place < last for place in range(len(tokens)))


def mask_small_talk(tokens: Sequence[Token], phrases: Sequence[str]) -> tuple[bool, ...]:
    """Marks sentences that only talk about the talk: "That is a really interesting question".

    Not those with a phrase of the rubric, small as its words may be: "I asked for an example".
    """
    telling = [{token.text for token in tokenize(phrase)} for phrase in phrases]
    sentences: dict[int, list[Token]] = {}
    for token in tokens:
        sentences.setdefault(token.sentence, []).append(token)
    empty = {
        number
        for number, said in sentences.items()
        if len(said) >= SMALL_TALK_WORDS_MIN
        and all(t.is_function or t.stem in _SMALL_TALK for t in said)
        and not any(words <= {t.text for t in said} for words in telling)
    }
    return tuple(token.sentence in empty for token in tokens)


_SMALL_TALK = frozenset(
    stem_of(word)
    for word in "interesting great nice good glad happy ask question experience opinion view depend honest mind "
    "open keep think thought thoughts believe feel long time always often many much matter topic subject "
    "discuss talk say answer start begin important different one people come point general".split()
)


def is_echo(tokens: Sequence[Token], fresh: Sequence[Token], masked: Sequence[bool]) -> bool:
    """The question comes back and nothing new with it."""
    if not any(masked):
        return False
    content_count = sum(token.is_content for token in tokens)
    return len(fresh) <= max(1.0, ECHO_FRESH_SHARE * content_count)


def is_soup(tokens: Sequence[Token]) -> bool:
    """A list of keywords without sentences: hardly a function word, or nothing but one- or two-word clauses."""
    if len(tokens) < SOUP_WORDS_MIN:
        return len(tokens) >= BARE_SOUP_WORDS_MIN and not any(token.is_function for token in tokens)
    function_share = sum(token.is_function for token in tokens) / len(tokens)
    clause_count = len({token.clause for token in tokens})
    is_list = clause_count >= LIST_CLAUSES_MIN and len(tokens) / clause_count <= LIST_CLAUSE_WORDS
    is_long_soup = len(tokens) >= LONG_SOUP_WORDS_MIN and function_share < LONG_SOUP_FUNCTION_SHARE
    return function_share < SOUP_FUNCTION_SHARE or is_long_soup or (is_list and function_share < 0.2)


def is_run_together(tokens: Sequence[Token], points: Sequence[Sequence[Token]]) -> bool:
    """Key points copied without their small words, the next begun where one ended: "… fewer goods price goes …"."""
    if len(tokens) < RUN_TOGETHER_WORDS_MIN or len(points) < 2:
        return False
    known = {token.text for point in points for token in point}
    if any(token.text not in known for token in tokens):
        return False
    contents = [[token.text for token in point if token.is_content] for point in points]
    seams = {(one[-1], other[0]) for one in contents for other in contents if one and other and one is not other}
    return any(a.clause == b.clause and (a.text, b.text) in seams for a, b in pairwise(tokens))


def is_foreign(tokens: Sequence[Token]) -> bool:
    """Another script, or function words of another language and hardly any English ones."""
    letters = "".join(token.text for token in tokens)
    if letters and sum(letter > "\u024f" for letter in letters) > 0.5 * len(letters):
        return True
    if len(tokens) < FOREIGN_WORDS_MIN:
        return False
    foreign = sum(token.text in _FOREIGN for token in tokens)
    english = sum(token.text in _ENGLISH or token.is_negator for token in tokens)
    return foreign >= 0.2 * len(tokens) and foreign > 2 * english


def is_off_topic(tokens: Sequence[Token], rubric_stems: frozenset[str], rubric_roots: frozenset[str]) -> bool:
    """Hardly a content word of the answer belongs to the question, its reference or its key points."""
    content = [token for token in tokens if token.is_content]
    if len(content) < TOPIC_WORDS_MIN:
        return False
    shared = sum(token.stem in rubric_stems or token.root in rubric_roots for token in content)
    return shared < TOPIC_SHARE * len(content)
