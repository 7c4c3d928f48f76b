"""Pure: what a résumé claims and what a job asks for, line by line. Must not know files or questions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voiceprep.knowledge.passages import Passage

CLAIM_WORDS_MIN, CLAIM_WORDS_MAX = 5, 32
_DOING = re.compile(
    r"^(?:I |We )?(?:have |had )?(?:[a-z]+ly )?(?:built|designed|led|wrote|ran|made|set|cut|grew|moved|shipped"
    r"|taught|brought|drove|rewrote|rebuilt|took|held|gave|found|won|sped|oversaw|[a-z]{3,}ed)\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:experience|knowledge|familiar|proficien\w+|understanding|ability|skills?|background|degree|must"
    r"|required|you (?:will|have|know|are|can)|your (?:tasks?|role)|responsib\w+|expertise|fluent|track record"
    r"|comfortable)\b",
    re.IGNORECASE,
)
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9+#./-]*[A-Za-z0-9+#]|[A-Z]")
_EVERYDAY = frozenset(
    """
    a ability able about all also an and any are as at background be been build building built by can
    comfortable company degree deep development do engineer engineering etc excellent experience expertise
    familiar familiarity fluent for from good great has have hands-on help in including into is it its join
    knowledge know least like looking managing more must need new of on or other our over plus practical
    proficiency proficient prior production professional related required requirements responsibilities
    responsible role similar skill skills solid some strong such systems team teams that the their them this
    to tools understanding us use using very we what who will with within work working years year you your
    analyse analyze care closely collaborate communicate contribute create daily debug deliver deploy design drive
    each ensure every evaluate grow guide improve keep lead maintain manage mentor migrate monitor operate optimise
    optimize own participate plan run scale secure ship support take test train troubleshoot understand write
    """.split()
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Something the candidate says to have done. `weight`: how much there is to ask about."""

    passage: Passage
    weight: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Something the job asks for. `missing`: its terms that the résumé does not hold; `gap`: their share."""

    passage: Passage
    missing: tuple[str, ...]
    gap: float


def find_claims(lines: Sequence[Passage]) -> list[Claim]:
    """Richest first; equal ones in the order of the document."""
    found = [
        Claim(line, _weight(line.text)) for line in lines if _has_length(line.text) and _DOING.match(line.text)
    ]
    return sorted(found, key=lambda claim: -claim.weight)


def _weight(text: str) -> int:
    """Numbers and names make a claim specific."""
    names = sum(word[:1].isupper() for word in text.split()[1:])
    return min(names, 4) + 2 * min(2, len(re.findall(r"\d+", text)))


def find_demands(job: Sequence[Passage], resume: Sequence[Passage]) -> list[Demand]:
    """The widest gap to the résumé first; equal ones in the order of the document."""
    known = {term.lower() for line in resume for term in terms(line.text)}
    return sorted(_demands(job, known), key=lambda demand: -demand.gap)


def _demands(job: Sequence[Passage], known: set[str]) -> Iterator[Demand]:
    for line in job:
        wanted = list(terms(line.text))
        if not wanted or not _has_length(line.text, words_min=3) or not _ASKING.search(line.text):
            continue
        missing = tuple(term for term in wanted if term.lower() not in known)
        yield Demand(line, missing, len(missing) / len(wanted))


def terms(text: str) -> Iterator[str]:
    """The words of a text that name something, each once."""
    words = (match.group() for match in _TERM.finditer(text))
    yield from dict.fromkeys(word for word in words if word.lower() not in _EVERYDAY and len(word) > 1)


def _has_length(text: str, words_min: int = CLAIM_WORDS_MIN) -> bool:
    return words_min <= len(text.split()) <= CLAIM_WORDS_MAX
