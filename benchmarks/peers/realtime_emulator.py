"""The realtime model under every engine: the tests' OpenAI Realtime server, and a log of what it sent when.

Times are seconds of the machine's monotonic clock, which all processes share.
"""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.peers.emulator import tone
from tests.loopback.openai_realtime import OpenAIRealtimeServer
from tests.loopback.realtime import Asked, Reply, Script
from voiceprep.ports import Samples

FIRST_AUDIO_MS = 200
PIECE_MS = 100
BETWEEN_PIECES_MS = 20
"""Sound comes five times as fast as it is played: at an interruption some of it still has to be generated."""
LATE_PIECES = 3
"""Pieces that were on their way when the reply was cancelled."""
REPLY_S = 8.0
Hear = Callable[[Samples, int], Awaitable[str]]
HEARD = "I have one more thing to say about it."
LINE = "So the work went on while the service was running, and then there was a decision. How did you make it?"

AUDIO = "response.output_audio.delta"
STARTED, STOPPED = "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"


@dataclass
class RealtimeLog:
    """When the server sent what, and when the first sound of the microphone came."""

    first_heard_s: float = 0.0
    replies: dict[str, list[float]] = field(default_factory=dict)
    """Response → when each piece of its audio left."""
    started: list[float] = field(default_factory=list)
    """"The candidate speaks" left."""
    stopped: list[float] = field(default_factory=list)


class RealtimeEmulator:
    """Enter `server` before use. `reply_s`: how long a reply is from now on; `ears`: what hears the words, where
    they matter to who takes turns."""

    def __init__(self) -> None:
        self.log = RealtimeLog()
        self.ears: Hear | None = None
        self.reply_s = REPLY_S
        self.server = OpenAIRealtimeServer(
            Script(hear=self._hear, say=self._say, reply=self._reply, tamper=self._note)
        )

    @property
    def violations(self) -> list[str]:
        return self.server.violations

    def take_log(self) -> RealtimeLog:
        """What happened since the last call."""
        log, self.log = self.log, RealtimeLog()
        return log

    async def _hear(self, samples: Samples, rate_hz: int) -> str:
        return HEARD if self.ears is None else await self.ears(samples, rate_hz)

    async def _say(self, text: str) -> Samples:
        return tone(round(self.reply_s * 1000))

    def _reply(self, asked: Asked) -> Reply:
        return Reply(
            LINE,
            first_audio_ms=FIRST_AUDIO_MS,
            piece_ms=PIECE_MS,
            between_pieces_ms=BETWEEN_PIECES_MS,
            late_pieces=LATE_PIECES,
            linger_ms=round(self.reply_s * 1000 * (1 - BETWEEN_PIECES_MS / PIECE_MS)),
        )

    def _note(self, text: str) -> list[str]:
        """The server's frames as they leave; `type` stands first in each."""
        now_s = time.monotonic()
        if text.startswith(f'{{"type": "{AUDIO}"'):
            self.log.replies.setdefault(json.loads(text)["response_id"], []).append(now_s)
        elif text.startswith(f'{{"type": "{STARTED}"'):
            self.log.started.append(now_s)
        elif text.startswith(f'{{"type": "{STOPPED}"'):
            self.log.stopped.append(now_s)
        return [text]

    async def note_first_audio(self) -> None:
        """Runs beside a process: notes when its first microphone audio arrives."""
        count = self.server.count("input_audio_buffer.append")
        await self.server.until(lambda: self.server.count("input_audio_buffer.append") > count, within_s=120.0)
        self.log.first_heard_s = time.monotonic()
