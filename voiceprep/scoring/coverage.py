"""How much of a statement an answer says in one stretch: the best window. Must not know key points or scores."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from voiceprep.scoring.matching import Match, match_misheard, match_token, match_words
from voiceprep.scoring.negation import Polarity, find_cues, polarities
from voiceprep.scoring.statements import Statement, Term
from voiceprep.scoring.vectors import WordVectors
from voiceprep.scoring.words import Token, is_plain, stem_of

WEAKLY_DENIED = 0.7
DIRECT_STRENGTH, DIRECT_WEIGHT = 0.7, 0.25
"""What is denied directly, or an opposite, contradicts a term that it resembles this much, when the term matters
this much relative to the heaviest one."""
DISTANT_STRENGTH, DISTANT_WEIGHT = 0.9, 0.75
"""The same for the other words in the scope of a denial."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the answer, tokens first..last inclusive. `agreement`, `conflict`: shares 0..1 of the weight."""

    agreement: float = 0.0
    conflict: float = 0.0
    first: int = 0
    last: int = -1
    is_denied: bool = False

    @property
    def concern(self) -> float:
        """How much the stretch speaks about the statement, for or against."""
        return self.agreement + self.conflict


NOTHING = Window()

Place = tuple[int, int, Match]
"""First token, last token, and how they match."""


@dataclass(slots=True)
class AnswerView:
    """An answer prepared for many statements. `is_masked[i]`: token i is no evidence (echo, other side).

    `barriers` are places that a window must not cross.
    """

    text: str
    tokens: Sequence[Token]
    polarity: Sequence[Polarity]
    is_masked: Sequence[bool]
    barriers: Sequence[int] = ()
    vectors: WordVectors | None = None
    rubric_stems: frozenset[str] = frozenset()
    _places: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    _words: list[str] | None = None

    def places(self, term: Token) -> tuple[Place, ...]:
        """Everything in the answer that resembles `term`."""
        known = self._places.get(term.text)
        if known is None:
            known = self._places[term.text] = tuple(self._find(term))
        return known

    def _find(self, term: Token) -> Iterator[Place]:
        similar = self._similarities(term)
        for index, token in enumerate(self.tokens):
            if self.is_masked[index] or (token.is_function and token.text != term.text):
                continue
            match = match_token(term, token, self.rubric_stems, similar.get(token.text, 0.0))
            if match.strength:
                yield index, index, match
        if len(term.text) >= 6 and not is_plain(term.text):
            yield from self._find_joined(term)

    def _similarities(self, term: Token) -> dict[str, float]:
        if self.vectors is None or term.is_function:
            return {}
        if self._words is None:
            self._words = sorted({token.text for token in self.tokens if token.is_content})
        return self.vectors.similarities(term.text, self._words)

    def _find_joined(self, term: Token) -> Iterator[Place]:
        """Terms that were written as two words: "data base", "item potent"."""
        for index in range(len(self.tokens) - 1):
            first, second = self.tokens[index], self.tokens[index + 1]
            joined = first.text + second.text
            if self.is_masked[index] or first.clause != second.clause or abs(len(joined) - len(term.text)) > 3:
                continue
            if (first.is_function and second.is_function) or _resembles(term, first) or _resembles(term, second):
                continue
            if stem_of(joined) == term.stem:
                yield index, index + 1, Match(1.0)
            elif match_misheard(term.text, joined).strength:
                yield index, index + 1, match_misheard(term.text, joined)


def _resembles(term: Token, word: Token) -> bool:
    return match_words(term.text, word.text).strength > 0


def make_view(
    text: str,
    tokens: Sequence[Token],
    is_masked: Sequence[bool],
    rubric_stems: frozenset[str] = frozenset(),
    vectors: WordVectors | None = None,
) -> AnswerView:
    meant = polarities(text, tokens)
    return AnswerView(text, tokens, meant, is_masked, find_barriers(tokens), vectors, rubric_stems)


def find_barriers(tokens: Sequence[Token]) -> tuple[int, ...]:
    """Where an elliptical contrast starts: "…, but threads don't"."""
    found = []
    for index, token in enumerate(tokens):
        is_last = index + 1 == len(tokens) or tokens[index + 1].clause != token.clause
        if token.is_negator and token.text.endswith(("n't", "not")) and is_last:
            start = index
            while start and tokens[start - 1].clause == token.clause and tokens[start].text not in ("but", "while"):
                start -= 1
            found.append(start)
    return tuple(found)


def without_other_side(view: AnswerView, statement: Statement, contrast: tuple[str, str] | None) -> AnswerView:
    """The view without clauses about the compared thing which the statement is not about.

    Those are clauses whose subject is the other thing, and what is said not to hold: "processes do, threads don't".
    """
    stems = {term.token.stem for term in statement.terms}
    clauses: dict[int, list[str]] = {}
    for token in view.tokens:
        clauses.setdefault(token.clause, []).append(token.stem)
    foreign: set[int] = set()
    sides = [side for side in contrast or () if side in stems]
    if contrast and len(sides) == 1:
        other = contrast[1] if sides[0] == contrast[0] else contrast[0]
        foreign |= {clause for clause, said in clauses.items() if _is_about(other, sides[0], said)}
    subject = statement.terms[0].token.stem if statement.terms else ""
    for barrier in view.barriers:
        clause = view.tokens[barrier].clause
        if subject in clauses[clause] and subject not in clauses.get(clause - 1, [subject]):
            foreign.add(clause - 1)
    if not foreign:
        return view
    masked = [hidden or token.clause in foreign for hidden, token in zip(view.is_masked, view.tokens, strict=True)]
    return replace(view, is_masked=masked, _places={})


def _is_about(other: str, own: str, said: Sequence[str]) -> bool:
    return other in said and (own not in said or said.index(other) < said.index(own))


@dataclass(frozen=True, slots=True)
class _Hit:
    """A place that resembles a term. Only one of `agreement`, `conflict` (strengths) is above 0."""

    term: int
    first: int
    last: int
    agreement: float
    conflict: float
    is_pole: bool
    is_direct: bool

    def contradicts(self, share: float) -> bool:
        """Whether this denies the statement; `share`: weight of the term relative to the heaviest."""
        if self.is_pole or self.is_direct:
            return self.conflict >= DIRECT_STRENGTH and share >= DIRECT_WEIGHT
        return self.conflict >= DISTANT_STRENGTH and share >= DISTANT_WEIGHT


def best_window(statement: Statement, view: AnswerView) -> Window:
    """The stretch that best speaks about the statement, agreeing or not; ties go to the agreeing one.

    A stretch that denies the statement decides, unless another one affirms nearly as much of it.
    """
    hits = _find_hits(statement, view)
    best, best_denied = NOTHING, NOTHING
    for place, hit in enumerate(hits):
        if place and hits[place - 1].first == hit.first:
            continue
        end = hit.first + statement.window_tokens
        end = min([barrier for barrier in view.barriers if hit.first < barrier < end], default=end)
        window = _weigh(statement, [near for near in hits[place:] if near.last < end])
        if not window.is_denied and window.agreement > best.agreement:
            best = window
        elif window.is_denied and window.concern > best_denied.concern:
            best_denied = window
    return best_denied if best_denied.concern > best.agreement + 0.1 else best


def _find_hits(statement: Statement, view: AnswerView) -> list[_Hit]:
    found, shared_cues = [], set()
    cues = find_cues(view.tokens)
    for number, term in enumerate(statement.terms):
        for first, last, match in view.places(term.token):
            said = view.polarity[last]
            agreement, conflict = _compare(term, said, match)
            is_direct = said is not Polarity.DENIED
            found.append(_Hit(number, first, last, agreement, conflict, match.is_opposite, is_direct))
            if term.polarity in _DENIALS and agreement > WEAKLY_DENIED * match.strength:
                shared_cues.add(cues[first])
    kept = [
        hit  # what the same word denies as in the statement is no contradiction
        for hit in found
        if not hit.conflict or hit.is_pole or cues[hit.first] not in shared_cues
    ]
    return sorted(kept, key=lambda hit: (hit.first, hit.last))


_DENIALS = (Polarity.DENIED, Polarity.DENIED_HEAD)


def _compare(term: Term, said: Polarity, match: Match) -> tuple[float, float]:
    """(agreement, conflict) of one match; only one of them is above 0."""
    if said is Polarity.OPEN or term.polarity is Polarity.OPEN:
        return (0.0, match.strength) if match.is_opposite else (match.strength, 0.0)
    if term.is_known and said is Polarity.DENIED and not match.is_opposite:
        return match.strength, 0.0
    is_denied = (said is not Polarity.STATED) != match.is_opposite
    if term.polarity is Polarity.STATED:
        return (0.0, match.strength) if is_denied else (match.strength, 0.0)
    if is_denied:
        return match.strength, 0.0
    if term.polarity is Polarity.DENIED_HEAD:
        return 0.0, match.strength
    return WEAKLY_DENIED * match.strength, 0.0


def _weigh(statement: Statement, hits: Iterable[_Hit]) -> Window:
    opposing: dict[int, list[_Hit]] = {}
    supporting = []
    for hit in hits:
        if hit.conflict:
            opposing.setdefault(hit.term, []).append(hit)
        else:
            supporting.append(hit)
    agreeing = _choose(supporting)
    conflicts = _find_conflicts(agreeing, opposing)
    if _is_mirrored(conflicts):
        mirrored = [replace(hit, agreement=0.9 * hit.conflict, conflict=0.0) for hit in conflicts]
        agreeing, conflicts = agreeing | {hit.term: hit for hit in mirrored}, []
    for hit in conflicts:
        agreeing.pop(hit.term, None)
    chosen = [*agreeing.values(), *conflicts]
    if not chosen:
        return NOTHING
    terms = statement.terms
    heaviest = max(term.weight for term in terms)
    is_denied = any(hit.contradicts(terms[hit.term].weight / heaviest) for hit in conflicts)
    return Window(
        sum(terms[hit.term].weight * hit.agreement for hit in agreeing.values()) / statement.total_weight,
        sum(terms[hit.term].weight * hit.conflict for hit in conflicts) / statement.total_weight,
        min(hit.first for hit in chosen),
        max(hit.last for hit in chosen),
        is_denied,
    )


def _choose(hits: Sequence[_Hit]) -> dict[int, _Hit]:
    """The best hit per term; a word of the answer serves one term only."""
    chosen: dict[int, _Hit] = {}
    used: set[int] = set()
    for hit in sorted(hits, key=lambda each: -each.agreement):
        if hit.term not in chosen and hit.first not in used and hit.last not in used:
            chosen[hit.term] = hit
            used |= {hit.first, hit.last}
    return chosen


def _find_conflicts(agreeing: dict[int, _Hit], opposing: dict[int, list[_Hit]]) -> list[_Hit]:
    """The strongest contradiction per term, where it beats the agreement and its word serves no other term."""
    found = []
    for term, hits in opposing.items():
        used = {hit.first for other, hit in agreeing.items() if other != term}
        left = [hit for hit in hits if hit.first not in used]
        if not left:
            continue
        worst = max(left, key=lambda hit: hit.conflict)
        if term not in agreeing or worst.conflict > agreeing[term].agreement + 0.05:
            found.append(worst)
    return found


def _is_mirrored(conflicts: Sequence[_Hit]) -> bool:
    """Every contradiction is an opposite and there are two: "shorter … higher" says "longer … lower"."""
    return len({hit.first for hit in conflicts}) >= 2 and all(hit.is_pole for hit in conflicts)
