"""The two listen protocols: interim results on audio time, finals at pauses, turns with their confidence.

Must not know sockets. What was said is the ear's business.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.loopback.deepgram_messages import REQUEST_ID, Wire
from tests.loopback.ears import CodedEar, Ear, SaidWord
from tests.loopback.serving import stall
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES

DEFAULT_ENDPOINTING_MS = 10
FLUX_PAUSE_S = 0.6
FLUX_EAGER_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class ListenScript:
    """How a recogniser behaves. `revisions`: final word → what the interims say in its place."""

    ear: Callable[[], Ear] = CodedEar
    delay_s: float = 0.0
    """Wall time between audio and what is said about it."""
    interim_every_ms: int = 200
    final_every_ms: int = 5_000
    revisions: Mapping[str, str] = field(default_factory=dict)
    answers_finalize: bool = True
    times_words: bool = True
    """Flux only: whether words have times."""
    idle_s: float = 10.0
    """NET-0001 after so much wall time without a message."""


class _Hearing:
    """Audio in, words of the segment out."""

    def __init__(self, wire: Wire, script: ListenScript) -> None:
        self.ear = script.ear()
        self.position_s = 0.0
        self.segment_start_s = 0.0
        self._rate_hz = int(wire.query.get("sample_rate", "16000"))
        self._taken = 0
        self._script = script
        self._interim_due_s = script.interim_every_ms / 1000

    def hear(self, audio: bytes) -> None:
        samples = np.frombuffer(audio, "<i2").astype(np.int16)
        for start in range(0, len(samples), MICROPHONE_BLOCK_SAMPLES):
            block = samples[start : start + MICROPHONE_BLOCK_SAMPLES]
            self.ear.hear(block, self.position_s)
            self.position_s += len(block) / self._rate_hz

    def is_interim_due(self) -> bool:
        """At most once per interval of audio."""
        if self.position_s + 1e-9 < self._interim_due_s:
            return False
        self._interim_due_s = self.position_s + self._script.interim_every_ms / 1000
        return True

    @property
    def pause_s(self) -> float:
        return self.position_s - self.ear.sound_end_s

    def words(self, *, is_final: bool, is_cut: bool = False) -> list[SaidWord]:
        """Said since the last final; `is_cut` includes the word being said."""
        words = self.ear.said[self._taken :]
        unfinished = self.ear.unfinished()
        if is_cut and unfinished is not None:
            words = [*words, unfinished]
        if is_final:
            return words
        revised = self._script.revisions
        return [SaidWord(revised.get(word.text, word.text), word.start_s, word.end_s) for word in words]

    def close_segment(self) -> None:
        self._taken = len(self.ear.said)
        self.segment_start_s = self.position_s


class NovaSession:
    """Listen v1."""

    def __init__(self, wire: Wire, script: ListenScript) -> None:
        self._wire = wire
        self._script = script
        self._hearing = _Hearing(wire, script)
        endpointing = wire.query.get("endpointing", str(DEFAULT_ENDPOINTING_MS))
        self._endpointing_s = None if endpointing == "false" else int(endpointing) / 1000
        self._has_interims = wire.query.get("interim_results") == "true"

    def greet(self) -> None:
        """Listen v1 says nothing first."""

    async def work(self) -> None:
        await stall()

    async def take_audio(self, audio: bytes) -> None:
        hearing = self._hearing
        hearing.hear(audio)
        await self._wire.disturb(hearing.position_s * 1000)
        has_words = bool(hearing.words(is_final=True))
        is_long = hearing.position_s - hearing.segment_start_s >= self._script.final_every_ms / 1000
        is_paused = self._endpointing_s is not None and hearing.pause_s >= self._endpointing_s
        if (has_words and is_paused) or (is_long and hearing.ear.unfinished() is None):
            self._send(is_final=True, is_speech_final=has_words and is_paused)
        elif self._has_interims and hearing.is_interim_due():
            self._send(is_final=False)

    async def take(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "Finalize" if self._script.answers_finalize:
                self._send(is_final=True, is_speech_final=True, from_finalize=True)
            case "CloseStream":
                self._send(is_final=True)
                self._wire.send(
                    "Metadata",
                    {
                        "transaction_key": "deprecated",
                        "request_id": REQUEST_ID,
                        "sha256": "0" * 64,
                        "created": "2026-11-24T12:00:00.000Z",
                        "duration": self._hearing.position_s,
                        "channels": 1,
                    },
                )
                self._wire.close(1000)

    def _send(self, *, is_final: bool, is_speech_final: bool = False, from_finalize: bool = False) -> None:
        hearing = self._hearing
        words = hearing.words(is_final=is_final, is_cut=from_finalize)
        alternative = {
            "transcript": " ".join(word.text for word in words),
            "confidence": 0.99 if words else 0.0,
            "words": [
                {
                    "word": word.text.strip(".,!?").lower(),
                    "punctuated_word": word.text,
                    "start": word.start_s,
                    "end": word.end_s,
                    "confidence": 0.99,
                }
                for word in words
            ],
        }
        self._wire.send(
            "Results",
            {
                "channel_index": [0, 1],
                "duration": hearing.position_s - hearing.segment_start_s,
                "start": hearing.segment_start_s,
                "is_final": is_final,
                "speech_final": is_speech_final,
                "from_finalize": from_finalize,
                "channel": {"alternatives": [alternative]},
                "metadata": {
                    "request_id": REQUEST_ID,
                    "model_info": {"name": "general-nova-3", "version": "2026-01-01.0", "arch": "nova-3"},
                    "model_uuid": REQUEST_ID,
                },
            },
        )
        if is_final:
            hearing.close_segment()


class FluxSession:
    """Listen v2."""

    def __init__(self, wire: Wire, script: ListenScript) -> None:
        self._wire = wire
        self._script = script
        self._hearing = _Hearing(wire, script)
        self._sequence_id = 0
        self._turn_index = 0
        self._is_speaking = False
        self._is_eager = False
        self._threshold = float(wire.query.get("eot_threshold", "0.7"))
        self._has_eager = "eager_eot_threshold" in wire.query

    def greet(self) -> None:
        self._send("Connected", {})

    async def work(self) -> None:
        await stall()

    async def take_audio(self, audio: bytes) -> None:
        hearing = self._hearing
        hearing.hear(audio)
        await self._wire.disturb(hearing.position_s * 1000)
        words = hearing.words(is_final=True)
        if words and not self._is_speaking:
            self._is_speaking = True
            self._turn("StartOfTurn", words)
        elif self._is_speaking and hearing.pause_s >= FLUX_PAUSE_S and self._threshold < 1.0:
            self._end("model")
        elif self._is_speaking and self._has_eager and not self._is_eager and hearing.pause_s >= FLUX_EAGER_PAUSE_S:
            self._is_eager = True
            self._turn("EagerEndOfTurn", words)
        elif self._is_eager and hearing.pause_s < FLUX_EAGER_PAUSE_S:
            self._is_eager = False
            self._turn("TurnResumed", words)
        elif hearing.is_interim_due():
            self._turn("Update", hearing.words(is_final=False))

    async def take(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "ForceEndTurn" if self._script.answers_finalize and self._is_speaking:
                self._end("manual")
            case "CloseStream":
                self._wire.close(1000)

    def _end(self, trigger: str) -> None:
        self._turn("EndOfTurn", self._hearing.words(is_final=True, is_cut=trigger == "manual"), trigger)
        self._hearing.close_segment()
        self._turn_index += 1
        self._is_speaking = self._is_eager = False

    def _turn(self, event: str, words: Sequence[SaidWord], trigger: str | None = None) -> None:
        hearing = self._hearing
        pause_s = min(hearing.pause_s, FLUX_PAUSE_S) if self._is_speaking else 0.0
        self._send(
            "TurnInfo",
            {
                "event": event,
                "turn_index": self._turn_index,
                "audio_window_start": hearing.segment_start_s,
                "audio_window_end": hearing.position_s,
                "transcript": " ".join(word.text for word in words),
                "words": [self._word(word) for word in words],
                "end_of_turn_confidence": round(0.1 + 0.85 * pause_s / FLUX_PAUSE_S, 3),
                **({"trigger": trigger} if trigger else {}),
            },
        )

    def _word(self, word: SaidWord) -> dict[str, object]:
        times = {"start": word.start_s, "end": word.end_s} if self._script.times_words else {}
        return {"word": word.text, "confidence": 0.99, **times}

    def _send(self, kind: str, fields: Mapping[str, object]) -> None:
        self._wire.send(kind, {"request_id": REQUEST_ID, "sequence_id": self._sequence_id, **fields})
        self._sequence_id += 1
