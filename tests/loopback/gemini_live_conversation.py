"""One conversation with Gemini Live: setup, activity, turns, tools, resumption, and the rules of all of them.

Must not know sockets.
"""

import base64
import itertools
import random

import numpy as np
from google.genai import types

from tests.loopback.gemini_live_messages import (
    ClientMessage,
    audio_mistake,
    read_client,
    server_text,
    setup_mistake,
)
from tests.loopback.gemini_live_turn import ModelTurn
from tests.loopback.realtime import Fault, Message, Script, Transcripts, Wire, wait_ms
from tests.loopback.turn_detection import Edge, TurnDetector
from voiceprep.ports import Samples

SILENCE_MS = 500
PADDING_MS = 300
CAP_MS = 15 * 60_000
"""Of a session whose context is not compressed."""
GRACE_MS = 2_000
"""Audio between `goAway` and the end."""
DEADLINE = "Deadline expired before operation could complete."
NO_KEY = "API key not valid. Please pass a valid API key."


class GeminiConversation:
    """`said`: (role, text), oldest first, as the model remembers it."""

    def __init__(
        self,
        wire: Wire,
        script: Script,
        handles: dict[str, tuple[tuple[str, str], ...]],
        is_known: bool,
        is_second: bool,
    ) -> None:
        self.heard_ms = 0.0
        self.said_ms = 0.0
        self.script = script
        self.said: list[tuple[str, str]] = []
        self.random = random.Random(script.seed)
        self.active: ModelTurn | None = None
        self.system = ""
        self.setup: ClientMessage | None = None
        self.pending_calls: set[str] = set()
        self._wire = wire
        self._handles = handles
        self._is_known = is_known
        self._is_second = is_second
        self._has_written = False
        self._turns = itertools.count(1)
        self._detector: TurnDetector | None = None
        self._buffer = np.zeros(0, np.int16)
        self._rate_hz = 16_000
        self._is_active = False
        self._end_at_ms: float | None = None

    # --------------------------------------------------------------------------------- messages

    def greet(self) -> None:
        """Says nothing before the setup."""

    def send(self, kind: str, message: Message) -> None:
        """Check and send a message; a wrong one is this server's mistake. `kind` is what tests count."""
        try:
            text = server_text(message)
        except ValueError as error:
            self._wire.violate(f"this server's own {kind}: {error}")
            return
        self._wire.send(kind, text)

    def tell(self, **content: object) -> None:
        """Server content, named as on the wire."""
        self.send(next(iter(content)), {"serverContent": content})

    async def take(self, message: Message) -> None:
        kind = next(iter(message), "")
        try:
            read = read_client(message)
        except ValueError as error:
            self._wire.note(kind, message)
            self._refuse(str(error))
            return
        is_audio = read.message.realtime_input is not None and read.message.realtime_input.audio is not None
        self._wire.note("audio" if is_audio else read.kind, None if is_audio else message)
        if read.kind == "setup":
            await self._set_up(read)
        elif self.setup is None:
            self._refuse(f"{read.kind} before the setup")
        elif read.message.realtime_input is not None:
            await self._hear(read.message.realtime_input)
        elif read.message.client_content is not None:
            self._take_content(read.message.client_content)
        elif read.message.tool_response is not None:
            self._take_tools(read.message.tool_response)

    async def disturb(self, fault: Fault) -> None:
        match fault:
            case Fault.MALFORMED:
                for text in ('{"serverContent": {"modelT', "[1, 2]", '{"serverContent": 7}', "", "{}"):
                    self._wire.send_raw(text)
                self._wire.send_raw('{"serverContent": {"modelTurn": {"parts": [{"inlineData": {"data": "%"}}]}}}')
            case Fault.UNKNOWN:
                self._wire.send_raw('{"weather": {"isFine": true}}')
                self._wire.send_raw('{"serverContent": {"mood": "curious"}}')
            case Fault.EXPIRE:
                self._go_away()
            case _:
                self._wire.send_raw('{"code": 13, "message": "secret words", "status": "INTERNAL"}')

    def _refuse(self, what: str) -> None:
        """A broken rule; the service ends the conversation."""
        self._wire.violate(what)
        self._wire.close(1007, what[:100])

    def _go_away(self) -> None:
        if self._end_at_ms is None:
            self._end_at_ms = self.heard_ms + GRACE_MS
            self.send("goAway", {"goAway": {"timeLeft": f"{GRACE_MS / 1000}s"}})

    # ------------------------------------------------------------------------------------ setup

    async def _set_up(self, read: ClientMessage) -> None:
        setup = read.message.setup
        assert setup is not None
        if not self._is_known:  # a wrong key passes the handshake
            self._wire.close(1007, NO_KEY)
            return
        mistake = "a second setup" if self.setup is not None else setup_mistake(setup)
        if mistake is not None:
            self._refuse(mistake)
            return
        handle = setup.session_resumption.handle if setup.session_resumption else None
        if handle is not None and handle not in self._handles:
            self._wire.close(1008, "BidiGenerateContent session not found")
            return
        if handle is not None and self._is_second:
            self._wire.violate("resumed while the old connection is open")
            self._wire.close(1011, "Internal error encountered.")
            return
        self.setup = read
        self.said = list(self._handles.get(handle or "", ()))
        self.system = _text(setup.system_instruction)
        detection = read.detection.automatic_activity_detection or types.AutomaticActivityDetection()
        if not detection.disabled:
            self._detector = TurnDetector(self._rate_hz, self.script.level)
            self._detector.silence_ms = detection.silence_duration_ms or SILENCE_MS
        self.send("setupComplete", {"setupComplete": {}})

    @property
    def is_resumable(self) -> bool:
        setup = self.setup.message.setup if self.setup else None
        return setup is not None and setup.session_resumption is not None

    def _has(self, name: str) -> bool:
        setup = self.setup.message.setup if self.setup else None
        return getattr(setup, name, None) is not None

    @property
    def tells_what_it_says(self) -> bool:
        return self._has("output_audio_transcription")

    # ------------------------------------------------------------------------------------ audio

    async def _hear(self, given: types.LiveClientRealtimeInput) -> None:
        if len(given.model_fields_set) != 1:
            self._refuse(f"realtime input holds one thing, not {sorted(given.model_fields_set)}")
        elif given.audio is not None:
            await self._take_audio(given.audio)
        elif given.audio_stream_end:
            self._end_stream()
        elif given.activity_start is not None or given.activity_end is not None:
            self._mark(is_start=given.activity_start is not None)
        elif given.text is not None:
            self._begin_turn(given.text)
        else:
            self._refuse("this server takes audio and text")

    async def _take_audio(self, blob: types.Blob) -> None:
        if mistake := audio_mistake(blob):
            self._refuse(mistake)
            return
        assert blob.data is not None
        rate_hz = int((blob.mime_type or "").partition(";rate=")[2])
        if rate_hz != self._rate_hz:
            self._set_rate(rate_hz)
        samples = np.frombuffer(blob.data, "<i2").astype(np.int16)
        self.heard_ms += len(samples) * 1000 / rate_hz
        if self._detector is not None:
            self._buffer = np.concatenate((self._buffer, samples))
            for edge in self._detector.hear(samples):
                self._turn(edge)
            if not self._detector.is_speaking:
                self._buffer = self._buffer[-rate_hz * PADDING_MS // 1000 :]
        elif self._is_active:
            self._buffer = np.concatenate((self._buffer, samples))
        await self._watch_the_time()

    def _set_rate(self, rate_hz: int) -> None:
        if self.heard_ms:
            self._wire.violate("another rate in the middle of the audio")
        self._rate_hz = rate_hz
        if self._detector is not None:
            silence_ms = self._detector.silence_ms
            self._detector = TurnDetector(rate_hz, self.script.level)
            self._detector.silence_ms = silence_ms

    async def _watch_the_time(self) -> None:
        cap_ms = self.script.cap_ms or (None if self._has("context_window_compression") else CAP_MS)
        if cap_ms is not None and self.heard_ms >= cap_ms:
            self._go_away()
        if self._end_at_ms is not None and self.heard_ms >= self._end_at_ms:
            self._wire.close(1011, DEADLINE)

    def _turn(self, edge: Edge) -> None:
        if edge.is_start:
            self._interrupt()
        else:
            self._hear_out()

    def _mark(self, *, is_start: bool) -> None:
        """The client's own detection."""
        if self._detector is not None:
            self._refuse("activity marked although this server detects it")
        elif is_start == self._is_active:
            self._refuse("activity begun twice" if is_start else "activity ended that had not begun")
        elif is_start:
            self._is_active = True
            self._interrupt()
        else:
            self._is_active = False
            self._hear_out()

    def _end_stream(self) -> None:
        if self._detector is None:
            self._refuse("audioStreamEnd although this server does not detect activity")
        elif self._detector.is_speaking:
            self._detector.reset()
            self._hear_out()

    def _interrupt(self) -> None:
        assert self.setup is not None
        handling = self.setup.detection.activity_handling
        if self.active is not None and handling is not types.ActivityHandling.NO_INTERRUPTION:
            self.active.interrupt()

    def _hear_out(self) -> None:
        """A turn of the candidate's is over: the model answers."""
        samples, self._buffer = self._buffer, self._buffer[:0]
        self._wire.spawn(self._answer_speech(samples))

    async def _answer_speech(self, samples: Samples) -> None:
        text = await self.script.hear(samples, self._rate_hz)
        if self._has("input_audio_transcription"):
            self._wire.spawn(self._transcribe(text))
        if text:
            self._begin_turn(text)

    async def _transcribe(self, text: str) -> None:
        """Comes when it comes, in pieces."""
        if self.script.transcripts is Transcripts.GOOD:
            await wait_ms(self.random.random() * self.script.transcript_ms)
            words = text.split()
            for start in range(0, len(words), 3):
                piece = " ".join(words[start : start + 3])
                self.tell(inputTranscription={"text": f" {piece}" if self._has_written else piece})
                self._has_written = True  # the pieces of all turns are one running text

    # ------------------------------------------------------------------------------------ turns

    def _begin_turn(self, text: str) -> None:
        """The model's, after what was said; one under way ends."""
        self.said.append(("user", text))
        self._reply(text)

    def _reply(self, instructions: str) -> None:
        if self.active is not None:
            self.active.interrupt()
        self.active = ModelTurn(self, next(self._turns), instructions)
        self._wire.spawn(self.active.run())

    def _take_content(self, content: types.LiveClientContent) -> None:
        lines = [("user" if turn.role != "model" else "model", _text(turn)) for turn in content.turns or ()]
        self.said += [(role, text) for role, text in lines if text]
        if content.turn_complete:
            self._reply(lines[-1][1] if lines else "")

    def _take_tools(self, response: types.LiveClientToolResponse) -> None:
        answered = {answer.id for answer in response.function_responses or ()}
        if not answered or not answered <= self.pending_calls:
            self._refuse(f"no calls {sorted(map(str, answered - self.pending_calls))}")
            return
        self.pending_calls -= {str(identity) for identity in answered}
        if not self.pending_calls:
            self._reply("")

    async def said_piece(self, piece_ms: float) -> None:
        """So much more audio went out."""
        self.said_ms += piece_ms
        await self._wire.disturb()

    def end_turn(self, turn: ModelTurn) -> None:
        """The model has finished, or was interrupted; what was said can be resumed from here."""
        if self.active is turn:
            self.active = None
        if self.is_resumable:
            handle = base64.b64encode(f"handle-{len(self._handles)}".encode()).decode()
            self._handles[handle] = tuple(self.said)
            update = {"newHandle": handle, "resumable": True}
            self.send("sessionResumptionUpdate", {"sessionResumptionUpdate": update})


def _text(content: types.ContentUnion | None) -> str:
    """The words of content in the form that the wire has."""
    parts = content.parts if isinstance(content, types.Content) else None
    return " ".join(part.text or "" for part in parts or ()).strip()
