"""The loopback server of a realtime model by the provider's name, and what a person would set to use it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.loopback.gemini_live import GeminiLiveServer
from tests.loopback.grok_realtime import GrokRealtimeServer
from tests.loopback.openai_realtime import OpenAIRealtimeServer
from tests.loopback.realtime import RealtimeServer, Script


@dataclass
class Served:
    """A protocol's server and what a person would set to use it."""

    name: str
    server: RealtimeServer
    environment: dict[str, str]


@asynccontextmanager
async def served(name: str, folder: Path, script: Script | None = None) -> AsyncIterator[Served]:
    """The server of `openai`, `grok` or `gemini`; `folder` takes Gemini's certificates."""
    if name == "openai":
        async with OpenAIRealtimeServer(script) as openai:
            yield Served(name, openai, {"OPENAI_API_KEY": openai.key, "OPENAI_BASE_URL": openai.base_url})
    elif name == "grok":
        async with GrokRealtimeServer(script) as grok:
            yield Served(name, grok, {"XAI_API_KEY": grok.key, "XAI_BASE_URL": grok.base_url})
    else:
        async with GeminiLiveServer(folder / "tls", script) as gemini:
            yield Served(
                name,
                gemini,
                {
                    "GEMINI_API_KEY": gemini.key,
                    "GOOGLE_GEMINI_BASE_URL": gemini.url,
                    "SSL_CERT_FILE": str(gemini.ca_path),
                },
            )
