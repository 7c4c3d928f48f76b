"""Deepgram's messages, held against the SDK's own types in both directions, and its query parameters.

The SDK's parsers check nothing; here every message is validated and must hold nothing the type does not name.
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from deepgram.listen.v1.types import (
    ListenV1CloseStream,
    ListenV1Configure,
    ListenV1Finalize,
    ListenV1KeepAlive,
    ListenV1Metadata,
    ListenV1Results,
)
from deepgram.listen.v2.types import (
    ListenV2CloseStream,
    ListenV2Configure,
    ListenV2Connected,
    ListenV2FatalError,
    ListenV2ForceEndTurn,
    ListenV2TurnInfo,
)
from deepgram.speak.v1.types import (
    SpeakV1Clear,
    SpeakV1Cleared,
    SpeakV1Close,
    SpeakV1Flush,
    SpeakV1Flushed,
    SpeakV1Metadata,
    SpeakV1Text,
    SpeakV1Warning,
)
from deepgram.speak.v2.types import (
    SpeakV2Close,
    SpeakV2Configure,
    SpeakV2Connected,
    SpeakV2Flush,
    SpeakV2Flushed,
    SpeakV2Interrupt,
    SpeakV2SessionMetadata,
    SpeakV2Speak,
    SpeakV2SpeechInterrupted,
    SpeakV2SpeechMetadata,
    SpeakV2SpeechStarted,
    SpeakV2Warning,
)
from pydantic import BaseModel

from tests.loopback.checking import unknown_fields

Fields = Mapping[str, object]

REQUEST_ID = "00000000-0000-4000-8000-000000000000"
LISTEN_V1, LISTEN_V2, SPEAK_V1, SPEAK_V2 = "/v1/listen", "/v2/listen", "/v1/speak", "/v2/speak"


class Wire(Protocol):
    """What a protocol needs of its connection."""

    query: Mapping[str, str]

    def send(self, kind: str, fields: Fields) -> None:
        """Validate and send a message."""
        ...

    def send_audio(self, audio: bytes) -> None: ...

    def close(self, code: int) -> None:
        """Close once everything before it is sent."""
        ...

    def violate(self, what: str) -> None: ...

    async def disturb(self, audio_ms: float) -> None:
        """Go wrong if it is time."""
        ...


class Session(Protocol):
    """One connection's side of a protocol."""

    def greet(self) -> None: ...

    async def work(self) -> None:
        """Runs beside receiving, until the connection ends."""
        ...

    async def take_audio(self, audio: bytes) -> None: ...

    async def take(self, message: Mapping[str, Any]) -> None:
        """A validated message."""
        ...


_CLIENT: dict[str, dict[str, type[BaseModel]]] = {
    LISTEN_V1: {
        "KeepAlive": ListenV1KeepAlive,
        "Finalize": ListenV1Finalize,
        "CloseStream": ListenV1CloseStream,
        "Configure": ListenV1Configure,
    },
    LISTEN_V2: {
        "CloseStream": ListenV2CloseStream,
        "ForceEndTurn": ListenV2ForceEndTurn,
        "Configure": ListenV2Configure,
    },
    SPEAK_V1: {"Speak": SpeakV1Text, "Flush": SpeakV1Flush, "Clear": SpeakV1Clear, "Close": SpeakV1Close},
    SPEAK_V2: {
        "Speak": SpeakV2Speak,
        "Flush": SpeakV2Flush,
        "Interrupt": SpeakV2Interrupt,
        "Configure": SpeakV2Configure,
        "Close": SpeakV2Close,
    },
}

_SERVER: dict[str, dict[str, type[BaseModel]]] = {
    LISTEN_V1: {"Results": ListenV1Results, "Metadata": ListenV1Metadata},
    LISTEN_V2: {"Connected": ListenV2Connected, "TurnInfo": ListenV2TurnInfo, "Error": ListenV2FatalError},
    SPEAK_V1: {
        "Metadata": SpeakV1Metadata,
        "Flushed": SpeakV1Flushed,
        "Cleared": SpeakV1Cleared,
        "Warning": SpeakV1Warning,
    },
    SPEAK_V2: {
        "Connected": SpeakV2Connected,
        "SpeechStarted": SpeakV2SpeechStarted,
        "SpeechMetadata": SpeakV2SpeechMetadata,
        "Flushed": SpeakV2Flushed,
        "SpeechInterrupted": SpeakV2SpeechInterrupted,
        "SessionMetadata": SpeakV2SessionMetadata,
        "Warning": SpeakV2Warning,
    },
}

_QUERY: dict[str, frozenset[str]] = {
    LISTEN_V1: frozenset(
        """callback callback_method channels detect_entities diarize diarize_model dictation encoding endpointing
        extra filler_words interim_results keyterm keywords language language_hint mip_opt_out model multichannel
        numerals profanity_filter punctuate redact replace sample_rate search smart_format tag utterance_end_ms
        vad_events version no_delay""".split()
    ),
    LISTEN_V2: frozenset(
        """eager_eot_threshold encoding eot_threshold eot_timeout_ms keyterm language_hint mip_opt_out model
        numerals profanity_filter redact sample_rate tag""".split()
    ),
    SPEAK_V1: frozenset("encoding mip_opt_out model sample_rate speed".split()),
    SPEAK_V2: frozenset("encoding expressivity mip_opt_out model sample_rate speed tag".split()),
}
_SWITCHES = (
    "dictation filler_words interim_results multichannel numerals profanity_filter punctuate smart_format "
    "vad_events"
).split()
_SPEAK_RATES = {"8000", "16000", "24000", "32000", "48000"}


def server_message(path: str, kind: str, fields: Fields) -> str:
    """The text of a message that this server may send. Raises ValueError when the SDK's type says otherwise."""
    message = {"type": kind, **fields}
    _validate(_SERVER[path][kind], message)
    return json.dumps(message)


def client_message(path: str, text: str) -> dict[str, Any]:
    """A message of the client's. Raises ValueError naming what is wrong with it."""
    message = json.loads(text)
    if not isinstance(message, dict) or message.get("type") not in _CLIENT[path]:
        kind = message.get("type") if isinstance(message, dict) else type(message).__name__
        raise ValueError(f"{path} takes no message of type {kind!r}")
    _validate(_CLIENT[path][message["type"]], message)
    return message


def query_mistakes(path: str, query: Mapping[str, tuple[str, ...]]) -> list[str]:
    """What Deepgram would refuse, or silently ignore, in these parameters."""
    one = {name: values[0] for name, values in query.items()}
    mistakes = [f"unknown parameter {name}" for name in query if name not in _QUERY[path]]
    mistakes += [
        f"{name} is given twice" for name, values in query.items() if len(values) > 1 and name != "keyterm"
    ]
    mistakes += [f"{name}={one[name]}" for name in _SWITCHES if one.get(name, "true") not in ("true", "false")]
    if not one.get("model"):
        mistakes.append("no model")
    model = one.get("model", "")
    if path in (LISTEN_V1, LISTEN_V2):
        mistakes += _listen_mistakes(path, one, model)
        if "keyterm" in query and not model.startswith(("nova-3", "flux")):
            mistakes.append(f"keyterm with {model}")
        if sum(len(term) for term in query.get("keyterm", ())) > 2_000:
            mistakes.append("more than 500 tokens of keyterms")
    else:
        if one.get("encoding", "linear16") == "linear16" and one.get("sample_rate", "24000") not in _SPEAK_RATES:
            mistakes.append(f"sample_rate={one['sample_rate']}")
        if model.startswith("flux") != (path == SPEAK_V2):
            mistakes.append(f"{path} does not have {model}")
    return mistakes


def _listen_mistakes(path: str, one: Mapping[str, str], model: str) -> list[str]:
    mistakes = []
    if "encoding" in one and "sample_rate" not in one:
        mistakes.append("encoding without sample_rate")
    if model.startswith("flux") != (path == LISTEN_V2):
        mistakes.append(f"{path} does not have {model}")
    if "utterance_end_ms" in one and (one.get("interim_results") != "true" or int(one["utterance_end_ms"]) < 1_000):
        mistakes.append("utterance_end_ms needs interim_results and at least 1000")
    if "eot_threshold" in one and not 0.5 <= float(one["eot_threshold"]) <= 1.0:
        mistakes.append(f"eot_threshold={one['eot_threshold']}")
    if "eager_eot_threshold" in one and not 0.3 <= float(one["eager_eot_threshold"]) <= 0.9:
        mistakes.append(f"eager_eot_threshold={one['eager_eot_threshold']}")
    return mistakes


def _validate(model: type[BaseModel], message: Mapping[str, Any]) -> None:
    extra = list(unknown_fields(model.model_validate(message)))
    if extra:
        raise ValueError(f"{message['type']} has no {', '.join(extra)}")
