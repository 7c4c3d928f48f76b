"""The interviewer's voice in a room: every block the candidate sends takes one along, so both keep one clock.

Must not know what is said.
"""

import asyncio
from contextlib import suppress

from livekit import rtc

from voiceprep.audio.line import SpeakerLine
from voiceprep.ports import SPEAKER_BLOCK_SAMPLES, SPEAKER_RATE_HZ, AudioBlock, Samples

PIECE_SAMPLES = SPEAKER_RATE_HZ * 10 // 1000
"""A source without a queue takes exactly 10 ms at a time and holds nothing back: what is stopped is not heard."""

LATENCY_MS = 60
"""From here to the candidate's ear on a near network: a packet of 20 ms and their jitter buffer, measured 47 ms on
one machine, and their sound card."""

WAITING_BLOCKS_MAX = 10


class VoiceTrack:
    """A tap of the microphone line that pulls the speaker line and publishes what comes."""

    def __init__(self, speaker: SpeakerLine) -> None:
        self._speaker = speaker
        self._source = rtc.AudioSource(SPEAKER_RATE_HZ, 1, queue_size_ms=0)
        self._blocks: asyncio.Queue[Samples] = asyncio.Queue(WAITING_BLOCKS_MAX)
        speaker.connect(LATENCY_MS)

    async def publish(self, room: rtc.Room) -> None:
        track = rtc.LocalAudioTrack.create_audio_track("interviewer", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        await room.local_participant.publish_track(track, options)

    def on_block(self, block: AudioBlock) -> None:
        """20 ms have passed."""
        with suppress(
            asyncio.QueueFull
        ):  # the network stands still; the candidate hears a gap, the record does not
            self._blocks.put_nowait(self._speaker.pull(SPEAKER_BLOCK_SAMPLES))
        self._speaker.deliver(block)

    async def run(self) -> None:
        """Send block after block, until cancelled."""
        try:
            while True:
                samples = await self._blocks.get()
                for first in range(0, samples.size, PIECE_SAMPLES):
                    piece = samples[first : first + PIECE_SAMPLES]
                    await self._source.capture_frame(
                        rtc.AudioFrame(piece.tobytes(), SPEAKER_RATE_HZ, 1, PIECE_SAMPLES)
                    )
        finally:
            await self._source.aclose()
