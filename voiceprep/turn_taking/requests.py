"""Pure: what somebody asks of the interviewer instead of answering. Must not know what becomes of it."""

import re
from collections.abc import Iterable
from enum import StrEnum

from voiceprep.turn_taking.last_words import plain_words


class Request(StrEnum):
    """Something the candidate asks of the interviewer instead of answering."""

    REPEAT = "repeat"
    SKIP = "skip"
    MOMENT = "moment"
    END = "end"


_REQUESTS: Iterable[tuple[Request, re.Pattern[str]]] = (
    (
        Request.REPEAT,
        re.compile(
            r"\b(?:repeat|say) (?:that|it|the question|this)(?: again| once more)?\b|\bcome again\b|\bsay again\b"
            r"|\b(?:could|can|would) you (?:please )?repeat\b|^(?:please )?repeat$|\bwhat was the question\b"
        ),
    ),
    (
        Request.SKIP,
        re.compile(
            r"^(?:let's |please |can we |could we |i'd like to |i would like to )*skip"
            r"(?: (?:it|this|that|the question))?(?: one| question)?(?: please)?$"
            r"|^(?:next question|let's move on|move on|pass)(?: please)?$"
        ),
    ),
    (
        Request.MOMENT,
        re.compile(
            r"^(?:okay |ok |so |um |uh |hmm |well |please )*(?:give me|i need|just|let me have|let me take)"
            r" (?:a|one) (?:moment|second|minute|sec)\b|^(?:okay |ok |so |um |uh |hmm |well )*let me think"
        ),
    ),
    (Request.END, re.compile(r"^(?:please )?(?:stop|end) the interview(?: please| now)?$")),
)
REQUEST_WORDS_MAX = 10


def spoken_request(text: str) -> Request | None:
    """What a short utterance asks for, or None when it is an answer (long texts always are)."""
    words = plain_words(text)
    if not words or len(words) > REQUEST_WORDS_MAX:
        return None
    plain = " ".join(words)
    return next((request for request, pattern in _REQUESTS if pattern.search(plain)), None)
