"""Spaced repetition: reviews in, cards out, by FSRS. The same reviews always give the same cards.

Must not know files or the clock. The library takes a moment to load: import this only to schedule.
"""

import zlib
from collections.abc import Sequence

import fsrs

from voiceprep.practice.cards import RETENTION, Card, Review

INTERVAL_DAYS_MAX = 365
_SCHEDULER = fsrs.Scheduler(
    desired_retention=RETENTION,
    learning_steps=(),  # an interview question is not asked again after ten minutes
    relearning_steps=(),
    maximum_interval=INTERVAL_DAYS_MAX,
    enable_fuzzing=False,
)


def replay(reviews: Sequence[Review], known: Card | None = None) -> Card:
    """The card after all `reviews`, oldest first, at least one. `known`, made from the first ones, saves work."""
    done = known.review_count if known and _is_beginning(known, reviews) else 0
    card = known if done else None
    for review in reviews[done:]:
        card = _reviewed(card, review)
    assert card is not None  # at least one review
    return card


def _is_beginning(known: Card, reviews: Sequence[Review]) -> bool:
    if known.review_count > len(reviews):
        return False
    digest = 0
    for review in reviews[: known.review_count]:
        digest = _digest(digest, review)
    return digest == known.digest


def _digest(before: int, review: Review) -> int:
    return zlib.crc32(f"{review.rating}{review.at.isoformat()}".encode(), before)


def _reviewed(card: Card | None, review: Review) -> Card:
    before = fsrs.Card(card_id=1)
    if card is not None:
        before.state = fsrs.State.Review
        before.stability, before.difficulty = card.stability, card.difficulty
        before.due, before.last_review = card.due_at, card.reviewed_at
    after, _ = _SCHEDULER.review_card(before, fsrs.Rating(int(review.rating)), review.at)
    assert after.stability is not None  # a reviewed card has both
    assert after.difficulty is not None
    return Card(
        due_at=after.due,
        reviewed_at=review.at,
        stability=after.stability,
        difficulty=after.difficulty,
        review_count=card.review_count + 1 if card else 1,
        last_rating=review.rating,
        digest=_digest(card.digest if card else 0, review),
    )
