"""OpenAI-compatible adapters against the loopback server: contracts, every fault, keys that stay secret."""

import asyncio
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import date

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
from voiceprep.errors import ProviderError
from voiceprep.model import Term, Usage
from voiceprep.ports import BLOCK_MS, MICROPHONE_BLOCK_SAMPLES, AudioBlock, Message, Prompt
from voiceprep.prices import load_prices
from voiceprep.providers.openai_common import Connection, Waits
from voiceprep.providers.openai_services import SERVICES, full_url, service_key, service_url, shutdown_date
from voiceprep.providers.openai_speech import OpenAISynthesizer, split_input
from voiceprep.providers.openai_text import OpenAITextModel
from voiceprep.providers.openai_transcription import (
    OpenAITranscriber,
    Recognised,
    TimedWord,
    place_words,
)
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


def text_model(server: OpenAIServer, waits: Waits | None = None, **options: str) -> OpenAITextModel:
    return OpenAITextModel(api_key=CANARY, base_url=server.base_url, waits=waits, **options)


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
        Usage("openai", "llm", "gpt-6-luna", input_tokens=14, cached_tokens=3, output_tokens=3),
    ]
    request = server.chats[0]
    assert request["messages"][0] == {"role": "system", "content": "You interview."}
    assert request["max_completion_tokens"] == PROMPT.output_tokens_max
    assert request["reasoning_effort"] == "none"
    assert load_prices().cost_usd(books.usages[0]) == pytest.approx((11 * 0.10 + 3 * 0.01 + 3 * 0.50) / 1e6)


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
    assert isinstance(pieces, AsyncGeneratorLike)
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
        model = OpenAITextModel(api_key=KEY, base_url=server.base_url)
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
        connection.service = OFFICIAL.at(server.base_url)
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
