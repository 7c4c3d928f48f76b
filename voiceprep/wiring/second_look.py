"""Has a language model look at how the interviewer did in a recorded session. Must not print."""

import asyncio
from collections.abc import Mapping

from voiceprep.errors import ProviderError
from voiceprep.recordings.reader import SessionRecord
from voiceprep.recordings.second_look import SecondLook
from voiceprep.replies import ask_for
from voiceprep.scoring.second_look import make_prompt, parse_look
from voiceprep.settings import Settings
from voiceprep.structured import UnusableReplyError
from voiceprep.wiring.asking import open_model


def look_again(
    choice: str, record: SessionRecord, settings: Settings, environment: Mapping[str, str]
) -> tuple[SecondLook, float]:
    """What the model `PROVIDER[:MODEL]` found, and what it cost in USD. Raises ConfigError, ProviderError."""
    return asyncio.run(_look_again(choice, record, settings, environment))


async def _look_again(
    choice: str, record: SessionRecord, settings: Settings, environment: Mapping[str, str]
) -> tuple[SecondLook, float]:
    async with open_model(choice, settings, environment) as asked:
        try:
            prompt = make_prompt(record.turns, record.info.questions)
            found = await ask_for(asked.model, prompt, lambda reply: parse_look(reply, record.turns))
        except (UnusableReplyError, TimeoutError) as error:
            raise ProviderError(
                f"{choice} found nothing that can be used: no reply in the form asked for.",
                "The audit by rules stands. Try again later, or another --judge.",
                provider=asked.model.name,
                stage="audit",
            ) from error
    look = SecondLook(model=choice, findings=found.findings, unfound_count=found.unfound_count)
    return look, sum(asked.costs_usd)
