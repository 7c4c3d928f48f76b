"""Pure: questions about the candidate's own documents, each from one passage that it names in its sources.

Made from templates over extracted claims; must not know files, models or plans.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from voiceprep.knowledge.claims import Claim, Demand
from voiceprep.knowledge.passages import Passage
from voiceprep.model import KeyPoint, Question, QuestionKind

RESUME, JOB, NOTES = "résumé", "job", "notes"
"""The topics of such questions."""
NOTE_POINTS_MAX, NOTE_POINT_WORDS_MIN = 4, 4
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

_STORY = (
    KeyPoint(
        "own-part",
        "What you did yourself, apart from the others.",
        3,
        (
            "I was responsible for",
            "my own part was",
            "I designed it",
            "I wrote that part",
            "I decided to",
            "I led the",
        ),
        "Which part of it did you do yourself?",
    ),
    KeyPoint(
        "why",
        "Why it was done this way and what the alternative was.",
        3,
        (
            "we chose it because",
            "the reason was",
            "the alternative was",
            "instead of doing it",
            "the trade-off was",
        ),
        "What else could have been done?",
    ),
    KeyPoint(
        "outcome",
        "What came of it, with something that was measured.",
        3,
        ("as a result it", "in the end we", "we measured", "it went down by", "it went up by", "percent faster"),
        "How did you know whether it had worked?",
    ),
    KeyPoint(
        "lesson",
        "What was hard or went wrong, and what you took from it.",
        1,
        ("the hardest part was", "what went wrong was", "we underestimated", "I learned that", "next time I would"),
        "What did you find difficult?",
    ),
)


def resume_questions(claims: Sequence[Claim]) -> Iterator[Question]:
    """One question for each claim."""
    for number, claim in enumerate(claims, start=1):
        text = f"In your résumé I read: {_spoken(claim.passage.text)}. How did that go, from the beginning?"
        yield _experience(f"resume-{number}", RESUME, text, claim.passage)


def job_questions(demands: Sequence[Demand], *, has_resume: bool) -> Iterator[Question]:
    """One question for each demand; where there is a résumé only for what it leaves open."""
    open_demands = [demand for demand in demands if demand.gap > 0 or not has_resume]
    for number, demand in enumerate(open_demands, start=1):
        scene = f"The job description says: {_spoken(demand.passage.text)}."
        ask = "Where in your own work did you come closest to that?"
        if has_resume:
            named = ", ".join(demand.missing[:3])
            scene = f"{scene} Your résumé does not mention {named}."
        yield _experience(f"job-{number}", JOB, f"{scene} {ask}", demand.passage)


def note_questions(passages: Sequence[Passage]) -> Iterator[Question]:
    """Asks for what a passage of the notes says; its sentences are the key points."""
    for number, passage in enumerate(passages, start=1):
        first, *rest = _SENTENCE_END.split(passage.text)
        said = [part for part in rest if len(part.split()) >= NOTE_POINT_WORDS_MIN][:NOTE_POINTS_MAX]
        if not said:
            continue
        subject = " ".join(first.rstrip(".:").split()[:12])
        points = tuple(
            KeyPoint(f"note-{place}", sentence, probe="What else belongs to it?" if place == 1 else "")
            for place, sentence in enumerate(said, start=1)
        )
        yield Question(
            f"notes-{number}",
            NOTES,
            f"Your notes have a passage that begins: {subject}. How would you explain it?",
            points,
            answer_seconds=60,
            sources=(passage.cite(),),
        )


def interleave(*sources: Sequence[Question]) -> list[Question]:
    """The first of each, then the second of each, and so on."""
    return [question for question in chain.from_iterable(zip_longest(*sources)) if question is not None]


def _experience(question_id: str, topic: str, text: str, passage: Passage) -> Question:
    return Question(
        question_id,
        topic,
        text,
        _STORY,
        QuestionKind.EXPERIENCE,
        answer_seconds=90,
        sources=(passage.cite(),),
    )


def _spoken(text: str) -> str:
    """A line as it can be read out inside a sentence: one statement, no final stop, no question mark."""
    return text.replace("?", "").rstrip(" .;:!")
