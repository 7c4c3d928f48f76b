"""How services that speak OpenAI's Realtime protocol are told what to do: each its own words for the same.

Pure; must not know sockets.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from voiceprep.ports import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ
from voiceprep.realtime import RealtimeSetup

Message = dict[str, Any]

NEXT_QUESTION, NOTE, END_INTERVIEW = "next_question", "note", "end_interview"


def tools() -> list[Message]:
    """What keeps the plan with a model that replies by itself: it asks for its line instead of inventing one."""
    nothing = {"type": "object", "properties": {}}
    text = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    told = (
        (NEXT_QUESTION, "The candidate has finished an answer. Returns the line you have to say next.", nothing),
        (NOTE, "Write down something about the answer that the interviewer should remember.", text),
        (END_INTERVIEW, "The candidate wants to end the interview now.", nothing),
    )
    return [
        {"type": "function", "name": name, "description": what, "parameters": shape} for name, what, shape in told
    ]


TOOL_RULE = (
    f"When the candidate has spoken, never reply by yourself: call {NEXT_QUESTION}, and say the line it returns. "
    f"Call {END_INTERVIEW} only when the candidate asks to end the interview."
)


class Dialect(Protocol):
    """One service's words."""

    @property
    def input_rate_hz(self) -> int:
        """Of the audio it is sent."""
        ...

    @property
    def transcription_model(self) -> str:
        """What writes down the candidate's words."""
        ...

    def session(self, setup: RealtimeSetup) -> Message:
        """For `session.update`."""
        ...

    def plain_session(self, setup: RealtimeSetup) -> Message | None:
        """The same without what not every server takes; None when there is nothing to leave out."""
        ...

    def response(self, instructions: str) -> Message:
        """For `response.create`."""
        ...


def pcm(rate_hz: int) -> Message:
    return {"type": "audio/pcm", "rate": rate_hz}


@dataclass(frozen=True, slots=True)
class OpenAIDialect:
    """`is_official`: OpenAI itself or Azure, and not another server with the same protocol."""

    model: str
    voice: str = "marin"
    transcription_model: str = "gpt-live-transcribe"
    is_official: bool = True
    input_rate_hz: int = SPEAKER_RATE_HZ

    def session(self, setup: RealtimeSetup) -> Message:
        detection: Message = {"type": "semantic_vad", "eagerness": "low"}
        if not self.is_official:
            detection = {"type": "server_vad", "silence_duration_ms": setup.patience_ms}
        transcription: Message = {"model": self.transcription_model, "language": "en"}
        if setup.vocabulary:
            transcription["keywords"] = list(setup.vocabulary)
        session = self._session(setup, detection, transcription)
        session["audio"]["input"]["noise_reduction"] = {"type": "near_field"}
        if self.model.startswith("gpt-realtime-2"):
            session["reasoning"] = {"effort": "minimal"}  # it only says what it is told
        return session

    def plain_session(self, setup: RealtimeSetup) -> Message | None:
        if self.is_official:
            return None
        detection = {"type": "server_vad", "silence_duration_ms": setup.patience_ms}
        return self._session(setup, detection, {"model": self.transcription_model})

    def _session(self, setup: RealtimeSetup, detection: Message, transcription: Message) -> Message:
        quiet = {"create_response": False, "interrupt_response": False}
        return {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": setup.instructions,
            "audio": {
                "input": {
                    "format": pcm(self.input_rate_hz),
                    "transcription": transcription,
                    "turn_detection": None if setup.are_turns_ours else detection | quiet,
                },
                "output": {"format": pcm(SPEAKER_RATE_HZ), "voice": self.voice},
            },
        }

    def response(self, instructions: str) -> Message:
        return {"instructions": instructions}


@dataclass(frozen=True, slots=True)
class GrokDialect:
    """xAI's: voice and turn detection stand at the top, and a turn that it detects is always answered."""

    model: str
    voice: str = "eve"
    transcription_model: str = "grok-transcribe"
    input_rate_hz: int = MICROPHONE_RATE_HZ

    def session(self, setup: RealtimeSetup) -> Message:
        transcription: Message = {"model": self.transcription_model, "language_hint": "en"}
        if setup.vocabulary:
            transcription["keyterms"] = list(setup.vocabulary)
        session: Message = {
            "instructions": setup.instructions,
            "voice": self.voice,
            "turn_detection": None,
            "audio": {
                "input": {"format": pcm(self.input_rate_hz), "transcription": transcription},
                "output": {"format": pcm(SPEAKER_RATE_HZ)},
            },
        }
        if not setup.are_turns_ours:
            session["turn_detection"] = {"type": "server_vad", "silence_duration_ms": setup.patience_ms}
            session["instructions"] += f"\n{TOOL_RULE}"
            session["tools"] = tools()
            session["tool_choice"] = "required"
        return session

    def plain_session(self, setup: RealtimeSetup) -> Message | None:
        return None

    def response(self, instructions: str) -> Message:
        return {"instructions": instructions, "tool_choice": "none"}
