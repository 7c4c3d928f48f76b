"""The providers under every engine: the tests' Deepgram and OpenAI servers, scripted delays, a log of their work.

Times are seconds of the machine's monotonic clock, which all processes share.
"""

import itertools
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web

from benchmarks.peers.sounds import RATE_HZ, Sound
from tests.loopback.deepgram import DeepgramServer
from tests.loopback.deepgram_listen import ListenScript
from tests.loopback.ears import SaidWord
from tests.loopback.openai import KEY, ChatReply, OpenAIServer, Script, SpeechReply
from voiceprep.ports import SPEAKER_RATE_HZ, Samples

TRANSCRIPT_DELAY_S = 0.1
INTERIM_EVERY_MS = 40
"""Interims are 100 to 140 ms behind the audio; finals come 100 ms after Finalize or the engine's `endpointing`."""
FIRST_TOKEN_MS = 45
BETWEEN_TOKENS_MS = 10
OPENING_TOKENS = 6
"""45 ms and five times 10: the first sentence of a reply is there after 95 ms."""
FIRST_BYTE_MS = 50
CHUNK_BYTES = 4_096
BETWEEN_CHUNKS_MS = 10
"""85 ms of sound every 10 ms."""

OPENINGS = (
    "That gives me a picture of the moving parts.",
    "So the work went on while the service was running.",
    "I would like to stay with that for a moment.",
    "You had several people looking at the same thing.",
    "Then there was a decision in the middle of it.",
    "Let me ask about the part before that.",
)
QUESTIONS = (
    "How did the system behave on a busy day?",
    "Who else had to agree to the system?",
    "What did the system cost you every month?",
    "When did you first notice the system was slow?",
    "Which part of the system would you build differently?",
    "Where did the system keep its state?",
    "How did you find out the system had changed?",
)


def reply_texts() -> list[tuple[str, str]]:
    """Every opening with every question, neighbours different in both."""
    count = len(OPENINGS) * len(QUESTIONS)
    return [(OPENINGS[index % len(OPENINGS)], QUESTIONS[index % len(QUESTIONS)]) for index in range(count)]


PREWARM = "GET /v1/: no such path"


class KnownEar:
    """tests.loopback.ears.Ear over known sounds: tells each by its first samples, wherever they lie."""

    HEAD_SAMPLES = 200

    def __init__(self, sounds: Mapping[str, Sound]) -> None:
        self.said: list[SaidWord] = []
        self.sound_end_s = 0.0
        self._heads = {sound.samples[: self.HEAD_SAMPLES].tobytes(): sound for sound in sounds.values()}
        self._head: list[Samples] = []
        self._head_s = 0.0
        self._position_s = 0.0
        self._sound: Sound | None = None
        self._coming: list[SaidWord] = []

    def hear(self, samples: Samples, start_s: float) -> None:
        """Take at most 20 ms."""
        end_s = self._position_s = start_s + len(samples) / RATE_HZ
        if self._sound is None:
            self._listen(samples, start_s)
        sound = self._sound
        if sound is None:
            return
        for start, end in sound.spans:
            if self._head_s + start / RATE_HZ < end_s:
                self.sound_end_s = max(self.sound_end_s, min(end_s, self._head_s + end / RATE_HZ))
        while self._coming and self._coming[0].end_s <= end_s:
            self.said.append(self._coming.pop(0))
        if self._head_s + len(sound.samples) / RATE_HZ <= end_s:
            self._sound = None
            self._head = []

    def unfinished(self) -> SaidWord | None:
        """The word being said: no final is cut through it."""
        is_begun = self._coming and self._coming[0].start_s < self._position_s
        return self._coming[0] if is_begun else None

    def _listen(self, samples: Samples, start_s: float) -> None:
        """Zeros are silence; the first other samples are the head of a sound."""
        if not samples.any():
            self._head = []
            return
        if not self._head:
            first = int(np.flatnonzero(samples)[0])
            self._head_s = start_s + first / RATE_HZ
            samples = samples[first:]
        self._head.append(samples)
        head = np.concatenate(self._head)
        if len(head) < self.HEAD_SAMPLES:
            return
        self._sound = self._heads.get(head[: self.HEAD_SAMPLES].tobytes())
        if self._sound is not None:
            self._coming = [
                SaidWord(text, self._head_s + start, self._head_s + end) for text, start, end in self._sound.words
            ]


@dataclass
class ChatLog:
    """A request for words."""

    arrived_s: float
    opening: str
    opening_s: float = 0.0
    """The first sentence had been sent."""


@dataclass
class SpeechLog:
    """A request for speech."""

    arrived_s: float
    text: str
    first_byte_s: float = 0.0


@dataclass
class Log:
    """What the servers did during one job."""

    chats: list[ChatLog] = field(default_factory=list)
    speeches: list[SpeechLog] = field(default_factory=list)


class LoggedOpenAI(OpenAIServer):
    """Notes when requests come and when the parts that matter leave."""

    def __init__(self, opening_ms: int, rest_ms: int) -> None:
        super().__init__(Script(chat=self._next_chat, speech=self._next_speech))
        self.log = Log()
        self._texts = itertools.cycle(reply_texts())
        self._lengths_ms = (opening_ms, rest_ms)
        self._newest_chat: ChatLog | None = None

    def _next_chat(self, _request: Mapping[str, Any]) -> ChatReply:
        opening, question = next(self._texts)
        self._newest_chat = ChatLog(time.monotonic(), opening)
        self.log.chats.append(self._newest_chat)
        pieces = (*in_tokens(opening, OPENING_TOKENS), *in_tokens(f" {question}", OPENING_TOKENS))
        return ChatReply(pieces, first_token_ms=FIRST_TOKEN_MS, between_tokens_ms=BETWEEN_TOKENS_MS)

    def _next_speech(self, request: Mapping[str, Any]) -> SpeechReply:
        text = str(request["input"])
        self.log.speeches.append(SpeechLog(time.monotonic(), text))
        length_ms = self._lengths_ms[text.strip() in QUESTIONS]
        return SpeechReply(
            tone(length_ms).tobytes(),
            chunk_bytes=CHUNK_BYTES,
            first_byte_ms=FIRST_BYTE_MS,
            between_chunks_ms=BETWEEN_CHUNKS_MS,
        )

    async def _chat_events(
        self, request: web.Request, body: Mapping[str, Any], reply: ChatReply
    ) -> AsyncIterator[bytes]:
        chat, sent = self._newest_chat, 0
        async for event in super()._chat_events(request, body, reply):
            yield event
            sent += 1
            if chat is not None and sent == OPENING_TOKENS + 1:  # the first event holds the role
                chat.opening_s = time.monotonic()

    async def _speech_bytes(self, request: web.Request, reply: SpeechReply) -> AsyncIterator[bytes]:
        speech = self.log.speeches[-1]
        async for piece in super()._speech_bytes(request, reply):
            speech.first_byte_s = speech.first_byte_s or time.monotonic()
            yield piece


def in_tokens(text: str, count: int) -> list[str]:
    """`text` in `count` pieces of whole words."""
    words = [f" {word}" if index else word for index, word in enumerate(text.split(" "))]
    edges = [round(index * len(words) / count) for index in range(count + 1)]
    return ["".join(words[start:end]) for start, end in itertools.pairwise(edges)]


def tone(length_ms: int) -> Samples:
    """A voice nobody listens to: loud from its first sample to its last, never zero. 24 kHz."""
    at = np.arange(SPEAKER_RATE_HZ * length_ms // 1000) / SPEAKER_RATE_HZ
    samples = (8_000 * np.sin(2 * np.pi * 180 * at) * (1 + 0.3 * np.sin(2 * np.pi * 4 * at))).astype("<i2")
    samples[np.abs(samples) < 40] = 40
    return samples


@dataclass
class Emulator:
    """Both servers."""

    deepgram: DeepgramServer
    openai: LoggedOpenAI

    @property
    def violations(self) -> list[str]:
        """Rules somebody broke. LiveKit warms up with a request for nothing, which real servers allow."""
        return [what for what in (*self.deepgram.violations, *self.openai.violations) if what != PREWARM]

    async def warm(self) -> None:
        """What these servers do on first use, before anybody is measured."""
        url, headers = self.openai.base_url, {"Authorization": f"Bearer {KEY}"}
        chat = {"model": "gpt-6-luna", "stream": True, "messages": [{"role": "user", "content": "Ready?"}]}
        speech = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Ready?", "response_format": "pcm"}
        async with aiohttp.ClientSession(headers=headers) as client:
            for path, body in (("chat/completions", chat), ("audio/speech", speech)):
                async with client.post(f"{url}/{path}", json=body) as answer:
                    await answer.read()

    def take_log(self) -> Log:
        """What was done since the last call."""
        log, self.openai.log = self.openai.log, Log()
        return log


def make_emulator(sounds: Mapping[str, Sound], *, opening_ms: int, rest_ms: int) -> Emulator:
    """A reply is spoken in two sentences of the given lengths. Enter both servers before use."""
    script = ListenScript(
        ear=lambda: KnownEar(sounds), delay_s=TRANSCRIPT_DELAY_S, interim_every_ms=INTERIM_EVERY_MS
    )
    return Emulator(DeepgramServer(listen=script), LoggedOpenAI(opening_ms, rest_ms))
