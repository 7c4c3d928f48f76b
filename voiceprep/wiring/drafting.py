"""A bank's first questions from a folder of notes: a model's, or those of templates. Must not print."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from voiceprep.errors import ConfigError, ProviderError
from voiceprep.knowledge.documents import find_documents, load_document
from voiceprep.knowledge.drafting import (
    QUESTIONS_PER_PIECE,
    Draft,
    make_prompt,
    parse_draft,
    pieces_of,
    put_together,
    spread,
    topic_of,
)
from voiceprep.knowledge.passages import Passage, sort_out, split_lines
from voiceprep.knowledge.questions import note_questions
from voiceprep.model import Question
from voiceprep.ports import TextModel
from voiceprep.replies import CALL_S, ask_for
from voiceprep.settings import Settings
from voiceprep.structured import UnusableReplyError
from voiceprep.wiring.asking import open_model
from voiceprep.wiring.documents import is_order, place_of

CALLS_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Notes:
    """What a folder holds to draft from, and what is to be known about it."""

    pieces: tuple[Passage, ...]
    remarks: tuple[str, ...]

    @property
    def word_count(self) -> int:
        return sum(len(piece.text.split()) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The questions, what came of the others, and what the calls cost."""

    questions: tuple[Question, ...]
    remarks: tuple[str, ...] = ()
    cost_usd: float = 0.0


def read_notes(folder: Path, question_count: int) -> Notes:
    """Pieces for about `question_count` questions, evenly over all notes; text that gives orders is left out.

    Raises ConfigError when there is nothing to read.
    """
    remarks: list[str] = []
    pieces: list[Passage] = []
    for path in find_documents(folder):
        try:
            document = load_document(path)
        except ConfigError as error:
            remarks.append(f"Left out of the notes: {error.message}")
            continue
        lines, orders = sort_out(list(split_lines(document.name, document.pages)), is_order)
        remarks += [f"{place_of(line)} gives orders to a machine. It is not used." for line in orders]
        pieces += pieces_of(lines)
    chosen = spread(pieces, -(-question_count // QUESTIONS_PER_PIECE))
    if not chosen:
        raise ConfigError(f"The notes in {folder} say too little to ask about.", *remarks[:1])
    return Notes(tuple(chosen), tuple(remarks))


def draft_by_template(notes: Notes, question_count: int) -> Drafted:
    """Each asks to explain a piece; its sentences are the key points."""
    questions = tuple(
        replace(question, id=f"{topic}-{number}", topic=topic)
        for number, question in enumerate(note_questions(notes.pieces), start=1)
        for topic in [topic_of(question.sources[0].partition(", page")[0])]
    )
    return Drafted(questions[:question_count])


def draft_with_model(
    notes: Notes, question_count: int, settings: Settings, environment: Mapping[str, str]
) -> Drafted:
    """What `settings.llm` drafts and what of it holds.

    Raises ConfigError for a model that is not there or has no key, ProviderError when no call worked.
    """
    return asyncio.run(_draft(notes, question_count, settings, environment))


async def _draft(notes: Notes, question_count: int, settings: Settings, environment: Mapping[str, str]) -> Drafted:
    async with open_model(settings.llm, settings, environment) as asked:
        gate = asyncio.Semaphore(CALLS_AT_ONCE)
        found = await asyncio.gather(*(_draft_piece(asked.model, piece, gate) for piece in notes.pieces))
    drafts = [each for each in found if isinstance(each, Draft)]
    failures = [each for each in found if isinstance(each, ProviderError)]
    if failures and len(failures) == len(found):
        raise failures[0]
    whole = put_together(drafts)
    return Drafted(whole.questions[:question_count], tuple(_told(whole, found)), sum(asked.costs_usd))


async def _draft_piece(
    model: TextModel, piece: Passage, gate: asyncio.Semaphore
) -> Draft | ProviderError | UnusableReplyError:
    """A draft, or why there is none."""
    async with gate:
        try:
            return await ask_for(model, make_prompt(piece), lambda reply: parse_draft(reply, piece))
        except (ProviderError, UnusableReplyError) as error:
            return error
        except TimeoutError:
            message = f"{model.name} did not answer within {CALL_S:g} seconds."
            return ProviderError(message, "Try again later.", provider=model.name, stage="llm")


def _told(whole: Draft, found: Sequence[Draft | Exception]) -> list[str]:
    """What was not used, and why."""
    told = []
    if whole.dropped_questions:
        told.append(f"Dropped {_count(whole.dropped_questions, 'question')} that did not hold against the notes.")
    if whole.dropped_points:
        told.append(f"Dropped {_count(whole.dropped_points, 'key point')} without a quote from the notes.")
    failed = sum(not isinstance(each, Draft) for each in found)
    if failed:
        told.append(f"{_count(failed, 'piece')} of the notes came to nothing: no usable reply, asked twice.")
    return told


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
