"""A client of OpenAI's realtime protocol for tests of servers: the official SDK, and a log of what came."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from openai import AsyncOpenAI
from websockets.exceptions import ConnectionClosedOK

from tests.loopback.tones import tone_samples
from voiceprep.ports import Samples

WAIT_S = 20.0


class Client:
    """Everything that arrived, as dictionaries in order; `until` reads on."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - the SDK's connection
        self.connection = connection
        self.events: list[dict[str, Any]] = []

    async def until(self, kind: str, matches: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next event of a type. Raises TimeoutError, or what ends the connection."""
        async with asyncio.timeout(WAIT_S):
            while True:
                event = self._take(await self.connection.recv_bytes())
                if event.get("type") == kind and matches(event):
                    return event

    async def rest(self) -> list[dict[str, Any]]:
        """What still comes until the server ends the connection."""
        async with asyncio.timeout(WAIT_S):
            with suppress(ConnectionClosedOK):
                while True:
                    self._take(await self.connection.recv_bytes())
        return self.events

    def _take(self, frame: bytes) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(frame)
        assert self.connection.parse_event(frame).type == event["type"]
        self.events.append(event)
        return event

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("type") == kind]

    @property
    def kinds(self) -> list[str]:
        return [str(event.get("type")) for event in self.events]

    async def update(self, **session: Any) -> None:  # noqa: ANN401 - fields of the session
        """Change the session and wait until it is."""
        await self.connection.send({"type": "session.update", "session": {"type": "realtime", **session}})
        await self.until("session.updated")

    async def listen(self, **detection: Any) -> None:  # noqa: ANN401 - fields of turn_detection
        """Transcription on, and this turn detection (none: by hand)."""
        heard = {"transcription": {"model": "gpt-live-transcribe"}, "turn_detection": detection or None}
        await self.update(audio={"input": heard})

    async def hear(self, samples: Samples, rate_hz: int = 24_000) -> None:
        """Send audio, 20 ms a message."""
        size = rate_hz // 50
        for start in range(0, len(samples), size):
            piece = samples[start : start + size].astype("<i2").tobytes()
            await self.connection.send(
                {"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()}
            )

    async def speak(self, text: str, silence_ms: int = 700, rate_hz: int = 24_000) -> None:
        """Say it, and be silent."""
        silence = np.zeros(rate_hz * silence_ms // 1000, np.int16)
        await self.hear(np.concatenate((tone_samples(text, rate_hz), silence)), rate_hz)

    def sound(self, response_id: str | None = None) -> Samples:
        """What the model said, of one response or of all. Shape (n_samples,)."""
        deltas = [
            base64.b64decode(event["delta"])
            for event in self.of("response.output_audio.delta")
            if response_id in (None, event["response_id"])
        ]
        return np.frombuffer(b"".join(deltas), "<i2").astype(np.int16)


@asynccontextmanager
async def openai_client(base_url: str, key: str, model: str = "gpt-realtime-2.1") -> AsyncIterator[Client]:
    """Connected. `base_url` with `/v1`."""
    async with (
        AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0) as sdk,
        sdk.realtime.connect(model=model) as connection,
    ):
        yield Client(connection)
