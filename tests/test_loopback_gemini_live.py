"""The loopback Gemini Live server speaks as Google's does, and notices what a client does wrong."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google import genai
from google.genai import errors, types
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.loopback.gemini_live import KEY, MODEL, PATH, GeminiLiveServer
from tests.loopback.realtime import Asked, Disturbance, Fault, Reply, Script, ToolCall
from tests.loopback.serving import Refusal
from tests.loopback.tones import heard_text, tone_samples
from voiceprep.ports import MICROPHONE_RATE_HZ, Samples

pytestmark = pytest.mark.timeout(60)

LONG = "one two three four five six seven eight nine ten eleven twelve"
WAIT_S = 20.0


class Client:
    """The official SDK's session, and everything that arrived."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - the SDK's session
        self.session = session
        self.messages: list[types.LiveServerMessage] = []

    async def speak(self, text: str, silence_ms: int = 700) -> None:
        """Say it, and be silent."""
        silence = np.zeros(MICROPHONE_RATE_HZ * silence_ms // 1000, np.int16)
        samples = np.concatenate((tone_samples(text, MICROPHONE_RATE_HZ), silence))
        for start in range(0, len(samples), 320):
            audio = samples[start : start + 320].astype("<i2").tobytes()
            blob = types.Blob(data=audio, mime_type=f"audio/pcm;rate={MICROPHONE_RATE_HZ}")
            await self.session.send_realtime_input(audio=blob)

    async def turn(self) -> list[types.LiveServerMessage]:
        """Everything up to the end of the model's turn."""
        async with asyncio.timeout(WAIT_S):
            turn = [message async for message in self.session.receive()]
        self.messages += turn
        return turn

    async def until(self, what: str) -> types.LiveServerMessage:
        """The next message that holds a field."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message: types.LiveServerMessage
                async for message in self.session.receive():
                    self.messages.append(message)
                    content = message.server_content
                    if getattr(message, what, None) or getattr(content, what, None):
                        return message

    async def until_heard(self, text: str) -> None:
        """Until the words of the candidate have come, which they do when they like."""
        while self.words("input_transcription") != text:
            await self.until("input_transcription")

    @property
    def contents(self) -> list[types.LiveServerContent]:
        return [message.server_content for message in self.messages if message.server_content]

    @property
    def sound(self) -> Samples:
        audio = b"".join(message.data or b"" for message in self.messages)
        return np.frombuffer(audio, "<i2").astype(np.int16)

    def words(self, field: str) -> str:
        found = [getattr(content, field) for content in self.contents]
        return "".join(piece.text or "" for piece in found if piece)


def config(**more: Any) -> types.LiveConnectConfig:  # noqa: ANN401 - fields of the configuration
    given: dict[str, Any] = {
        "response_modalities": [types.Modality.AUDIO],
        "input_audio_transcription": types.AudioTranscriptionConfig(),
        "output_audio_transcription": types.AudioTranscriptionConfig(),
        "system_instruction": "Be brief.",
        "speech_config": types.SpeechConfig(
            voice_config=types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Kore"))
        ),
        **more,
    }
    return types.LiveConnectConfig(**given)


def by_hand() -> types.RealtimeInputConfig:
    return types.RealtimeInputConfig(automatic_activity_detection=types.AutomaticActivityDetection(disabled=True))


@asynccontextmanager
async def opened(
    server: GeminiLiveServer,
    key: str = KEY,
    **more: Any,  # noqa: ANN401 - fields of the configuration
) -> AsyncIterator[Client]:
    trust = ssl.create_default_context(cafile=server.ca_path)
    options = types.HttpOptions(base_url=server.url, api_version="v1beta", async_client_args={"ssl": trust})
    client = genai.Client(api_key=key, http_options=options)
    async with client.aio.live.connect(model=MODEL, config=config(**more)) as session:
        yield Client(session)


@asynccontextmanager
async def talk(
    folder: Path,
    script: Script | None = None,
    *disturbances: Disturbance,
    **more: Any,  # noqa: ANN401
) -> AsyncIterator[tuple[GeminiLiveServer, Client]]:
    """A server and a connected client; no rule may be broken."""
    server = GeminiLiveServer(folder, script)
    server.disturb_next(*disturbances)
    async with server:
        async with opened(server, **more) as client:
            yield server, client
        assert server.violations == []


def says(*lines: str, **options: Any) -> Script:  # noqa: ANN401 - fields of Reply
    def reply(asked: Asked) -> Reply:
        return Reply(lines[asked.number - 1], **options)

    return Script(reply=reply)


async def test_a_turn(tmp_path: Path) -> None:
    async with talk(tmp_path, says("Why did you choose it?", linger_ms=50)) as (_, client):
        await client.speak("we chose a queue for the orders")
        await client.turn()
        await client.until_heard("we chose a queue for the orders")
        assert client.words("output_transcription") == "Why did you choose it?"
        assert heard_text(client.sound, 24_000) == "Why did you choose it?"
        ends = [
            name
            for content in client.contents
            for name in ("generation_complete", "turn_complete", "interrupted")
            if getattr(content, name)
        ]
        assert ends == ["generation_complete", "turn_complete"]


async def test_usage_and_handles_follow_each_turn(tmp_path: Path) -> None:
    resumption = types.SessionResumptionConfig()
    async with talk(tmp_path, says("Yes.", "No."), session_resumption=resumption) as (_, client):
        await client.speak("hello")
        update = (await client.until("session_resumption_update")).session_resumption_update
        assert update is not None
        assert update.resumable
        usage = next(message.usage_metadata for message in client.messages if message.usage_metadata)
        assert usage.response_token_count == 5
        assert {detail.modality for detail in usage.prompt_tokens_details or ()} == {
            types.MediaModality.AUDIO,
            types.MediaModality.TEXT,
        }


@pytest.mark.parametrize("options", [{"between_pieces_ms": 100}, {"linger_ms": 10_000}])
async def test_an_interruption(tmp_path: Path, options: dict[str, int]) -> None:
    """While it is generated, and while it is only being played."""
    async with talk(tmp_path, says(LONG, "I stopped.", **options)) as (_, client):
        await client.speak("go on")
        await client.until("model_turn")
        if "linger_ms" in options:
            await client.until("generation_complete")
        await client.speak("wait a moment")
        await client.turn()
        flags = [(content.interrupted, content.turn_complete) for content in client.contents]
        assert (True, None) in flags
        assert flags.index((True, None)) < flags.index((None, True))
        before = client.sound
        assert ("twelve" in heard_text(before, 24_000)) == ("linger_ms" in options)


async def test_our_own_detection_of_activity(tmp_path: Path) -> None:
    async with talk(tmp_path, says("I see."), realtime_input_config=by_hand()) as (server, client):
        await client.speak("not for you", 0)
        await client.session.send_realtime_input(activity_start=types.ActivityStart())
        await client.speak("this is for you", 2_000)
        await client.session.send_realtime_input(activity_end=types.ActivityEnd())
        await client.turn()
        await client.until_heard("this is for you")
        assert server.conversations[0].said[-1] == ("model", "I see.")


async def test_text_and_the_end_of_the_stream(tmp_path: Path) -> None:
    asked: list[Asked] = []

    def reply(request: Asked) -> Reply:
        asked.append(request)
        return Reply(request.line)

    async with talk(tmp_path, Script(reply=reply)) as (_, client):
        turns = [types.Content(role="user", parts=[types.Part(text="I used a cache.")])]
        await client.session.send_client_content(turns=turns, turn_complete=False)
        instruction = types.Content(role="user", parts=[types.Part(text='Ask: "Why a cache?"')])
        await client.session.send_client_content(turns=[instruction], turn_complete=True)
        await client.turn()
        assert heard_text(client.sound, 24_000) == "Why a cache?"
        await client.speak("it was slow", 0)
        await client.session.send_realtime_input(audio_stream_end=True)
        await client.turn()
        assert asked[1].said[-1] == ("user", "it was slow")
        assert asked[1].system == "Be brief."


async def test_tools(tmp_path: Path) -> None:
    def reply(asked: Asked) -> Reply:
        call = ToolCall("next_question", {"index": 2})
        return Reply("", (call,)) if asked.number == 1 else Reply("What next?")

    declaration = types.FunctionDeclaration(name="next_question", parameters_json_schema={"type": "object"})
    tools = [types.Tool(function_declarations=[declaration])]
    async with talk(tmp_path, Script(reply=reply), tools=tools) as (_, client):
        await client.speak("that is all")
        message = await client.until("tool_call")
        assert message.tool_call is not None
        assert message.tool_call.function_calls is not None
        [call] = message.tool_call.function_calls
        assert (call.name, call.args) == ("next_question", {"index": 2})
        answer = types.FunctionResponse(id=call.id, name=call.name, response={"question": "What next?"})
        await client.session.send_tool_response(function_responses=[answer])
        await client.until("model_turn")


async def test_going_away_and_resuming(tmp_path: Path) -> None:
    server = GeminiLiveServer(tmp_path, Script(cap_ms=2_000))
    async with server:
        async with opened(server, session_resumption=types.SessionResumptionConfig()) as client:
            await client.speak("hello there")
            update = (await client.until("session_resumption_update")).session_resumption_update
            assert update is not None
            await client.speak("one two three four five")
            going = (await client.until("go_away")).go_away
            assert going is not None
            assert going.time_left == "2.0s"
        handle = types.SessionResumptionConfig(handle=update.new_handle)
        async with opened(server, session_resumption=handle) as client:
            await client.speak("again", 700)
            await client.turn()
            assert server.conversations[1].said[0] == ("user", "hello there")
            await client.speak("one two three four five six seven eight nine ten eleven twelve", 0)
            await client.speak("one two three four five six seven eight nine ten eleven twelve", 0)
            with pytest.raises(errors.APIError, match="Deadline expired"):
                await client.turn()
        with pytest.raises(errors.APIError, match="not found"):
            async with opened(server, session_resumption=types.SessionResumptionConfig(handle="x")):
                pass
        assert server.violations == []


async def test_resuming_while_the_old_connection_is_open(tmp_path: Path) -> None:
    async with GeminiLiveServer(tmp_path) as server:
        resumption = types.SessionResumptionConfig()
        async with opened(server, session_resumption=resumption) as client:
            await client.speak("hello")
            update = (await client.until("session_resumption_update")).session_resumption_update
            assert update is not None
            handle = types.SessionResumptionConfig(handle=update.new_handle)
            with pytest.raises(errors.APIError, match="1011"):
                async with opened(server, session_resumption=handle):
                    pass
        assert "old connection" in server.violations[0]


# -------------------------------------------------------------------------------------- broken rules

SETUP = {"setup": {"model": "models/gemini-3.8-live", "generationConfig": {"responseModalities": ["AUDIO"]}}}


def raw(server: GeminiLiveServer) -> connect:
    trust = ssl.create_default_context(cafile=server.ca_path)
    address = server.serving.websocket_url + PATH
    return connect(address, ssl=trust, additional_headers={"x-goog-api-key": KEY}, proxy=None)


async def ended(client: ClientConnection) -> int:
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                await client.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


def audio(mime_type: str = "audio/pcm;rate=16000", data: bytes = b"\0\0") -> dict[str, Any]:
    blob = {"data": base64.b64encode(data).decode(), "mimeType": mime_type}
    return {"realtimeInput": {"audio": blob}}


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([audio()], "before the setup"),
        ([SETUP, SETUP], "a second setup"),
        ([{"setup": {"model": "gemini-3.8-live"}}], "the model is"),
        ([{"setup": {"model": "models/x"}}], "0 response modalities"),
        ([{"setup": {**SETUP["setup"], "voice": "Kore"}}], "voice"),
        ([SETUP, audio("audio/wav")], "audio/wav"),
        ([SETUP, audio(data=b"abc")], "3 bytes"),
        ([SETUP, audio(), audio("audio/pcm;rate=24000")], "another rate"),
        ([SETUP, {"realtimeInput": {"activityStart": {}}}], "although this server detects"),
        ([SETUP, {"realtimeInput": {**audio()["realtimeInput"], "text": "x"}}], "one thing"),
        ([SETUP, {"realtimeInput": {}, "clientContent": {}}], "one thing"),
        ([SETUP, {"toolResponse": {"functionResponses": [{"id": "x", "name": "f"}]}}], "no calls"),
        ([SETUP, {"hello": 1}], "hello"),
    ],
)
async def test_a_wrong_message_is_a_violation(tmp_path: Path, messages: list[dict[str, Any]], told: str) -> None:
    async with GeminiLiveServer(tmp_path) as server, raw(server) as client:
        for message in messages:
            await client.send(json.dumps(message))
        await server.until(lambda: bool(server.violations))
        assert told in server.violations[0]


async def test_both_spellings_are_taken(tmp_path: Path) -> None:
    spelled = [
        {
            "setup": {
                "model": "models/gemini-3.8-live",
                "generation_config": {"response_modalities": ["AUDIO"]},
                "realtime_input_config": {"automatic_activity_detection": {"silence_duration_ms": 100}},
            }
        },
        {"realtime_input": {"audio": {"mime_type": "audio/pcm;rate=16000", "data": "AAA="}}},
        {"client_content": {"turns": [{"role": "user", "parts": [{"text": "hi"}]}], "turn_complete": True}},
    ]
    async with GeminiLiveServer(tmp_path) as server, raw(server) as client:
        for message in spelled:
            await client.send(json.dumps(message))
        async with asyncio.timeout(WAIT_S):
            while b"turnComplete" not in await client.recv(decode=False):
                pass
        assert server.violations == []


async def test_a_wrong_key_ends_the_connection(tmp_path: Path) -> None:
    async with GeminiLiveServer(tmp_path) as server:
        with pytest.raises(errors.APIError, match="API key not valid"):
            async with opened(server, key="wrong"):
                pass
        server.serving.trouble_next(PATH, Refusal(429))
        with pytest.raises(Exception, match="429"):
            async with opened(server):
                pass


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.CLOSE_1011, Fault.CLOSE_1008])
async def test_a_connection_that_breaks(tmp_path: Path, fault: Fault) -> None:
    async with talk(tmp_path, says(LONG), Disturbance(fault, said_ms=500)) as (_, client):
        await client.speak("hello")
        with pytest.raises(errors.APIError):
            await client.turn()


@pytest.mark.parametrize(
    ("fault", "told"),
    [(Fault.MALFORMED, b"[1, 2]"), (Fault.UNKNOWN, b"weather"), (Fault.ERROR, b"secret words")],
)
async def test_nonsense_between_good_messages(tmp_path: Path, fault: Fault, told: bytes) -> None:
    async with GeminiLiveServer(tmp_path, says(LONG)) as server:
        server.disturb_next(Disturbance(fault, said_ms=300))
        async with raw(server) as client:
            await client.send(json.dumps(SETUP))
            await client.send(json.dumps({"clientContent": {"turnComplete": True}}))
            frames: list[bytes] = []
            async with asyncio.timeout(WAIT_S):
                while not frames or b"turnComplete" not in frames[-1]:
                    frames.append(await client.recv(decode=False))
            assert told in b"".join(frames)
