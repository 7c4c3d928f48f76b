"""OpenAI-compatible adapters against the loopback server: contracts, every fault, keys that stay secret."""

import asyncio
import gc
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from tests.loopback.openai import (
    CHAT,
    KEY,
    MODELS,
    SPEECH,
    TRANSCRIPTIONS,
    ChatReply,
    Fault,
    OpenAIServer,
    Script,
    SpeechReply,
    TranscriptReply,
    openai_error,
)
from tests.loopback.serving import Refusal, Trouble
from voiceprep.costs.prices import load_prices
from voiceprep.errors import ProviderError
from voiceprep.model import Term, Usage
from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, AudioBlock, Message, Prompt, Samples
from voiceprep.providers.openai_common import Connection, Waits
from voiceprep.providers.openai_services import SERVICES, full_url, service_key, service_url, shutdown_date
from voiceprep.providers.openai_speech import GATHER_S, OpenAISynthesizer, split_input
from voiceprep.providers.openai_text import OpenAITextModel
from voiceprep.providers.openai_transcription import OpenAITranscriber
from voiceprep.providers.timed_words import Recognised, TimedWord, place_words
from voiceprep.tasks import Tasks

CANARY = "sk-canary-7f3a9b"
SECRET_WORDS = "my grandmother's password"
PROMPT = Prompt("You interview.", (Message("user", f"I said {SECRET_WORDS}."),))
SHORT = Waits(connect_s=2.0, first_s=0.2, between_s=0.2, total_s=0.6)
DEADLINE_S = 20.0


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(Script(), key=CANARY) as server:
        yield server
    assert server.violations == []


class Books:
    """What adapters reported as used."""

    def __init__(self) -> None:
        self.usages: list[Usage] = []

    def add(self, usage: Usage) -> None:
        self.usages.append(usage)


def text_model(server: OpenAIServer, waits: Waits | None = None) -> OpenAITextModel:
    return OpenAITextModel(api_key=CANARY, base_url=server.base_url, waits=waits)


async def said(model: OpenAITextModel, prompt: Prompt = PROMPT) -> list[str]:
    async with asyncio.timeout(DEADLINE_S):
        return [piece async for piece in model.complete(prompt)]


async def failure(model: OpenAITextModel) -> ProviderError:
    """The error of a completion, after searching everything a person could see of it for secrets."""
    with pytest.raises(ProviderError) as caught:
        await said(model)
    check_secrets(caught.value)
    await model.close()
    return caught.value


def check_secrets(error: ProviderError) -> None:
    shown = "".join(traceback.format_exception(error)) + error.message + error.hint + repr(error)
    for secret in (CANARY, KEY, SECRET_WORDS, "Bearer", "Authorization"):
        assert secret not in shown, shown
    assert error.message
    assert error.hint


# ------------------------------------------------------------------------------------------- text


async def test_text_comes_in_pieces_and_usage_is_reported_once(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply(("One, ", "two", "."), cached_tokens=3))
    books = Books()
    model = OpenAITextModel(api_key=CANARY, base_url=server.base_url, on_usage=books.add)
    await model.warm()
    assert await said(model) == ["One, ", "two", "."]
    await model.close()
    assert books.usages == [
        Usage("openai", "llm", "gpt-6-luna", input_tokens=13, cached_tokens=3, output_tokens=3),
    ]
    request = server.chats[0]
    assert request["messages"][0] == {"role": "system", "content": "You interview."}
    assert request["max_completion_tokens"] == PROMPT.output_tokens_max
    assert request["reasoning_effort"] == "none"
    assert load_prices().cost_usd(books.usages[0]) == pytest.approx((10 * 0.10 + 3 * 0.01 + 3 * 0.50) / 1e6)


async def test_one_connection_is_kept_alive(server: OpenAIServer) -> None:
    model = text_model(server)
    await model.warm()
    for _ in range(3):
        await said(model)
    await model.close()
    assert len(server.arrivals) == 4
    assert server.connection_count == 1


async def test_closing_the_iterator_ends_the_request(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply(("One", " two", " three"), fault=Fault.STALL))
    books = Books()
    model = OpenAITextModel(api_key=CANARY, base_url=server.base_url, on_usage=books.add)
    pieces = model.complete(PROMPT)
    async with asyncio.timeout(DEADLINE_S), aclosing(pieces):
        assert await anext(pieces) == "One"
        assert server.open_count == 1
    await server.until(lambda: server.open_count == 0)
    assert [usage.output_tokens for usage in books.usages] == [0]
    assert books.usages[0].input_tokens > 5  # estimated: the server never got to say
    await model.close()


async def test_cancelling_before_the_first_token_ends_the_request(server: OpenAIServer) -> None:
    server.trouble_next(CHAT, Trouble.STALL)
    model = text_model(server)
    task = asyncio.create_task(said(model))
    await server.until(lambda: server.open_count == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.until(lambda: server.open_count == 0)
    await model.close()


async def test_cancelling_while_the_client_is_opened_leaves_nothing_open(server: OpenAIServer) -> None:
    """A client that nobody closed would close itself when it is collected, in a task that nobody awaits."""
    connection = Connection(
        name="openai", stage="llm", api_key=CANARY, base_url=server.base_url, model="", waits=None
    )
    first = asyncio.create_task(connection.client())
    await asyncio.wait([first], timeout=0)
    first.cancel()
    await asyncio.wait([first])
    client = await connection.client()
    assert not client.is_closed()
    await connection.close()
    assert client.is_closed()
    del client
    gc.collect()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_a_passing_refusal_is_tried_once_more(server: OpenAIServer, status: int) -> None:
    server.trouble_next(CHAT, openai_error(status, retry_after_ms="1"))
    model = text_model(server)
    assert "".join(await said(model)).endswith("?")
    await model.close()
    assert [arrival.path for arrival in server.arrivals] == [CHAT, CHAT]


@pytest.mark.parametrize(
    ("refusal", "is_retryable", "told"),
    [
        (openai_error(401, f"Incorrect API key provided: {CANARY}"), False, "OPENAI_API_KEY"),
        (openai_error(402, "Pay"), False, "no credit"),
        (openai_error(429, SECRET_WORDS, "insufficient_quota"), False, "no credit"),
        (openai_error(403, "No"), False, "gpt-6-luna"),
        (openai_error(404, "No", "model_not_found"), False, "OPENAI_BASE_URL"),
        (openai_error(400, SECRET_WORDS, "context_length_exceeded"), False, "HTTP 400"),
        (openai_error(429, "Slow", "rate_limit_exceeded", retry_after="20"), True, "Wait 20 seconds"),
        (openai_error(503, "Busy", retry_after="30"), True, "Wait 30 seconds"),
        (Refusal(502, "<html>proxy</html>"), True, "HTTP 502"),
        (Refusal(418, "teapot"), False, "HTTP 418"),
    ],
)
async def test_refusals_say_what_to_do(
    server: OpenAIServer, refusal: Refusal, is_retryable: bool, told: str
) -> None:
    server.trouble_next(CHAT, *[refusal] * 3)
    error = await failure(text_model(server))
    assert (error.provider, error.stage, error.is_retryable) == ("openai", "llm", is_retryable)
    assert told in error.message + error.hint
    assert len(server.chats) == 0


@pytest.mark.parametrize(
    "fault", [Fault.HANG_UP, Fault.MALFORMED, Fault.TRUNCATED, Fault.ERROR_EVENT, Fault.SILENT_END]
)
@pytest.mark.parametrize("fault_after", [0, 1])
async def test_a_broken_stream_is_an_error_and_retried_only_before_its_first_piece(
    server: OpenAIServer, fault: Fault, fault_after: int
) -> None:
    broken = ChatReply(("One", " two"), fault=fault, fault_after=fault_after)
    server.script.chats.extend([broken, broken])
    error = await failure(text_model(server))
    assert error.is_retryable
    assert len(server.chats) == (2 if fault_after == 0 else 1)


async def test_a_stream_that_breaks_before_its_first_piece_is_mended(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply(fault=Fault.HANG_UP, fault_after=0))
    model = text_model(server)
    assert len(await said(model)) == 3
    await model.close()


@pytest.mark.parametrize("pieces", [(), ("",), ("<think>What to say", "</think>")])
async def test_an_empty_completion_is_an_error(server: OpenAIServer, pieces: tuple[str, ...]) -> None:
    server.script.chats.extend([ChatReply(pieces)] * 2)
    error = await failure(text_model(server))
    assert "nothing" in error.message
    assert len(server.chats) == 2


async def test_a_declined_completion_is_final(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply((), finish_reason="content_filter"))
    error = await failure(text_model(server))
    assert not error.is_retryable
    assert len(server.chats) == 1


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (ChatReply(), Trouble.STALL),
        (ChatReply(fault=Fault.STALL, fault_after=0), None),
        (ChatReply(fault=Fault.STALL, fault_after=1), None),
        (ChatReply(("word ",) * 50, slow_byte_ms=2), None),
    ],
    ids=["no answer", "no token", "no more tokens", "slow bytes"],
)
async def test_a_server_that_keeps_one_waiting_is_given_up(
    server: OpenAIServer, reply: ChatReply, trouble: Trouble | None
) -> None:
    server.script.chats.extend([reply, reply])
    server.trouble_next(CHAT, trouble, trouble)
    error = await failure(text_model(server, SHORT))
    assert "too long" in error.message
    assert error.is_retryable
    await server.until(lambda: server.open_count == 0)


async def test_unknown_fields_do_not_matter(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply(fault=Fault.UNKNOWN_FIELDS))
    model = text_model(server)
    assert len(await said(model)) == 3
    await model.close()


async def test_what_goes_wrong_after_the_end_does_not_matter(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply(finish_reason="length", has_usage=False))
    books = Books()
    model = OpenAITextModel(api_key=CANARY, base_url=server.base_url, on_usage=books.add)
    text = "".join(await said(model))
    assert books.usages[0].output_tokens == len(text) // 4  # estimated
    await model.close()


async def test_thoughts_are_not_spoken(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply((" <th", "ink>Hmm.", " So:</thi", "nk>\n", "And ", "why?")))
    model = text_model(server)
    assert await said(model) == ["And ", "why?"]
    await model.close()


async def test_an_angle_bracket_is_no_thought(server: OpenAIServer) -> None:
    server.script.chats.append(ChatReply(("<t", "han> that?")))
    model = text_model(server)
    assert "".join(await said(model)) == "<than> that?"
    await model.close()


async def test_parameters_a_server_refuses_are_left_out_from_then_on() -> None:
    async with OpenAIServer(refused=("stream_options", "reasoning_effort", "max_completion_tokens")) as server:
        model = OpenAITextModel(api_key=KEY, base_url=server.base_url, model="qwen", reasoning_effort="low")
        for _ in range(2):
            assert len(await said(model)) == 3
        await model.close()
    assert len(server.chats) == 5  # one for every refused parameter, and two that went well
    assert server.chats[-1].keys() == {"model", "messages", "stream", "max_tokens"}
    assert [v for v in server.violations if "stream_options" not in v] == []


async def test_a_local_server_needs_no_key_and_names_its_model() -> None:
    async with OpenAIServer(Script(models={"qwen": None}), key="none") as server:
        model = OpenAITextModel(api_key="", base_url=server.url, name="ollama")
        await model.warm()
        assert model.model == "qwen"
        await said(model)
        await model.close()
    assert [chat["model"] for chat in server.chats] == ["qwen", "qwen"]  # one to load it, one to ask
    assert "reasoning_effort" not in server.chats[1]
    assert server.chats[1]["max_tokens"] == PROMPT.output_tokens_max
    assert server.violations == []


@pytest.mark.parametrize(
    "trouble", [Refusal(404, "not found"), Refusal(405, "no"), Refusal(501, "no")], ids=["404", "405", "501"]
)
async def test_a_server_without_a_list_of_models_is_fine(server: OpenAIServer, trouble: Refusal) -> None:
    server.trouble_next(MODELS, trouble, trouble)
    model = text_model(server)
    await model.warm()
    await model.close()


async def test_warming_finds_a_wrong_key(server: OpenAIServer) -> None:
    model = OpenAITextModel(api_key="sk-wrong", base_url=server.base_url)
    with pytest.raises(ProviderError, match="does not accept the key") as caught:
        await model.warm()
    assert "sk-wrong" not in "".join(traceback.format_exception(caught.value))
    await model.close()


@pytest.mark.parametrize("key", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}é"])
async def test_a_key_with_stray_characters_is_named_but_not_shown(server: OpenAIServer, key: str) -> None:
    model = OpenAITextModel(api_key=key, base_url=server.base_url)
    with pytest.raises(ProviderError, match="OPENAI_API_KEY") as caught:
        await model.warm()
    check_secrets(caught.value)
    assert server.arrivals == []


@pytest.mark.parametrize(("name", "variable"), [("openai", "OPENAI_API_KEY"), ("grok", "XAI_API_KEY")])
async def test_a_missing_key_is_told_without_connecting(name: str, variable: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await OpenAITextModel(api_key="", name=name).warm()
    assert variable in caught.value.hint


async def test_nobody_there(server: OpenAIServer, unused_tcp_port: int) -> None:
    url = f"http://someone:{CANARY}@127.0.0.1:{unused_tcp_port}/v1?key={CANARY}"
    error = await failure(OpenAITextModel(api_key=CANARY, base_url=url))
    assert f"Nobody answers at http://127.0.0.1:{unused_tcp_port}/v1" in error.message
    assert "OPENAI_BASE_URL" in error.hint


@pytest.mark.parametrize("url", ["localhost:8080/v1", "127.0.0.1", "http://", "http://[::1", "http://x:port/v1"])
async def test_an_address_that_is_none(url: str) -> None:
    error = await failure(OpenAITextModel(api_key=CANARY, base_url=f"{url}?{CANARY}"))
    assert "OPENAI_BASE_URL" in error.message
    assert not error.is_retryable


async def test_a_name_without_an_address() -> None:
    error = await failure(OpenAITextModel(api_key=CANARY, base_url="http://no-such-host.invalid/v1"))
    assert "cannot be found" in error.message


async def test_a_server_that_hangs_up_twice(server: OpenAIServer) -> None:
    server.trouble_next(CHAT, Trouble.HANG_UP, Trouble.HANG_UP)
    error = await failure(text_model(server))
    assert "broke" in error.message
    assert len(server.arrivals) == 2


async def test_a_connection_the_server_closed_while_idle_is_replaced(server: OpenAIServer) -> None:
    server.trouble_next(CHAT, None, Trouble.HANG_UP)
    model = text_model(server)
    await said(model)
    assert len(await said(model)) == 3
    assert server.connection_count == 2
    await model.close()


async def test_organisation_headers_stay_with_openai(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-private")
    model = text_model(server)
    await model.warm()
    await model.close()
    assert "private" not in str(server.arrivals[0].headers)


# ----------------------------------------------------------------------------------------- models


@pytest.mark.parametrize(
    ("listed", "model", "today", "told"),
    [
        ({"gpt-6-luna": None}, "gpt-6-luna", date(2030, 1, 1), None),
        ({"tts-1": None}, "tts-1", date(2027, 1, 5), None),
        ({"tts-1": None}, "tts-1", date(2027, 1, 6), "shut tts-1 down on 2027-01-06"),
        ({}, "gpt-4o-mini-tts-2025-12-15", date(2027, 2, 1), "down on 2027-01-06"),
        ({"gpt-6-luna": "2027-05-01"}, "gpt-6-luna", date(2027, 5, 2), "down on 2027-05-01"),
        ({"gpt-6-luna": None}, "gpt-6-lunar", date(2027, 1, 1), "has no model gpt-6-lunar"),
    ],
)
async def test_a_model_that_is_gone_is_told_at_the_start(
    listed: dict[str, str | None], model: str, today: date, told: str | None
) -> None:
    async with OpenAIServer(Script(models=listed), key=CANARY) as server:
        connection = Connection(
            name="openai", stage="tts", api_key=CANARY, base_url=server.base_url, model=model, waits=None
        )
        connection.service = replace(connection.service, url=server.base_url)  # as if it were OpenAI
        if told is None:
            await connection.warm(today)
        else:
            with pytest.raises(ProviderError, match=told) as caught:
                await connection.warm(today)
            assert "deepgram" in caught.value.hint
        await connection.close()


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("tts-1", date(2027, 1, 6)),
        ("tts-1-hd", date(2027, 1, 6)),
        ("gpt-4o-mini-tts-2025-12-15", date(2027, 1, 6)),
        ("gpt-4o-mini-2024-07-18", date(2027, 1, 14)),
        ("gpt-4o-transcribe", date(2027, 2, 26)),
        ("gpt-6-luna", None),
        ("gpt-5.4-mini", None),
        ("", None),
    ],
)
def test_shutdown_dates(model: str, day: date | None) -> None:
    assert shutdown_date(model) == day


def test_no_default_model_is_past_its_shutdown_within_a_month() -> None:
    soon = date(2026, 12, 22)
    for service in SERVICES.values():
        for model in (service.text_model, service.speech_model, service.transcription_model):
            ends = shutdown_date(model)
            assert ends is None or ends > soon, model


@pytest.mark.parametrize(
    ("name", "base_url", "expected"),
    [
        ("openai", None, "https://api.openai.com/v1"),
        ("openai", "http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("openai", "http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1"),
        ("grok", "http://127.0.0.1:1", "http://127.0.0.1:1/v1"),
        ("grok", "http://127.0.0.1:1/other", "http://127.0.0.1:1/other"),
        ("gemini", "http://127.0.0.1:1/", "http://127.0.0.1:1/v1beta/openai"),
        ("ollama", "http://desk:11434", "http://desk:11434/v1"),
    ],
)
def test_addresses(name: str, base_url: str | None, expected: str) -> None:
    assert full_url(SERVICES[name], base_url) == expected


def test_the_environment_names_keys_and_addresses() -> None:
    environment = {"GEMINI_API_KEY": "second", "GOOGLE_API_KEY": "", "XAI_BASE_URL": "http://x"}
    assert service_key(SERVICES["gemini"], environment) == "second"
    assert service_key(SERVICES["openai"], environment) == ""
    assert service_url(SERVICES["grok"], environment) == "http://x"
    assert service_url(SERVICES["openai"], environment) is None


# ------------------------------------------------------------------------------------------- speech


def voice(server: OpenAIServer, waits: Waits | None = None) -> OpenAISynthesizer:
    return OpenAISynthesizer(api_key=CANARY, base_url=server.base_url, waits=waits)


async def spoken(synthesizer: OpenAISynthesizer, text: str = "Hello.") -> list[Samples]:
    async with asyncio.timeout(DEADLINE_S):
        return [piece async for piece in synthesizer.synthesize(text)]


async def speech_failure(synthesizer: OpenAISynthesizer) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await spoken(synthesizer, SECRET_WORDS)
    check_secrets(caught.value)
    assert caught.value.stage == "tts"
    await synthesizer.close()
    return caught.value


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 1001, 4096])
async def test_speech_is_whole_however_it_is_cut(server: OpenAIServer, chunk_bytes: int) -> None:
    wave = np.arange(-1500, 1500, dtype="<i2")
    server.script.speeches.append(SpeechReply(wave.tobytes(), chunk_bytes))
    books = Books()
    synthesizer = OpenAISynthesizer(api_key=CANARY, base_url=server.base_url, voice="coral", on_usage=books.add)
    pieces = await spoken(synthesizer, "Hello.")
    await synthesizer.close()
    assert np.array_equal(np.concatenate(pieces), wave)
    assert all(piece.dtype == np.int16 and len(piece) for piece in pieces)
    assert server.speeches == [
        {"model": "gpt-4o-mini-tts", "voice": "coral", "input": "Hello.", "response_format": "pcm"}
    ]
    assert books.usages == [Usage("openai", "tts", "gpt-4o-mini-tts", audio_ms=125, characters=6)]


async def test_the_first_sound_does_not_wait_for_the_rest(server: OpenAIServer) -> None:
    server.script.speeches.append(SpeechReply(b"\1\2" * 4000, 1000, fault=Fault.STALL, fault_after=1))
    synthesizer = voice(server)
    async with asyncio.timeout(DEADLINE_S), aclosing(synthesizer.synthesize("Hello.")) as pieces:
        assert len(await anext(pieces)) == 500
        assert server.open_count == 1
    await server.until(lambda: server.open_count == 0)
    await synthesizer.close()


async def test_with_enough_in_hand_a_voice_is_read_seldom(server: OpenAIServer) -> None:
    wave = np.arange(-24_000, 24_000, dtype="<i2")  # 2 s, sent in half a second
    server.script.speeches.append(SpeechReply(wave.tobytes(), chunk_bytes=960, between_chunks_ms=5))
    synthesizer, loop = voice(server), asyncio.get_running_loop()
    pieces, at_s = [], []
    async with asyncio.timeout(DEADLINE_S):
        async for piece in synthesizer.synthesize("Hello."):
            pieces.append(piece)
            at_s.append(loop.time())
    await synthesizer.close()
    assert np.array_equal(np.concatenate(pieces), wave)
    assert any(later - earlier >= GATHER_S for earlier, later in pairwise(at_s))


async def test_speech_keeps_its_connection(server: OpenAIServer) -> None:
    synthesizer = voice(server)
    await synthesizer.warm()
    await spoken(synthesizer)
    await spoken(synthesizer)
    await synthesizer.close()
    assert server.connection_count == 1


async def test_instructions_a_server_does_not_know_are_left_out() -> None:
    async with OpenAIServer(refused=("instructions",)) as server:
        synthesizer = OpenAISynthesizer(api_key=KEY, base_url=server.base_url, instructions="Calm.", model="kokoro")
        assert await spoken(synthesizer)
        await synthesizer.close()
    assert [request.get("instructions") for request in server.speeches] == ["Calm.", None]
    assert server.violations == []


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (SpeechReply(b""), "no sound"),
        (SpeechReply(b"RIFF" + bytes(100)), "another format"),
        (SpeechReply(b"ID3" + bytes(100), chunk_bytes=2), "another format"),
        (SpeechReply(b'{"error": "x"}', content_type="application/json"), "text instead of speech"),
        (SpeechReply(fault=Fault.HANG_UP, fault_after=1), "broke"),
    ],
)
async def test_what_is_no_speech_is_an_error(server: OpenAIServer, reply: SpeechReply, told: str) -> None:
    server.script.speeches.extend([reply, reply])
    error = await speech_failure(voice(server))
    assert told in error.message
    assert error.is_retryable


@pytest.mark.parametrize("fault_after", [0, 1])
async def test_speech_that_stalls_is_given_up(server: OpenAIServer, fault_after: int) -> None:
    server.script.speeches.extend([SpeechReply(fault=Fault.STALL, fault_after=fault_after)] * 2)
    error = await speech_failure(voice(server, SHORT))
    assert "too long" in error.message
    await server.until(lambda: server.open_count == 0)


async def test_speech_slower_than_speaking_is_given_up(server: OpenAIServer) -> None:
    server.script.speeches.append(SpeechReply(chunk_bytes=100, between_chunks_ms=10))
    error = await speech_failure(voice(server))
    assert "more slowly" in error.message


async def test_refused_speech(server: OpenAIServer) -> None:
    server.trouble_next(SPEECH, openai_error(401, CANARY))
    assert "OPENAI_API_KEY" in (await speech_failure(voice(server))).hint


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("Short.", ["Short."]),
        ("One two. Three four. Five.", ["One two.", "Three four.", "Five."]),
        ("no sentence ends here at all", ["no sentence", "ends here at", "all"]),
        ("a" * 30, ["a" * 14, "a" * 14, "aa"]),
    ],
)
def test_long_texts_are_cut_where_it_hurts_least(text: str, parts: list[str]) -> None:
    assert split_input(text, 14) == parts


# ------------------------------------------------------------------------------------ transcription


class Talk:
    """Pushes speech and silence into a stream, as audio would come."""

    def __init__(self, transcriber: OpenAITranscriber) -> None:
        self.stream = transcriber.open_stream()
        self.now_ms = 0

    def speech(self, duration_ms: int) -> None:
        self._push(duration_ms, True)

    def silence(self, duration_ms: int) -> None:
        self._push(duration_ms, False)

    def _push(self, duration_ms: int, is_speech: bool) -> None:
        for _ in range(duration_ms // BLOCK_MS):
            samples = np.full(MICROPHONE_BLOCK_SAMPLES, 1000 if is_speech else 0, np.int16)
            self.stream.push(AudioBlock(samples, self.now_ms), is_speech)
            self.now_ms += BLOCK_MS


def transcriber(server: OpenAIServer, tasks: Tasks, model: str = "") -> OpenAITranscriber:
    return OpenAITranscriber(tasks, api_key=CANARY, base_url=server.base_url, model=model)


async def finished(talk: Talk) -> str:
    async with asyncio.timeout(DEADLINE_S):
        return (await talk.stream.finish()).text


async def test_a_pause_makes_the_request_that_the_end_needs(server: OpenAIServer) -> None:
    server.script.transcripts.append(TranscriptReply("It is lazy."))
    books = Books()
    async with Tasks() as tasks:
        recogniser = OpenAITranscriber(tasks, api_key=CANARY, base_url=server.base_url, on_usage=books.add)
        await recogniser.warm()
        talk = Talk(recogniser)
        talk.silence(1000)
        talk.speech(500)
        talk.silence(200)
        await tasks.settle()
        assert talk.stream.provisional.text == "It is lazy."
        assert talk.stream.provisional.through_ms >= 1500
        talk.silence(400)
        transcript = await talk.stream.finish()
        await recogniser.close()
    assert [word.text for word in transcript.words] == ["It", "is", "lazy."]
    assert 1000 <= transcript.words[0].start_ms < transcript.words[-1].end_ms <= 1500
    assert len(server.transcripts) == 1
    asked = server.transcripts[0]
    assert asked.rate_hz == 16_000
    assert asked.form["model"] == "gpt-transcribe"
    assert len(asked.samples) == 16 * (240 + 500 + 120)
    assert books.usages == [Usage("openai", "stt", "gpt-transcribe", audio_ms=860)]
    assert load_prices().cost_usd(books.usages[0]) == pytest.approx(0.86 * 0.0045 / 60)


async def test_more_speech_is_sent_with_what_came_before(server: OpenAIServer) -> None:
    server.script.transcripts.extend([TranscriptReply("One."), TranscriptReply("One and two.")])
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        talk.speech(400)
        talk.silence(160)
        await tasks.settle()
        talk.speech(400)
        talk.silence(160)
        await tasks.settle()
        assert talk.stream.provisional.text == "One and two."
        assert await finished(talk) == "One and two."
        await recogniser.close()
    assert len(server.transcripts) == 2


async def test_an_interruption_is_heard_before_its_first_pause(server: OpenAIServer) -> None:
    server.script.transcripts.append(TranscriptReply("wait a moment"))
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        talk.speech(600)
        await tasks.settle()
        assert talk.stream.provisional.text == "wait a moment"
        talk.speech(600)
        await tasks.settle()
        talk.stream.close()
        await recogniser.close()
    assert len(server.transcripts) == 1


async def test_one_request_at_a_time(server: OpenAIServer) -> None:
    """Each pause outdates the request before it, which is given up; the last one decides."""
    busiest: list[int] = []

    def reply(_asked: object) -> TranscriptReply:
        busiest.append(server.open_count)
        is_last = len(busiest) == 3
        return TranscriptReply(f"Text {len(busiest)}.", fault=None if is_last else Fault.STALL)

    server.script.transcript = reply
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        for count in (1, 2, 3):
            talk.speech(400)
            talk.silence(160)
            await server.until(lambda count=count: len(server.transcripts) == count)  # type: ignore[misc]
        assert await finished(talk) == "Text 3."
        await recogniser.close()
    await server.until(lambda: server.open_count == 0)
    assert len(server.transcripts) == 3
    lengths = [len(asked.samples) for asked in server.transcripts]
    assert lengths == sorted(lengths)


async def test_long_answers_are_sent_in_pieces(server: OpenAIServer) -> None:
    server.script.transcript = lambda asked: TranscriptReply(f"{len(asked.samples) // 16000} seconds.")
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        for _ in range(3):
            talk.speech(7000)
            talk.silence(600)
            await tasks.settle()
        assert await finished(talk) == "7 seconds. 7 seconds. 7 seconds."
        await recogniser.close()
    assert max(len(asked.samples) for asked in server.transcripts) < 8 * 16000


async def test_silence_and_clicks_are_not_sent(server: OpenAIServer) -> None:
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        talk.silence(2000)
        talk.speech(80)
        talk.silence(1000)
        assert talk.stream.provisional.through_ms == 3080
        assert await finished(talk) == ""
        await recogniser.close()
    assert server.arrivals == []


async def test_whisper_gives_word_times(server: OpenAIServer) -> None:
    words = (("Well", 0.1, 0.3), ("its", 0.5, 0.6), ("lazy", 0.6, 0.9))
    server.script.transcripts.append(TranscriptReply("Well — it's lazy.", words))
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks, model="whisper-1")
        talk = Talk(recogniser)
        talk.silence(240)
        talk.speech(1000)
        talk.silence(400)
        transcript = await talk.stream.finish()
        await recogniser.close()
    assert [(word.text, word.start_ms, word.end_ms) for word in transcript.words] == [
        ("Well", 100, 300),
        ("—", 300, 300),
        ("it's", 500, 600),
        ("lazy.", 600, 900),
    ]
    assert server.transcripts[0].form["timestamp_granularities"] == ["word"]


@pytest.mark.parametrize(
    ("recognised", "expected"),
    [
        (Recognised("Hi.", (TimedWord("hi", 10, 30),)), [("Hi.", 1010, 2010)]),
        (Recognised("twenty one", (TimedWord("twentyone", 0, 36),)), [("twenty", 1000, 2004), ("one", 2004, 2016)]),
        (Recognised("other", (TimedWord("words", 0, 20),)), []),
        (Recognised("late", (TimedWord("late", 500, 900),)), [("late", 2020, 2021)]),
        (Recognised("none"), []),
    ],
)
def test_word_times_land_on_the_session_clock(recognised: Recognised, expected: list[tuple[str, int, int]]) -> None:
    words = place_words(recognised, [1000, 2000])
    assert [(word.text, word.start_ms, word.end_ms) for word in words] == expected


async def test_terms_are_asked_for_and_repaired(server: OpenAIServer) -> None:
    glossary = (Term("Redis", heard_as=("red is",)), Term("asyncio"))
    server.script.transcript = lambda _asked: TranscriptReply("I use red is.")
    async with Tasks() as tasks:
        for model in ("gpt-transcribe", "whisper-1"):
            recogniser = OpenAITranscriber(
                tasks, api_key=CANARY, base_url=server.base_url, model=model, glossary=glossary
            )
            talk = Talk(recogniser)
            talk.speech(400)
            assert await finished(talk) == "I use Redis."
            await recogniser.close()
    assert server.transcripts[0].form["keywords"] == ["Redis", "asyncio"]
    assert server.transcripts[1].form["prompt"] == "Redis, asyncio"


async def test_closing_a_stream_ends_its_request(server: OpenAIServer) -> None:
    server.script.transcripts.append(TranscriptReply(fault=Fault.STALL))
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        talk.speech(400)
        talk.silence(160)
        await server.until(lambda: len(server.transcripts) == 1)
        talk.stream.close()
        await server.until(lambda: server.open_count == 0)
        talk.speech(400)
        talk.silence(400)
        await recogniser.close()
    assert len(server.transcripts) == 1


async def test_a_failure_on_the_way_is_forgotten_when_the_end_goes_well(server: OpenAIServer) -> None:
    server.trouble_next(TRANSCRIPTIONS, openai_error(401, CANARY))
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        talk.speech(400)
        talk.silence(400)
        await tasks.settle()
        assert talk.stream.provisional.text == ""
        assert len(server.arrivals) == 1  # silence does not try again and again
        assert await finished(talk) == "hello there"
        await recogniser.close()


@pytest.mark.parametrize(
    ("arrange", "told"),
    [
        (lambda server: server.trouble_next(TRANSCRIPTIONS, *[Refusal(500)] * 4), "HTTP 500"),
        (lambda server: server.trouble_next(TRANSCRIPTIONS, *[openai_error(401, CANARY)] * 4), "key"),
        (lambda server: server.script.transcripts.extend([TranscriptReply(fault=Fault.HANG_UP)] * 4), "broke"),
        (lambda server: server.script.transcripts.extend([TranscriptReply(fault=Fault.TRUNCATED)] * 4), "no valid"),
        (
            lambda server: server.script.transcripts.extend([TranscriptReply(fault=Fault.MALFORMED)] * 4),
            "transcript",
        ),
        (lambda server: server.script.transcripts.extend([TranscriptReply(fault=Fault.STALL)] * 4), "too long"),
    ],
    ids=["500", "401", "hang up", "half JSON", "HTML", "stall"],
)
async def test_a_transcript_that_fails_is_told_at_the_end(
    server: OpenAIServer, arrange: Callable[[OpenAIServer], None], told: str
) -> None:
    arrange(server)
    async with Tasks() as tasks:
        recogniser = OpenAITranscriber(
            tasks, api_key=CANARY, base_url=server.base_url, waits=SHORT if told == "too long" else None
        )
        talk = Talk(recogniser)
        talk.speech(400)
        talk.silence(160)
        await tasks.settle()
        with pytest.raises(ProviderError) as caught:
            await finished(talk)
        await recogniser.close()
    check_secrets(caught.value)
    assert told in caught.value.message
    assert (caught.value.provider, caught.value.stage) == ("openai", "stt")


async def test_unknown_fields_in_a_transcript_do_not_matter(server: OpenAIServer) -> None:
    server.script.transcripts.append(TranscriptReply("Fine.", fault=Fault.UNKNOWN_FIELDS))
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        talk.speech(400)
        assert await finished(talk) == "Fine."
        await recogniser.close()


async def test_leaving_the_session_ends_a_request_under_way(server: OpenAIServer) -> None:
    server.script.transcripts.append(TranscriptReply(fault=Fault.STALL))
    async with Tasks() as tasks:
        recogniser = transcriber(server, tasks)
        talk = Talk(recogniser)
        talk.speech(400)
        talk.silence(160)
        await server.until(lambda: len(server.transcripts) == 1)
        end = asyncio.create_task(finished(talk))
        await server.until(lambda: server.open_count == 1)
    assert await end == ""
    await recogniser.close()
    await server.until(lambda: server.open_count == 0)
