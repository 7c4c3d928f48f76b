"""The loopback Grok server differs from OpenAI's where xAI does, and notices who takes it for OpenAI's."""

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.loopback.grok_realtime import KEY, MODEL, GrokRealtimeServer
from tests.loopback.realtime import Reply, Script
from tests.loopback.tones import heard_text
from tests.realtime_client import openai_client

pytestmark = pytest.mark.timeout(60)

AUDIO = {"type": "audio/pcm", "rate": 16_000}
SESSION = {
    "instructions": "Be brief.",
    "voice": "ara",
    "turn_detection": {"type": "server_vad", "silence_duration_ms": 300},
    "audio": {
        "input": {"format": AUDIO, "transcription": {"model": "grok-transcribe", "keyterms": ["asyncio"]}},
        "output": {"format": {"type": "audio/pcm", "rate": 24_000}},
    },
}


def update(**session: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the session
    return {"type": "session.update", "session": session}


async def test_a_turn() -> None:
    script = Script(reply=lambda _: Reply("Why a queue?"))
    async with (
        GrokRealtimeServer(script) as server,
        openai_client(server.base_url, KEY, MODEL) as client,
    ):
        await client.connection.send(update(**SESSION))
        updated = await client.until("session.updated")
        assert client.kinds == ["session.created", "conversation.created", "ping", "session.updated"]
        assert updated["session"]["voice"] == "ara"
        assert updated["session"]["turn_detection"]["silence_duration_ms"] == 300
        await client.speak("we took a queue", rate_hz=16_000)
        done = await client.until("response.done")
        assert done["response"]["usage"] is None
        assert heard_text(client.sound(), 24_000) == "Why a queue?"
        completed = "conversation.item.input_audio_transcription.completed"
        if not client.of(completed):
            await client.until(completed)
        texts = [event["transcript"] for event in client.events if "transcription.updated" in event["type"]]
        assert texts == ["we", "we took", "we took a", "we took a queue"]
        assert client.of(completed)[0]["transcript"] == "we took a queue"
        assert server.violations == []


async def test_by_hand() -> None:
    async with GrokRealtimeServer() as server, openai_client(server.base_url, KEY, MODEL) as client:
        await client.connection.send(update(turn_detection=None))
        await client.until("session.updated")
        await client.speak("hello", 0)
        await client.connection.input_audio_buffer.commit()
        asking = {"modalities": ["text", "audio"], "instructions": 'Say "Go on."'}
        await client.connection.send({"type": "response.create", "response": asking})
        await client.until("response.done")
        assert heard_text(client.sound(), 24_000) == "Go on."
        assert server.violations == []


@pytest.mark.parametrize(
    ("session", "told"),
    [
        ({"audio": {"output": {"voice": "ara"}}}, "audio.output has no voice"),
        ({"audio": {"input": {"turn_detection": None}}}, "audio.input has no turn_detection"),
        ({"turn_detection": {"type": "semantic_vad"}}, "semantic_vad"),
        ({"turn_detection": {"type": "server_vad", "create_response": False}}, "create_response"),
        ({"turn_detection": {"type": "server_vad", "threshold": 0.95}}, "threshold"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 11_025}}}}, "rate"),
        ({"audio": {"output": {"speed": 0.5}}}, "speed"),
        ({"audio": {"input": {"transcription": {"model": "grok-transcribe", "language": "en"}}}}, "language"),
        ({"reasoning": {"effort": "low"}}, "effort"),
        ({"modalities": ["audio"]}, "modalities"),
    ],
)
async def test_what_xai_does_not_take(session: dict[str, Any], told: str) -> None:
    async with GrokRealtimeServer() as server, openai_client(server.base_url, KEY, MODEL) as client:
        await client.connection.send(update(**session))
        assert told in (await client.until("error"))["error"]["message"]
        assert told in server.violations[0]


async def test_a_wrong_key() -> None:
    async with GrokRealtimeServer() as server:
        with pytest.raises(InvalidStatus, match="401"):
            async with openai_client(server.base_url, "xai-wrong", MODEL):
                pass
        assert server.violations == []
