"""Where services that speak OpenAI's Realtime protocol differ: what is configured where, and what else they say.

Must not know sockets. This file holds OpenAI's own.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from tests.loopback.openai_realtime_items import tokens_in
from tests.loopback.openai_realtime_messages import (
    RATE_HZ,
    SEMANTIC_SILENCE_MS,
    default_session,
    merged,
    server_text,
    session_mistakes,
)
from tests.loopback.realtime import Message

EXPIRES_AT = 1_795_300_000


class Dialect(Protocol):
    """One service's. `cap_ms`: a conversation ends after so much audio heard."""

    cap_ms: int

    def session(self, model: str, identity: str) -> Message:
        """The configuration that a conversation begins with."""
        ...

    def greeting(self) -> Iterator[tuple[str, Message]]:
        """What follows `session.created`."""
        ...

    def as_openai(self, message: Message) -> Message:
        """A client's message as OpenAI would have it. Raises ValueError for what this service does not take."""
        ...

    def server_text(self, kind: str, message: Message) -> str:
        """The frame of a message. Raises ValueError when it is wrong."""
        ...

    def merged(self, session: Message, update: Message) -> Message: ...

    def mistakes(self, session: Message) -> list[str]: ...

    def turn_detection(self, session: Message) -> Message | None: ...

    def silence_ms(self, detection: Message) -> int: ...

    def transcription(self, session: Message) -> Message | None: ...

    def transcript(self, text: str, audio_ms: float, session: Message) -> Iterator[tuple[str, Message]]:
        """Last part of the type, and fields, of what tells the words of the candidate."""
        ...

    def voice(self, session: Message) -> object: ...

    def input_rate_hz(self, session: Message) -> int: ...

    def output_rate_hz(self, session: Message) -> int: ...

    def modalities(self, session: Message, request: Message) -> list[str]: ...

    def shown_output(self, session: Message) -> Message:
        """How a response describes its sound."""
        ...

    def usage(self, usage: Message) -> Message | None:
        """What is told of it."""
        ...


class OpenAIDialect:
    """Nothing differs."""

    cap_ms = 60 * 60_000

    def session(self, model: str, identity: str) -> Message:
        return default_session(model, identity, EXPIRES_AT)

    def greeting(self) -> Iterator[tuple[str, Message]]:
        return iter(())

    def as_openai(self, message: Message) -> Message:
        return message

    def server_text(self, kind: str, message: Message) -> str:
        return server_text(kind, message)

    def merged(self, session: Message, update: Message) -> Message:
        return merged(session, update)

    def mistakes(self, session: Message) -> list[str]:
        return session_mistakes(session)

    def turn_detection(self, session: Message) -> Message | None:
        found: Message | None = session["audio"]["input"].get("turn_detection")
        return found

    def silence_ms(self, detection: Message) -> int:
        if detection["type"] == "semantic_vad":
            return SEMANTIC_SILENCE_MS[detection.get("eagerness") or "auto"]
        return int(detection.get("silence_duration_ms") or 500)

    def transcription(self, session: Message) -> Message | None:
        found: Message | None = session["audio"]["input"].get("transcription")
        return found

    def transcript(self, text: str, audio_ms: float, session: Message) -> Iterator[tuple[str, Message]]:
        for index, word in enumerate(text.split()):
            yield "delta", {"delta": f" {word}" if index else word}
        yield "completed", {"transcript": text, "usage": self._transcript_usage(text, audio_ms, session)}

    def voice(self, session: Message) -> object:
        return session["audio"]["output"].get("voice")

    def input_rate_hz(self, session: Message) -> int:
        return RATE_HZ

    def output_rate_hz(self, session: Message) -> int:
        return RATE_HZ

    def modalities(self, session: Message, request: Message) -> list[str]:
        chosen: list[str] = request.get("output_modalities") or session["output_modalities"]
        return chosen

    def shown_output(self, session: Message) -> Message:
        output: Message = session["audio"]["output"]
        return {"format": output["format"], "voice": output.get("voice")}

    def usage(self, usage: Message) -> Message | None:
        return usage

    def _transcript_usage(self, text: str, audio_ms: float, session: Message) -> dict[str, Any]:
        model = str((self.transcription(session) or {}).get("model"))
        if "live" in model or "whisper" in model:
            return {"type": "duration", "seconds": round(audio_ms / 1000, 2)}
        audio, words = round(audio_ms / 100), tokens_in(text)
        details = {"audio_tokens": audio, "text_tokens": 0}
        total = audio + words
        return {
            "type": "tokens",
            "input_tokens": audio,
            "output_tokens": words,
            "total_tokens": total,
            "input_token_details": details,
        }
