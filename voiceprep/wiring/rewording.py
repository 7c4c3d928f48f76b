"""Has the language model of a session word the questions about the candidate's documents. Must not print.

Nothing that goes wrong here keeps an interview from beginning: the planned wording stands.
"""

import asyncio
from collections.abc import Mapping, Sequence

from voiceprep.errors import ProviderError
from voiceprep.knowledge.rewording import apply_reply, make_prompt
from voiceprep.model import Question, Usage
from voiceprep.providers.registry import Needs, make_text_model
from voiceprep.replies import whole_reply
from voiceprep.settings import Settings
from voiceprep.tasks import Tasks
from voiceprep.wiring.documents import OwnMaterial

QUESTIONS_MAX = 12
"""The most fitting ones; more are not asked in one interview."""
WAIT_S = 12.0
"""A model that needs longer, once there is a connection, is not waited for."""


def word_freely(
    questions: Sequence[Question], settings: Settings, environment: Mapping[str, str], wait_s: float = WAIT_S
) -> OwnMaterial:
    """The questions as `settings.llm` words them where that holds, what came of it and what it consumed.

    Raises ConfigError for a model that is not there or has no key.
    """
    return asyncio.run(_word_freely(questions, settings, environment, wait_s))


async def _word_freely(
    questions: Sequence[Question], settings: Settings, environment: Mapping[str, str], wait_s: float
) -> OwnMaterial:
    first, rest = tuple(questions[:QUESTIONS_MAX]), tuple(questions[QUESTIONS_MAX:])
    usages: list[Usage] = []
    async with Tasks() as tasks:
        needs = Needs(tasks, (), environment, usages.append, settings.plain_http, settings.offline)
        model = make_text_model(settings.llm, needs, lambda _error: None)
        try:
            await model.warm()
            async with asyncio.timeout(wait_s):
                reply = await whole_reply(model, make_prompt(first))
        except TimeoutError:
            return _as_planned(questions, f"{settings.llm} did not answer within {wait_s:g} seconds.", usages)
        except ProviderError as error:
            return _as_planned(questions, error.message, usages)
        finally:
            await model.close()
    worded = apply_reply(reply, first)
    count = sum(new is not old for new, old in zip(worded, first, strict=True))
    told = f"{settings.llm} worded {count} of {len(first)} questions about your documents."
    if count < len(first):
        told += " The others are asked as they were planned."
    return OwnMaterial(worded + rest, (told,), tuple(usages))


def _as_planned(questions: Sequence[Question], why: str, usages: Sequence[Usage]) -> OwnMaterial:
    told = f"{why} The questions about your documents are asked as planned."
    return OwnMaterial(tuple(questions), (told,), tuple(usages))
