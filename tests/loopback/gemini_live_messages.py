"""Every message of Gemini's Live protocol, checked against the SDK's types, which allow no unknown field.

Clients may write names in camel case or with underscores, as protocol buffers allow. Must not know sockets.
"""

import json
from dataclasses import dataclass

from google.genai import types
from pydantic import ValidationError

from tests.loopback.realtime import Message


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """A message of the client's. `detection` belongs to its setup; the SDK's type of the setup lacks it."""

    message: types.LiveClientMessage
    detection: types.RealtimeInputConfig

    @property
    def kind(self) -> str:
        return next(iter(self.message.model_fields_set))


def server_text(message: Message) -> str:
    """The frame. Raises ValueError when the SDK's types say otherwise."""
    text = json.dumps(message)
    try:
        types.LiveServerMessage.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(_told(error)) from None
    return text


def read_client(message: Message) -> ClientMessage:
    """Raises ValueError naming what is wrong with it."""
    message = dict(message)
    detection: object = {}
    if isinstance(message.get("setup"), dict):
        setup = message["setup"] = dict(message["setup"])
        detection = setup.pop("realtimeInputConfig", setup.pop("realtime_input_config", {}))
    try:
        read = types.LiveClientMessage.model_validate_json(json.dumps(message))
        config = types.RealtimeInputConfig.model_validate_json(json.dumps(detection))
    except ValidationError as error:
        raise ValueError(_told(error)) from None
    if len(read.model_fields_set) != 1:
        raise ValueError(f"a message holds one thing, not {sorted(read.model_fields_set)}")
    return ClientMessage(read, config)


def setup_mistake(setup: types.LiveClientSetup) -> str | None:
    """What the service refuses although the types allow it."""
    generation = setup.generation_config or types.GenerationConfig()
    modalities = generation.response_modalities or []
    if not (setup.model or "").startswith("models/"):
        return f"the model is {setup.model!r}"
    if len(modalities) != 1:
        return f"{len(modalities)} response modalities"
    if modalities[0] is not types.Modality.AUDIO:
        return "this server only speaks"
    return None


def audio_mistake(blob: types.Blob) -> str | None:
    """Why audio cannot be taken."""
    if not blob.data or len(blob.data) % 2:
        return f"{len(blob.data or b'')} bytes of audio"
    form, _, rate = (blob.mime_type or "").partition(";rate=")
    if form != "audio/pcm" or not rate.isdigit():
        return f"audio of type {blob.mime_type}"
    return None


def _told(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
