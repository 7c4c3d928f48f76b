"""The loopback Realtime server speaks as OpenAI's does, and notices what a client does wrong."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from openai import AsyncAzureOpenAI
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.loopback.embedded import EmbeddedModel
from tests.loopback.openai import KEY, openai_error
from tests.loopback.openai_realtime import PATH, OpenAIRealtimeServer
from tests.loopback.realtime import Asked, Disturbance, Fault, Reply, Script, ToolCall, Transcripts
from tests.loopback.tones import heard_text
from tests.realtime_client import Client, openai_client
from voiceprep.tasks import Tasks

pytestmark = pytest.mark.timeout(60)

VAD = {"type": "server_vad", "silence_duration_ms": 300}
ASKING = {**VAD, "create_response": False}
LONG = "one two three four five six seven eight nine ten eleven twelve"


@asynccontextmanager
async def talk(script: Script | None = None, *disturbances: Disturbance) -> AsyncIterator[tuple[Any, Client]]:
    """A server and a connected client; no rule may be broken."""
    server = OpenAIRealtimeServer(script)
    server.disturb_next(*disturbances)
    async with server:
        async with openai_client(server.base_url, KEY) as client:
            yield server, client
        assert server.violations == []


def says(*lines: str, **options: Any) -> Script:  # noqa: ANN401 - fields of Reply
    def reply(asked: Asked) -> Reply:
        return Reply(lines[asked.number - 1], **options)

    return Script(reply=reply)


async def test_a_turn_arrives_in_the_order_of_the_protocol() -> None:
    async with talk(says("Why did you choose it?")) as (_, client):
        await client.listen(**VAD)
        await client.speak("we chose a queue")
        await client.until("conversation.item.input_audio_transcription.completed")
        if not client.of("response.done"):
            await client.until("response.done")
        kinds = [kind for kind in client.kinds if "input_audio_transcription" not in kind and "rate" not in kind]
        assert kinds[:8] == [
            "session.created",
            "session.updated",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
        ]
        assert kinds[8:11] == [
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
        ]
        assert kinds[-6:] == [
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "conversation.item.done",
            "response.done",
        ]
        [completed] = client.of("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "we chose a queue"
        assert completed["usage"] == {"type": "duration", "seconds": 1.1}
        deltas = client.of("conversation.item.input_audio_transcription.delta")
        assert "".join(event["delta"] for event in deltas) == "we chose a queue"
        assert heard_text(client.sound(), 24_000) == "Why did you choose it?"
        words = client.of("response.output_audio_transcript.delta")
        assert "".join(event["delta"] for event in words) == "Why did you choose it?"
        [done] = client.of("response.done")
        assert done["response"]["usage"]["input_token_details"]["audio_tokens"] == 11
        assert done["response"]["usage"]["output_token_details"]["audio_tokens"] == 20


async def test_the_first_and_every_update_show_the_whole_session() -> None:
    async with talk() as (_, client):
        created = (await client.until("session.created"))["session"]
        await client.update(instructions="Be brief.", audio={"input": {"turn_detection": None}})
        updated = client.events[-1]["session"]
        assert created.keys() == updated.keys() >= {"id", "object", "expires_at", "model", "truncation"}
        assert created["audio"]["input"]["turn_detection"]["type"] == "server_vad"
        assert updated["audio"]["input"] == {**created["audio"]["input"], "turn_detection": None}
        assert updated["instructions"] == "Be brief."


@pytest.mark.parametrize("kind", ["server_vad", "semantic_vad"])
async def test_without_create_response_the_client_asks(kind: str) -> None:
    async with talk() as (server, client):
        detection = {"type": kind, "create_response": False}
        await client.listen(**detection)
        await client.speak("I would use a queue", 1_500)
        await client.until("input_audio_buffer.committed")
        assert server.count("response.create") == 0
        await client.connection.response.create(response={"instructions": 'Say exactly: "What could go wrong?"'})
        done = await client.until("response.done")
        [item] = done["response"]["output"]
        assert item["content"][0]["transcript"] == "What could go wrong?"
        assert "response.created" not in client.kinds[: client.kinds.index("input_audio_buffer.committed")]


async def test_push_to_talk() -> None:
    async with talk(says("I see.")) as (_, client):
        await client.listen()
        await client.speak("let me think about it", 0)
        await client.connection.input_audio_buffer.commit()
        await client.until("input_audio_buffer.committed")
        await client.until("conversation.item.input_audio_transcription.completed")
        assert client.events[-1]["transcript"] == "let me think about it"
        assert "input_audio_buffer.speech_started" not in client.kinds
        await client.connection.response.create()
        await client.until("response.done")


async def test_an_interruption_cancels_and_is_truncated_at_what_was_heard() -> None:
    async with talk(says(LONG, "I stopped.", between_pieces_ms=100, late_pieces=2)) as (server, client):
        await client.listen(**VAD)
        await client.speak("go on")
        delta = await client.until("response.output_audio.delta")
        await client.until("response.output_audio.delta")
        await client.speak("wait a moment", 0)
        await client.until("input_audio_buffer.speech_started", lambda event: event["audio_start_ms"] > 0)
        done = await client.until("response.done")
        assert done["response"]["status"] == "cancelled"
        assert done["response"]["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        after = client.kinds[len(client.kinds) - client.kinds[::-1].index("input_audio_buffer.speech_started") :]
        assert after.count("response.output_audio.delta") == 2, "late audio"
        sent = {"item_id": delta["item_id"], "content_index": 0, "audio_end_ms": 150}
        await client.connection.conversation.item.truncate(**sent)
        truncated = await client.until("conversation.item.truncated")
        assert {name: truncated[name] for name in sent} == sent
        await client.connection.conversation.item.retrieve(item_id=delta["item_id"])
        retrieved = await client.until("conversation.item.retrieved")
        assert retrieved["item"]["content"] == [{"type": "output_audio"}]
        await client.speak("", 500)
        second = await client.until("response.done")
        assert second["response"]["status"] == "completed"
        assert server.refusals == []


async def test_a_client_cancels() -> None:
    async with talk(says(LONG, between_pieces_ms=100)) as (_, client):
        await client.listen()
        await client.connection.response.create()
        await client.until("response.output_audio.delta")
        await client.connection.response.cancel()
        done = await client.until("response.done")
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        assert done["response"]["output"][0]["status"] == "incomplete"


async def test_a_function_is_called_and_answered() -> None:
    def reply(asked: Asked) -> Reply:
        return Reply("", (ToolCall("next_question", {"index": 2}),)) if asked.number == 1 else Reply("Thanks.")

    async with talk(Script(reply=reply)) as (_, client):
        await client.connection.response.create()
        done = await client.until("response.function_call_arguments.done")
        assert (done["name"], done["arguments"]) == ("next_question", '{"index": 2}')
        await client.until("response.done")
        output = {"type": "function_call_output", "call_id": done["call_id"], "output": "ok"}
        await client.connection.conversation.item.create(item=output)
        await client.until("conversation.item.done", lambda event: event["item"]["type"] == "function_call_output")
        await client.connection.response.create()
        await client.until("response.done")
        assert heard_text(client.sound(), 24_000) == "Thanks."


async def test_history_reaches_the_model_and_text_replies_are_text() -> None:
    asked: list[Asked] = []

    def reply(request: Asked) -> Reply:
        asked.append(request)
        return Reply("Understood.")

    async with talk(Script(reply=reply)) as (_, client):
        for role, kind, text in (("user", "input_text", "I used a cache."), ("assistant", "output_text", "Why?")):
            item = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
            await client.connection.conversation.item.create(item=item)
        await client.connection.response.create(response={"output_modalities": ["text"]})
        await client.until("response.done")
        assert client.of("response.output_text.done")[0]["text"] == "Understood."
        assert asked[0].said == (("user", "I used a cache."), ("assistant", "Why?"))


async def test_when_the_transcript_comes_is_left_to_chance() -> None:
    async def place_of_transcript(seed: int) -> int:
        script = says("Yes.", between_pieces_ms=5)
        script.seed = seed
        async with talk(script) as (_, client):
            await client.listen(**VAD)
            await client.speak("hello")
            await client.until("conversation.item.input_audio_transcription.completed")
            return client.kinds.count("response.done") + client.kinds.count("response.output_audio.delta")

    assert len({await place_of_transcript(seed) for seed in range(6)}) > 1


@pytest.mark.parametrize(("transcripts", "count"), [(Transcripts.FAILED, 1), (Transcripts.MISSING, 0)])
async def test_transcripts_that_do_not_come(transcripts: Transcripts, count: int) -> None:
    async with talk(Script(transcripts=transcripts, transcript_ms=0)) as (_, client):
        await client.listen(**VAD)
        await client.speak("hello")
        await client.until("response.done")
        assert len(client.of("conversation.item.input_audio_transcription.failed")) == count
        assert client.of("conversation.item.input_audio_transcription.completed") == []


async def test_a_failed_response() -> None:
    async with talk(says("", failure="rate_limit_exceeded")) as (_, client):
        await client.connection.response.create()
        done = await client.until("response.done")
        assert done["response"]["status_details"]["error"]["code"] == "rate_limit_exceeded"


def update(**session: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the session
    return {"type": "session.update", "session": {"type": "realtime", **session}}


def append(audio: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}


@pytest.mark.parametrize(
    ("message", "code", "told"),
    [
        ({"type": "response.cancel"}, "response_cancel_not_active", "no active response"),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty", "0.00ms"),
        (append(b""), "invalid_value", "0 bytes"),
        (append(b"abc"), "invalid_value", "3 bytes"),
        (append(bytes(15 * 2**20 + 2)), "invalid_value", "15728642 bytes"),
        ({"type": "input_audio_buffer.append", "audio": "%%"}, "invalid_value", "no base64"),
        ({"type": "output_audio_buffer.clear"}, "invalid_request_error", "WebRTC"),
        ({"type": "response.creat"}, "invalid_request_error", "response.creat"),
        ({"type": "response.create", "respons": {}}, "invalid_request_error", "respons"),
        (update(modalities=["audio"]), "invalid_request_error", "modalities"),
        (update(voice="marin"), "invalid_request_error", "voice"),
        (update(output_modalities=["audio", "text"]), "invalid_value", "output_modalities"),
        (update(audio={"output": {"speed": 2.0}}), "invalid_value", "speed"),
        (update(audio={"input": {"format": {"type": "audio/pcm"}}}), None, ""),
        (update(audio={"input": {"format": {"type": "audio/pcmu"}}}), "invalid_value", "format"),
        (
            update(audio={"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}),
            "invalid_request_error",
            "rate",
        ),
        (update(model="gpt-realtime-2.1-mini"), "invalid_value", "another model"),
        ({"type": "session.update", "session": {"instructions": "x"}}, "invalid_request_error", "type"),
        (
            {"type": "conversation.item.truncate", "item_id": "item_x", "content_index": 0, "audio_end_ms": 1},
            "item_not_found",
            "item_x",
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "assistant", "content": [{"type": "output_audio"}]},
            },
            "invalid_value",
            "output_audio in a message of the assistant",
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call_output", "call_id": "call_x", "output": ""},
            },
            "invalid_value",
            "no call call_x",
        ),
    ],
)
async def test_a_wrong_message_is_an_error_and_a_violation(
    message: dict[str, Any], code: str | None, told: str
) -> None:
    async with OpenAIRealtimeServer() as server, openai_client(server.base_url, KEY) as client:
        await client.connection.send({**message, "event_id": "mine"})
        event = await client.until("session.updated" if code is None else "error")
        if code is None:
            assert server.violations == []
            return
        assert (event["error"]["code"], event["error"]["event_id"]) == (code, "mine")
        assert server.refusals == [code]
        assert told in server.violations[0]


async def test_rules_of_a_conversation_under_way() -> None:
    script = says(LONG, between_pieces_ms=50)
    async with OpenAIRealtimeServer(script) as server, openai_client(server.base_url, KEY) as client:
        await client.listen()
        await client.connection.response.create()
        delta = await client.until("response.output_audio.delta")
        await client.connection.response.create()
        assert (await client.until("error"))["error"]["code"] == "conversation_already_has_active_response"
        truncation = {"item_id": delta["item_id"], "content_index": 0, "audio_end_ms": 60_000}
        await client.connection.conversation.item.truncate(**truncation)
        assert "shorter than 60000ms" in (await client.until("error"))["error"]["message"]
        await client.connection.send(update(audio={"output": {"voice": "marin"}}))
        assert "cannot_update_voice" in (await client.until("error"))["error"]["message"]
        assert len(server.violations) == 3
        await client.until("response.done")
        await client.connection.response.cancel()
        assert (await client.until("error"))["error"]["code"] == "response_cancel_not_active"
        assert len(server.violations) == 3, "a late cancel may happen to anybody"


async def test_a_wrong_key_and_a_wrong_address() -> None:
    async with OpenAIRealtimeServer() as server:
        with pytest.raises(InvalidStatus, match="401"):
            async with openai_client(server.base_url, "sk-wrong"):
                pass
        assert server.violations == []
        with pytest.raises(InvalidStatus, match="400"):
            async with openai_client(server.base_url, KEY, model=""):
                pass
        assert "the query" in server.violations[0]


@pytest.mark.parametrize("status", [402, 429, 503])
async def test_scripted_refusals(status: int) -> None:
    async with OpenAIRealtimeServer() as server:
        server.serving.trouble_next(PATH, openai_error(status))
        with pytest.raises(InvalidStatus, match=str(status)):
            async with openai_client(server.base_url, KEY):
                pass
        async with openai_client(server.base_url, KEY) as client:
            await client.until("session.created")


async def test_azure() -> None:
    async with OpenAIRealtimeServer() as server:
        azure = AsyncAzureOpenAI(
            api_key=KEY,
            api_version="2026-01-01",
            azure_endpoint=server.url,
            websocket_base_url=f"{server.serving.websocket_url}/openai",
        )
        async with azure, azure.realtime.connect(model="gpt-realtime-2.1") as connection:
            await Client(connection).until("session.created")
        assert server.violations == []


# ------------------------------------------------------------------------------------------- faults


async def test_the_cap_ends_the_session_without_an_exception() -> None:
    async with talk(Script(cap_ms=1_000)) as (_, client):
        await client.listen()
        await client.speak("one two three four five six", 0)
        events = await client.rest()
        assert events[-1]["error"]["code"] == "session_expired"


async def test_a_drop_in_the_middle_of_a_reply() -> None:
    async with talk(says(LONG), Disturbance(Fault.DROP, said_ms=500)) as (_, client):
        await client.connection.response.create()
        with pytest.raises(ConnectionClosed) as ended:
            await client.until("response.done")
        assert ended.value.rcvd is None
        assert 400 <= len(client.sound()) / 24 <= 700


@pytest.mark.parametrize("fault", [Fault.MALFORMED, Fault.UNKNOWN, Fault.ERROR])
async def test_nonsense_between_good_messages(fault: Fault) -> None:
    async with OpenAIRealtimeServer(says(LONG)) as server:
        server.disturb_next(Disturbance(fault, said_ms=500))
        async with openai_client(server.base_url, KEY) as client:
            await client.connection.response.create()
            raw: list[bytes] = []
            while b'"response.done", "event_id"' not in (raw[-1] if raw else b""):
                raw.append(await client.connection.recv_bytes())
            told = b"".join(raw)
            marks = {Fault.MALFORMED: b"[1, 2]", Fault.UNKNOWN: b"weather.updated", Fault.ERROR: b"secret words"}
            assert marks[fault] in told
        assert server.violations == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.CLOSE_1000, 1000), (Fault.CLOSE_1001, 1001), (Fault.CLOSE_1008, 1008), (Fault.CLOSE_1011, 1011)],
)
async def test_closes(fault: Fault, code: int) -> None:
    async with talk(None, Disturbance(fault, heard_ms=100)) as (_, client):
        await client.hear(np.zeros(24_000, np.int16)[:4_800])
        with pytest.raises(ConnectionClosed) as ended:
            await client.until("response.done")
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == code


async def test_a_stalled_server_takes_everything_and_says_nothing() -> None:
    async with talk(None, Disturbance(Fault.STALL, heard_ms=100)) as (server, client):
        await client.listen(**VAD)
        await client.speak("hello")
        await server.until(lambda: server.wires[0].sent["response.done"] == 1)
        assert client.kinds[-1] == "session.updated"


async def test_frames_can_be_tampered_with() -> None:
    async with talk(Script(tamper=lambda text: [text, text.replace("session.created", "x")])) as (_, client):
        await client.until("session.created")
        await client.until("x")


async def test_real_speech_is_heard_and_answered() -> None:
    async with Tasks() as tasks:
        model = EmbeddedModel(tasks)
        await model.warm()
        async with talk(model.equip(says("Which database did you choose?"))) as (_, client):
            await client.listen(**VAD)
            speech = await model.say("We moved the sessions into a shared store.")
            await client.hear(np.concatenate((speech, np.zeros(12_000, np.int16))))
            await client.until("response.done")
            if not client.of("conversation.item.input_audio_transcription.completed"):
                await client.until("conversation.item.input_audio_transcription.completed")
            [completed] = client.of("conversation.item.input_audio_transcription.completed")
            assert "shared store" in completed["transcript"].lower()
            assert "database" in (await model.hear(client.sound(), 24_000)).lower()
