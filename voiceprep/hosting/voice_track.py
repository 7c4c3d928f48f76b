"""The interviewer's voice in a room: every block the candidate sends takes one along, so both keep one clock.

Must not know what is said.
"""

import asyncio
from typing import Protocol

import numpy as np
from livekit import rtc

from voiceprep.audio.line import SpeakerLine
from voiceprep.ports import BLOCK_MS, SPEAKER_BLOCK_SAMPLES, SPEAKER_RATE_HZ, Samples

AHEAD_BLOCKS = 3
"""So much is handed over when a voice begins, as far as it is there, and from then on as much as is played: what is
late by less leaves no gap, and what is stopped is heard for so long."""
PIECE_BLOCKS = 2
"""Handed over as one: a call costs more than the work on its sound."""
LATENCY_MS = 60 + BLOCK_MS * AHEAD_BLOCKS
"""From here to the candidate's ear on a near network: what is handed over ahead, a packet of 20 ms and their jitter
buffer, measured 47 ms on one machine, and their sound card."""
SILENCE = np.zeros(SPEAKER_RATE_HZ // 5, np.int16)
"""Handed over as one, and dropped when a voice begins."""
SILENCE_LEFT_S, VOICE_LEFT_S = 0.05, 0.03
"""With less than that ahead nothing waits."""
QUEUE_MS = 400
"""More than is ever ahead."""
WAITING_PIECES_MAX = 10


class Source(Protocol):
    """What is needed of LiveKit's AudioSource: it sends 10 ms after 10 ms of what it was given."""

    @property
    def queued_duration(self) -> float:
        """Seconds it has not sent yet."""
        ...

    def clear_queue(self) -> None:
        """Drop what was not sent yet."""
        ...

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take it."""
        ...

    async def aclose(self) -> None:
        """Send nothing more."""
        ...


def open_source() -> rtc.AudioSource:
    """A source with a queue: what keeps time is its own thread, not a busy event loop."""
    return rtc.AudioSource(SPEAKER_RATE_HZ, 1, queue_size_ms=QUEUE_MS)


async def publish(room: rtc.Room, source: rtc.AudioSource) -> None:
    """As the interviewer's microphone. Silence costs next to nothing on the way (Opus' DTX)."""
    track = rtc.LocalAudioTrack.create_audio_track("interviewer", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=True)
    await room.local_participant.publish_track(track, options)


class VoiceTrack:
    """Pulls the speaker line, at every block and when a voice begins, and hands over to `source` what comes."""

    def __init__(self, speaker: SpeakerLine, source: Source) -> None:
        self._speaker = speaker
        self._source = source
        self._waiting: asyncio.Queue[Samples | None] = asyncio.Queue(WAITING_PIECES_MAX)
        """None: what was handed over before is dropped."""
        self._piece: list[Samples] = []
        self._is_voice = False

    def step(self) -> None:
        """20 ms have passed."""
        is_talking = self._speaker.is_talking
        block = self._speaker.pull(SPEAKER_BLOCK_SAMPLES)
        is_voice, self._is_voice = self._is_voice, is_talking or bool(block.any())
        if not self._is_voice:
            self._hand_over_piece()
            if self._source.queued_duration < SILENCE_LEFT_S:
                self._hand_over(SILENCE)
        elif not is_voice:
            self._begin(block)
        else:
            self._piece.append(block)
            if self._source.queued_duration < VOICE_LEFT_S:
                self._piece.append(self._pull_ready(AHEAD_BLOCKS - 1))
                self._hand_over_piece()
            elif len(self._piece) == PIECE_BLOCKS:
                self._hand_over_piece()

    def on_sound(self) -> None:
        """A voice that begins waits for no block."""
        if not self._is_voice and self._speaker.is_talking and self._speaker.ready_samples >= SPEAKER_BLOCK_SAMPLES:
            self._is_voice = True
            self._begin(np.zeros(0, np.int16))

    def _begin(self, block: Samples) -> None:
        """`block` and what there is, up to what may be ahead, take the place of the silence."""
        self._hand_over(None)
        self._piece = [block, self._pull_ready(AHEAD_BLOCKS - block.size // SPEAKER_BLOCK_SAMPLES)]
        self._hand_over_piece()

    def _pull_ready(self, blocks_max: int) -> Samples:
        """Ahead of time: whole blocks only, no silence behind them."""
        blocks = min(blocks_max, self._speaker.ready_samples // SPEAKER_BLOCK_SAMPLES)
        return self._speaker.pull(blocks * SPEAKER_BLOCK_SAMPLES) if blocks else np.zeros(0, np.int16)

    def _hand_over_piece(self) -> None:
        if self._piece:
            self._hand_over(np.concatenate(self._piece))
            self._piece = []

    def _hand_over(self, piece: Samples | None) -> None:
        if not self._waiting.full():  # else the network stands still: a gap for the candidate, not for the record
            self._waiting.put_nowait(piece)

    async def run(self) -> None:
        """Hand over piece after piece, until cancelled."""
        try:
            while True:
                piece = await self._waiting.get()
                if piece is None:
                    self._source.clear_queue()
                    continue
                frame = rtc.AudioFrame(piece.tobytes(), SPEAKER_RATE_HZ, 1, piece.size)
                await self._source.capture_frame(frame)
        finally:
            await self._source.aclose()
