"""xAI's Grok voice on 127.0.0.1: OpenAI's Realtime protocol with what xAI does otherwise.

Voice and turn detection stand at the top of the session, audio has many rates, the server always answers a turn it
detects, the words of the candidate come as a growing text, and usage mostly stays empty.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from tests.loopback.openai_realtime_conversation import OpenAIConversation
from tests.loopback.openai_realtime_dialect import EXPIRES_AT, OpenAIDialect
from tests.loopback.openai_realtime_messages import RATE_HZ, check, merged, server_text
from tests.loopback.realtime import Message, RealtimeServer, Wire

PATH = "/v1/realtime"
KEY = "xai-loopback"
MODEL = "grok-voice-latest"
IGNORED = ("output_modalities", "max_output_tokens", "truncation", "tracing")
"""OpenAI's, which LiveKit sends to xAI as well."""
RATES_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
UPDATED = "conversation.item.input_audio_transcription.updated"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Ping(_Strict):
    type: str
    event_id: str
    timestamp: int


class TranscriptionUpdated(_Strict):
    type: str
    event_id: str
    item_id: str
    content_index: int | None = None
    transcript: str


OWN: dict[str, type[BaseModel]] = {"ping": Ping, UPDATED: TranscriptionUpdated}


class TurnDetection(_Strict):
    type: str
    threshold: float | None = None
    silence_duration_ms: int | None = None
    prefix_padding_ms: int | None = None
    idle_timeout_ms: int | None = None
    create_response: Literal[True] = True
    interrupt_response: Literal[True] = True


class Transcription(_Strict):
    model: str | None = None
    language_hint: str | None = None
    keyterms: list[str] | None = None


class GrokRealtimeServer(RealtimeServer):
    """`base_url` is what a client is given, with `KEY`."""

    PATHS = (PATH,)
    key = KEY

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def refusals(self) -> list[str]:
        """Codes of every error a client was told, except those that were scripted."""
        return [code for conversation in self.conversations for code in conversation.refusals]

    def refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"code": "unauthenticated", "error": "Incorrect API key."}, status=401)
        if set(request.query) != {"model"} or not request.query["model"]:
            self.serving.violate(f"{request.path}: the query is {dict(request.query)}")
            return web.json_response({"code": "invalid", "error": "bad query"}, status=400)
        return None

    def converse(self, wire: Wire) -> OpenAIConversation:
        conversation = OpenAIConversation(wire, self.script, GrokDialect(), wire.query["model"])
        self.conversations.append(conversation)
        return conversation


class GrokDialect(OpenAIDialect):
    """What xAI does otherwise. Its pages say 30, 60 and 120 minutes; this takes the shortest."""

    cap_ms = 30 * 60_000

    def session(self, model: str, identity: str) -> Message:
        form = {"type": "audio/pcm", "rate": RATE_HZ}
        return {
            "object": "realtime.session",
            "id": identity,
            "model": model,
            "expires_at": EXPIRES_AT,
            "instructions": "",
            "voice": "eve",
            "turn_detection": {"type": "server_vad", "threshold": 0.85, "silence_duration_ms": 500},
            "audio": {"input": {"format": form, "transcription": None}, "output": {"format": form}},
            "tools": [],
        }

    def greeting(self) -> Iterator[tuple[str, Message]]:
        yield "conversation.created", {"conversation": {"id": "conv_loopback", "object": "realtime.conversation"}}
        yield "ping", {"timestamp": EXPIRES_AT}

    def as_openai(self, message: Message) -> Message:
        if message.get("type") == "session.update":
            return {**message, "session": _openai_session(message.get("session"))}
        request = message.get("response")
        if message.get("type") == "response.create" and isinstance(request, dict):
            if "output_modalities" in request:
                raise ValueError("response.output_modalities: here it is called modalities")
            return {
                **message,
                "response": {name: value for name, value in request.items() if name != "modalities"},
            }
        return message

    def server_text(self, kind: str, message: Message) -> str:
        if kind in OWN:
            check(OWN[kind], message)
            return json.dumps(message)
        if kind.startswith("session."):
            shown = {**message["session"]}
            told = {name: shown.pop(name) for name in ("id", "object", "expires_at")}
            openai = {**_openai_session(shown), **told}
            server_text(kind, {**message, "session": openai})
            return json.dumps(message)
        return server_text(kind, message)

    def merged(self, session: Message, update: Message) -> Message:
        result = merged(session, update)
        if isinstance(result["turn_detection"], dict):  # merging adds what only OpenAI lets one choose
            for name in ("create_response", "interrupt_response"):
                result["turn_detection"].pop(name, None)
        return result

    def mistakes(self, session: Message) -> list[str]:
        audio = session["audio"]
        speed = audio["output"].get("speed", 1.0)
        threshold = (session["turn_detection"] or {}).get("threshold", 0.5)
        rules = {
            f"a speed of {speed}": not 0.7 <= speed <= 1.5,
            f"a threshold of {threshold}": not 0.1 <= threshold <= 0.9,
            "a format that this server does not have": any(
                audio[side]["format"].get("type") != "audio/pcm" for side in ("input", "output")
            ),
        }
        return [what for what, is_broken in rules.items() if is_broken]

    def turn_detection(self, session: Message) -> Message | None:
        detection: Message | None = session["turn_detection"]
        if detection is None:
            return None
        return {**detection, "create_response": True, "interrupt_response": True}

    def transcript(self, text: str, audio_ms: float, session: Message) -> Iterator[tuple[str, Message]]:
        words = text.split()
        for count in range(1, len(words) + 1):
            yield "updated", {"transcript": " ".join(words[:count])}
        usage = {"type": "duration", "seconds": round(audio_ms / 1000, 2)}
        yield "completed", {"transcript": text, "usage": usage}

    def voice(self, session: Message) -> object:
        return session["voice"]

    def input_rate_hz(self, session: Message) -> int:
        return int(session["audio"]["input"]["format"]["rate"])

    def output_rate_hz(self, session: Message) -> int:
        return int(session["audio"]["output"]["format"]["rate"])

    def modalities(self, session: Message, request: Message) -> list[str]:
        return ["audio"]

    def shown_output(self, session: Message) -> Message:
        return {"voice": session["voice"]}

    def usage(self, usage: Message) -> Message | None:
        return None


def _openai_session(session: object) -> Message:
    """A session of xAI's in OpenAI's terms. Raises ValueError for what only OpenAI takes, or nobody."""
    if not isinstance(session, dict):
        raise ValueError("session.update without a session")
    result = {"type": "realtime", **deepcopy(session)}
    for name in IGNORED:
        result.pop(name, None)
    detection = result.pop("turn_detection", None)
    if detection is not None:
        check(TurnDetection, detection)
        if detection["type"] != "server_vad":
            raise ValueError(f"turn_detection of type {detection['type']}")
    if not isinstance(result.pop("voice", ""), str):
        raise ValueError("a voice that is no name")
    if (result.pop("reasoning", None) or {}).get("effort", "high") not in ("high", "none"):
        raise ValueError("reasoning.effort is high or none")
    result.pop("resumption", None)
    for side in ("input", "output"):
        _take_side(side, (result.get("audio") or {}).get(side) or {})
    return result


def _take_side(side: str, audio: Message) -> None:
    """Take out what OpenAI's types do not have, after checking it."""
    for name in ("voice", "turn_detection", "noise_reduction"):
        if audio.get(name) is not None or (name in audio and name == "turn_detection"):
            raise ValueError(f"audio.{side} has no {name}")
    form = audio.get("format")
    if form is not None and form.get("type") == "audio/pcm":
        if form.get("rate") not in RATES_HZ:
            raise ValueError(f"audio.{side}.format.rate {form.get('rate')}")
        form["rate"] = RATE_HZ
    if audio.pop("transport", "json") != "json":
        raise ValueError("this server sends no binary frames")
    if audio.get("transcription") is not None:
        check(Transcription, audio.pop("transcription"))
