"""The interviewer's voice on its way into a room: no gap, no silence before it, no sound that is not theirs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from livekit import rtc

from voiceprep.audio.line import FADE_SAMPLES, SpeakerLine
from voiceprep.hosting.voice_track import AHEAD_BLOCKS, LATENCY_MS, PIECE_BLOCKS, SILENCE, VoiceTrack
from voiceprep.ports import SPEAKER_BLOCK_SAMPLES, SPEAKER_RATE_HZ, Samples
from voiceprep.tasks import Tasks

TICK_SAMPLES = SPEAKER_RATE_HZ // 100
TICKS_PER_BLOCK = SPEAKER_BLOCK_SAMPLES // TICK_SAMPLES


class Source:
    """As LiveKit's with a queue: what is sent, 10 ms a tick; a tick without any is a gap (`missing`)."""

    def __init__(self) -> None:
        self._queue = np.zeros(0, np.int16)
        self.sent: list[Samples] = []
        self.missing = 0
        self.calls = 0
        self.is_closed = False

    @property
    def queued_duration(self) -> float:
        return self._queue.size / SPEAKER_RATE_HZ

    def clear_queue(self) -> None:
        self._queue = self._queue[:0]

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        self.calls += 1
        self._queue = np.concatenate([self._queue, np.frombuffer(frame.data, np.int16)])

    async def aclose(self) -> None:
        self.is_closed = True

    def tick(self) -> None:
        self.missing += self._queue.size < TICK_SAMPLES
        self.sent.append(self._queue[:TICK_SAMPLES])
        self._queue = self._queue[TICK_SAMPLES:]

    @property
    def heard(self) -> Samples:
        return np.concatenate(self.sent)


class Place:
    """A speaker line whose sink is a voice track, and time that passes block by block."""

    def __init__(self) -> None:
        self.blocks = 0
        self.source = Source()
        self.line = SpeakerLine(lambda: 0)
        self.track = VoiceTrack(self.line, self.source)
        self.line.connect(LATENCY_MS, lambda: self.blocks * 20, self.track.on_sound)

    async def pass_blocks(self, count: int) -> None:
        for _ in range(count):
            self.blocks += 1
            self.track.step()
            await self.settle()
            for _ in range(TICKS_PER_BLOCK):
                self.source.tick()

    async def settle(self) -> None:
        """What was handed over is taken."""
        for _ in range(10):
            await asyncio.sleep(0)


@asynccontextmanager
async def place() -> AsyncIterator[Place]:
    here = Place()
    async with Tasks() as tasks:
        running = tasks.work(here.track.run(), "voice track")
        await here.pass_blocks(10)
        yield here
        running.cancel()
    assert here.source.is_closed


def sound(blocks: int, first: int = 1) -> Samples:
    """Every sample another one, none of them zero."""
    return np.arange(first, first + blocks * SPEAKER_BLOCK_SAMPLES, dtype=np.int16)


async def test_a_voice_is_heard_whole_at_once_and_without_gaps() -> None:
    async with place() as here:
        before = len(here.source.sent)
        here.line.enqueue(sound(20))
        await here.settle()
        await here.pass_blocks(40)
    heard = here.source.heard[before * TICK_SAMPLES :]
    assert (heard[: 20 * SPEAKER_BLOCK_SAMPLES] == sound(20)).all(), "not a tick of silence before it"
    assert not heard[20 * SPEAKER_BLOCK_SAMPLES :].any()
    assert here.source.missing == 0


async def test_silence_costs_a_call_in_ten_blocks_and_a_voice_one_in_two() -> None:
    async with place() as here:
        here.source.calls = 0
        await here.pass_blocks(100)
        assert here.source.calls <= 100 * SPEAKER_BLOCK_SAMPLES // SILENCE.size + 1
        here.source.calls = 0
        here.line.enqueue(sound(60))
        await here.pass_blocks(60)
        assert here.source.calls <= 60 // PIECE_BLOCKS + 1
    assert here.source.missing == 0


async def test_a_voice_that_comes_in_small_pieces_is_begun_once_there_is_enough_of_it() -> None:
    async with place() as here:
        before = len(here.source.sent)
        pieces = sound(AHEAD_BLOCKS).reshape(AHEAD_BLOCKS * 4, -1)
        for piece in pieces:
            here.line.enqueue(piece)
            await here.settle()
        await here.pass_blocks(AHEAD_BLOCKS + 1)
    heard = here.source.heard[before * TICK_SAMPLES :]
    assert (heard[: AHEAD_BLOCKS * SPEAKER_BLOCK_SAMPLES] == sound(AHEAD_BLOCKS)).all()


async def test_a_voice_shorter_than_what_may_be_ahead_is_heard_with_the_next_block() -> None:
    async with place() as here:
        here.line.enqueue(sound(1))
        await here.pass_blocks(5)
    assert (here.source.heard[np.flatnonzero(here.source.heard)] == sound(1)).all()
    assert here.source.missing == 0


async def test_what_is_stopped_is_heard_no_longer_than_what_was_ahead() -> None:
    async with place() as here:
        here.line.enqueue(sound(60))
        await here.settle()
        await here.pass_blocks(10)
        before = len(here.source.sent)
        here.line.stop()
        await here.pass_blocks(20)
    after = np.flatnonzero(here.source.heard[before * TICK_SAMPLES :])
    assert after.size <= AHEAD_BLOCKS * SPEAKER_BLOCK_SAMPLES + FADE_SAMPLES
    assert here.source.missing == 0


async def test_a_pause_is_silence_and_then_the_next_sample() -> None:
    async with place() as here:
        here.line.enqueue(sound(20))
        await here.pass_blocks(5)
        here.line.pause()
        await here.pass_blocks(10)
        here.line.resume()
        await here.pass_blocks(30)
    heard = here.source.heard[np.flatnonzero(here.source.heard)]
    assert heard.size >= 20 * SPEAKER_BLOCK_SAMPLES - 8, "but for what the fades round to nothing"
    assert here.source.missing == 0


async def test_a_network_that_stands_still_holds_nothing_up() -> None:
    here = Place()  # nobody takes what is handed over
    here.line.enqueue(sound(60))
    for _ in range(80):
        here.track.step()
    assert here.line.is_idle or here.line.heard_ms > 0
