"""Gemini's Live API through google-genai: v1beta, resumed where it can be, told anew where it cannot.

The SDK insists on TLS. Pings stay off: Gemini answers them up to 30 s late.
"""

import asyncio
from typing import Any

from voiceprep.errors import ProviderError
from voiceprep.ports import OnUsage
from voiceprep.providers.gemini_live_session import GeminiLiveSession, Told
from voiceprep.providers.openai_dialect import TOOL_RULE, tools
from voiceprep.providers.realtime_socket import FATAL_CLOSES, OPEN_S, Who, keep_headers_unlogged
from voiceprep.realtime import RealtimeSetup
from voiceprep.tasks import Tasks

MODEL = "gemini-3.8-live"
VOICE = "Kore"
API_VERSION = "v1beta"


class GeminiLive:
    """realtime.RealtimeModel. `ca_file`: certificates to trust instead of the system's."""

    name = "gemini"
    session_limit_ms = None
    prefers_our_turns = True
    """Its detection always answers, and cannot be told to wait for the plan."""

    def __init__(
        self,
        tasks: Tasks,
        *,
        api_key: str,
        on_usage: OnUsage,
        base_url: str | None = None,
        model: str = "",
        ca_file: str = "",
    ) -> None:
        self.model = model or MODEL
        self._tasks, self._on_usage, self._api_key = tasks, on_usage, api_key
        self._base_url, self._ca_file = base_url, ca_file
        self._who = Who(
            "gemini", "Gemini", "GEMINI_API_KEY", base_url or "https://generativelanguage.googleapis.com"
        )
        self._client: Any = None
        self._handle = ""

    async def prepare(self) -> None:
        """Import the SDK and make a client, off the event loop."""
        if self._client is None:
            self._client = await self._tasks.in_thread(self._make_client)

    async def open(self, setup: RealtimeSetup) -> GeminiLiveSession:
        """Resume the last session, or begin one and tell it what was said. Raises ProviderError."""
        await self.prepare()
        from google.genai.errors import APIError

        handle, self._handle = self._handle, ""
        for resumed in [handle, ""] if handle else [""]:
            try:
                manager, session = await self._connect(setup, resumed)
            except APIError as error:
                if resumed:
                    continue  # what could be resumed is gone: tell it all anew
                raise self._refused(error.code) from None
            except Exception as error:
                raise self._translated(error) from None
            told = Told(self.model, self._who, self._on_usage, self._keep)
            live = GeminiLiveSession(manager, session, setup, told, self._tasks)
            if not resumed:
                live.remember(setup.history)
            return live
        raise self._who.unreachable()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aio.aclose()

    def _keep(self, handle: str) -> None:
        self._handle = handle

    async def _connect(self, setup: RealtimeSetup, handle: str) -> tuple[Any, Any]:
        manager = self._client.aio.live.connect(model=self.model, config=live_config(setup, handle))
        async with asyncio.timeout(OPEN_S):
            return manager, await manager.__aenter__()

    def _make_client(self) -> Any:  # noqa: ANN401 - google.genai is imported late
        import ssl
        import warnings

        import google.genai.live  # noqa: F401 - imported here, not on the event loop
        from google import genai
        from google.genai.types import HttpOptions

        keep_headers_unlogged()
        # Of a value it does not know the SDK warns, on the screen and in the server's words.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"google\.genai\._common")
        options: dict[str, Any] = {"ping_interval": None, "ping_timeout": None}
        if self._ca_file:
            options["ssl"] = ssl.create_default_context(cafile=self._ca_file)
        http_options = HttpOptions(api_version=API_VERSION, base_url=self._base_url, async_client_args=options)
        return genai.Client(api_key=self._api_key, vertexai=False, http_options=http_options)

    def _refused(self, code: object) -> ProviderError:
        if isinstance(code, int) and (code in FATAL_CLOSES or code >= 4000):
            return self._who.refused_in_session(code)
        if isinstance(code, int) and 400 <= code < 600:
            return self._who.refused(code)
        return self._who.unreachable()

    def _translated(self, error: Exception) -> ProviderError:
        from websockets.exceptions import InvalidStatus

        if isinstance(error, InvalidStatus):
            return self._who.refused(error.response.status_code)
        return self._who.unreachable()


def live_config(setup: RealtimeSetup, handle: str) -> Any:  # noqa: ANN401 - google.genai is imported late
    """What a session is opened with."""
    from google.genai import types

    detection = types.AutomaticActivityDetection(disabled=True)
    if not setup.are_turns_ours:
        detection = types.AutomaticActivityDetection(silence_duration_ms=setup.patience_ms, prefix_padding_ms=300)
    voice = types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name=VOICE))
    return types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        speech_config=types.SpeechConfig(voice_config=voice),
        system_instruction=_instructions(setup),
        input_audio_transcription=types.AudioTranscriptionConfig(),
        output_audio_transcription=types.AudioTranscriptionConfig(),
        realtime_input_config=types.RealtimeInputConfig(
            automatic_activity_detection=detection,
            activity_handling=types.ActivityHandling.NO_INTERRUPTION,  # whether it was meant is ours to find out
        ),
        session_resumption=types.SessionResumptionConfig(handle=handle or None),
        context_window_compression=types.ContextWindowCompressionConfig(sliding_window=types.SlidingWindow()),
        tools=[types.Tool(function_declarations=_declarations())],
    )


def _instructions(setup: RealtimeSetup) -> str:
    lines = [setup.instructions, TOOL_RULE]
    if setup.vocabulary:
        lines.append(f"Terms that may come up: {', '.join(setup.vocabulary)}.")
    return "\n".join(lines)


def _declarations() -> list[Any]:
    from google.genai import types

    return [
        types.FunctionDeclaration(
            name=tool["name"], description=tool["description"], parameters_json_schema=tool["parameters"]
        )
        for tool in tools()
    ]
