"""Which services speak OpenAI's HTTP protocol: addresses, variables, default models, shutdown dates.

Pure data and look-ups; must not know clients or requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, slots=True)
class Service:
    """One service. Models are the defaults; an empty `text_model` means the first one the server lists.

    `key_names` and `url_name` are environment variables, the first key found counts; a service without key names
    needs no key. `has_own_path`: a URL given without a path gets the path of `url`. `reasoning_effort` is the
    lowest its default model takes, as thinking costs a voice reply more than it gives.
    """

    name: str
    title: str
    url: str
    key_names: tuple[str, ...] = ()
    url_name: str = ""
    text_model: str = ""
    reasoning_effort: str | None = None
    speech_model: str = ""
    transcription_model: str = ""
    has_own_path: bool = True
    is_local: bool = False


_KNOWN = (
    Service(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        ("OPENAI_API_KEY",),
        "OPENAI_BASE_URL",
        text_model="gpt-6-luna",
        reasoning_effort="none",
        speech_model="gpt-4o-mini-tts",
        transcription_model="gpt-transcribe",
        has_own_path=False,  # the SDK takes this variable as it is
    ),
    Service(
        "grok",
        "xAI",
        "https://api.x.ai/v1",
        ("XAI_API_KEY",),
        "XAI_BASE_URL",
        text_model="grok-4.3",
        reasoning_effort="none",
    ),
    Service(
        "gemini",
        "Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "GOOGLE_GEMINI_BASE_URL",
        text_model="gemini-3.8-flash",
        reasoning_effort="low",
    ),
    Service(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        ("GROQ_API_KEY",),
        "GROQ_BASE_URL",
        text_model="openai/gpt-oss-20b",
        reasoning_effort="low",
        transcription_model="whisper-large-v3-turbo",
    ),
    Service("ollama", "Ollama", "http://127.0.0.1:11434/v1", url_name="OLLAMA_BASE_URL", is_local=True),
    Service("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", url_name="LLAMACPP_BASE_URL", is_local=True),
    Service("vllm", "vLLM", "http://127.0.0.1:8000/v1", url_name="VLLM_BASE_URL", is_local=True),
)

SERVICES: Mapping[str, Service] = MappingProxyType({service.name: service for service in _KNOWN})
"""By registry name."""

_SHUTDOWNS = {
    date(2026, 10, 23): "gpt-4 gpt-4-turbo gpt-3.5-turbo gpt-4.1-nano o1 o3-mini o4-mini",
    date(2026, 12, 11): "gpt-5 gpt-5-mini gpt-5-nano o3",
    date(2027, 1, 6): "tts-1 tts-1-hd gpt-4o-mini-tts",
    date(2027, 1, 14): "gpt-4o gpt-4o-mini gpt-4.1 gpt-4.1-mini",
    date(2027, 2, 26): "whisper-1 gpt-4o-transcribe gpt-4o-mini-transcribe gpt-4o-transcribe-diarize",
    date(2027, 4, 1): "gpt-5.1 gpt-5.4-nano",
}
"""Announced by OpenAI, as the docstrings of the types in openai 3.54 list them."""

_SHUTDOWN_BY_MODEL = {model: day for day, models in _SHUTDOWNS.items() for model in models.split()}


def service_named(name: str) -> Service:
    """The known service, or one without defaults for a server of the person's own."""
    return SERVICES.get(name) or Service(name, name, "")


def service_key(service: Service, environment: Mapping[str, str]) -> str:
    """The key, or an empty text."""
    return next((environment[name] for name in service.key_names if environment.get(name)), "")


def service_url(service: Service, environment: Mapping[str, str]) -> str | None:
    """The address the environment names instead of the service's own, or None."""
    return environment.get(service.url_name) or None if service.url_name else None


def full_url(service: Service, base_url: str | None) -> str:
    """The address requests go to, without a slash at the end."""
    if not base_url:
        return service.url.rstrip("/")
    if not is_web_address(base_url):
        return base_url
    parts = urlsplit(base_url)
    if service.has_own_path and parts.path in ("", "/"):
        parts = parts._replace(path=urlsplit(service.url).path)
    return urlunsplit(parts).rstrip("/")


def is_web_address(url: str) -> bool:
    """An http(s) URL with a host; a forgotten scheme ("localhost:8080") makes it none."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def showable_url(url: str) -> str:
    """`url` without anything that could be a secret: no name, no password, no query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def shutdown_date(model: str) -> date | None:
    """When OpenAI stops serving `model`; dated versions ("tts-1-2025-01-01") end with their family."""
    family = model
    while family:
        if family in _SHUTDOWN_BY_MODEL:
            return _SHUTDOWN_BY_MODEL[family]
        family, _, last = family.rpartition("-")
        if not last.isdigit():
            return None
    return None
