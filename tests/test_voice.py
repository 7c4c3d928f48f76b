"""What an interviewer's voice renders ahead, and what becomes of it when the voice fails."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from voiceprep.audio.line import SpeakerLine
from voiceprep.engines.reply import written
from voiceprep.engines.speech import Speech, Voice
from voiceprep.errors import ProviderError
from voiceprep.ports import Samples
from voiceprep.providers.scripted import ToySynthesizer
from voiceprep.tasks import Tasks

QUESTION = written("What is a thread?")


class FailingVoice(ToySynthesizer):
    """Fails at the first text."""

    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        if not self.synthesized:
            self.synthesized.append(text)
            raise ProviderError("The voice is not there.", provider="toy", stage="tts")
        async for samples in super().synthesize(text):
            yield samples


class Room:
    """A voice, a speaker and what the event loop complains about."""

    def __init__(self, tasks: Tasks) -> None:
        self.complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: self.complaints.append(told))
        self.voice = Voice(FailingVoice(), tasks)
        self.speaker = SpeakerLine(lambda: 0)

    def prepare(self) -> None:
        self.voice.prepare(QUESTION.key, QUESTION.sentences)

    def say(self) -> Speech:
        return self.voice.say(QUESTION.key, QUESTION.sentences, self.speaker)


async def test_what_failed_ahead_and_is_never_said_is_no_complaint() -> None:
    """The interview ended before its turn came."""
    async with asyncio.timeout(30), Tasks() as tasks:
        room = Room(tasks)
        room.prepare()
        await tasks.settle()
        del room.voice
        gc.collect()
        assert room.complaints == []


async def test_what_failed_ahead_is_rendered_again_when_it_is_said() -> None:
    async with asyncio.timeout(30), Tasks() as tasks:
        room = Room(tasks)
        room.prepare()
        await tasks.settle()
        speech = room.say()
        await tasks.settle()
        speech.check()
        assert speech.text == "What is a thread?"


async def test_what_fails_while_it_is_said_is_told() -> None:
    async with asyncio.timeout(30), Tasks() as tasks:
        speech = Room(tasks).say()
        await tasks.settle()
        with pytest.raises(ProviderError, match="not there"):
            speech.check()
