"""What OpenAI's Realtime protocol says was used, in our units. Must not know sockets; trusts no number."""

from collections.abc import Mapping
from typing import Any

from voiceprep.costs.prices import COUNT_MAX, told_count
from voiceprep.model import Usage

Message = Mapping[str, Any]


def response_usage(provider: str, model: str, usage: object) -> Usage | None:
    """Of a reply, by modality; None when nothing is told."""
    if not isinstance(usage, Mapping) or not usage:
        return None
    taken, given = _part(usage, "input_token_details"), _part(usage, "output_token_details")
    cached = _part(taken, "cached_tokens_details")
    return Usage(
        provider,
        "realtime",
        model,
        input_tokens=_count(taken, "text_tokens"),
        cached_tokens=_count(cached, "text_tokens"),
        output_tokens=_count(given, "text_tokens"),
        audio_input_tokens=_count(taken, "audio_tokens"),
        audio_cached_tokens=_count(cached, "audio_tokens"),
        audio_output_tokens=_count(given, "audio_tokens"),
    )


def transcription_usage(provider: str, model: str, usage: object) -> Usage | None:
    """Of a transcript, which is billed apart: by tokens or by time."""
    if not isinstance(usage, Mapping):
        return None
    seconds = usage.get("seconds")
    if isinstance(seconds, int | float) and seconds > 0:
        return Usage(provider, "stt", model, audio_ms=round(min(seconds, COUNT_MAX / 1000) * 1000))
    taken = _part(usage, "input_token_details")
    audio = _count(taken, "audio_tokens")
    if not audio:
        return None
    return Usage(
        provider,
        "stt",
        model,
        input_tokens=_count(taken, "text_tokens"),
        output_tokens=_count(usage, "output_tokens"),
        audio_input_tokens=audio,
    )


def _part(message: Message, name: str) -> Message:
    part = message.get(name)
    return part if isinstance(part, Mapping) else {}


def _count(message: Message, name: str) -> int:
    return told_count(message.get(name))
