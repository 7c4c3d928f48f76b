"""OpenAI's Realtime API (GA) and whoever speaks its protocol: a compatible server, Azure, xAI.

Speaks to the socket itself: the SDK takes 0.8 s to import and 40 MB, and its parser does not validate. Messages are
told apart by their `type`; unknown ones are counted.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from voiceprep.ports import OnUsage
from voiceprep.providers.openai_dialect import Dialect, GrokDialect, Message, OpenAIDialect
from voiceprep.providers.openai_realtime_session import OpenAIRealtimeSession, Told
from voiceprep.providers.openai_services import Service, full_url, is_web_address, service_named
from voiceprep.providers.realtime_socket import RealtimeSocket, Who, open_socket
from voiceprep.realtime import RealtimeSetup
from voiceprep.tasks import Tasks

OPENAI_MODEL, GROK_MODEL = "gpt-realtime-2.1", "grok-voice-latest"
READY_S = 8.0
OPENAI_LIMIT_MS, GROK_LIMIT_MS = 55 * 60_000, 25 * 60_000
"""OpenAI ends a session after 60 minutes; xAI's pages name 30, 60 and 120."""


class OpenAIRealtime:
    """realtime.RealtimeModel."""

    def __init__(
        self,
        tasks: Tasks,
        *,
        api_key: str,
        on_usage: OnUsage,
        base_url: str | None = None,
        model: str = "",
        name: str = "openai",
    ) -> None:
        service = service_named(name)
        self.name = name
        self._tasks, self._on_usage, self._api_key = tasks, on_usage, api_key
        self._url = full_url(service, base_url)
        is_official = self._url == service.url
        self._is_azure = _is_azure(self._url)
        self._who = Who(
            name, service.title if is_official else "The realtime server", _key_name(service), self._url
        )
        self.model = model or (GROK_MODEL if name == "grok" else OPENAI_MODEL)
        self._dialect: Dialect
        if name == "grok":
            self._dialect = GrokDialect(self.model)
        else:
            self._dialect = OpenAIDialect(self.model, is_official=is_official or self._is_azure)

    @property
    def session_limit_ms(self) -> int | None:
        return GROK_LIMIT_MS if self.name == "grok" else OPENAI_LIMIT_MS

    @property
    def prefers_our_turns(self) -> bool:
        """xAI always answers a turn that it detects, which only the plan may do."""
        return self.name == "grok"

    async def prepare(self) -> None:
        """Import the WebSocket library, off the event loop."""
        await self._tasks.in_thread(_import_websockets)

    async def open(self, setup: RealtimeSetup) -> OpenAIRealtimeSession:
        """Connect, configure, and tell what was said before. Raises ProviderError."""
        if not is_web_address(self._url):
            raise self._who.error("The address of the realtime server is no web address.", "Correct it.")
        if not self._api_key.isascii() or not self._api_key.isprintable():
            raise self._who.error(f"{self._who.key_name} holds characters that no key has.", "Copy the key again.")
        url = realtime_url(self._url, self.model)
        socket = await open_socket(url, self._headers(), self._tasks, self._who)
        try:
            async with asyncio.timeout(READY_S):
                await self._configure(socket, setup)
        except TimeoutError:
            await socket.close()
            raise self._who.unreachable() from None
        except BaseException:
            await socket.close()
            raise
        told = Told(self.name, self.model, self._dialect, self._who, self._on_usage)
        session = OpenAIRealtimeSession(socket, setup, told)
        session.remember(setup.history)
        return session

    async def close(self) -> None:
        """Nothing is open but sessions."""

    def _headers(self) -> Mapping[str, str]:
        if self._is_azure:
            return {"api-key": self._api_key}
        return {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}

    async def _configure(self, socket: RealtimeSocket, setup: RealtimeSetup) -> None:
        waiting: list[Message | None] = [self._dialect.session(setup), self._dialect.plain_session(setup)]
        for session in waiting:
            if session is None:
                break
            socket.send({"type": "session.update", "session": session})
            if await self._is_accepted(socket):
                return
        raise self._who.error(
            f"{self._who.title} does not accept the settings for {self.model}.",
            "Choose another model with --realtime PROVIDER:MODEL.",
        )

    async def _is_accepted(self, socket: RealtimeSocket) -> bool:
        async for frame in socket.frames():
            if frame.get("type") == "session.updated":
                return True
            if frame.get("type") == "error":
                return False
        raise self._who.error(
            f"{self._who.title} hung up before the session began.", "Try again.", is_retryable=True
        )


def _import_websockets() -> None:
    import websockets.asyncio.client  # noqa: F401 - only to have it imported


def _key_name(service: Service) -> str:
    return service.key_names[0] if service.key_names else "the key"


def _is_azure(url: str) -> bool:
    """Azure's own host, or its style of address with an `api-version`."""
    if not is_web_address(url):
        return False  # `open` says so
    parts = urlsplit(url)
    return (parts.hostname or "").endswith(".openai.azure.com") or "api-version" in dict(parse_qsl(parts.query))


def realtime_url(base_url: str, model: str) -> str:
    """The WebSocket's address. With an `api-version` in the base the model is Azure's deployment."""
    parts = urlsplit(base_url)
    query = dict(parse_qsl(parts.query))
    query["deployment" if "api-version" in query else "model"] = model
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, f"{parts.path.rstrip('/')}/realtime", urlencode(query), ""))
