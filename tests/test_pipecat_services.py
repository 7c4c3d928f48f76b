"""Pipecat's own services, as our providers, against servers of the tests that check every request."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

pytest.importorskip("loguru", reason="needs the extra pipecat")

from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService

from tests.loopback.openai import KEY, ChatReply, OpenAIServer, Script, SpeechReply, TranscriptReply
from tests.speech import blocks, quiet
from voiceprep.errors import ConfigError, ProviderError
from voiceprep.ports import Message, Prompt
from voiceprep.providers.pipecat_services import PipecatSynthesizer, PipecatTextModel, PipecatTranscriber
from voiceprep.providers.registry import Needs, make_synthesizer
from voiceprep.tasks import Tasks

pytestmark = [  # Pipecat's OpenAI services never close their HTTP clients
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
DEADLINE_S = 60
PROMPT = Prompt("You are an interviewer.", (Message("user", "I would use a queue."),))


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """What Pipecat leaves open is noticed here, where it is known, and not at the end of all tests."""
    yield
    gc.collect()


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    script = Script(transcript=lambda _: TranscriptReply("A queue between them."))
    async with OpenAIServer(script) as server:
        yield server
    assert server.violations == []


async def test_a_voice(server: OpenAIServer) -> None:
    tone = (8_000 * np.sin(np.arange(12_000) / 10)).astype("<i2")
    server.script.speeches.extend([SpeechReply(tone.tobytes()), SpeechReply(tone.tobytes())])
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        voice = PipecatSynthesizer(lambda: OpenAITTSService(api_key=KEY, base_url=server.base_url), tasks)
        await voice.warm()
        for text in ("How would you test it?", "And why?"):
            heard = np.concatenate([piece async for piece in voice.synthesize(text)])
            assert server.speeches[-1]["input"] == text
            spoken = np.trim_zeros(heard)
            assert abs(spoken.size - np.trim_zeros(tone).size) < 500
        await voice.close()


async def test_a_text_model(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply(("How would", " you", " test it?")))
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        model = PipecatTextModel(lambda: OpenAILLMService(api_key=KEY, base_url=server.base_url), tasks)
        await model.warm()
        pieces = [piece async for piece in model.complete(PROMPT)]
        await model.close()
    assert "".join(pieces) == "How would you test it?"
    assert [message["role"] for message in server.chats[0]["messages"]] == ["system", "user"]
    assert server.chats[0]["messages"][1]["content"] == "I would use a queue."


async def test_a_recogniser(server: OpenAIServer) -> None:
    noise = np.random.default_rng(1).normal(0, 3_000, 16_000).astype(np.int16)
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        recogniser = PipecatTranscriber(lambda: OpenAISTTService(api_key=KEY, base_url=server.base_url), tasks)
        await recogniser.warm()
        stream = recogniser.open_stream()
        for block in blocks(np.concatenate([quiet(200), noise, quiet(300)])):
            stream.push(block, 200 <= block.start_ms < 1_200)
        transcript = await stream.finish()
        await recogniser.close()
    assert transcript.text == "A queue between them."
    assert transcript.words[0].start_ms == 200
    assert transcript.words[-1].end_ms == 1_200
    assert len(server.transcripts) == 1


async def test_silence_has_no_words_and_is_not_waited_for(server: OpenAIServer) -> None:
    async with asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        recogniser = PipecatTranscriber(lambda: OpenAISTTService(api_key=KEY, base_url=server.base_url), tasks)
        stream = recogniser.open_stream()
        for block in blocks(quiet(400)):
            stream.push(block, False)
        assert (await stream.finish()).words == ()
        await recogniser.close()


async def test_a_failing_service_is_a_provider_error_without_a_word_of_it() -> None:
    async with OpenAIServer(key="another") as server, asyncio.timeout(DEADLINE_S), Tasks() as tasks:
        model = PipecatTextModel(lambda: OpenAILLMService(api_key=KEY, base_url=server.base_url), tasks)
        with pytest.raises(ProviderError, match="The Pipecat service reports an error") as caught:
            async for _ in model.complete(PROMPT):
                pass
        await model.close()
    assert (caught.value.provider, caught.value.stage) == ("pipecat", "llm")
    assert "queue" not in str(caught.value)


@pytest.mark.parametrize("model", ["", "no_such_module:make", "json:no_such_function", "json"])
async def test_a_service_that_nobody_makes_is_said(model: str) -> None:
    async with Tasks() as tasks:
        needs = Needs(tasks, (), {}, lambda usage: None)
        with pytest.raises(ConfigError, match="No Pipecat service"):
            make_synthesizer(f"pipecat:{model}", needs, lambda error: None)
