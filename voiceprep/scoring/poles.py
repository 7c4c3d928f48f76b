"""Words that come in contrary pairs, and on which side of which pair a word of a text stands.

Must not know key points or answers: everything here is general vocabulary, written by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from voiceprep.scoring.negation import Polarity
from voiceprep.scoring.words import Token, stem_of

GENERAL = "amount"
"""The pair that also speaks about every other measure: what "increases" may get faster, hotter or longer."""

_MEASURES = {
    GENERAL: (
        "increase rise grow gain raise boost climb more greater high higher highest large larger largest big "
        "bigger biggest maximum enlarge expand multiply extra great upward upwards increasing rising double",
        "decrease fall shrink reduce lessen decline lower lowest low less fewer small smaller smallest tiny "
        "minimum diminish drop sink downward downwards decreasing falling halve fewest reduction",
    ),
    "speed": (
        "fast faster fastest quick quicker quickly rapid rapidly accelerate swift speedy",
        "slow slower slowest slowly decelerate sluggish",
    ),
    "temperature": (
        "hot hotter hottest warm warmer warmest",
        "cold colder coldest cool cooler coolest chilled",
    ),
    "strength": ("strong stronger strongest strengthen", "weak weaker weakest weaken"),
    "length": ("long longer longest lengthen wide wider broad", "short shorter shortest shorten narrow narrower"),
    "distance": ("far farther further furthest distant", "near nearer nearest closer closest"),
    "weight": ("heavy heavier heaviest", "lighter lightest"),
    "price": ("expensive costly dear dearer pricey", "cheap cheaper cheapest inexpensive"),
    "brightness": ("bright brighter brightest", "dim dimmer faint fainter dark darker"),
    "loudness": ("loud louder loudest", "quiet quieter silent soft softer"),
    "thickness": ("thick thicker", "thin thinner"),
    "density": ("dense denser", "sparse"),
    "difficulty": ("hard harder difficult", "easy easier easily"),
    "quality": ("good better best improve", "bad worse worst worsen"),
    "height": ("tall taller deep deeper", "shallow shallower"),
    "chance": ("likely", "unlikely"),
    "frequency": ("often frequent frequently", "rarely seldom rare infrequent"),
}
_SIDES = (
    ("open opened break broken incomplete", "close closed complete unbroken"),
    ("alive survive living live", "dead die killed kill extinct"),
    ("same equal identical equally alike", "different distinct differ unequal random"),
    ("constant fixed unchanged stays", "change changing vary variable varies"),
    ("lit glow shine", "dark unlit"),
    ("always", "never"),
    ("before earlier prior", "after afterwards later"),
    ("positive positively", "negative negatively"),
    ("accept receive", "donate reject refuse"),
    ("give donate provide", "take receive"),
    ("absorb", "reflect emit release"),
    ("add insert", "remove delete subtract"),
    ("allow permit enable", "prevent prevents forbid block stop prohibit disallow"),
    ("attract", "repel"),
    ("push", "pull"),
    ("gain", "lose lost losing"),
    ("inner inside internal interior", "outer outside external exterior outermost"),
    ("dominant", "recessive"),
    ("safe secure", "unsafe dangerous insecure"),
    ("connected connect", "disconnected disconnect unconnected"),
    ("buy", "sell"),
    ("import", "export"),
    ("several many multiple numerous", "one single sole"),
    ("all every each", "none"),
    ("full", "empty"),
    ("wet", "dry"),
    ("sorted", "unsorted random"),
    ("dependent", "independent"),
    ("regular", "irregular"),
    ("soluble", "insoluble"),
    ("reversible", "irreversible"),
    ("visible", "invisible"),
    ("mutable", "immutable"),
    ("public", "private"),
    ("static", "dynamic"),
    ("local", "global"),
    ("left", "right"),
    ("north northern", "south southern"),
    ("east eastern", "west western"),
    ("horizontal", "vertical"),
    ("oxidised oxidized oxidation", "reduction reduced"),
    ("endothermic", "exothermic"),
    ("evaporate evaporation", "condense condensation"),
    ("melt melting", "freeze freezing"),
    ("inhale", "exhale"),
    ("contract contracts", "relax expand"),
    ("mitosis", "meiosis"),
    ("monoxide", "dioxide"),
    ("nitrite", "nitrate"),
    ("intermolecular", "intramolecular"),
    ("concave", "convex"),
    ("transparent", "opaque"),
    ("permanent", "temporary"),
    ("guilty", "innocent"),
    ("legal", "illegal"),
    ("voluntary", "involuntary"),
    ("conscious", "unconscious"),
    ("rich", "poor"),
    ("first oldest earliest", "last newest latest"),
    ("parent", "child offspring"),
    ("predator", "prey"),
    ("aerobic", "anaerobic"),
    ("diploid", "haploid"),
    ("parallel", "series"),
    ("synchronous", "asynchronous"),
    ("read", "write"),
    ("send", "receive"),
    ("encrypt", "decrypt"),
    ("allocate", "free deallocate release"),
    ("necessary needed required mandatory", "unnecessary optional unneeded"),
    ("possible", "impossible"),
    ("stable", "unstable"),
    ("balanced", "unbalanced"),
    ("natural", "artificial"),
    ("solid", "liquid"),
    ("rough", "smooth"),
    ("rigid stiff", "flexible"),
    ("hard", "soft softer"),
    ("conductor", "insulator"),
    ("succeed success", "fail failure"),
    ("true", "false"),
    ("start begin", "stop end finish"),
    ("healthy", "sick ill unhealthy"),
    ("clean", "dirty"),
    ("fresh", "salty"),
    ("day daytime", "night"),
    ("summer", "winter"),
)
_DRIVEN = {
    "up": ("amount", 1),
    "down": ("amount", -1),
    "out": ("switch", -1),
    "off": ("switch", -1),
    "on": ("switch", 1),
}
_MOVING = frozenset(
    stem_of(word) for word in "go come move get speed slow shoot drive bring climb push pull".split()
)
_SWITCHED = frozenset(stem_of(word) for word in "go turn stay switch burn light remain is are be was".split())
_LIMITS = {"over": 1, "above": 1, "exceed": 1, "under": -1, "below": -1}


@dataclass(frozen=True, slots=True)
class Pole:
    """Token `place` stands on a side (+1, −1) of each of its axes; `is_joined`: the next word may be its noun."""

    place: int
    sides: dict[str, int]
    is_joined: bool

    def relation(self, other: "Pole") -> int:
        """+1 when both say the same, −1 when they say contrary things, 0 when they speak of other matters."""
        found = [self.sides[axis] * other.sides[axis] for axis in self.sides if axis in other.sides]
        if found:
            return max(found)
        general = next((side for pole in (self, other) for axis, side in pole.sides.items() if axis == GENERAL), 0)
        scaled = next((side for pole in (self, other) for axis, side in pole.sides.items() if axis in _SCALES), 0)
        return general * scaled

    def measure(self) -> int:
        """The side of its measure, 0 for a word of another kind."""
        return next((side for axis, side in self.sides.items() if axis in MEASURES), 0)


def _index() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    pairs = [*_MEASURES.items(), *((f"pair {number}", pair) for number, pair in enumerate(_SIDES))]
    for axis, sides in pairs:
        for sign, words in zip((1, -1), sides, strict=True):
            for word in words.split():
                found.setdefault(word, {}).setdefault(axis, sign)
                found.setdefault(stem_of(word), {}).setdefault(axis, sign)
    return found


_WORDS = _index()
POLE_WORDS = frozenset(
    word for sides in (*_MEASURES.values(), *_SIDES) for words in sides for word in words.split()
)
MEASURES = frozenset(_MEASURES)
_SCALES = frozenset("speed temperature strength length price brightness loudness density frequency chance".split())
"""Measures that may simply be said to increase or decrease."""


def find_poles(tokens: Sequence[Token], meant: Sequence[Polarity]) -> list[Pole]:
    """Every word of a contrary pair, turned round where it is denied; not those that are only supposed.

    "Less dense" is on the other side of "dense", "more dense" on its own.
    """
    found, turn = [], 1
    for place, token in enumerate(tokens):
        sides = _sides(tokens, place)
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        joins = following is not None and following.clause == token.clause
        if token.text in ("more", "less", "most", "least", "fewer") and joins and _sides(tokens, place + 1):
            turn = 1 if token.text in ("more", "most") else -1
            continue
        if sides and meant[place] is not Polarity.OPEN:
            sign = -turn if _is_denied(tokens, meant, place) else turn
            is_joined = joins and following is not None and following.is_content
            found.append(Pole(place, {axis: side * sign for axis, side in sides.items()}, is_joined))
        turn = 1
    return found


def _is_denied(tokens: Sequence[Token], meant: Sequence[Polarity], place: int) -> bool:
    """A particle is denied with its verb: "does not go up"."""
    near = range(max(0, place - 2), place + 1) if tokens[place].is_function else (place,)
    inside = [n for n in near if tokens[n].clause == tokens[place].clause]
    return any(meant[n] in (Polarity.DENIED, Polarity.DENIED_HEAD) for n in inside)


def _sides(tokens: Sequence[Token], place: int) -> dict[str, int]:
    token = tokens[place]
    before = [t.stem for t in tokens[max(0, place - 2) : place] if t.clause == token.clause]
    if token.text in _DRIVEN:
        axis, side = _DRIVEN[token.text]
        is_driven = any(stem in (_MOVING if axis == GENERAL else _SWITCHED) for stem in before)
        return {axis: side} if is_driven else {}
    if token.text in _LIMITS:
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        return {"limit": _LIMITS[token.text]} if following[:1].isdigit() else {}
    return _WORDS.get(token.text) or _WORDS.get(token.stem) or {}
