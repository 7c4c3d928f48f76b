"""speech-to-speech 1.1.0 by Hugging Face: its realtime server, loudness and tones in its models' place.

Runs in its own environment: `python -m benchmarks.peers.speech_to_speech_server TRANSCRIPT` prints its port, and
serves until its input ends. Everything that is said on the wire is theirs.
"""

import socket
import sys
import threading
import time
from queue import Queue

import numpy as np
import uvicorn
from speech_to_speech.api.openai_realtime.pipeline_unit import PipelineUnit
from speech_to_speech.api.openai_realtime.service import RealtimeService
from speech_to_speech.api.openai_realtime.websocket_router import create_app
from speech_to_speech.pipeline.cancel_scope import CancelScope
from speech_to_speech.pipeline.control import PipelineControlMessage
from speech_to_speech.pipeline.events import (
    AssistantOutputEvent,
    AssistantResponseDoneEvent,
    SpeechStartedEvent,
    SpeechStoppedEvent,
    TranscriptionCompletedEvent,
)
from speech_to_speech.pipeline.messages import AUDIO_RESPONSE_DONE, AudioOutput, GenerateResponseRequest

RATE_HZ = 16_000
CHUNK_MS = 512 * 1000 // RATE_HZ
LOUD = 500
SILENCE_MS = 500
LINE = "Please go on and tell me a little more about it."
PIECES = 30
PIECE_MS = 100
BETWEEN_PIECES_S = 0.005
"""Twenty times as fast as life."""


class Ears(threading.Thread):
    """In the place of voice detection and recognition: sound is speech, and its words are known."""

    def __init__(self, unit: PipelineUnit, transcript: str) -> None:
        super().__init__(daemon=True)
        self._unit = unit
        self._transcript = transcript
        self._at_ms = 0
        self._begun_ms: int | None = None
        self._loud_ms = 0

    def run(self) -> None:
        while True:
            item = self._unit.input_queue.get()
            if isinstance(item, PipelineControlMessage):
                self._begun_ms = None
                self._unit.output_queue.put(item)
            else:
                self._hear(np.frombuffer(item[0], "<i2"))

    def _hear(self, samples: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> None:
        self._at_ms += CHUNK_MS
        told = self._unit.text_output_queue
        if np.abs(samples.astype(np.int32)).max() > LOUD:
            self._loud_ms = self._at_ms
            if self._begun_ms is None:
                self._begun_ms = self._at_ms
                told.put(SpeechStartedEvent(audio_start_ms=self._at_ms))
        elif self._begun_ms is not None and self._at_ms - self._loud_ms >= SILENCE_MS:
            duration_s = (self._loud_ms - self._begun_ms) / 1000
            self._begun_ms = None
            told.put(SpeechStoppedEvent(duration_s=duration_s, audio_end_ms=self._at_ms))
            told.put(TranscriptionCompletedEvent(transcript=self._transcript))


class Mouth(threading.Thread):
    """In the place of language model and voice: one line, three seconds of tone."""

    def __init__(self, unit: PipelineUnit) -> None:
        super().__init__(daemon=True)
        self._unit = unit

    def run(self) -> None:
        while True:
            request = self._unit.text_prompt_queue.get()
            if isinstance(request, GenerateResponseRequest):
                self._speak(request.response_key)

    def _speak(self, response_key: str) -> None:
        unit = self._unit
        mine = {"response_key": response_key, "cancel_generation": unit.cancel_scope.generation}
        unit.output_queue.put(AssistantOutputEvent(text=LINE, **mine))
        at = np.arange(RATE_HZ * PIECE_MS // 1000) / RATE_HZ
        tone = (6_000 * np.sin(2 * np.pi * 200 * at)).astype("<i2").tobytes()
        for _ in range(PIECES):
            if unit.cancel_scope.is_stale(mine["cancel_generation"]):
                break
            unit.output_queue.put(AudioOutput(audio=tone, **mine))
            time.sleep(BETWEEN_PIECES_S)
        unit.output_queue.put(AssistantResponseDoneEvent(**mine))
        unit.output_queue.put(AudioOutput(audio=AUDIO_RESPONSE_DONE, **mine))


def main(transcript: str) -> None:
    prompts: Queue[object] = Queue()
    should_listen, stop = threading.Event(), threading.Event()
    unit = PipelineUnit(
        index=0,
        service=RealtimeService(text_prompt_queue=prompts, should_listen=should_listen),
        cancel_scope=CancelScope(),
        should_listen=should_listen,
        response_playing=threading.Event(),
        input_queue=Queue(),
        output_queue=Queue(),
        text_output_queue=Queue(),
        text_prompt_queue=prompts,
        handlers=[],
    )
    Ears(unit, transcript).start()
    Mouth(unit).start()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app([unit], stop), log_level="error"))
    threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    print(listening.getsockname()[1], flush=True)
    server.run(sockets=[listening])


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main(sys.argv[1])
