"""Long key points, such as a whole model answer, judged statement by statement. Must not know how one is judged."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from voiceprep.model import KeyPoint, KeyPointScore, Question
from voiceprep.scoring.decision import CREDIT_OF_A_POINT
from voiceprep.scoring.reference import split_reference
from voiceprep.scoring.words import read_rubric

LONG_TOKENS_MIN = 16
"""Shorter key points are judged whole."""


@lru_cache(maxsize=256)
def split_points(question: Question) -> tuple[Question, tuple[int, ...]]:
    """The question with long key points replaced by their statements, and for each of the new the place of the old.

    What has phrases is judged as it is: they say how people put the whole of it.
    """
    points: list[KeyPoint] = []
    places: list[int] = []
    for place, point in enumerate(question.key_points):
        is_long = not point.phrases and len(read_rubric(point.text)) >= LONG_TOKENS_MIN
        texts = [part.text for part in split_reference(point.text)] if is_long else [point.text]
        for number, text in enumerate(texts):
            points.append(replace(point, id=f"{point.id} {number}" if len(texts) > 1 else point.id, text=text))
            places.append(place)
    return replace(question, key_points=tuple(points)), tuple(places)


def join_flags(flags: Sequence[str], stated: Question, question: Question, places: Sequence[int]) -> list[str]:
    """Flags that name a statement name its key point, each once."""
    ids = {part.id: question.key_points[place].id for part, place in zip(stated.key_points, places, strict=True)}
    named = [(*flag.partition(":"),) for flag in flags]
    return list(dict.fromkeys(f"{name}{colon}{ids.get(detail, detail)}" for name, colon, detail in named))


def join_points(
    question: Question, scores: Sequence[KeyPointScore], places: Sequence[int]
) -> tuple[KeyPointScore, ...]:
    """One score per key point of the question: the mean credit of its statements, the quote of the best of them."""
    joined = []
    for place, point in enumerate(question.key_points):
        parts = [score for score, of in zip(scores, places, strict=True) if of == place]
        credit = round(sum(part.credit for part in parts) / len(parts), 3)
        best = max(parts, key=lambda part: part.credit)
        joined.append(replace(best, id=point.id, credit=credit, is_credited=credit >= CREDIT_OF_A_POINT))
    return tuple(joined)
