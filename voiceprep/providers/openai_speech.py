"""Voices over OpenAI's audio/speech: raw PCM as it is made. For compatible servers, and OpenAI while it lasts.

Must not know who listens.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import numpy as np

from voiceprep.model import Usage
from voiceprep.ports import SPEAKER_RATE_HZ, OnUsage, Samples
from voiceprep.providers.openai_common import Connection, MalformedAnswerError, OptionalParameters, Waits

INPUT_CHARS_MAX = 4_096
"""What one request may hold."""

SLOWEST_PACE = 0.5
PACE_AFTER_S = 2.0
"""A voice that has sent less than this share of real time this long after its first sound is too slow to use."""

IN_HAND_S, GATHER_S, READING_S = 0.2, 0.1, 0.01
"""With more than the first still to be heard, what arrives within the second is read in one go, which takes less
than the third."""

_PCM_BYTES_PER_S = SPEAKER_RATE_HZ * 2
_OTHER_FORMATS = (b"RIFF", b"ID3", b"\xff\xfb", b"\xff\xf3", b"OggS", b"fLaC")


class OpenAISynthesizer:
    """A Synthesizer. 24 kHz audio is handed on in the pieces it arrives in; one retry before the first.

    `name` as for OpenAITextModel. An empty `model` is the service's default. OpenAI serves its own speech models
    until 2027-01-06; past that day `warm` says so. `instructions` say how to speak, where a model takes them.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        model: str = "",
        voice: str = "alloy",
        name: str = "openai",
        instructions: str = "",
        on_usage: OnUsage | None = None,
        waits: Waits | None = None,
    ) -> None:
        self.name = name
        self.voice = voice
        self._connection = Connection(
            name=name, stage="tts", api_key=api_key, base_url=base_url, model=model, waits=waits
        )
        self._connection.model = model or self._connection.service.speech_model
        self._on_usage = on_usage
        self._parameters = OptionalParameters({"instructions": instructions} if instructions else {})

    @property
    def model(self) -> str:
        """The model asked; known after `warm` where the server decides."""
        return self._connection.model

    async def warm(self) -> None:
        """Connect, check key and model. Raises ProviderError."""
        await self._connection.warm()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def synthesize(self, text: str) -> AsyncGenerator[Samples, None]:
        """24 kHz audio, shape (n_samples,), as it comes. Closing the iterator ends the request.

        Raises ProviderError.
        """
        for part in split_input(text):
            async with aclosing(self._synthesize_part(part)) as pieces:
                async for samples in pieces:
                    yield samples

    async def _synthesize_part(self, text: str) -> AsyncGenerator[Samples, None]:
        response, pieces, piece = await self._connection.attempt(
            lambda: self._begin(text), adapt=self._parameters.adapt
        )
        received_bytes = 0
        loop = asyncio.get_running_loop()
        started_at_s = gathered_at_s = loop.time()
        odd = b""
        try:
            while piece:
                received_bytes += len(piece)
                samples, odd = _samples(odd + piece)
                if len(samples):
                    yield samples
                in_hand_s = received_bytes / _PCM_BYTES_PER_S - (loop.time() - started_at_s)
                if in_hand_s > IN_HAND_S and loop.time() - gathered_at_s > READING_S:
                    await asyncio.sleep(GATHER_S)
                    gathered_at_s = loop.time()
                piece = await self._continue(pieces, received_bytes, started_at_s)
        finally:
            await response.close()
            self._report(len(text), received_bytes)

    async def _begin(self, text: str) -> tuple[Any, AsyncIterator[bytes], bytes]:
        """Send the request and wait for the first sound: the response, its pieces and the first one."""
        client = await self._connection.client()
        request = {"model": self.model, "voice": self.voice, "input": text, "response_format": "pcm"}
        # The SDK's `async with` around a stream cannot outlive this function; its response can.
        manager = client.audio.speech.with_streaming_response.create(**request, **self._parameters.values)
        response = await manager.__aenter__()
        try:
            _check_type(response.headers.get("content-type", ""))
            pieces = response.iter_bytes()
            first = b""
            # Two bytes make a sample; four tell the formats nobody asked for.
            while len(first) < 4 and (piece := await anext(pieces, b"")):
                first += piece
            if not first:
                raise MalformedAnswerError("sent no sound")
            if first.startswith(_OTHER_FORMATS):
                raise MalformedAnswerError("sent another format than raw PCM")
        except BaseException:
            await response.close()
            raise
        return response, pieces, first

    async def _continue(self, pieces: AsyncIterator[bytes], received_bytes: int, started_at_s: float) -> bytes:
        try:
            async with asyncio.timeout(self._connection.waits.between_s):
                piece = await anext(pieces, b"")
        except Exception as error:  # outside its own streams the SDK hands on what its HTTP client raises
            raise self._connection.translate(error) from None  # the original may hold a key
        past_s = asyncio.get_running_loop().time() - started_at_s
        if piece and past_s > PACE_AFTER_S and received_bytes < past_s * SLOWEST_PACE * _PCM_BYTES_PER_S:
            raise self._connection.translate(MalformedAnswerError("sends speech more slowly than it is spoken"))
        return piece

    def _report(self, characters: int, received_bytes: int) -> None:
        if self._on_usage is not None:
            audio_ms = received_bytes * 1000 // _PCM_BYTES_PER_S
            self._on_usage(
                Usage(self.name, "tts", self.model, audio_ms=audio_ms, characters=characters),
            )


def split_input(text: str, chars_max: int = INPUT_CHARS_MAX) -> list[str]:
    """`text` in parts one request can take, cut after sentences where there are some, else after words."""
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > chars_max:
        head = rest[:chars_max]
        ends = [found.end() for found in re.finditer(r"[.!?]\s", head)]
        place = ends[-1] if ends else head.rfind(" ") + 1 or chars_max
        parts.append(rest[:place].strip())
        rest = rest[place:].strip()
    return [*parts, rest] if rest else parts


def _samples(pcm: bytes) -> tuple[Samples, bytes]:
    """Whole samples, and the byte of a sample whose other half is still to come."""
    whole = len(pcm) - len(pcm) % 2
    return np.frombuffer(pcm[:whole], dtype="<i2").astype(np.int16, copy=False), pcm[whole:]


def _check_type(content_type: str) -> None:
    if content_type.startswith(("application/json", "text/")):
        raise MalformedAnswerError("sent text instead of speech")
