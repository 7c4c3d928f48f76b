"""Finds the words for a brief: as it is written, or as a language model says it when its wording is accepted.

Must not know which model it is; what to say and when is the interview's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from voiceprep.engines.speech import Sentences, split_sentences
from voiceprep.errors import ProviderError
from voiceprep.model import Question, Turn, TurnBrief
from voiceprep.ports import TextModel
from voiceprep.turn_taking.last_words import plain_words
from voiceprep.wording import Task, accept, accept_opening, build_prompt, is_wordable, plain_question, system_prompt

WORDING_S = 3.0
"""A model that takes longer is not waited for: the brief is said as it is written."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A model and what it may know. `on_failure` is told when the model fails; the interview goes on as written.

    `manners`: how each interviewer speaks, by name; the only one has none.
    """

    text_model: TextModel
    subject: str
    questions: Mapping[str, Question]
    on_failure: Callable[[ProviderError], None]
    manners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What will be said, `is_worded` by a model or not. Equal keys are the same words; `sentences` finds them."""

    key: Hashable
    sentences: Callable[[], Sentences]
    is_worded: bool = False


class Replies:
    """Implements nothing; turns briefs into words."""

    def __init__(self, wording: Wording | None) -> None:
        self._wording = wording

    def to(self, brief: TurnBrief, conversation: Sequence[Turn], answer: str) -> Reply:
        """The reply to `answer`, which may be provisional: it is worded anew only when its words change."""
        wording = self._wording
        question = wording.questions.get(brief.question_id or "") if wording else None
        if wording is None or question is None or not is_wordable(brief, conversation):
            return written(brief.text)
        task = Task(brief, question, tuple(conversation), answer)
        key = (brief.text, " ".join(plain_words(answer)))
        return Reply(key, lambda: self._worded(wording, task), is_worded=True)

    def _system(self, wording: Wording, brief: TurnBrief) -> str:
        """The same text for everything one interviewer says."""
        manner = wording.manners.get(brief.interviewer, "")
        return system_prompt(wording.subject, manner)

    async def _worded(self, wording: Wording, task: Task) -> Sentences:
        opening, text = "", ""
        try:
            async with aclosing(
                wording.text_model.complete(build_prompt(self._system(wording, task.brief), task))
            ) as pieces:
                async for text in _growing(pieces, WORDING_S):
                    if not opening and (early := accept_opening(text, task)):
                        opening = early
                        yield opening
        except ProviderError as error:
            wording.on_failure(error)
        whole = accept(text, task)
        if whole is not None and whole.startswith(opening):
            rest = whole[len(opening) :]
        else:
            rest = plain_question(task) if opening else task.brief.text
        for sentence in split_sentences(rest):
            yield sentence


def written(text: str) -> Reply:
    """A text that needs no wording."""
    return Reply(text, lambda: _as_written(text))


async def _as_written(text: str) -> Sentences:
    for sentence in split_sentences(text):
        yield sentence


async def _growing(pieces: AsyncIterator[str], limit_s: float) -> AsyncIterator[str]:
    """The text so far after each piece; ends early when `limit_s` is over. Raises what `pieces` raises."""
    ends_at_s = asyncio.get_running_loop().time() + limit_s
    text = ""
    while True:
        try:
            async with asyncio.timeout_at(ends_at_s):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            yield ""  # an unfinished text is not accepted
            return
        text += piece
        yield text
