"""One conversation with OpenAI's realtime model: session, audio buffer, items, and the rules of all of them.

Must not know sockets.
"""

import base64
import binascii
import itertools
import random
from copy import deepcopy
from typing import Any

import numpy as np

from tests.loopback.openai_realtime_dialect import Dialect
from tests.loopback.openai_realtime_items import Item, Items, item_mistake
from tests.loopback.openai_realtime_messages import APPEND_BYTES_MAX, check_client
from tests.loopback.openai_realtime_response import Response
from tests.loopback.realtime import Fault, Message, Script, Transcripts, Wire, wait_ms
from tests.loopback.turn_detection import Edge, TurnDetector
from voiceprep.ports import Samples

COMMIT_MS_MIN = 100
EXPIRED = "Your session hit the maximum duration of 60 minutes."
RACES = frozenset({"response_cancel_not_active"})
"""Refusals that a correct client may meet: the reply ended while its message was on the way."""


class OpenAIConversation:
    """`refusals`: codes of the errors sent that were not scripted, in order."""

    def __init__(self, wire: Wire, script: Script, dialect: Dialect, model: str) -> None:
        self.heard_ms = 0.0
        self.said_ms = 0.0
        self.refusals: list[str] = []
        self.script = script
        self.dialect = dialect
        self.items = Items()
        self.call_ids: set[str] = set()
        self.active: Response | None = None
        self.random = random.Random(script.seed)
        self.has_spoken = False
        self.session = dialect.session(model, "sess_loopback")
        self._wire = wire
        self._numbers = itertools.count(1)
        self._response_count = 0
        self._buffer = np.zeros(0, np.int16)
        self._speech_id: str | None = None
        self._detector = TurnDetector(self._rate_hz, script.level)

    # --------------------------------------------------------------------------------- messages

    def greet(self) -> None:
        self.send("session.created", session=self.session)
        for kind, fields in self.dialect.greeting():
            self.send(kind, **fields)

    def send(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 - fields of any message
        """Check and send a message; a wrong one is this server's mistake."""
        message = {"type": kind, "event_id": self.identity("event"), **fields}
        try:
            text = self.dialect.server_text(kind, message)
        except ValueError as error:
            self._wire.violate(f"this server's own {kind}: {error}")
            return
        self._wire.send(kind, text)

    def identity(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    async def take(self, message: Message) -> None:
        kind = str(message.get("type"))
        self._wire.note(kind, None if kind == "input_audio_buffer.append" else message)
        try:
            check_client(self.dialect.as_openai(message))
        except ValueError as error:
            self._refuse("invalid_request_error", str(error), message)
            return
        match kind:
            case "session.update":
                self._update(message)
            case "input_audio_buffer.append":
                await self._append(message)
            case "input_audio_buffer.commit":
                self._commit_by_hand(message)
            case "input_audio_buffer.clear":
                self._buffer = self._buffer[:0]
                self._detector.reset()
                self.send("input_audio_buffer.cleared")
            case "conversation.item.create":
                self._create_item(message)
            case "response.create":
                self._create_response(message)
            case "response.cancel":
                self._cancel(message)
            case "output_audio_buffer.clear":
                self._refuse("invalid_request_error", "output_audio_buffer.clear is for WebRTC", message)
            case _:
                self._take_item_message(kind, message)

    async def disturb(self, fault: Fault) -> None:
        match fault:
            case Fault.MALFORMED:
                for text in ('{"type": "response.output_au', "[1, 2]", '{"type": 7}', '{"type": "response.done"}'):
                    self._wire.send_raw(text)
                self._wire.send_raw('{"type": "response.output_audio.delta", "response_id": 1, "delta": "%%%"}')
            case Fault.UNKNOWN:
                self._wire.send_raw('{"type": "weather.updated", "event_id": "event_x", "session": 1}')
                self._wire.send_raw('{"event_id": "event_y"}')
            case Fault.EXPIRE:
                self._expire()
            case _:
                self._error("server_error", "secret words", None, "server_error")

    def _error(self, code: str, text: str, event_id: str | None, kind: str = "invalid_request_error") -> None:
        self.send("error", error={"type": kind, "code": code, "message": text, "param": None, "event_id": event_id})

    def _refuse(self, code: str, text: str, message: Message, *, is_race: bool = False) -> None:
        """An error, which a correct client never sees unless two messages crossed."""
        self.refusals.append(code)
        if not is_race:
            self._wire.violate(f"{message.get('type')}: {code}: {text}")
        self._error(code, text, message.get("event_id"))

    def _expire(self) -> None:
        self._error("session_expired", EXPIRED, None)
        self._wire.close(1001, EXPIRED)

    # ---------------------------------------------------------------------------------- session

    def _update(self, message: Message) -> None:
        update: Message = message["session"]
        session = self.dialect.merged(self.session, update)
        mistakes = self.dialect.mistakes(session)
        if session["model"] != self.session["model"]:
            mistakes.append("another model")
        if self.has_spoken and self.dialect.voice(session) != self.dialect.voice(self.session):
            mistakes.append("cannot_update_voice: another voice after it has spoken")
        if mistakes:
            self._refuse("invalid_value", "; ".join(mistakes), message)
            return
        rate_hz = self._rate_hz
        self.session = session
        if self._rate_hz != rate_hz:
            if self.heard_ms:
                self._wire.violate("session.update: another audio format in the middle of the audio")
            self._detector = TurnDetector(self._rate_hz, self.script.level)
        self.send("session.updated", session=self.session)

    @property
    def _rate_hz(self) -> int:
        return self.dialect.input_rate_hz(self.session)

    # ------------------------------------------------------------------------------------ audio

    async def _append(self, message: Message) -> None:
        try:
            audio = base64.b64decode(message["audio"], validate=True)
        except binascii.Error:
            self._refuse("invalid_value", "audio that is no base64", message)
            return
        if not audio or len(audio) % 2 or len(audio) > APPEND_BYTES_MAX:
            self._refuse("invalid_value", f"{len(audio)} bytes of audio", message)
            return
        samples = np.frombuffer(audio, "<i2").astype(np.int16)
        self.heard_ms += len(samples) * 1000 / self._rate_hz
        self._buffer = np.concatenate((self._buffer, samples))
        detection = self.dialect.turn_detection(self.session)
        if detection is not None:
            self._detector.silence_ms = self.dialect.silence_ms(detection)
            for edge in self._detector.hear(samples):
                self._turn(edge, detection)
            if not self._detector.is_speaking:
                padding = self._rate_hz * detection.get("prefix_padding_ms", 300) // 1000
                self._buffer = self._buffer[-padding:]
        if self.heard_ms >= (self.script.cap_ms or self.dialect.cap_ms):
            self._expire()

    def _turn(self, edge: Edge, detection: Message) -> None:
        if edge.is_start:
            padding_ms = detection.get("prefix_padding_ms", 300)
            self._speech_id = self.identity("item")
            start_ms = max(0, edge.at_ms - padding_ms)
            self.send("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._speech_id)
            if detection["interrupt_response"] and self.active is not None:
                self.active.cancel("turn_detected")
            return
        item_id = self._speech_id or self.identity("item")
        self._speech_id = None
        self.send("input_audio_buffer.speech_stopped", audio_end_ms=edge.at_ms, item_id=item_id)
        self._commit(item_id)
        if detection["create_response"]:
            if self.active is None:
                self._respond({})
            else:
                self.refusals.append("conversation_already_has_active_response")
                self._error("conversation_already_has_active_response", "A response is under way.", None)

    def _commit_by_hand(self, message: Message) -> None:
        buffered_ms = len(self._buffer) * 1000 / self._rate_hz
        if buffered_ms < COMMIT_MS_MIN:
            text = f"buffer too small. Expected at least 100ms of audio, but buffer only has {buffered_ms:.2f}ms"
            self._refuse("input_audio_buffer_commit_empty", text, message)
            return
        self._detector.reset()
        item_id, self._speech_id = self._speech_id or self.identity("item"), None
        self._commit(item_id)

    def _commit(self, item_id: str) -> None:
        samples, self._buffer = self._buffer, self._buffer[:0]
        content = [{"type": "input_audio", "transcript": None}]
        shown = {"id": item_id, "object": "realtime.item", "type": "message", "role": "user"}
        item = Item(item_id, {**shown, "status": "completed", "content": content})
        item.audio_ms = len(samples) * 1000 / self._rate_hz
        item.hearing = self._wire.spawn(self._hear(samples))
        before_id = self.items.last_id
        self.send("input_audio_buffer.committed", item_id=item_id, previous_item_id=before_id)
        self.add_item(item)
        self.send("conversation.item.done", item=item.message, previous_item_id=before_id)
        if self.dialect.transcription(self.session) is not None:
            self._wire.spawn(self._transcribe(item))

    async def _hear(self, samples: Samples) -> str:
        return await self.script.hear(samples, self._rate_hz)

    async def _transcribe(self, item: Item) -> None:
        """Comes when it comes: before, amid or after the reply."""
        assert item.hearing is not None
        text = await item.hearing
        await wait_ms(self.random.random() * self.script.transcript_ms)
        place = {"item_id": item.id, "content_index": 0}
        match self.script.transcripts:
            case Transcripts.GOOD:
                item.message["content"][0]["transcript"] = text
                for kind, fields in self.dialect.transcript(text, item.audio_ms, self.session):
                    self.send(f"conversation.item.input_audio_transcription.{kind}", **place, **fields)
            case Transcripts.FAILED:
                error = {"type": "server_error", "code": None, "message": "secret words", "param": None}
                self.send("conversation.item.input_audio_transcription.failed", **place, error=error)
            case Transcripts.MISSING:
                pass

    # ------------------------------------------------------------------------------------ items

    def add_item(self, item: Item, after_id: str | None = None) -> None:
        """Into the conversation, and tell."""
        before_id = self.items.add(item, after_id)
        self.send("conversation.item.added", item=deepcopy(item.message), previous_item_id=before_id)

    def _create_item(self, message: Message) -> None:
        given: Message = message["item"]
        after_id = message.get("previous_item_id")
        identity = given.get("id") or self.identity("item")
        mistake = item_mistake(given, self.call_ids)
        if after_id is not None and after_id != "root" and after_id not in self.items.all:
            mistake = f"no item {after_id} to put it behind"
        if identity in self.items.all:
            mistake = f"item {identity} is there"
        if mistake is not None:
            self._refuse("invalid_value", mistake, message)
            return
        shown = {"object": "realtime.item", "status": "completed", **given, "id": identity}
        text = " ".join(str(part.get("text") or "") for part in given.get("content", ()))
        self.add_item(Item(identity, shown, text=text), after_id)
        self.send("conversation.item.done", item=shown)

    def _take_item_message(self, kind: str, message: Message) -> None:
        """Delete, retrieve or truncate one."""
        item = self.items.all.get(message["item_id"])
        if item is None:
            self._refuse("item_not_found", f"no item {message['item_id']}", message)
        elif kind == "conversation.item.delete":
            del self.items.all[item.id]
            self.send("conversation.item.deleted", item_id=item.id)
        elif kind == "conversation.item.retrieve":
            self.send("conversation.item.retrieved", item=item.message)
        else:
            self._truncate(item, message)

    def _truncate(self, item: Item, message: Message) -> None:
        end_ms = message["audio_end_ms"]
        if not item.has_model_audio or message["content_index"] != 0 or end_ms < 0:
            self._refuse("invalid_value", "only audio of the model's can be truncated", message)
            return
        if end_ms > item.audio_ms:
            text = f"Audio content of {item.audio_ms:.0f}ms is already shorter than {end_ms}ms"
            self._refuse("invalid_value", text, message)
            return
        item.audio_ms, item.text, item.is_truncated = end_ms, "", True
        item.message["content"] = [{"type": "output_audio"}]
        self.send("conversation.item.truncated", item_id=item.id, content_index=0, audio_end_ms=end_ms)

    # -------------------------------------------------------------------------------- responses

    def _create_response(self, message: Message) -> None:
        request: Message = message.get("response") or {}
        if self.active is not None and request.get("conversation") != "none":
            detection = self.dialect.turn_detection(self.session)
            # Where the server starts replies itself, ours may cross one of them.
            crossed = detection is not None and bool(detection["create_response"])
            text = f"Conversation already has an active response in progress: {self.active.id}."
            self._refuse("conversation_already_has_active_response", text, message, is_race=crossed)
            return
        self._respond(request)

    def _respond(self, request: Message) -> None:
        self._response_count += 1
        response = Response(self, self._response_count, request)
        if request.get("conversation") != "none":
            self.active = response
        self._wire.spawn(response.run())

    def _cancel(self, message: Message) -> None:
        wanted, active = message.get("response_id"), self.active
        if active is None or (wanted is not None and wanted != active.id):
            text = "Cancellation failed: no active response found"
            self._refuse("response_cancel_not_active", text, message, is_race=self._response_count > 0)
            return
        active.cancel("client_cancelled")

    async def said_piece(self, piece_ms: float) -> None:
        """So much more audio went out."""
        self.said_ms += piece_ms
        self.has_spoken = True
        await self._wire.disturb()
