"""Which models a month's estimate is about: what the options name, with each provider's default model filled in."""

from collections.abc import Mapping

from voiceprep.costs.month import CASCADED, S2S
from voiceprep.errors import ConfigError
from voiceprep.providers.openai_services import SERVICES
from voiceprep.providers.registry import DEEPGRAM_RECOGNISER, DEEPGRAM_VOICES, providers
from voiceprep.wiring.choice import NO_MODEL


def models_for(mode: str, named: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """(stage, provider, model) for what `mode` uses; the first of a failover chain counts. Raises ConfigError."""
    if mode not in (CASCADED, S2S):
        raise ConfigError(f"mode is {mode!r}; it must be cascaded or s2s.", "Set --mode.")
    stages = ("realtime",) if mode == S2S else ("stt", "llm", "tts")
    return tuple(
        (stage, *_model(stage, named[stage])) for stage in stages if stage != "llm" or named[stage] != NO_MODEL
    )


def _model(stage: str, choice: str) -> tuple[str, str]:
    name, _, model = choice.split(",")[0].strip().partition(":")
    known = providers()
    able = sorted(provider.name for provider in known.values() if stage in provider.stages)
    if name not in able:
        raise ConfigError(f"{name!r} is no provider for --{stage}.", f"There are: {', '.join(able)}.")
    return name, model or _default_model(stage, name)


def _default_model(stage: str, provider: str) -> str:
    from voiceprep.providers.gemini_live import MODEL as GEMINI_REALTIME
    from voiceprep.providers.openai_realtime import GROK_MODEL, OPENAI_MODEL

    if stage == "realtime":
        return {"openai": OPENAI_MODEL, "grok": GROK_MODEL, "gemini": GEMINI_REALTIME}.get(provider, "")
    if provider == "deepgram":
        return DEEPGRAM_RECOGNISER if stage == "stt" else DEEPGRAM_VOICES[0]
    service = SERVICES.get(provider)
    if service is None:
        return ""
    return {"stt": service.transcription_model, "llm": service.text_model, "tts": service.speech_model}[stage]
