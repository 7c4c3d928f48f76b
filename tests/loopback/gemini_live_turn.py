"""One turn of Gemini Live's model: sound and words in pieces, tools, and how it ends.

Must not know sockets.
"""

import asyncio
import base64
import random
from typing import Protocol

from tests.loopback.realtime import Asked, Message, Reply, Script, ToolCall, wait_ms
from voiceprep.ports import SPEAKER_RATE_HZ

TOKENS_PER_S = 25


class Host(Protocol):
    """The conversation a turn belongs to."""

    script: Script
    said: list[tuple[str, str]]
    random: random.Random
    system: str
    heard_ms: float
    pending_calls: set[str]

    @property
    def tells_what_it_says(self) -> bool: ...

    def send(self, kind: str, message: Message) -> None: ...

    def tell(self, **content: object) -> None: ...

    async def said_piece(self, piece_ms: float) -> None: ...

    def end_turn(self, turn: "ModelTurn") -> None: ...


class ModelTurn:
    """Made by a conversation, which spawns `run`."""

    def __init__(self, host: Host, number: int, instructions: str) -> None:
        self._host = host
        self._number = number
        self._instructions = instructions
        self._stop = asyncio.Event()
        self._said_ms = 0.0
        self._text = ""

    def interrupt(self) -> None:
        """Somebody speaks: no more of it, also when it was generated and is only being played."""
        self._stop.set()

    async def run(self) -> None:
        """To its end, whatever it is."""
        host = self._host
        asked = Asked(self._number, host.system, self._instructions, tuple(host.said))
        reply = host.script.reply(asked)
        if reply.text:
            await self._speak(reply)
        if reply.tools and not self._stop.is_set():
            self._call(reply.tools)
        if self._text:
            host.said.append(("model", self._text))
        if not self._stop.is_set():
            host.tell(generationComplete=True)
            await wait_ms(reply.linger_ms, self._stop)
        if self._stop.is_set():
            self._cancel_tools()
            host.tell(interrupted=True)
        self._complete()

    async def _speak(self, reply: Reply) -> None:
        host = self._host
        samples = await host.script.say(reply.text)
        size = SPEAKER_RATE_HZ * reply.piece_ms // 1000
        pieces = [samples[start : start + size] for start in range(0, len(samples), size)]
        words, told = reply.text.split(), 0
        await wait_ms(reply.first_audio_ms, self._stop)
        for index, piece in enumerate(pieces):
            if self._stop.is_set():
                return
            data = base64.b64encode(piece.astype("<i2").tobytes()).decode()
            blob = {"mimeType": f"audio/pcm;rate={SPEAKER_RATE_HZ}", "data": data}
            host.tell(modelTurn={"role": "model", "parts": [{"inlineData": blob}]})
            wanted = (index + 1) * len(words) // len(pieces)
            self._tell(words[told:wanted])
            told = wanted
            piece_ms = len(piece) * 1000 / SPEAKER_RATE_HZ
            self._said_ms += piece_ms
            await host.said_piece(piece_ms)
            await wait_ms(reply.between_pieces_ms, self._stop)

    def _tell(self, words: list[str]) -> None:
        if not words:
            return
        piece = f" {' '.join(words)}" if self._text else " ".join(words)
        self._text += piece
        if self._host.tells_what_it_says:
            self._host.tell(outputTranscription={"text": piece})

    def _call(self, calls: tuple[ToolCall, ...]) -> None:
        asked = [
            {"id": f"function-call-{self._number}-{index}", "name": call.name, "args": dict(call.arguments)}
            for index, call in enumerate(calls)
        ]
        self._host.pending_calls |= {str(call["id"]) for call in asked}
        self._host.send("toolCall", {"toolCall": {"functionCalls": asked}})

    def _cancel_tools(self) -> None:
        pending = self._host.pending_calls
        if pending:
            self._host.send("toolCallCancellation", {"toolCallCancellation": {"ids": sorted(pending)}})
            pending.clear()

    def _complete(self) -> None:
        host = self._host
        usage = self._usage()
        if host.random.random() < 0.5:  # with it or behind it
            host.send("turnComplete", {"serverContent": {"turnComplete": True}, "usageMetadata": usage})
        else:
            host.tell(turnComplete=True)
            host.send("usageMetadata", {"usageMetadata": usage})
        host.end_turn(self)

    def _usage(self) -> Message:
        heard = round(self._host.heard_ms * TOKENS_PER_S / 1000)
        words = -(-sum(len(text) for _, text in self._host.said) // 4)
        spoken = round(self._said_ms * TOKENS_PER_S / 1000)
        return {
            "promptTokenCount": heard + words,
            "responseTokenCount": spoken,
            "totalTokenCount": heard + words + spoken,
            "promptTokensDetails": [
                {"modality": "AUDIO", "tokenCount": heard},
                {"modality": "TEXT", "tokenCount": words},
            ],
            "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": spoken}],
        }
