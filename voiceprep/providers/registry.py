"""Who can hear, speak and word: our own providers, and those that installed packages add by entry point.

SDKs are imported only when a provider is made. Must not know sessions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, TypeVar

from voiceprep.errors import ConfigError
from voiceprep.model import Term
from voiceprep.network import check_encrypted
from voiceprep.ports import OnUsage, Synthesizer, TextModel, Transcriber
from voiceprep.providers.failover import FailoverSynthesizer, FailoverTextModel, FailoverTranscriber, OnFailure
from voiceprep.providers.openai_services import SERVICES, Service, service_key, service_url
from voiceprep.realtime import RealtimeModel
from voiceprep.tasks import Tasks

ENTRY_POINT_GROUP = "voiceprep.providers"
"""An entry point of this group names a `Provider`; its own name is what `--stt`, `--llm` and the like take."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a provider is made with. `environment` holds keys and addresses; `voice` is the one wanted, empty for
    the provider's own."""

    tasks: Tasks
    glossary: Sequence[Term]
    environment: Mapping[str, str] = field(repr=False)
    on_usage: OnUsage
    is_plain_http_allowed: bool = False
    is_offline: bool = False
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A vendor or an embedded engine. A stage it cannot do is None; each maker takes a model, "" for its default.

    `key_names`: environment variables, the first one set counts; empty when no key is needed. `url_names`: those
    that move it to another address. `voices`: two that differ, the first one its own; empty where it has but one.
    """

    name: str
    title: str
    key_names: tuple[str, ...] = ()
    make_transcriber: Callable[[Needs, str], Transcriber] | None = None
    make_synthesizer: Callable[[Needs, str], Synthesizer] | None = None
    make_text_model: Callable[[Needs, str], TextModel] | None = None
    make_realtime: Callable[[Needs, str], RealtimeModel] | None = None
    url_names: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[str, ...]:
        """What it can do: `stt`, `tts`, `llm`, `realtime`."""
        makers = {
            "stt": self.make_transcriber,
            "tts": self.make_synthesizer,
            "llm": self.make_text_model,
            "realtime": self.make_realtime,
        }
        return tuple(stage for stage, maker in makers.items() if maker is not None)

    def has_key(self, environment: Mapping[str, str]) -> bool:
        """True also when none is needed."""
        return not self.key_names or any(environment.get(name) for name in self.key_names)


# --------------------------------------------------------------------------------------------- our own


HEART, DEEP = "heart", "deep"
LOCAL_VOICES = (HEART, DEEP)


def _local_transcriber(needs: Needs, model: str) -> Transcriber:
    from voiceprep.providers.moonshine import MoonshineTranscriber

    return MoonshineTranscriber(needs.tasks, needs.glossary)


def _local_synthesizer(needs: Needs, model: str) -> Synthesizer:
    from voiceprep.providers.hibari import HibariSynthesizer

    if needs.voice and needs.voice not in LOCAL_VOICES:
        raise ConfigError(f"--tts local has no voice {needs.voice!r}.", f"There are: {', '.join(LOCAL_VOICES)}.")
    return HibariSynthesizer(needs.tasks, needs.glossary, is_deep=needs.voice == DEEP)


DEEPGRAM_KEY = "DEEPGRAM_API_KEY"
DEEPGRAM_URL = "VOICEPREP_DEEPGRAM_URL"
DEEPGRAM_RECOGNISER = "nova-3"
DEEPGRAM_VOICES = ("aura-2-thalia-en", "aura-2-orion-en")
"""Deepgram's voices are models."""
OPENAI_VOICES = ("alloy", "onyx")


def _deepgram_transcriber(needs: Needs, model: str) -> Transcriber:
    from voiceprep.providers.deepgram_listen import DeepgramTranscriber

    return DeepgramTranscriber(
        needs.tasks,
        api_key=needs.environment[DEEPGRAM_KEY],
        base_url=needs.environment.get(DEEPGRAM_URL),
        model=model or DEEPGRAM_RECOGNISER,
        glossary=needs.glossary,
        on_usage=needs.on_usage,
    )


def _deepgram_synthesizer(needs: Needs, model: str) -> Synthesizer:
    from voiceprep.providers.deepgram_speak import DeepgramSynthesizer

    return DeepgramSynthesizer(
        needs.tasks,
        api_key=needs.environment[DEEPGRAM_KEY],
        base_url=needs.environment.get(DEEPGRAM_URL),
        model=needs.voice or model or DEEPGRAM_VOICES[0],
        on_usage=needs.on_usage,
    )


def _compatible(service: Service) -> Provider:
    """A service that speaks OpenAI's HTTP protocol."""

    def make_text_model(needs: Needs, model: str) -> TextModel:
        from voiceprep.providers.openai_text import OpenAITextModel

        return OpenAITextModel(
            api_key=service_key(service, needs.environment),
            base_url=service_url(service, needs.environment),
            model=model,
            name=service.name,
            on_usage=needs.on_usage,
        )

    def make_transcriber(needs: Needs, model: str) -> Transcriber:
        from voiceprep.providers.openai_transcription import OpenAITranscriber

        return OpenAITranscriber(
            needs.tasks,
            api_key=service_key(service, needs.environment),
            base_url=service_url(service, needs.environment),
            model=model,
            name=service.name,
            glossary=needs.glossary,
            on_usage=needs.on_usage,
        )

    def make_synthesizer(needs: Needs, model: str) -> Synthesizer:
        from voiceprep.providers.openai_speech import OpenAISynthesizer

        return OpenAISynthesizer(
            api_key=service_key(service, needs.environment),
            base_url=service_url(service, needs.environment),
            model=model,
            voice=needs.voice or OPENAI_VOICES[0],
            name=service.name,
            on_usage=needs.on_usage,
        )

    return Provider(
        service.name,
        service.title,
        service.key_names,
        make_transcriber if service.transcription_model else None,
        make_synthesizer if service.speech_model else None,
        make_text_model,
        _REALTIME.get(service.name),
        (service.url_name,) if service.url_name else (),
        OPENAI_VOICES if service.speech_model else (),
    )


def _openai_realtime(needs: Needs, model: str) -> RealtimeModel:
    return _realtime_of("openai", needs, model)


def _grok_realtime(needs: Needs, model: str) -> RealtimeModel:
    return _realtime_of("grok", needs, model)


def _realtime_of(name: str, needs: Needs, model: str) -> RealtimeModel:
    from voiceprep.providers.openai_realtime import OpenAIRealtime

    service = SERVICES[name]
    return OpenAIRealtime(
        needs.tasks,
        api_key=service_key(service, needs.environment),
        base_url=service_url(service, needs.environment),
        model=model,
        name=name,
        on_usage=needs.on_usage,
    )


def _gemini_realtime(needs: Needs, model: str) -> RealtimeModel:
    from voiceprep.providers.gemini_live import GeminiLive

    service = SERVICES["gemini"]
    return GeminiLive(
        needs.tasks,
        api_key=service_key(service, needs.environment),
        base_url=service_url(service, needs.environment),
        model=model,
        ca_file=needs.environment.get("SSL_CERT_FILE", ""),
        on_usage=needs.on_usage,
    )


_REALTIME: Mapping[str, Callable[[Needs, str], RealtimeModel]] = {
    "openai": _openai_realtime,
    "gemini": _gemini_realtime,
    "grok": _grok_realtime,
}


def _pipecat_service(needs: Needs, model: str) -> Callable[[], Any]:
    """`pipecat:MODULE:FACTORY` names a function that makes the service. Raises ConfigError."""
    module, _, factory = model.partition(":")
    try:
        from loguru import logger

        logger.disable("pipecat")  # its log has what people say
        make: Callable[[], Any] = getattr(import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"No Pipecat service is made by pipecat:{model} ({error}).",
            "Write pipecat:MODULE:FUNCTION, where the function returns the service; install the extra pipecat.",
        ) from error
    return make


def _pipecat_transcriber(needs: Needs, model: str) -> Transcriber:
    make = _pipecat_service(needs, model)
    from voiceprep.providers.pipecat_services import PipecatTranscriber

    return PipecatTranscriber(make, needs.tasks)


def _pipecat_synthesizer(needs: Needs, model: str) -> Synthesizer:
    make = _pipecat_service(needs, model)
    from voiceprep.providers.pipecat_services import PipecatSynthesizer

    return PipecatSynthesizer(make, needs.tasks)


def _pipecat_text_model(needs: Needs, model: str) -> TextModel:
    make = _pipecat_service(needs, model)
    from voiceprep.providers.pipecat_services import PipecatTextModel

    return PipecatTextModel(make, needs.tasks)


def _own() -> tuple[Provider, ...]:
    local = Provider("local", "embedded engines", (), _local_transcriber, _local_synthesizer, voices=LOCAL_VOICES)
    deepgram = Provider(
        "deepgram",
        "Deepgram",
        (DEEPGRAM_KEY,),
        _deepgram_transcriber,
        _deepgram_synthesizer,
        url_names=(DEEPGRAM_URL,),
        voices=DEEPGRAM_VOICES,
    )
    pipecat = Provider("pipecat", "Pipecat", (), _pipecat_transcriber, _pipecat_synthesizer, _pipecat_text_model)
    return (local, deepgram, pipecat, *(_compatible(service) for service in SERVICES.values()))


def providers() -> dict[str, Provider]:
    """Every provider by name; a package may replace one of ours."""
    found = {provider.name: provider for provider in _own()}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        found[point.name] = point.load()
    return found


# ---------------------------------------------------------------------------------------- choosing

Made = TypeVar("Made")


def make_transcriber(choice: str, needs: Needs, on_failure: OnFailure) -> Transcriber:
    """What `--stt` names: `PROVIDER[:MODEL]`, several with commas for failover. Raises ConfigError."""
    made = _make(choice, "stt", needs, lambda provider: provider.make_transcriber)
    return made[0] if len(made) == 1 else FailoverTranscriber(made, on_failure)


def make_synthesizer(choice: str, needs: Needs, on_failure: OnFailure) -> Synthesizer:
    """What `--tts` names: `PROVIDER[:MODEL][@VOICE]`, several with commas for failover. Raises ConfigError."""
    made = _make(choice, "tts", needs, lambda provider: provider.make_synthesizer)
    return made[0] if len(made) == 1 else FailoverSynthesizer(made, on_failure)


def make_text_model(choice: str, needs: Needs, on_failure: OnFailure) -> TextModel:
    """What `--llm` names. Raises ConfigError."""
    made = _make(choice, "llm", needs, lambda provider: provider.make_text_model)
    return made[0] if len(made) == 1 else FailoverTextModel(made, on_failure)


def make_realtime(choice: str, needs: Needs) -> RealtimeModel:
    """What `--realtime` names. Raises ConfigError."""
    return _make(choice, "realtime", needs, lambda provider: provider.make_realtime)[0]


REALTIME_ORDER = ("openai", "gemini", "grok")


def realtime_providers() -> list[Provider]:
    """Who has a realtime model, in the order in which one is chosen."""
    able = [provider for provider in providers().values() if provider.make_realtime is not None]
    place = {name: index for index, name in enumerate(REALTIME_ORDER)}
    return sorted(able, key=lambda provider: place.get(provider.name, len(place)))


def _make(
    choice: str,
    stage: str,
    needs: Needs,
    maker_of: Callable[[Provider], Callable[[Needs, str], Made] | None],
) -> list[Made]:
    known = providers()
    made = []
    for part in choice.split(","):
        name, model, voice = parse_provider(part, has_voice=stage == "tts")
        provider = known.get(name)
        able = sorted(other.name for other in known.values() if stage in other.stages)
        if provider is None:
            close = get_close_matches(name, known, 1)
            hint = f"Did you mean {close[0]!r}?" if close else f"For --{stage} there are: {', '.join(able)}."
            raise ConfigError(f"There is no provider {name!r}.", hint)
        maker = maker_of(provider)
        if maker is None:
            raise ConfigError(f"{provider.title} has no --{stage}.", f"These have: {', '.join(able)}.")
        if not provider.has_key(needs.environment):
            variables = " or ".join(provider.key_names)
            raise ConfigError(f"--{stage} {name} needs a key of {provider.title}.", f"Set {variables}.")
        if needs.is_offline and (provider.key_names or provider.url_names):
            raise ConfigError(
                f"--offline: {provider.title} is reached over the network.",
                f"Use --{stage} local, or leave it out.",
            )
        for url_name in provider.url_names:
            url = needs.environment.get(url_name, "")
            check_encrypted(url, url_name, is_plain_allowed=needs.is_plain_http_allowed)
        made.append(maker(replace(needs, voice=voice), model))
    return made


def parse_provider(part: str, *, has_voice: bool = False) -> tuple[str, str, str]:
    """Name, model and voice of `PROVIDER[:MODEL][@VOICE]`. A model may begin with an @ of its own."""
    head, mark, voice = part.strip().rpartition("@") if has_voice else (part.strip(), "", "")
    if not mark or head.endswith(":"):
        head, voice = part.strip(), ""
    name, _, model = head.partition(":")
    return name, model, voice


def provider_names(choice: str) -> list[str]:
    """Those of a chain, in its order, whether it names their models and voices or not."""
    return [parse_provider(part, has_voice=True)[0] for part in choice.split(",")]


def second_voice(choice: str) -> str:
    """Another voice than `--tts` names, of the same providers in the same order.

    Raises ConfigError where one of them has no other.
    """
    known = providers()
    parts = []
    for part in choice.split(","):
        name, model, voice = parse_provider(part, has_voice=True)
        voices = known[name].voices if name in known else ()
        used = voice or (model if model in voices else voices[0] if voices else "")
        other = next((each for each in voices if each != used), None)
        if other is None:
            raise ConfigError(
                f"--tts {name} has no second voice that is known here.",
                "A panel needs two: name the other with --second-tts PROVIDER[:MODEL][@VOICE].",
            )
        parts.append(f"{name}:{model}@{other}" if model else f"{name}@{other}")
    return ",".join(parts)
