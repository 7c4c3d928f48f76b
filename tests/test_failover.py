"""When a provider fails, the next one takes over and nothing that was said is lost."""

from collections.abc import AsyncGenerator

import numpy as np
import pytest

from tests.interviews import transcript
from voiceprep.errors import ProviderError
from voiceprep.events import InterviewerEnded, TurnStarted
from voiceprep.model import Spoken, Transcript, TurnBrief, TurnKind
from voiceprep.ports import AudioBlock, Message, OnText, Prompt, Provisional, Samples, ignore_text
from voiceprep.providers.failover import FailoverSynthesizer, FailoverTextModel, FailoverTranscriber
from voiceprep.providers.scripted import Say, Script, ScriptedCandidate, ScriptedTranscriber, ToySynthesizer


class Broken:
    """Every port at once; fails at the named step."""

    def __init__(self, name: str = "broken", at: str = "call", first: str = "") -> None:
        self.name = name
        self.at = at
        self.first = first

    def _error(self) -> ProviderError:
        return ProviderError(f"{self.name} fails", provider=self.name, stage="test")

    async def close(self) -> None:
        """Nothing is open."""

    async def warm(self) -> None:
        if self.at == "warm":
            raise self._error()

    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        if self.first:
            yield np.ones(10, np.int16)
        raise self._error()

    async def complete(self, prompt: Prompt) -> AsyncGenerator[str]:
        if self.first:
            yield self.first
        raise self._error()


class Echo:
    """A text model that repeats the last message."""

    name = "echo"

    async def warm(self) -> None:
        """Ready."""

    async def close(self) -> None:
        """Nothing is open."""

    async def complete(self, prompt: Prompt) -> AsyncGenerator[str]:
        yield prompt.messages[-1].text


def ignore(error: ProviderError) -> None:
    """Nobody is told."""


PROMPT = Prompt("", (Message("user", "hello"),))


async def heard_by(transcriber: FailoverTranscriber, candidate: ScriptedCandidate) -> str:
    brief = TurnBrief(TurnKind.QUESTION, "?")
    candidate.on_event(TurnStarted(at_ms=0, turn_index=0, brief=brief))
    stream = transcriber.open_stream()
    candidate.on_event(InterviewerEnded(at_ms=0, turn_index=0, spoken=Spoken("?", "?", 0, 0)))
    for start_ms in range(0, 1000, 20):
        stream.push(AudioBlock(await candidate.read(), start_ms), True)
    return (await stream.finish()).text


async def test_the_next_recogniser_hears_the_whole_answer() -> None:
    candidate = ScriptedCandidate([Script((Say("three spoken words"),))])
    told: list[ProviderError] = []
    first, second = ScriptedTranscriber(candidate, failures=1), Recorder()
    chain = FailoverTranscriber([first, second], told.append)
    assert await heard_by(chain, candidate) == "50 blocks"
    assert len(told) == 1
    assert chain.members == [second]


class Recorder:
    """A recogniser that hears how many blocks it was given."""

    name = "recorder"

    async def warm(self) -> None:
        """Ready."""

    async def close(self) -> None:
        """Nothing is open."""

    def open_stream(self, on_text: OnText = ignore_text) -> "RecorderStream":
        return RecorderStream()


class RecorderStream:
    def __init__(self) -> None:
        self._count = 0

    @property
    def provisional(self) -> Provisional:
        return Provisional()

    @property
    def error(self) -> ProviderError | None:
        return None

    def push(self, block: AudioBlock, is_speech: bool) -> None:
        self._count += 1

    async def finish(self) -> Transcript:
        return transcript(f"{self._count} blocks")

    def close(self) -> None:
        """Nothing to close."""


async def test_the_last_failure_is_raised() -> None:
    candidate = ScriptedCandidate([])
    chain = FailoverTranscriber([ScriptedTranscriber(candidate, failures=1)], ignore)
    with pytest.raises(ProviderError):
        await heard_by(chain, candidate)


async def test_who_cannot_start_is_dropped_before_the_interview() -> None:
    told: list[ProviderError] = []
    chain = FailoverSynthesizer([Broken(at="warm"), ToySynthesizer()], told.append)
    await chain.warm()
    assert chain.name == "scripted"
    assert [error.provider for error in told] == ["broken"]


@pytest.mark.parametrize("first", ["", "some audio"])
async def test_the_next_voice_says_the_sentence(first: str) -> None:
    chain = FailoverSynthesizer([Broken(first=first), ToySynthesizer()], ignore)
    samples = [len(chunk) async for chunk in chain.synthesize("two words")]
    assert samples[-1] == 2 * ToySynthesizer.WORD_SAMPLES


async def test_the_next_model_words_the_reply() -> None:
    chain = FailoverTextModel([Broken(), Echo()], ignore)
    assert [piece async for piece in chain.complete(PROMPT)] == ["hello"]


async def test_half_a_reply_is_not_started_over() -> None:
    chain = FailoverTextModel([Broken(first="Wh"), Echo()], ignore)
    with pytest.raises(ProviderError):
        assert [piece async for piece in chain.complete(PROMPT)]
