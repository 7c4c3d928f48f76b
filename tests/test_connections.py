"""Every connection to a provider ends in time, goes through the proxy there is, and trusts no unknown authority."""

import ast
import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from ssl import SSLContext, SSLError
from typing import Any
from urllib.parse import urlsplit

import pytest

import voiceprep
from tests.commands import environment
from tests.loopback.certificates import make_tls
from tests.loopback.deepgram import KEY as DEEPGRAM_KEY
from tests.loopback.deepgram import DeepgramServer
from tests.loopback.openai import KEY, ChatReply, OpenAIServer
from voiceprep.errors import ProviderError
from voiceprep.model import Usage
from voiceprep.providers.deepgram_link import LinkPolicy
from voiceprep.providers.deepgram_listen import DeepgramTranscriber
from voiceprep.providers.deepgram_speak import DeepgramSynthesizer
from voiceprep.providers.gemini_live import GeminiLive
from voiceprep.providers.openai_common import Waits
from voiceprep.providers.openai_realtime import OpenAIRealtime
from voiceprep.providers.openai_speech import OpenAISynthesizer
from voiceprep.providers.openai_text import OpenAITextModel
from voiceprep.providers.openai_transcription import OpenAITranscriber
from voiceprep.realtime import RealtimeSetup
from voiceprep.tasks import Tasks

PACKAGE = Path(voiceprep.__file__).parent
WAITS = {
    ("providers/openai_common.py", "AsyncOpenAI"): "timeout=httpx2.Timeout(None, connect=self.waits.connect_s)",
    ("providers/deepgram_link.py", "AsyncDeepgramClient"): "asyncio.timeout(policy.connect_s)",
    ("providers/deepgram_proxy.py", "create_connection"): "timeout=CONNECT_S",
    ("providers/deepgram_proxy.py", "connect"): "open_timeout=CONNECT_S",
    ("providers/realtime_socket.py", "connect"): "open_timeout=OPEN_S",
    ("providers/gemini_live.py", "Client"): "asyncio.timeout(OPEN_S)",
    ("knowledge/documents.py", "run"): "timeout=wait_s",
}
"""Whatever makes a client or waits for another process, and what bounds it."""
HARMLESS = set(
    "urlsplit urlunsplit urlencode parse_qsl get_proxy parse_uri parse_proxy prepare_connect_request".split()
)
MAKERS = set("AsyncOpenAI OpenAI AsyncDeepgramClient DeepgramClient Client AsyncClient ClientSession".split())
MODULES = {"genai", "httpx", "httpx2", "aiohttp", "requests", "subprocess", "socket", "websockets", "urllib"}
FROM = ("websockets", "urllib.request", "subprocess", "socket")


def clients_in(source: str) -> set[str]:
    """Names of what a file calls to make a client, to connect, or to run another program."""
    tree = ast.parse(source)
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(FROM)
        for name in node.names
        if name.name[0].islower()
    }
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in MAKERS | imported:
                found.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if module in MODULES:
                if name in MAKERS | {"run", "Popen", "connect", "create_connection", "urlopen", "get", "post"}:
                    found.add(name)
    return found


def test_every_client_has_a_time_out_in_the_table_above() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith("hosting/"):
            continue  # rooms: LiveKit's and Pipecat's own clients, which have time-outs of their own
        source = path.read_text(encoding="utf-8")
        for name in clients_in(source) - HARMLESS:
            assert WAITS.get((place, name), "no time-out is known") in source, f"{place}: {name}"


def test_the_table_holds_nothing_that_is_gone() -> None:
    for (place, name), bound in WAITS.items():
        source = (PACKAGE / place).read_text(encoding="utf-8")
        assert bound in source
        assert f"{name}(" in source


# ------------------------------------------------------------------------------- servers that are none


class Listener:
    """Takes connections and says nothing. `received`: bytes that came, after TLS where there is some."""

    def __init__(self) -> None:
        self.received = b""
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError):
            while data := await reader.read(4_096):
                self.received += data
        writer.close()


@asynccontextmanager
async def listener(tls: SSLContext | None = None) -> AsyncIterator[Listener]:
    held = Listener()
    server = await asyncio.start_server(held.hold, "127.0.0.1", 0, ssl=tls)
    held.port = server.sockets[0].getsockname()[1]
    try:
        yield held
    finally:
        server.close()
        for writer in held.writers:
            writer.close()
            with suppress(ConnectionError, SSLError):
                await writer.wait_closed()


SHORT = Waits(connect_s=2.0, first_s=0.3, between_s=0.3, total_s=1.0)
POLICY = LinkPolicy(connect_s=0.5, close_s=0.1, give_up_s=2.0, backoff_s=())
SETUP = RealtimeSetup("Interview them.")


def unused(usage: Usage) -> None:
    """Nothing is ever used."""


CLIENTS: dict[str, Callable[[Tasks, str], Any]] = {
    "openai llm": lambda _, at: OpenAITextModel(api_key="k", base_url=f"{at}/v1", model="m", waits=SHORT),
    "openai tts": lambda _, at: OpenAISynthesizer(api_key="k", base_url=f"{at}/v1", model="m", waits=SHORT),
    "openai stt": lambda tasks, at: OpenAITranscriber(
        tasks, api_key="k", base_url=f"{at}/v1", model="m", waits=SHORT
    ),
    "deepgram stt": lambda tasks, at: DeepgramTranscriber(tasks, api_key="k", base_url=at, policy=POLICY),
    "deepgram tts": lambda tasks, at: DeepgramSynthesizer(tasks, api_key="k", base_url=at, policy=POLICY),
    "openai realtime": lambda tasks, at: OpenAIRealtime(tasks, api_key="k", base_url=f"{at}/v1", on_usage=unused),
    "gemini realtime": lambda tasks, at: GeminiLive(tasks, api_key="k", base_url=at, on_usage=unused),
}
"""Everything that reaches a provider."""


async def connect(name: str, at: str) -> None:
    """Raises ProviderError, and leaves nothing open."""
    async with Tasks() as tasks:
        client = CLIENTS[name](tasks, at)
        try:
            await (client.open(SETUP) if "realtime" in name else client.warm())
        finally:
            await client.close()


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_server_that_says_nothing_is_given_up(name: str) -> None:
    scheme = "https" if name.startswith("gemini") else "http"  # its SDK insists
    async with listener() as held:
        with pytest.raises(ProviderError):
            await connect(name, f"{scheme}://127.0.0.1:{held.port}")
        assert held.writers


@pytest.mark.parametrize("name", CLIENTS)
async def test_an_unknown_certificate_is_refused_before_anything_is_said(name: str, tmp_path: Path) -> None:
    tls, _ = make_tls(tmp_path)
    async with listener(tls) as held:
        with pytest.raises(ProviderError):
            await connect(name, f"https://127.0.0.1:{held.port}")
        assert held.received == b""


# ---------------------------------------------------------------------------------------------- proxies

ASK_A_MODEL = """
import asyncio, sys
from voiceprep.ports import Message, Prompt
from voiceprep.providers.openai_text import OpenAITextModel
async def ask():
    model = OpenAITextModel(api_key=sys.argv[1], base_url="http://models.invalid/v1", model="m")
    print("".join([piece async for piece in model.complete(Prompt("", (Message("user", "Hello"),)))]))
    await model.close()
asyncio.run(ask())
"""
OPEN_A_SOCKET = """
import asyncio
from voiceprep.errors import ProviderError
from voiceprep.model import Usage
from voiceprep.providers.openai_realtime import OpenAIRealtime
from voiceprep.realtime import RealtimeSetup
from voiceprep.tasks import Tasks
async def ask():
    async with Tasks() as tasks:
        model = OpenAIRealtime(
            tasks, api_key="k", base_url="https://models.invalid/v1", on_usage=lambda usage: None
        )
        try:
            await model.open(RealtimeSetup("Interview them."))
        except ProviderError as error:
            print(error.message)
asyncio.run(ask())
"""


LISTEN_AND_SPEAK = """
import asyncio, sys
from voiceprep.errors import ProviderError
from voiceprep.providers.deepgram_listen import DeepgramTranscriber
from voiceprep.providers.deepgram_speak import DeepgramSynthesizer
from voiceprep.tasks import Tasks
async def ask():
    key, url = sys.argv[1:]
    async with Tasks() as tasks:
        for kind in (DeepgramTranscriber, DeepgramSynthesizer):
            client = kind(tasks, api_key=key, base_url=url)
            try:
                await client.warm()
                print("connected")
            except ProviderError as error:
                print(error.message)
            await client.close()
asyncio.run(ask())
"""


class Proxy:
    """Grants CONNECT and joins both ends, wherever the client wants to go; or refuses. `asked`: its first lines."""

    def __init__(self, target_port: int, status: str = "200 OK") -> None:
        self.asked: list[str] = []
        self._target_port = target_port
        self._status = status

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[:1]
        writer.write(f"HTTP/1.1 {self._status}\r\nVia: loopback\r\n\r\n".encode())
        if self._status.startswith("200"):
            there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
            await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        writer.close()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def proxying(proxy: Proxy) -> AsyncIterator[str]:
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def child(code: str, *arguments: str, **variables: str) -> str:
    """What a program prints whose environment names a proxy."""
    own = {name: value for name, value in environment().items() if "proxy" not in name.lower()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stdout=asyncio.subprocess.PIPE, env={**own, **variables}
    )
    async with asyncio.timeout(100):
        out, _ = await process.communicate()
    return out.decode()


async def test_requests_go_through_the_proxy_of_the_environment() -> None:
    """The address does not exist: only who asks the proxy gets an answer."""
    async with OpenAIServer() as server:
        server.script.chat = lambda _: ChatReply(("It was ", "the proxy."))
        told = await child(ASK_A_MODEL, KEY, HTTP_PROXY=server.base_url.removesuffix("/v1"))
    assert told.strip() == "It was the proxy."


async def test_realtime_sockets_go_through_the_proxy_of_the_environment() -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told = await child(OPEN_A_SOCKET, HTTPS_PROXY=f"http://127.0.0.1:{port}")
    server.close()
    assert asked == [b"CONNECT models.invalid:443 HTTP/1.1\r\n"]
    assert "cannot be reached" in told


async def test_deepgrams_sockets_go_through_the_proxy_of_the_environment() -> None:
    """The address does not exist: only who asks the proxy is connected."""
    async with DeepgramServer() as server:
        proxy = Proxy(urlsplit(server.url).port or 0)
        async with proxying(proxy) as at:
            told = await child(LISTEN_AND_SPEAK, DEEPGRAM_KEY, "http://deepgram.invalid", HTTP_PROXY=at)
        assert server.violations == []
    assert told.split() == ["connected", "connected"]
    assert set(proxy.asked) == {"CONNECT deepgram.invalid:80 HTTP/1.1"}


async def test_a_proxy_that_refuses_deepgram_is_named_without_its_password() -> None:
    proxy = Proxy(0, "407 Proxy Authentication Required")
    async with proxying(proxy) as at:
        own = at.replace("http://", "http://me:canary@")
        told = await child(LISTEN_AND_SPEAK, DEEPGRAM_KEY, "https://deepgram.invalid", HTTPS_PROXY=own)
    assert set(proxy.asked) == {"CONNECT deepgram.invalid:443 HTTP/1.1"}
    assert told.count("cannot be reached: the proxy refuses (HTTP 407)") == 2
    assert "canary" not in told


async def test_a_proxy_that_deepgrams_sockets_cannot_use_is_said() -> None:
    told = await child(
        LISTEN_AND_SPEAK, DEEPGRAM_KEY, "https://deepgram.invalid", HTTPS_PROXY="socks5h://127.0.0.1"
    )
    assert told.count("only http:// proxies can be used") == 2


def test_no_client_is_told_to_trust_anybody() -> None:
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for word in ("verify=False", "CERT_NONE", "check_hostname = False", "_create_unverified_context"):
            assert word not in source, path


def test_nothing_run_comes_from_the_network() -> None:
    """Code that is here is all the code there is: nothing is fetched and run, installed or unpickled."""
    running = {"exec", "eval", "compile", "__import__"}
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        called = {name.id for name in calls if isinstance(name, ast.Name)}
        modules = {
            name.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for name in node.names
        }
        assert not called & running, path
        assert not modules & {"pickle", "marshal", "dill", "pip", "torch", "huggingface_hub"}, path
