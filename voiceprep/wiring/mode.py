"""Cascaded or speech-to-speech: what is chosen, what the keys allow, and why. Must not open anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from voiceprep.errors import ConfigError
from voiceprep.providers.registry import realtime_providers
from voiceprep.settings import Settings
from voiceprep.wiring.choice import AUTO, CASCADED, KEYBOARD, S2S, interviewer_for, keys_for


@dataclass(frozen=True, slots=True)
class Mode:
    """The settings with the mode decided, and a sentence that says so."""

    settings: Settings
    told: str


def choose_mode(settings: Settings, environment: Mapping[str, str]) -> Mode:
    """Decide `auto`, find the realtime model, check what does not go together. Raises ConfigError."""
    able = realtime_providers()
    keys = keys_for(environment)
    with_key = [provider for provider in able if provider.has_key(keys)]
    variables = "\n".join(f"{' or '.join(provider.key_names)}  ({provider.title})" for provider in able)
    is_typed = settings.mic == KEYBOARD
    if settings.mode == S2S and is_typed:
        raise ConfigError("Speech-to-speech needs a voice, not --mic keyboard.", "Use --mode cascaded for typing.")
    if settings.mode == S2S and not settings.realtime and not with_key:
        raise ConfigError("--mode s2s needs the key of a realtime model.", f"Set one of these:\n{variables}")
    is_panel = interviewer_for(settings).colleague is not None
    if settings.mode == S2S and is_panel:
        raise ConfigError(
            f"--persona {settings.persona} has two voices, and a realtime model speaks with one.",
            "Use --mode cascaded, or another --persona.",
        )
    is_cascaded = is_typed or settings.offline or is_panel
    is_possible = bool(settings.realtime or with_key) and not is_cascaded
    if settings.mode == CASCADED or (settings.mode == AUTO and not is_possible):
        is_missing_key = settings.mode == AUTO and not is_cascaded
        why = "No key for a realtime model is set" if is_missing_key else "As chosen"
        _check_not_s2s(settings, why)
        engines = f"stt {settings.stt}, llm {settings.llm}, tts {settings.tts}"
        return Mode(replace(settings, mode=CASCADED), f"{why}: cascaded, with {engines}.")
    realtime = settings.realtime or with_key[0].name
    return Mode(replace(settings, mode=S2S, realtime=realtime), f"Speech-to-speech with {realtime}.")


def _check_not_s2s(settings: Settings, why: str) -> None:
    """Cascaded sessions have one way of ending a turn: patience, and Enter."""
    named = "--push-to-talk" if settings.push_to_talk else "--turns" if settings.turns != AUTO else ""
    if named:
        raise ConfigError(
            f"{named} is for speech-to-speech, and this session is cascaded. {why}.",
            "Leave it out: Enter ends an answer at once, and --patience says how long a pause may be.",
        )
