"""The servers of a cascaded session, and everything that can go wrong with them."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.loopback.deepgram import DeepgramServer
from tests.loopback.deepgram import Fault as Cut
from tests.loopback.deepgram_messages import LISTEN_V1, SPEAK_V1
from tests.loopback.openai import (
    CHAT,
    SPEECH,
    TRANSCRIPTIONS,
    ChatReply,
    OpenAIServer,
    SpeechReply,
    TranscriptReply,
    openai_error,
)
from tests.loopback.openai import Fault as Break
from tests.loopback.serving import LoopbackServer, Refusal, Trouble, hang_up
from tests.provider_room import environment_of, hears_coded_speech

WORDED = ("I follow you so far. ", "And how about the rest of it, ", "would you say?")
CUTS = tuple(Cut)
BREAKS = (Break.HANG_UP, Break.STALL, Break.MALFORMED, Break.TRUNCATED)
STATUSES = (429, 500, 503)
WORD_SAMPLES = 2_400


@dataclass
class Servers:
    """Everybody who can fail."""

    deepgram: DeepgramServer
    openai: OpenAIServer
    groq: OpenAIServer

    @property
    def all(self) -> tuple[LoopbackServer, ...]:
        return self.deepgram.serving, self.openai, self.groq

    @property
    def environment(self) -> dict[str, str]:
        return environment_of(self.deepgram, self.openai, self.groq)

    @property
    def violations(self) -> list[str]:
        return [violation for server in self.all for violation in server.violations]

    def strike(self, chance: random.Random) -> str:
        """Let something fail; what."""
        return chance.choice(FAULTS)(self, chance)


@asynccontextmanager
async def cascaded_servers() -> AsyncIterator[Servers]:
    """All of them, able to hear coded speech and to word and speak replies."""
    async with DeepgramServer() as deepgram, OpenAIServer() as openai, OpenAIServer(key="gsk-loopback") as groq:
        for server in (openai, groq):
            hears_coded_speech(server)
            server.script.chat = lambda _: ChatReply(WORDED, first_token_ms=100)
            server.script.speech = lambda asked: SpeechReply(
                b"\x00\x04" * WORD_SAMPLES * len(asked["input"].split())
            )
        yield Servers(deepgram, openai, groq)


def _cut_recogniser(servers: Servers, chance: random.Random) -> str:
    cut = chance.choice(CUTS)
    servers.deepgram.disturb_now(LISTEN_V1, cut)
    return f"recogniser: {cut}"


def _cut_voice(servers: Servers, chance: random.Random) -> str:
    cut = chance.choice(CUTS)
    servers.deepgram.disturb_now(SPEAK_V1, cut)
    return f"voice: {cut}"


def _refuse_reconnects(servers: Servers, chance: random.Random) -> str:
    path, status, times = chance.choice((LISTEN_V1, SPEAK_V1)), chance.choice(STATUSES), chance.randint(1, 3)
    servers.deepgram.serving.trouble_next(path, *[Refusal(status)] * times)
    servers.deepgram.disturb_now(path, Cut.DROP)
    return f"{path}: dropped, then HTTP {status} {times} times"


def _fail_http(servers: Servers, chance: random.Random) -> str:
    path = chance.choice((CHAT, SPEECH, TRANSCRIPTIONS))
    trouble = chance.choice((openai_error(chance.choice(STATUSES)), Trouble.HANG_UP, Trouble.STALL))
    for server in (servers.openai, servers.groq):
        server.trouble_next(path, trouble)
    return f"{path}: {trouble.status if isinstance(trouble, Refusal) else trouble}"


def _break_answer(servers: Servers, chance: random.Random) -> str:
    how = chance.choice(BREAKS)
    for server in (servers.openai, servers.groq):
        server.script.chats.append(ChatReply(WORDED, fault=how, fault_after=chance.randint(0, 2)))
        server.script.transcripts.append(TranscriptReply("", fault=how))
    return f"http: the next answers break: {how}"


def _slow_model(servers: Servers, chance: random.Random) -> str:
    byte_ms = chance.choice((5, 20))
    servers.openai.script.chats.append(ChatReply(WORDED, slow_byte_ms=byte_ms))
    return f"model: a byte every {byte_ms} ms"


def _hang_up_all(servers: Servers, chance: random.Random) -> str:
    for server in servers.all:
        for request in server.open_requests:
            hang_up(request)
    return "network: every connection cut"


FAULTS = (
    _cut_recogniser,
    _cut_recogniser,
    _cut_voice,
    _refuse_reconnects,
    _fail_http,
    _break_answer,
    _slow_model,
    _hang_up_all,
)
