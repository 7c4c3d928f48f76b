"""Whether an answer says the contrary of a statement with the statement's own words. Must not know scores.

Three ways: a direction turned round ("the price falls"), what is said of one thing said of the other ("wood
conducts better than metal"), and who does what exchanged ("the server sends it to the client").
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from voiceprep.scoring.lexicon import DETERMINERS
from voiceprep.scoring.matching import match_words
from voiceprep.scoring.negation import Polarity, polarities
from voiceprep.scoring.poles import Pole, find_poles
from voiceprep.scoring.words import Token, is_plain, read_rubric, stem_of, tokenize

BOUND, SUBJECT, UNNAMED = 1.0, 0.8, 0.6
"""How surely two directions are those of one thing: both name it, are said of the same subject, or it is unsaid."""
SHORT_TOKENS = 25
REACH_TOKENS = 3
"""How far behind a word its noun may stand: "reduces the total pressure"."""
ALIKE_FROM, DENIED_ALIKE_FROM = 0.6, 0.7
_ADVERBS = frozenset("away together apart again".split())
_PASSIVE = frozenset("by from of via".split())
_BEING = frozenset("is are be been being was were get gets got".split())


@dataclass(frozen=True, slots=True)
class Clause:
    """Tokens of one proposition, the words in it that tell opposites, and what it compares with ("than …")."""

    tokens: tuple[Token, ...]
    poles: tuple[Pole, ...]
    other: tuple[Token, ...] = ()

    def named(self, pole: Pole) -> tuple[Token, ...]:
        """What a direction may be said of: nouns it stands before, what its verb acts on, the noun before it."""
        taken = {each.place for each in self.poles}
        after: list[Token] = []
        for place, token in enumerate(self.tokens[pole.place + 1 : pole.place + 1 + REACH_TOKENS], pole.place + 1):
            if token.is_content and place not in taken and token.text not in _ADVERBS:
                after.append(token)
            elif token.text not in DETERMINERS:
                break
        before = [t for n, t in enumerate(self.tokens[: pole.place]) if t.is_content and n not in taken]
        telling = [t for t in before if not is_plain(t.text)] or before
        return (*after[:2], *telling[-1:])

    def first(self) -> Token | None:
        taken = {each.place for each in self.poles}
        return next((t for n, t in enumerate(self.tokens) if t.is_content and n not in taken), None)


@lru_cache(maxsize=4096)
def read_claim(text: str, things: frozenset[str] = frozenset()) -> tuple[Clause, ...]:
    """The propositions of a text of the rubric."""
    tokens = tokenize(text)
    return tuple(split_clauses(tokens, polarities(text, tokens, is_claim=False), things))


def split_clauses(
    tokens: Sequence[Token], meant: Sequence[Polarity], things: Set[str] = frozenset()
) -> list[Clause]:
    """Finer than a token's clause: "and" parts too where one of the compared `things` follows."""
    runs: list[tuple[list[int], bool]] = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        is_than = token.text == "than"
        is_new = before is None or before.clause != token.clause or is_than or _parts(tokens, place, things)
        if is_new:
            runs.append(([], is_than))
        runs[-1][0].append(place)
    found: list[Clause] = []
    for places, is_than in runs:
        part = tuple(tokens[place] for place in places)
        if is_than and found:
            last = found[-1]
            found[-1] = Clause(last.tokens, last.poles, tuple(t for t in part[1:] if t.is_content))
            continue
        found.append(Clause(part, tuple(find_poles(part, [meant[place] for place in places]))))
    return found


def _parts(tokens: Sequence[Token], place: int, things: Set[str]) -> bool:
    if tokens[place].text not in ("and", "or"):
        return False
    after = tokens[place + 1 : place + 3]
    before = [t for t in tokens[:place] if t.clause == tokens[place].clause]
    return any(t.stem in things for t in after) and any(t.stem in things for t in before) and len(before) > 1


def is_contrary(claim: str, said: Sequence[Clause], things: frozenset[str]) -> bool:
    """Whether what is `said` (an answer's clauses) turns the claim round. `things`: stems the question compares."""
    read = read_claim(claim, things)
    return (
        _turns_direction(read, said, things)
        or _says_of_other(read, said, things)
        or _exchanges_poles(read, said)
        or _swaps_roles(read, said)
    )


def differs_in_number(claim: str, asked: str, said: Sequence[Token]) -> bool:
    """Whether the claim names numbers and the answer names others, or the same in another unit.

    Numbers of the question (`asked`) do not count.
    """
    known = {number for number, _ in _numbers(read_rubric(asked))}
    wanted = [each for each in _numbers(read_rubric(claim)) if each[0] not in known]
    given = [each for each in _numbers(said) if each[0] not in known]
    if not wanted or not given:
        return False
    shared = [(unit, other) for number, unit in wanted for same, other in given if same == number]
    return not shared or all(unit and other and unit != other for unit, other in shared)


def _numbers(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Each number with the unit behind it, empty without one. "One" and "two" are words like others."""
    found = []
    for place, token in enumerate(tokens):
        if not token.stem[0].isdigit() or token.text in ("one", "two"):
            continue
        unit = tokens[place + 1].stem if place + 1 < len(tokens) else ""
        found.append((token.stem.rstrip("%"), unit if unit in _UNITS else ""))
    return found


_UNITS = frozenset(
    stem_of(word)
    for word in "second minute hour day week month year millisecond metre meter kilometre kilometer centimetre "
    "centimeter millimetre millimeter mile gram kilogram tonne litre liter volt amp ampere ohm watt joule newton "
    "hertz degree percent byte kilobyte megabyte gigabyte bit".split()
)


def affirms_denied(claim: str, tokens: Sequence[Token], meant: Sequence[Polarity]) -> float:
    """How much of what a claim denies the answer says without denying anything near it, 0..1.

    "The shadow of the Earth falls on it" against "It is not caused by the Earth's shadow".
    """
    denied = _denied_terms(claim)
    if not denied:
        return 0.0
    found = 0
    for term in denied:
        places = [n for n, token in enumerate(tokens) if token.is_content and _resembles(term, token)]
        if any(meant[place] is not Polarity.STATED or _is_opposite(term, tokens[place]) for place in places):
            return 0.0
        found += bool(places)
    return 0.0 if any(token.is_negator for token in tokens) else found / len(denied)


@lru_cache(maxsize=4096)
def _denied_terms(claim: str) -> tuple[Token, ...]:
    tokens = tokenize(claim)
    meant = polarities(claim, tokens, is_claim=False)
    return tuple(token for token, how in zip(tokens, meant, strict=True) if how in _DENIALS)


_DENIALS = (Polarity.DENIED, Polarity.DENIED_HEAD)


def _resembles(term: Token, token: Token) -> bool:
    return match_words(term.text, token.text).strength >= DENIED_ALIKE_FROM


def _is_opposite(term: Token, token: Token) -> bool:
    return match_words(term.text, token.text).is_opposite


def _turns_direction(claim: Sequence[Clause], said: Sequence[Clause], things: Set[str]) -> bool:
    turned = kept = 0
    measures = sum(pole.measure() != 0 for clause in claim for pole in clause.poles)
    is_short = sum(len(part.tokens) for part in said) <= SHORT_TOKENS
    for clause in claim:
        for pole in clause.poles:
            if any(pole.relation(other) < 0 for other in clause.poles):
                continue
            verdict = _hear(clause, pole, said, things, may_be_unnamed=is_short and measures == 1)
            turned += verdict < 0
            kept += verdict > 0
    is_mirrored = turned > 1 and not kept and len({_key(clause, things) for clause in claim}) == 1
    return turned > 0 and not is_mirrored


def _key(clause: Clause, things: Set[str]) -> tuple[str, ...]:
    return tuple(sorted(_things_of(clause.tokens, things)))


def _says_of_other(claim: Sequence[Clause], said: Sequence[Clause], things: Set[str]) -> bool:
    """What tells one of the compared things apart is said only where the other one is spoken of."""
    for clause in claim:
        owned = _things_of(clause.tokens, things)
        telling = [t for t in clause.tokens if t.is_content and t.stem not in things and not is_plain(t.text)]
        if len(owned) != 1 or len(telling) < 2:
            continue
        own = other = 0
        spoken: set[str] = set()
        for part in said:
            spoken = _things_of(part.tokens, things) or spoken
            hits = sum(any(_alike(term, token) for token in part.tokens if token.is_content) for term in telling)
            own = max(own, hits) if not spoken or owned & spoken else own
            other = max(other, hits) if spoken and not owned & spoken else other
        if other * 2 > len(telling) and own == 0:
            return True
    return False


def _exchanges_poles(claim: Sequence[Clause], said: Sequence[Clause]) -> bool:
    """ "The soft one scratches the hard one" for "the hard one scratches the soft one"."""
    return any(
        first.relation(second) < 0 and first.relation(late) > 0 and second.relation(early) > 0
        for clause in claim
        if not clause.other
        for first, second in pairwise(clause.poles)
        for part in said
        if not part.other and not any(token.text in _PASSIVE for token in part.tokens)
        for early, late in pairwise(part.poles)
    )


def _hear(clause: Clause, pole: Pole, said: Sequence[Clause], things: Set[str], *, may_be_unnamed: bool) -> int:
    """−1 when the answer says the contrary of one direction of the claim, +1 when it says the same, 0 otherwise."""
    against = for_it = 0.0
    for part in said:
        for heard in part.poles:
            relation = pole.relation(heard)
            if not relation:
                continue
            sureness, is_swapped = _binding(clause, pole, part, heard, things)
            relation = -relation if is_swapped else relation
            if relation > 0:
                for_it = max(for_it, sureness)
            elif sureness > UNNAMED or may_be_unnamed:
                against = max(against, sureness)
    if against > for_it:
        return -1
    return int(for_it > 0)


def _binding(clause: Clause, pole: Pole, part: Clause, heard: Pole, things: Set[str]) -> tuple[float, bool]:
    """How surely both speak of the same thing, and whether the answer says it of the thing compared with."""
    own, theirs = clause.first(), part.first()
    is_swapped = _is_swapped(clause, part, things)
    mine, named = clause.named(pole), part.named(heard)
    if not named:
        return (UNNAMED if pole.measure() or heard.measure() else 0.0), is_swapped
    if not mine:
        return 0.0, is_swapped
    if is_swapped or any(_is_any(token, named) for token in mine):
        return BOUND, is_swapped
    is_of_subject = own is not None and theirs is not None and _alike(own, theirs)
    return (SUBJECT if is_of_subject and not heard.is_joined and not pole.is_joined else 0.0), is_swapped


def _is_swapped(clause: Clause, part: Clause, things: Set[str]) -> bool:
    own, theirs = clause.first(), part.first()
    if own is None or theirs is None:
        return False
    if clause.other and _is_any(theirs, clause.other) and not _alike(theirs, own):
        return True
    owned, spoken = _things_of(clause.tokens, things), _things_of(part.tokens, things)
    return bool(owned and spoken and not owned & spoken)


def _things_of(tokens: Iterable[Token], things: Set[str]) -> set[str]:
    return {token.stem for token in tokens if token.stem in things}


def _alike(one: Token, other: Token) -> bool:
    found = match_words(one.text, other.text)
    return found.strength >= ALIKE_FROM and not found.is_opposite


def _is_any(token: Token, others: Iterable[Token]) -> bool:
    return any(_alike(token, other) for other in others)


def _swaps_roles(claim: Sequence[Clause], said: Sequence[Clause]) -> bool:
    """The one who acts in the claim stands after the same verb in the answer, and something else before it."""
    for clause in claim:
        roles = _roles(clause)
        if roles is None:
            continue
        actor, verb = roles
        for part in said:
            content = [t for t in part.tokens if t.is_content]
            at = next((n for n, t in enumerate(content) if _alike(verb, t)), None)
            if at is None or at == 0 or any(_alike(actor, t) for t in content[:at]):
                continue
            if is_plain(content[at - 1].text):
                continue
            late = next((t for t in content[at + 1 :] if _alike(actor, t)), None)
            if late is not None and not _is_passive(part, content[at], late):
                return True
    return False


def _roles(clause: Clause) -> tuple[Token, Token] | None:
    tokens = clause.tokens
    content = [n for n, t in enumerate(tokens) if t.is_content]
    for actor, verb in pairwise(content):
        between = tokens[actor + 1 : verb]
        is_before_function = verb + 1 == len(tokens) or tokens[verb + 1].is_function
        if is_before_function:
            is_plain_pair = all(t.text not in ("is", "are", "be", "been", "was", "were") for t in between)
            is_verb = tokens[verb].text.endswith("s") or any(t.text in ("can", "will", "may") for t in between)
            fits = is_plain_pair and is_verb and not is_plain(tokens[actor].text)
            return (tokens[actor], tokens[verb]) if fits else None
    return None


def _is_passive(part: Clause, verb: Token, late: Token) -> bool:
    said, acted = part.tokens.index(late), part.tokens.index(verb)
    is_by = any(token.text in _PASSIVE for token in part.tokens[max(0, said - 3) : said])
    return is_by or any(token.text in _BEING for token in part.tokens[max(0, acted - 2) : acted])
