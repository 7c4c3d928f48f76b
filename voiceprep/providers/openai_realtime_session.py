"""One session of OpenAI's Realtime protocol: its messages become our events, and its rules are kept here.

Must not know addresses or keys. One reply at a time: the next is asked for when the server is done with the last.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voiceprep.model import Usage
from voiceprep.ports import SPEAKER_RATE_HZ, AudioBlock, Message, OnUsage, Samples
from voiceprep.providers.openai_dialect import END_INTERVIEW, NEXT_QUESTION, NOTE, Dialect
from voiceprep.providers.openai_usage import response_usage, transcription_usage
from voiceprep.providers.realtime_socket import Frame, RealtimeSocket, Who
from voiceprep.providers.upsampling import Upsampler
from voiceprep.realtime import (
    Direction,
    EndAsked,
    HearingFailed,
    NoteTaken,
    RealtimeEvent,
    RealtimeSetup,
    ReplyAudio,
    ReplyDone,
    ReplyText,
    SpeechBegan,
    SpeechHeard,
    SpeechOver,
    Stumbled,
)

COMMIT_MS_MIN = 100
"""Less audio than this cannot be committed."""
HARMLESS = ("response_cancel_not_active", "session_expired")
"""Two messages crossed; or the connection is about to close, which says it all."""
BUSY = "conversation_already_has_active_response"


@dataclass(frozen=True, slots=True)
class Told:
    """What a session has to know of its model."""

    name: str
    model: str
    dialect: Dialect
    who: Who
    on_usage: OnUsage


@dataclass(slots=True)
class _Reply:
    """One response, without a direction when the model speaks by itself. `pieces`: (item id, content index,
    samples) of its audio, in order."""

    direction: Direction | None
    identity: str = ""
    is_given_up: bool = False
    is_done: bool = False
    pieces: list[tuple[str, int, int]] = field(default_factory=list)


class OpenAIRealtimeSession:
    """realtime.RealtimeSession."""

    def __init__(self, socket: RealtimeSocket, setup: RealtimeSetup, told: Told) -> None:
        self.unknown_count = 0
        self._socket, self._setup, self._told = socket, setup, told
        self._upsampler = Upsampler() if told.dialect.input_rate_hz == SPEAKER_RATE_HZ else None
        self._uncommitted_ms = 0
        self._reply: _Reply | None = None  # the newest we asked for
        self._active: _Reply | None = None  # what the server is busy with
        self._next: Direction | None = None
        self._open_calls: list[str] = []
        self._texts: dict[str, str] = {}
        self._audio_ms = 0
        self._takers: dict[str, Callable[[Frame], Iterator[RealtimeEvent]]] = {
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.committed": self._committed,
            "conversation.item.input_audio_transcription.delta": self._transcript_delta,
            "conversation.item.input_audio_transcription.updated": self._transcript_updated,
            "conversation.item.input_audio_transcription.completed": self._transcript_completed,
            "conversation.item.input_audio_transcription.failed": self._transcript_failed,
            "response.created": self._created,
            "response.output_audio.delta": self._audio,
            "response.output_audio_transcript.delta": self._text,
            "response.function_call_arguments.done": self._called,
            "response.done": self._done,
            "error": self._error,
        }

    # ---------------------------------------------------------------------------------- what we tell

    def remember(self, history: Sequence[Message]) -> None:
        """What was said in sessions before this one. Audio of the assistant cannot be made anew, text can."""
        for message in history:
            kind = "input_text" if message.role == "user" else "output_text"
            content = [{"type": kind, "text": message.text}]
            item = {"type": "message", "role": message.role, "content": content}
            self._socket.send({"type": "conversation.item.create", "item": item})

    def push(self, block: AudioBlock) -> None:
        self._append(block.samples)

    def _append(self, samples: Samples) -> None:
        self._uncommitted_ms += len(samples) // 16
        audio = self._upsampler.convert(samples) if self._upsampler else samples
        self._audio_ms += len(samples) // 16
        encoded = base64.b64encode(audio.astype("<i2").tobytes()).decode("ascii")
        self._socket.send({"type": "input_audio_buffer.append", "audio": encoded})

    def commit(self) -> None:
        missing_ms = COMMIT_MS_MIN - self._uncommitted_ms
        if missing_ms > 0:
            self._append(np.zeros(missing_ms * 16, np.int16))
        self._uncommitted_ms = 0
        self._socket.send({"type": "input_audio_buffer.commit"})

    def request(self, direction: Direction) -> None:
        if self._active is not None:
            self._next = direction
            return
        self._next = None
        self._reply = self._active = _Reply(direction)
        for call_id in self._open_calls:
            self._answer_call(call_id, direction.instructions)
        self._open_calls.clear()
        instructions = f"{self._setup.instructions}\n\n{direction.instructions}"
        self._socket.send({"type": "response.create", "response": self._told.dialect.response(instructions)})

    def interrupt(self, heard_ms: int) -> None:
        reply, self._reply = self._reply, None
        self._next = None
        if reply is None:
            return
        reply.is_given_up = True
        self._truncate(reply, heard_ms)
        if not reply.is_done and reply.identity:
            self._cancel(reply)

    def _cancel(self, reply: _Reply) -> None:
        self._socket.send({"type": "response.cancel", "response_id": reply.identity})

    def _truncate(self, reply: _Reply, heard_ms: int) -> None:
        """Cut the items of the reply to what was heard, never to more than the server has sent."""
        lengths: dict[tuple[str, int], int] = {}
        for item_id, content_index, count in reply.pieces:
            lengths[item_id, content_index] = lengths.get((item_id, content_index), 0) + count
        left_ms = heard_ms
        for (item_id, content_index), count in lengths.items():
            length_ms = count * 1000 // SPEAKER_RATE_HZ
            end_ms = min(left_ms, length_ms)
            left_ms -= end_ms
            if end_ms < length_ms or not reply.is_done:
                place = {"item_id": item_id, "content_index": content_index, "audio_end_ms": end_ms}
                self._socket.send({"type": "conversation.item.truncate", **place})

    def _answer_call(self, call_id: str, output: str) -> None:
        item = {"type": "function_call_output", "call_id": call_id, "output": output}
        self._socket.send({"type": "conversation.item.create", "item": item})

    # ------------------------------------------------------------------------------- what it tells us

    async def events(self) -> AsyncIterator[RealtimeEvent]:
        async for frame in self._socket.frames():
            take = self._takers.get(str(frame.get("type")))
            if take is None:
                self.unknown_count += 1
                continue
            for event in take(frame):
                yield event

    async def close(self) -> None:
        await self._socket.close()

    def _speech_started(self, frame: Frame) -> Iterator[RealtimeEvent]:
        yield SpeechBegan()

    def _committed(self, frame: Frame) -> Iterator[RealtimeEvent]:
        self._uncommitted_ms = 0 if not self._setup.are_turns_ours else self._uncommitted_ms
        yield SpeechOver(_text_of(frame, "item_id"))

    def _transcript_delta(self, frame: Frame) -> Iterator[RealtimeEvent]:
        item_id = _text_of(frame, "item_id")
        self._texts[item_id] = self._texts.get(item_id, "") + _text_of(frame, "delta")
        yield SpeechHeard(item_id, self._texts[item_id].strip(), is_final=False)

    def _transcript_updated(self, frame: Frame) -> Iterator[RealtimeEvent]:
        """xAI: all of it so far."""
        yield SpeechHeard(_text_of(frame, "item_id"), _text_of(frame, "transcript").strip(), is_final=False)

    def _transcript_completed(self, frame: Frame) -> Iterator[RealtimeEvent]:
        self._texts.pop(_text_of(frame, "item_id"), None)
        told = self._told
        usage = transcription_usage(told.name, told.dialect.transcription_model, frame.get("usage"))
        if usage is not None:
            told.on_usage(usage)
        yield SpeechHeard(_text_of(frame, "item_id"), _text_of(frame, "transcript").strip(), is_final=True)

    def _transcript_failed(self, frame: Frame) -> Iterator[RealtimeEvent]:
        self._texts.pop(_text_of(frame, "item_id"), None)
        yield HearingFailed(_text_of(frame, "item_id"))

    def _created(self, frame: Frame) -> Iterator[RealtimeEvent]:
        identity = _text_of(_part_of(frame, "response"), "id")
        if self._active is None or self._active.identity:
            self._active = _Reply(None)  # it speaks by itself: nobody listens
        self._active.identity = identity
        if self._active.is_given_up:  # the interruption came before the server had begun
            self._cancel(self._active)
        return iter(())

    def _audio(self, frame: Frame) -> Iterator[RealtimeEvent]:
        identity = _text_of(frame, "response_id")
        reply, active = self._reply, self._active
        if active is not None and active.direction is None and identity == active.identity:
            self._silence(active, _text_of(frame, "item_id"))
        if reply is None or not reply.identity or identity != reply.identity:
            return
        samples = _samples_of(frame)
        if samples is None:
            self.unknown_count += 1
            return
        index = frame.get("content_index")
        reply.pieces.append((_text_of(frame, "item_id"), index if isinstance(index, int) else 0, len(samples)))
        yield ReplyAudio(samples)

    def _silence(self, reply: _Reply, item_id: str) -> None:
        """The model speaks unasked: nobody has heard it, and it shall know."""
        if not reply.is_given_up:
            reply.is_given_up = True
            self._cancel(reply)
            place = {"item_id": item_id, "content_index": 0, "audio_end_ms": 0}
            self._socket.send({"type": "conversation.item.truncate", **place})

    def _text(self, frame: Frame) -> Iterator[RealtimeEvent]:
        reply = self._reply
        if reply is not None and reply.identity and _text_of(frame, "response_id") == reply.identity:
            yield ReplyText(_text_of(frame, "delta"))

    def _called(self, frame: Frame) -> Iterator[RealtimeEvent]:
        name, call_id = _text_of(frame, "name"), _text_of(frame, "call_id")
        if name == NEXT_QUESTION:
            self._open_calls.append(call_id)
        elif name == END_INTERVIEW:
            self._open_calls.append(call_id)
            yield EndAsked()
        else:
            self._answer_call(call_id, "noted" if name == NOTE else "there is no such function")
            if name == NOTE:
                yield NoteTaken(_text_of(frame, "arguments")[:500])

    def _done(self, frame: Frame) -> Iterator[RealtimeEvent]:
        response = _part_of(frame, "response")
        told = self._told
        identity = _text_of(response, "id")
        active, reply = self._active, self._reply
        usage = response_usage(told.name, told.model, response.get("usage"))
        told.on_usage(usage or self._usage_by_time(reply if reply and reply.identity == identity else None))
        if reply is not None and identity and reply.identity == identity and not reply.is_done:
            reply.is_done = True
            status = _text_of(response, "status")
            if status in ("failed", "incomplete"):
                yield Stumbled(self._failure(response))
            yield ReplyDone(is_whole=status == "completed")
        is_unknown = active is not None and active.direction is None and not active.identity
        if active is not None and (active.identity == identity or is_unknown):
            active.is_done = True
            self._active = None
            if self._next is not None:
                self.request(self._next)

    def _usage_by_time(self, reply: _Reply | None) -> Usage:
        """Of a service that does not tell: what was sent since the last reply, and what it said."""
        said_ms = sum(count for _, _, count in reply.pieces) * 1000 // SPEAKER_RATE_HZ if reply else 0
        heard_ms, self._audio_ms = self._audio_ms, 0
        return Usage(self._told.name, "realtime", self._told.model, audio_ms=heard_ms + said_ms)

    def _failure(self, response: Frame) -> Any:  # noqa: ANN401 - a ProviderError
        code = _text_of(_part_of(_part_of(response, "status_details"), "error"), "code")
        if code == "rate_limit_exceeded":
            return self._told.who.refused(429)
        return self._told.who.error(f"{self._told.who.title} broke off a reply.", "It is asked for again.")

    def _error(self, frame: Frame) -> Iterator[RealtimeEvent]:
        code = _text_of(_part_of(frame, "error"), "code")
        if code == BUSY and self._active is not None and not self._active.identity:
            # A reply we know nothing of is under way; ours waits for its end.
            self._next, self._active, self._reply = self._active.direction, _Reply(None), None
        elif code not in HARMLESS:
            who = self._told.who
            yield Stumbled(who.error(f"{who.title} reports an error.", "The session goes on.", is_retryable=True))


def _text_of(frame: Frame, name: str) -> str:
    value = frame.get(name)
    return value if isinstance(value, str) else ""


def _part_of(frame: Frame, name: str) -> Frame:
    value = frame.get(name)
    return value if isinstance(value, dict) else {}


def _samples_of(frame: Frame) -> Samples | None:
    """int16 at 24 kHz, shape (n_samples,); None when it is no audio."""
    try:
        raw = base64.b64decode(_text_of(frame, "delta"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.int16) if len(raw) >= 2 else None
