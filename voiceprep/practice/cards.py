"""What is remembered and how well: reviews, cards, and the grades that scores become.

A review is how one question or key point went in one session. Must not know files, the clock or the scheduler.
"""

from dataclasses import dataclass
from datetime import datetime

from voiceprep.recordings.reviews import Rating

RETENTION = 0.9
"""A card is due when the chance that it is still known falls below this."""
_DECAY = -0.1542
"""FSRS-6 default parameter w20, as in the library's scheduler (open-spaced-repetition, 2025)."""


HARD_FROM, GOOD_FROM, EASY_FROM = 0.35, 0.6, 0.9


@dataclass(frozen=True, slots=True)
class Review:
    """`at` is UTC."""

    rating: Rating
    at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """What the reviews say: the memory's `stability` in days and `difficulty` 1–10, and when to ask again.

    `digest` stands for the reviews it was made from, in order.
    """

    due_at: datetime
    reviewed_at: datetime
    stability: float
    difficulty: float
    review_count: int
    last_rating: Rating
    digest: int


def question_rating(score: float) -> Rating:
    """The grade of a whole answer, from its share of credit."""
    if score < HARD_FROM:
        return Rating.AGAIN
    if score < GOOD_FROM:
        return Rating.HARD
    return Rating.GOOD if score < EASY_FROM else Rating.EASY


def point_rating(credit: float) -> Rating:
    """The grade of one key point: missing is forgotten, half said was hard."""
    if credit <= 0:
        return Rating.AGAIN
    return Rating.GOOD if credit >= 1 else Rating.HARD


def recall_chance(card: Card, now: datetime) -> float:
    """The chance that it is still known, FSRS-6's forgetting curve: (1 + f · days / stability) ^ decay."""
    days = max(0.0, (now - card.reviewed_at).total_seconds() / 86_400)
    factor = RETENTION ** (1 / _DECAY) - 1
    return float((1 + factor * days / card.stability) ** _DECAY)
