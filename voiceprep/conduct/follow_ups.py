"""Pure: whether an answer is followed up, and with which question. Must not know time, audio or what comes after.

Every rule gives one question that was not asked before and tells nothing the candidate has not said.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from voiceprep.conduct.leaks import told_points
from voiceprep.conduct.planning import chance
from voiceprep.model import FollowUpKind, KeyPoint, KeyPointScore, Question, QuestionKind, QuestionScore

WORTH_ASKING_SHARE = 0.2
"""A missing key point worth less does not keep a strong answer from being led deeper."""
STRONG_SCORE = 0.75
NEAR_CREDIT = 0.35
"""A key point credited this much was probably said in other words: asking for it would be asking again."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One question. `key_point_id`: what a probe asks for."""

    kind: FollowUpKind
    ask: str
    key_point_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and what was said to it so far; `made` are the kinds of its follow-ups, `probed` their key points.

    `asked`: every bare question of this interview, so that none is asked twice.
    """

    question: Question
    score: QuestionScore
    said: str
    made: tuple[FollowUpKind, ...] = ()
    probed: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    seed: int = 0


def choose_follow_up(answered: Answered, kinds: Sequence[FollowUpKind]) -> FollowUp | None:
    """The first of `kinds` that applies, or None to move on."""
    for kind in kinds:
        for follow_up in _RULES[kind](answered):
            if follow_up.ask not in answered.asked:
                return follow_up
    return None


def _probe(answered: Answered) -> Iterator[FollowUp]:
    """The most valuable key point that is surely missing; after a strong answer only one that matters."""
    missing = _missing(answered)
    total = sum(point.weight for point in answered.question.key_points)
    is_strong = (answered.score.score or 0.0) >= STRONG_SCORE
    for point in sorted(missing, key=lambda point: -point.weight):
        if not is_strong or point.weight >= WORTH_ASKING_SHARE * total:
            yield FollowUp(FollowUpKind.PROBE, point.probe, point.id)


def _last_word(answered: Answered) -> Iterator[FollowUp]:
    yield FollowUp(FollowUpKind.LAST_WORD, "Before we finish, what would you like to add?")


_CUTTING_IN = (
    "Sorry, I have to stop you there. What is your main point, in one sentence?",
    "Let me cut in, we are short of time. What would you do first?",
    "One moment, that is long. Which part of it matters most?",
    "Excuse me, I need it shorter. What is the gist of it?",
)


def _cut_in(answered: Answered) -> Iterator[FollowUp]:
    """What an interviewer says who has just interrupted."""
    yield from _templates(FollowUpKind.CUT_IN, _CUTTING_IN, answered)


def _missing(answered: Answered) -> list[KeyPoint]:
    scores = {score.id: score for score in answered.score.key_points}
    return [
        point
        for point in answered.question.key_points
        if point.probe and point.id not in answered.probed and _is_missing(scores.get(point.id))
    ]


def _is_missing(score: KeyPointScore | None) -> bool:
    return score is None or (not score.is_credited and score.credit < NEAR_CREDIT)


_CHALLENGES = (
    "I would like to test one claim: {claim} What could somebody say against it?",
    "Let me stay with one claim: {claim} In which case would it not hold?",
    "One claim I would like to look at: {claim} How would you put it to the test?",
)


def _challenge(answered: Answered) -> Iterator[FollowUp]:
    """The claim comes back as the bank words it, for the candidate to look at again; once for a question."""
    if FollowUpKind.CHALLENGE in answered.made:
        return
    held = {flag.partition(":")[2] for flag in answered.score.flags if flag.startswith("misconception:")}
    for belief in answered.question.misconceptions:
        if belief.id in held:
            frame = _CHALLENGES[chance(answered.seed, belief.id) % len(_CHALLENGES)]
            claim = f"{belief.text[:1].lower()}{belief.text[1:]}" if belief.text[1:2].islower() else belief.text
            ask = frame.format(claim=claim.rstrip(".") + ".")
            if not _leaks(ask, answered, belief.text):
                yield FollowUp(FollowUpKind.CHALLENGE, ask)


_CASE = re.compile(
    r"\b(?:for example|for instance|such as the time|one time|once,? (?:we|i)|last (?:year|month|week|summer|winter"
    r"|spring|autumn|fall|quarter)|(?:two|three|four|five|\d+) (?:years?|months?|weeks?) ago|at my (?:last|previous"
    r"|current|old|first)|in my (?:last|previous|current|old|first)|when (?:i|we) (?:\w+ed|was|were|had|took|built"
    r"|ran|did|got|found|lost|broke)|(?:i|we) (?:decided|built|wrote|told|asked|called|changed|moved|shipped|fixed"
    r"|led|ran|found|took|made|agreed|wrote|brought|cut|gave|went|sat|split|stopped|started|learned|missed))\b",
    re.IGNORECASE,
)
_EXAMPLES = (
    "Can you take me through one time when you did that?",
    "What is one concrete case of that from your own work?",
    "When did you last do it that way, step by step?",
    "Which real situation do you have in mind there?",
)


def _example(answered: Answered) -> Iterator[FollowUp]:
    """Claims about oneself without a case behind them."""
    is_about_oneself = answered.question.kind in (QuestionKind.BEHAVIOURAL, QuestionKind.EXPERIENCE)
    if is_about_oneself and FollowUpKind.EXAMPLE not in answered.made and not _CASE.search(answered.said):
        yield from _templates(FollowUpKind.EXAMPLE, _EXAMPLES, answered)


_DEEPER: Mapping[QuestionKind, tuple[str, ...]] = {
    QuestionKind.TECHNICAL: (
        "When would you decide against doing it that way?",
        "How would you explain that choice to a colleague who disagrees?",
        "What would make you change your mind about that?",
        "Which part of that have people got wrong most often where you worked?",
        "How would you check that it really works as you say?",
        "What would you look at first if it misbehaved one night?",
        "How would you teach that to somebody who has just started?",
        "What is still unclear to you about it?",
    ),
    QuestionKind.SYSTEM_DESIGN: (
        "Which part of this would give way first if the load grew tenfold?",
        "What would you leave out if you had half the time?",
        "Which decision in there would be the hardest to take back?",
        "What would you want to measure in its first week?",
        "How would your design look for a tenth of the money?",
        "Which assumption in that worries you most?",
    ),
    QuestionKind.BEHAVIOURAL: (
        "What would you do differently today?",
        "How did the others see it?",
        "What was the hardest moment in that for you?",
        "What has stayed with you from it?",
        "How would your manager at the time tell that story?",
        "What did you give up by doing it that way?",
    ),
    QuestionKind.EXPERIENCE: (
        "What would you do differently if you did it again?",
        "Which decision in there was yours alone?",
        "What surprised you most about it?",
        "What did it look like a year later?",
        "What would have happened without you?",
        "Which part of it would you not show to anybody?",
    ),
}


def _deeper(answered: Answered) -> Iterator[FollowUp]:
    """One level further after a strong answer, in words that fit every subject."""
    if (answered.score.score or 0.0) >= STRONG_SCORE and FollowUpKind.DEEPER not in answered.made:
        yield from _templates(FollowUpKind.DEEPER, _DEEPER[answered.question.kind], answered)


def _templates(kind: FollowUpKind, texts: Sequence[str], answered: Answered) -> Iterator[FollowUp]:
    first = chance(answered.seed, answered.question.id, kind) % len(texts)
    for text in (*texts[first:], *texts[:first]):
        if not _leaks(text, answered):
            yield FollowUp(kind, text)


def _leaks(ask: str, answered: Answered, *known: str) -> bool:
    credited = {point.id for point in answered.score.key_points if point.is_credited}
    secret = [point for point in answered.question.key_points if point.id not in credited]
    return bool(told_points(ask, secret, (answered.question.text, answered.said, *known)))


_RULES: Mapping[FollowUpKind, Callable[[Answered], Iterator[FollowUp]]] = {
    FollowUpKind.PROBE: _probe,
    FollowUpKind.CHALLENGE: _challenge,
    FollowUpKind.EXAMPLE: _example,
    FollowUpKind.DEEPER: _deeper,
    FollowUpKind.LAST_WORD: _last_word,
    FollowUpKind.CUT_IN: _cut_in,
}
