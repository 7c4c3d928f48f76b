"""Every message of OpenAI's Realtime protocol, checked against the SDK's types, and what a session may be told.

Must not know sockets.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeGuard, get_args

from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent, RealtimeSessionCreateResponse
from pydantic import BaseModel, ValidationError

from tests.loopback.checking import unknown_fields
from tests.loopback.realtime import Message

RATE_HZ = 24_000
APPEND_BYTES_MAX = 15 * 2**20
SEMANTIC_SILENCE_MS = {"low": 1_200, "medium": 800, "auto": 800, "high": 500}
"""How long this server's semantic detection waits; the real one judges the words, up to 8, 4 and 2 s."""
WEBRTC_ONLY = ("output_audio_buffer.started", "output_audio_buffer.stopped", "output_audio_buffer.cleared")
_OF_SERVER = ("id", "object", "expires_at")


def _by_type(union: Any) -> dict[str, type[BaseModel]]:  # noqa: ANN401 - an annotated union
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(union)[0])}


CLIENT = _by_type(RealtimeClientEvent)
SERVER = {kind: model for kind, model in _by_type(RealtimeServerEvent).items() if kind not in WEBRTC_ONLY}


def server_text(kind: str, message: Message) -> str:
    """The frame. Raises ValueError when the SDK's types say otherwise."""
    checked = message
    if kind in ("session.created", "session.updated"):
        # The SDK's type of the event is the request's; what only the server adds is in that of the response.
        session: Message = message["session"]
        check(RealtimeSessionCreateResponse, {**session, "type": "realtime"})
        checked = {
            **message,
            "session": {name: value for name, value in session.items() if name not in _OF_SERVER},
        }
    check(SERVER[kind], checked)
    return json.dumps(message)


def check_client(message: Message) -> None:
    """Raises ValueError naming what is wrong with a message of the client's."""
    kind = message.get("type")
    if kind not in CLIENT:
        raise ValueError(f"no message of type {kind!r}")
    check(CLIENT[str(kind)], message)


def check(model: type[BaseModel], value: Mapping[str, Any]) -> None:
    """Raises ValueError with the first mistakes, or with the fields that the type does not have."""
    try:
        unknown = list(unknown_fields(model.model_validate(value)))
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"{model.__name__}: {told}") from None
    if unknown:
        raise ValueError(f"{model.__name__} has no {', '.join(unknown)}")


def default_session(model: str, identity: str, expires_at: int) -> Message:
    """What `session.created` shows before anything was asked for."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": identity,
        "model": model,
        "expires_at": expires_at,
        "output_modalities": ["audio"],
        "instructions": "You are a helpful, witty and friendly AI.",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "include": None,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": RATE_HZ},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "idle_timeout_ms": None,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": RATE_HZ}, "voice": "alloy", "speed": 1.0},
        },
    }


def merged(session: Message, update: Message) -> Message:
    """The session after an update: objects merge, unless they become another `type`; everything else replaces."""
    result = deepcopy(session)
    for name, value in update.items():
        old = result.get(name)
        result[name] = merged(result[name], value) if _is_same_kind(old, value) else deepcopy(value)
    detection = result.get("turn_detection")
    if isinstance(detection, dict):
        detection.setdefault("create_response", True)
        detection.setdefault("interrupt_response", True)
    return result


def _is_same_kind(old: object, value: object) -> TypeGuard[Message]:
    if not isinstance(old, dict) or not isinstance(value, dict):
        return False
    return "type" not in old or value.get("type", old["type"]) == old["type"]


def session_mistakes(session: Message) -> list[str]:
    """What the service refuses although the types allow it."""
    audio: Message = session["audio"]
    speed, tokens = audio["output"].get("speed", 1.0), session.get("max_output_tokens", "inf")
    formats = (audio["input"]["format"], audio["output"]["format"])
    detection = audio["input"].get("turn_detection") or {}
    modalities = session.get("output_modalities")
    rules = {
        f"output_modalities {modalities}": modalities not in (["audio"], ["text"]),
        f"a speed of {speed}": not 0.25 <= speed <= 1.5,
        f"max_output_tokens of {tokens}": tokens != "inf" and not 1 <= tokens <= 4_096,
        f"a threshold of {detection.get('threshold')}": not 0 <= (detection.get("threshold") or 0.5) <= 1,
        "a format that this server does not have": any(form.get("type") != "audio/pcm" for form in formats),
        "PCM without its rate": any(form.get("rate") != RATE_HZ for form in formats),
    }
    return [what for what, is_broken in rules.items() if is_broken]
