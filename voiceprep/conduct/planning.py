"""Pure: what will be asked, in which order and why. Must not know a running interview, audio, files or chance."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

from voiceprep.conduct.interviewers import NEUTRAL, Interviewer
from voiceprep.model import NO_HISTORY, Bank, History, Question

QUESTION_COUNT = 5
"""How many are asked when neither a number nor a time is given."""

WORD_MS = 330
"""Speech nobody has heard yet: conversation runs at about 185 words a minute."""
REPLY_MS = 1_500
"""What passes between the end of an answer and the next words of the interviewer."""
GREETING_MS = 8_000
CLOSING_MS = 6_000
FOLLOW_UP_SHARE = 0.5
"""A question's follow-ups together take about this share of its first answer's time."""
SHORT_EXCHANGE_MS = 15_000
"""A candidate who knows nothing needs so long for a question; it decides how many are held in reserve."""
RESERVE_PER_QUESTION = 3
LEVEL_LOWEST, LEVEL_HIGHEST = 1, 5
DONE_WELL, DONE_POORLY = 0.8, 0.35
"""Recent scores in a topic from which it is asked one level harder or easier."""


class Role(StrEnum):
    """What a question is there for."""

    WARM_UP = "warm_up"
    COVER = "cover"
    DEEPEN = "deepen"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class PlanNote:
    """Why a question stands where it does. One that is fixed (due, or missed before) is not exchanged later."""

    role: Role
    reason: str
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked, in order, if the answers are as expected; `notes` say why, one for each question.

    `reserve`: what may be asked instead, or as well while there is time (`is_filling`). `limit_ms` None: no limit.
    """

    bank_id: str
    bank_title: str
    questions: tuple[Question, ...]
    limit_ms: int | None = None
    seed: int = 0
    notes: tuple[PlanNote, ...] = ()
    reserve: tuple[Question, ...] = ()
    is_filling: bool = False
    interviewer: Interviewer = NEUTRAL
    is_coached: bool = False

    @property
    def pool(self) -> tuple[Question, ...]:
        """Every question that may be asked."""
        return (*self.questions, *self.reserve)

    @property
    def expected_ms(self) -> int:
        """How long it takes when answers are as long as the bank expects."""
        return GREETING_MS + sum(map(expected_ms, self.questions)) + CLOSING_MS

    def asker(self, number: int) -> Interviewer:
        """Who asks the question of this number, and all that belongs to it; 0 is what belongs to none. The two of
        a panel take turns, and the seed says who begins."""
        everybody = self.interviewer.everybody
        return everybody[(number + chance(self.seed, "panel")) % len(everybody)] if number else everybody[0]

    def note(self, question_id: str) -> PlanNote | None:
        pairs = zip(self.questions, self.notes, strict=False)
        return next((note for question, note in pairs if question.id == question_id), None)


def speaking_ms(text: str) -> int:
    """How long it takes to say a text."""
    return len(text.split()) * WORD_MS


def expected_ms(question: Question) -> int:
    """Asking, answering and the follow-ups."""
    answer_ms = question.answer_seconds * 1000
    return speaking_ms(question.text) + round(answer_ms * (1 + FOLLOW_UP_SHARE)) + REPLY_MS


def chance(seed: int, *names: object) -> int:
    """A number that looks random and is the same for the same names."""
    text = ":".join(map(str, (seed, *names)))
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big")


DUE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """What a plan is made for. `question_count` None: as many as fit into `limit_ms`.

    `due_share`: how much of the plan what is due, and what was missed, may take. `own`: questions about the
    candidate's own documents, best first; they take up to half of it.
    """

    level: int
    seed: int
    question_count: int | None = None
    limit_ms: int | None = None
    topics: Sequence[str] = ()
    history: History = NO_HISTORY
    due_share: float = DUE_SHARE
    own: Sequence[Question] = ()
    interviewer: Interviewer = NEUTRAL


def make_plan(bank: Bank, wish: Wish) -> Plan:
    """What is due or was missed, then questions near the level over as many topics as possible.

    In order: one to warm up, the breadth, the hardest, and one within reach to close. The seed breaks ties.
    """
    pool = [question for question in bank.questions if not wish.topics or question.topic in wish.topics]
    is_filling = wish.question_count is None and wish.limit_ms is not None
    count = min(len(pool), wish.question_count or _fitting_count(pool, wish.limit_ms))
    shelf = _Shelf(pool, wish)
    chosen = _choose(pool, shelf, wish, count)
    ordered = _arrange(chosen, wish)
    reserve_count = count * RESERVE_PER_QUESTION
    if is_filling and wish.limit_ms is not None:
        reserve_count = max(reserve_count, wish.limit_ms // SHORT_EXCHANGE_MS)
    return Plan(
        bank.id,
        bank.title,
        tuple(entry.question for entry in ordered),
        wish.limit_ms,
        seed=wish.seed,
        notes=tuple(entry.note for entry in ordered),
        reserve=tuple(shelf.rest(reserve_count)),
        is_filling=is_filling,
        interviewer=wish.interviewer,
    )


def _fitting_count(pool: Sequence[Question], limit_ms: int | None) -> int:
    if limit_ms is None:
        return QUESTION_COUNT
    if not pool:
        return 0
    mean_ms = sum(map(expected_ms, pool)) / len(pool)
    return max(1, int((limit_ms - GREETING_MS - CLOSING_MS) / mean_ms))


# ------------------------------------------------------------------------------------------ choosing


@dataclass(frozen=True, slots=True)
class _Chosen:
    question: Question
    reason: str
    is_fixed: bool = False
    note: PlanNote = field(default_factory=lambda: PlanNote(Role.COVER, ""))


_Box: TypeAlias = tuple[str, int, bool]
"""Topic, difficulty, and whether its questions were asked lately."""


class _Shelf:
    """The questions that are left, in boxes of which one question is as good as another."""

    def __init__(self, pool: Sequence[Question], wish: Wish) -> None:
        asked = {question_id: place for place, question_id in enumerate(wish.history.asked, start=1)}
        ties = {question.id: chance(wish.seed, question.id) for question in pool}
        self._level = wish.level
        self._asked = asked
        self._shifts = {topic: _shift(scores) for topic, scores in wish.history.topic_scores.items()}
        self._boxes: dict[_Box, list[Question]] = {}
        # The best stands last and is popped.
        for question in sorted(pool, key=lambda each: (asked.get(each.id, 0), ties[each.id]), reverse=True):
            self._boxes.setdefault(self._box(question), []).append(question)
        self._ties = {box: ties[questions[-1].id] for box, questions in self._boxes.items()}
        self._orders: dict[int, list[_Box]] = {}
        self._topic_counts = dict.fromkeys((question.topic for question in pool), 0)

    def take(self, question: Question) -> None:
        """Take this very question away."""
        self._boxes[self._box(question)].remove(question)
        self._note_taken(self._box(question))

    def pick(self, level: int) -> _Chosen:
        """Take the best for `level`: from the topic used least, near in difficulty, not asked lately."""
        fewest = min(self._topic_counts[topic] for topic, _, _ in self._boxes)
        order = self._order(level)
        box = next(box for box in order if box in self._boxes and self._topic_counts[box[0]] == fewest)
        question = self._boxes[box].pop()
        reason = self._reason(question)
        self._note_taken(box)
        return _Chosen(question, reason)

    def rest(self, count: int) -> Iterator[Question]:
        """Up to `count` more, spread over topics and difficulties."""
        for place in range(count):
            if not self._boxes:
                return
            yield self.pick(_clamp(self._level + (0, 1, -1)[place % 3])).question

    def _box(self, question: Question) -> _Box:
        return question.topic, question.difficulty, question.id in self._asked

    def _order(self, level: int) -> list[_Box]:
        """All boxes, best first as far as the level says; made once for each level."""
        if level not in self._orders:

            def rank(box: _Box) -> tuple[int, bool, int]:
                topic, difficulty, was_asked = box
                return abs(difficulty - _clamp(level + self._shifts.get(topic, 0))), was_asked, self._ties[box]

            self._orders[level] = sorted(self._boxes, key=rank)
        return self._orders[level]

    def _note_taken(self, box: _Box) -> None:
        self._topic_counts[box[0]] += 1
        if not self._boxes[box]:
            del self._boxes[box]

    def _reason(self, question: Question) -> str:
        is_first = not self._topic_counts[question.topic]
        topic = f"{'opens' if is_first else 'goes on with'} {question.topic}"
        shift = self._shifts.get(question.topic, 0)
        lately = {0: "", 1: "; one level harder, you did well there", -1: "; one level easier, it went badly"}
        return f"{topic}, level {question.difficulty}{lately[shift]}"


def _shift(scores: Sequence[float]) -> int:
    if not scores:
        return 0
    recent = scores[-3:]
    mean = sum(recent) / len(recent)
    return 1 if mean >= DONE_WELL else -1 if mean <= DONE_POORLY else 0


def _clamp(level: int) -> int:
    return min(LEVEL_HIGHEST, max(LEVEL_LOWEST, level))


def _choose(pool: Sequence[Question], shelf: _Shelf, wish: Wish, count: int) -> list[_Chosen]:
    own = [_Chosen(question, _cited(question), is_fixed=True) for question in wish.own[: (count + 1) // 2]]
    recalled = list(_recalled(pool, wish.history, min(count - len(own), round(count * wish.due_share + 0.49))))
    for entry in recalled:
        shelf.take(entry.question)
    chosen = [*own, *recalled]
    levels = _levels(wish.level, count)
    for entry in chosen:
        levels.remove(min(levels, key=lambda level: abs(level - entry.question.difficulty)))
    return chosen + [shelf.pick(level) for level in levels]


def _cited(question: Question) -> str:
    return question.sources[0] if question.sources else question.topic


def _recalled(pool: Iterable[Question], history: History, count: int) -> Iterator[_Chosen]:
    """What is due, most urgent first; then what was missed, most first."""
    by_id = {question.id: question for question in pool}
    due = [question_id for question_id in dict.fromkeys(history.due) if question_id in by_id]
    missed = _missed_first(history.missed)
    rest = [question_id for question_id in missed if question_id in by_id and question_id not in due]
    for question_id in [*due, *rest][:count]:
        points = len(history.missed.get(question_id, ()))
        last_time = f"{points} key point{'s' * (points != 1)} missed last time" if points else ""
        is_due = "due for review today" if question_id in due else ""
        yield _Chosen(by_id[question_id], ", ".join(part for part in (is_due, last_time) if part), is_fixed=True)


def _missed_first(missed: Mapping[str, Sequence[str]]) -> list[str]:
    return sorted((name for name in missed if missed[name]), key=lambda name: (-len(missed[name]), name))


def _levels(level: int, count: int) -> list[int]:
    """The difficulties of a plan: one easier to warm up, about a quarter harder, the rest at the level."""
    if count < 3:
        return [level] * count
    harder = max(1, count // 4)
    return [_clamp(level - 1), *[level] * (count - 1 - harder), *[_clamp(level + 1)] * harder]


# ------------------------------------------------------------------------------------------ arranging

_ROLE_REASONS = {
    Role.WARM_UP: "warms up",
    Role.COVER: "covers",
    Role.DEEPEN: "goes deep",
    Role.CLOSE: "closes within reach",
}


def _arrange(chosen: Sequence[_Chosen], wish: Wish) -> list[_Chosen]:
    """The easiest first, then upwards; where there are four or more an easier one closes."""
    rising = sorted(
        chosen, key=lambda each: (each.question.difficulty, chance(wish.seed, "order", each.question.id))
    )
    closing = [rising.pop(1)] if len(rising) >= 4 else []
    roles = [Role.COVER] * len(rising)
    if len(rising) >= 2:
        roles[-1] = Role.DEEPEN
        roles[0] = Role.WARM_UP
    roles += [Role.CLOSE] * len(closing)
    return [_with_note(entry, role) for entry, role in zip([*rising, *closing], roles, strict=True)]


def _with_note(entry: _Chosen, role: Role) -> _Chosen:
    note = PlanNote(role, f"{_ROLE_REASONS[role]}: {entry.reason}", entry.is_fixed)
    return _Chosen(entry.question, entry.reason, entry.is_fixed, note)
