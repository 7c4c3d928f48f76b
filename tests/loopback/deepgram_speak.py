"""The two speak protocols: text and flushes in, 24 kHz audio of a known length out.

Must not know sockets.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.loopback.deepgram_messages import REQUEST_ID, Wire

CHARS_MAX = 2_000
FLUSHES_MAX = 20
WORD_MS = 100
LEVEL = 1_000


@dataclass(frozen=True, slots=True)
class SpeakScript:
    """How a voice behaves: 100 ms a word, in pieces."""

    first_byte_s: float = 0.0
    piece_bytes: int = 4_800
    """100 ms at 24 kHz; an odd number cuts samples in two."""
    piece_every_s: float = 0.0


def speech_of(text: str, rate_hz: int = 24_000) -> bytes:
    """What the voice says: linear16, 100 ms a word, every word at a level of its own."""
    words = text.split()
    levels = [LEVEL + index for index in range(len(words))]
    return np.repeat(np.array(levels, "<i2"), rate_hz * WORD_MS // 1000).tobytes()


class _Voice:
    """Texts flushed and not yet spoken; what both protocols share."""

    def __init__(self, wire: Wire, script: SpeakScript) -> None:
        self.wire = wire
        self.script = script
        self.rate_hz = int(wire.query.get("sample_rate", "24000"))
        self.text = ""
        self.sent_ms = 0.0
        self.stop = asyncio.Event()
        self.flushed: asyncio.Queue[str] = asyncio.Queue()

    def add(self, text: str) -> None:
        if not text.strip():
            self.wire.violate("Speak without text")
        if len(text) > CHARS_MAX:
            self.wire.violate(f"Speak with {len(text)} characters")
        self.text += text

    def flush(self) -> None:
        self.flushed.put_nowait(self.text)
        self.text = ""

    def clear(self) -> None:
        self.text = ""
        while not self.flushed.empty():
            self.flushed.get_nowait()
        self.stop.set()

    async def speak(self, text: str) -> bool:
        """Send the audio of `text`; False when stopped on the way."""
        self.stop = asyncio.Event()
        audio, size = speech_of(text, self.rate_hz), self.script.piece_bytes
        if await self._waited(self.script.first_byte_s):
            return False
        for start in range(0, len(audio), size):
            await self.wire.disturb(self.sent_ms)
            piece = audio[start : start + size]
            self.wire.send_audio(piece)
            self.sent_ms += len(piece) / 2 / self.rate_hz * 1000
            if await self._waited(self.script.piece_every_s):
                return False
        return True

    async def _waited(self, wait_s: float) -> bool:
        """Whether a stop came meanwhile."""
        if wait_s == 0:
            await asyncio.sleep(0)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self.stop.wait()
        return self.stop.is_set()


class AuraSession:
    """Speak v1: audio comes after Flush; Clear drops what was not sent."""

    def __init__(self, wire: Wire, script: SpeakScript) -> None:
        self._wire = wire
        self._voice = _Voice(wire, script)
        self._sequence_id = 0
        self._flushed_at: deque[float] = deque(maxlen=FLUSHES_MAX)

    def greet(self) -> None:
        self._wire.send(
            "Metadata",
            {
                "request_id": REQUEST_ID,
                "model_name": self._wire.query["model"],
                "model_version": "2026-01-01.0",
                "model_uuid": REQUEST_ID,
            },
        )

    async def work(self) -> None:
        while True:
            if await self._voice.speak(await self._voice.flushed.get()):
                self._answer("Flushed")

    async def take_audio(self, audio: bytes) -> None:
        self._wire.violate("audio sent to a voice")

    async def take(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "Speak":
                self._voice.add(message["text"])
            case "Flush":
                self._flush()
            case "Clear":
                self._voice.clear()
                self._answer("Cleared")
            case "Close":
                self._wire.close(1000)

    def _flush(self) -> None:
        now = asyncio.get_running_loop().time()
        if len(self._flushed_at) == FLUSHES_MAX and now - self._flushed_at[0] < 60:
            self._wire.violate("more than 20 flushes a minute")
            self._wire.send("Warning", {"description": "too many flushes", "code": "FLUSH_LIMIT"})
            return
        self._flushed_at.append(now)
        self._voice.flush()

    def _answer(self, kind: str) -> None:
        self._wire.send(kind, {"sequence_id": self._sequence_id})
        self._sequence_id += 1


class FluxVoiceSession:
    """Speak v2: one turn per flush; Interrupt ends it, and is ignored with a warning where there is none."""

    def __init__(self, wire: Wire, script: SpeakScript) -> None:
        self._wire = wire
        self._voice = _Voice(wire, script)
        self._speech_count = 0
        self._speaking: str | None = None
        self._chars = 0

    def greet(self) -> None:
        self._wire.send(
            "Connected",
            {
                "request_id": REQUEST_ID,
                "model_name": self._wire.query["model"],
                "model_version": "2026-01-01.0",
                "model_uuids": [REQUEST_ID],
            },
        )

    async def work(self) -> None:
        while True:
            text = await self._voice.flushed.get()
            self._speech_count += 1
            self._speaking = text
            self._wire.send("SpeechStarted", {"speech_id": self._speech_id})
            if await self._voice.speak(text):
                self._wire.send("SpeechMetadata", self._metadata(text))
                self._wire.send("Flushed", {"speech_id": self._speech_id})
                self._speaking = None

    async def take_audio(self, audio: bytes) -> None:
        self._wire.violate("audio sent to a voice")

    async def take(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "Speak":
                self._voice.add(message["text"])
                self._chars += len(message["text"])
            case "Flush":
                self._voice.flush()
            case "Interrupt":
                self._interrupt()
            case "Close":
                self._close()

    @property
    def _speech_id(self) -> str:
        return f"dg_sp_{self._speech_count:012x}"

    def _interrupt(self) -> None:
        if not self._voice.sent_ms:
            self._wire.send("Warning", {"code": "NO_AUDIO_GENERATED", "description": "nothing to interrupt"})
        elif self._speaking is None:
            self._wire.send("Warning", {"code": "NO_ACTIVE_SPEECH", "description": "nothing to interrupt"})
        else:
            self._voice.clear()
            played_ms, text = int(self._voice.sent_ms), self._speaking
            self._speaking = None
            self._wire.send("SpeechInterrupted", {"audio_played_ms": played_ms, "metadata": self._metadata(text)})

    def _metadata(self, text: str) -> dict[str, object]:
        counts = {"pronunciations_applied": 0, "breaks_applied": 0, "pronunciation_warnings": 0}
        return {
            "speech_id": self._speech_id,
            "audio_duration_ms": WORD_MS * len(text.split()),
            "input_character_count": len(text),
            "billable_character_count": len(text),
            "controls_applied": counts,
        }

    def _close(self) -> None:
        totals = {"total_input_character_count": self._chars, "total_billable_character_count": self._chars}
        self._wire.send("SessionMetadata", {"total_audio_duration_ms": int(self._voice.sent_ms), **totals})
        self._wire.close(1000)
