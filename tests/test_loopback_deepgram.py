"""The loopback Deepgram server notices what a client does wrong; without that, no test over it means anything."""

import asyncio
import json
from collections import deque

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.loopback.deepgram import KEY, NET_0001, DeepgramServer
from tests.loopback.deepgram_listen import ListenScript
from tests.loopback.ears import LOUD, SaidWord, TimedEar, coded_speech, silence

pytestmark = [
    pytest.mark.filterwarnings("ignore:websockets.*is deprecated:DeprecationWarning"),
    pytest.mark.timeout(20),
]

NOVA = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000&interim_results=true"
FLUX = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000"
AURA = "/v1/speak?model=aura-2-thalia-en&encoding=linear16&sample_rate=24000"


def opened(server: DeepgramServer, address: str, key: str = KEY) -> connect:
    return connect(
        server.serving.websocket_url + address, additional_headers={"Authorization": f"Token {key}"}, proxy=None
    )


async def until_closed(client: ClientConnection) -> tuple[list[str | bytes], int]:
    """What still arrives, and the code it ends with."""
    arrived = []
    try:
        while True:
            arrived.append(await client.recv())
    except ConnectionClosed as closed:
        return arrived, closed.rcvd.code if closed.rcvd else 1006


@pytest.mark.parametrize(
    ("address", "message", "told"),
    [
        (NOVA, b"", "0 bytes"),
        (NOVA, b"abc", "3 bytes"),
        (NOVA, '{"type": "keepalive"}', "keepalive"),
        (NOVA, '{"type": "Finalize", "now": true}', "now"),
        (NOVA, '{"type": "ForceEndTurn"}', "ForceEndTurn"),
        (NOVA, "hello", "/v1/listen"),
        (FLUX, '{"type": "KeepAlive"}', "KeepAlive"),
        (FLUX, '{"type": "Configure", "thresholds": {"eot": 1}}', "eot"),
        (AURA, '{"type": "Speak"}', "text"),
        (AURA, '{"type": "Speak", "text": " "}', "without text"),
        (AURA, '{"type": "Interrupt"}', "Interrupt"),
        (AURA, b"1234", "audio sent to a voice"),
    ],
)
async def test_a_wrong_message_is_a_violation(address: str, message: str | bytes, told: str) -> None:
    async with DeepgramServer() as server, opened(server, address) as client:
        await client.send(message)
        await server.serving.until(lambda: bool(server.violations))
        assert told in server.violations[0]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/v1/listen?encoding=linear16&sample_rate=16000", "no model"),
        ("/v1/listen?model=nova-3&encoding=linear16", "without sample_rate"),
        (NOVA + "&filler_words=True", "filler_words=True"),
        (NOVA + "&filler=true", "unknown parameter filler"),
        (NOVA + "&utterance_end_ms=500", "utterance_end_ms"),
        ("/v1/listen?model=nova-2&keyterm=Redis", "keyterm with nova-2"),
        ("/v1/listen?model=flux-general-en", "does not have flux"),
        (FLUX + "&eot_threshold=0.2", "eot_threshold"),
        ("/v2/speak?model=aura-2-thalia-en", "does not have aura"),
        ("/v1/speak?model=aura-2-thalia-en&sample_rate=16001", "sample_rate=16001"),
    ],
)
async def test_a_wrong_address_is_refused_and_a_violation(address: str, told: str) -> None:
    async with DeepgramServer() as server:
        with pytest.raises(InvalidStatus, match="400"):
            await opened(server, address)
        assert told in server.violations[0]


async def test_a_wrong_key_is_refused_and_no_violation() -> None:
    async with DeepgramServer() as server:
        with pytest.raises(InvalidStatus, match="401"):
            await opened(server, NOVA, key="another")
        assert server.violations == []


async def test_a_silent_client_is_closed_with_net_0001() -> None:
    async with DeepgramServer(ListenScript(idle_s=0.05)) as server, opened(server, NOVA) as client:
        _, code = await until_closed(client)
        assert code == 1011
        assert client.close_reason == NET_0001
        assert server.connections[0].is_net_0001


async def test_close_stream_brings_the_rest_the_metadata_and_the_end() -> None:
    async with DeepgramServer() as server, opened(server, NOVA + "&endpointing=false") as client:
        for block in coded_speech("Hello there."):
            await client.send(block.tobytes())
        await client.send('{"type": "CloseStream"}')
        arrived, code = await until_closed(client)
        messages = [json.loads(message) for message in arrived]
        assert code == 1000
        assert messages[-1]["type"] == "Metadata"
        assert messages[-1]["duration"] == pytest.approx(0.4)
        assert messages[-2]["is_final"] is True
        assert messages[-2]["channel"]["alternatives"][0]["transcript"] == "Hello there."
        assert server.violations == []


async def test_a_timed_ear_knows_recordings_by_their_onsets() -> None:
    answers = deque([(SaidWord("Yes.", 0.0, 0.2),), (SaidWord("Why", 0.0, 0.1), SaidWord("not?", 0.1, 0.4))])
    ear = TimedEar(answers)
    audio = [*silence(100), *coded_speech("x", 200), *silence(500), *coded_speech("y z", 200), *silence(100)]
    for index, block in enumerate(audio):
        ear.hear(block, index * 0.02)
    assert [word.text for word in ear.said] == ["Yes.", "Why", "not?"]
    assert ear.said[1].start_s == pytest.approx(0.8)
    assert abs(int(audio[5].max())) >= LOUD


async def test_fault_free_connections_leave_nothing_behind() -> None:
    async with DeepgramServer() as server:
        async with opened(server, AURA) as client:
            await client.send('{"type": "Close"}')
            await until_closed(client)
        await server.serving.until(lambda: server.serving.open_count == 0)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
