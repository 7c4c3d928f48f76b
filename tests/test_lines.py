"""The two lines, sample by sample: what is counted, what is heard, what the taps are told; and the two paces."""

import asyncio

import numpy as np
import pytest

from voiceprep.audio.line import FADE_SAMPLES, MicrophoneLine, SpeakerLine
from voiceprep.audio.pace import FastPace, Pace, RealtimePace
from voiceprep.audio.streams import CaptureRing, InputSide, OutputSide, RateConverter
from voiceprep.errors import AudioDeviceError
from voiceprep.ports import (
    MICROPHONE_BLOCK_SAMPLES,
    SPEAKER_BLOCK_SAMPLES,
    AudioBlock,
    Microphone,
    Samples,
    Speaker,
)
from voiceprep.tasks import Tasks


class CountedSource:
    """`n_blocks` blocks filled with their number, then the end."""

    def __init__(self, n_blocks: int) -> None:
        self.reads = 0
        self.closed = 0
        self._n_blocks = n_blocks

    async def read(self) -> Samples | None:
        self.reads += 1
        return np.full(MICROPHONE_BLOCK_SAMPLES, self.reads, np.int16) if self.reads <= self._n_blocks else None

    def close(self) -> None:
        self.closed += 1


def steady(n_ms: int, level: int = 1_000) -> Samples:
    return np.full(n_ms * 24, level, np.int16)


class Sink:
    """A loudspeaker of 20 ms blocks, its own clock, and everything the taps said."""

    def __init__(self, latency_ms: int = 0) -> None:
        self.now_ms = 0
        self.taps: list[tuple[Samples, int]] = []
        self.line = SpeakerLine(lambda: self.now_ms, [lambda s, at: self.taps.append((s, at))], latency_ms)
        self.played: list[Samples] = []

    def run(self, n_blocks: int) -> Samples:
        """Play, and give what came out."""
        out = []
        for _ in range(n_blocks):
            out.append(self.line.pull(SPEAKER_BLOCK_SAMPLES))
            self.line.deliver()
            self.now_ms += 20
        self.played += out
        return np.concatenate(out)

    @property
    def tapped(self) -> Samples:
        return np.concatenate([samples for samples, _ in self.taps])


# ------------------------------------------------------------------------------------- microphone


async def test_microphone_counts_blocks_and_shows_them_to_taps_first() -> None:
    seen: list[tuple[int, int]] = []
    mic = MicrophoneLine(CountedSource(3))
    mic.add_tap(lambda block: seen.append((block.start_ms, mic.position_ms)))
    first, second = await mic.read(), await mic.read()
    assert (first.start_ms, second.start_ms, second.end_ms) == (0, 20, 40)
    assert mic.position_ms == 40
    assert second.samples.tolist() == [2] * MICROPHONE_BLOCK_SAMPLES
    assert seen == [(0, 0), (20, 20)]


async def test_microphone_goes_on_with_silence_at_the_sources_pace_after_its_end() -> None:
    source = CountedSource(1)
    mic: Microphone = MicrophoneLine(source)
    await mic.read()
    ended = [mic.is_ended]
    block = await mic.read()
    ended.append(mic.is_ended)
    assert ended == [False, True]
    assert block.samples.shape == (MICROPHONE_BLOCK_SAMPLES,)
    assert not block.samples.any()
    await mic.read()
    assert (mic.position_ms, source.reads) == (60, 3)


async def test_closing_the_microphone_closes_the_source() -> None:
    source = CountedSource(1)
    MicrophoneLine(source).close()
    assert source.closed == 1


# ---------------------------------------------------------------------------------------- speaker


def test_speaker_plays_in_order_without_gaps_then_silence() -> None:
    sink = Sink()
    line: Speaker = sink.line
    idle = [line.is_idle]
    line.enqueue(steady(7, 1))
    line.enqueue(steady(33, 2))
    idle.append(line.is_idle)
    out = sink.run(3)
    idle.append(line.is_idle)
    assert out.tolist() == [1] * 168 + [2] * 792 + [0] * 480
    assert idle == [True, False, True]
    assert line.heard_ms == 40


@pytest.mark.parametrize(
    ("blocks", "heard_ms", "is_idle"), [(2, 0, False), (3, 10, False), (4, 30, False), (5, 40, True)]
)
def test_heard_lags_pulled_by_the_sinks_latency(blocks: int, heard_ms: int, is_idle: bool) -> None:
    sink = Sink(latency_ms=50)
    sink.line.enqueue(steady(40))
    sink.run(blocks)
    assert (sink.line.heard_ms, sink.line.is_idle) == (heard_ms, is_idle)


def test_heard_survives_running_dry_and_is_reset_by_stop_only() -> None:
    sink = Sink()
    sink.line.enqueue(steady(40))
    sink.run(4)
    sink.line.enqueue(steady(20))
    sink.run(2)
    assert sink.line.heard_ms == 60
    assert sink.line.stop() == 60
    assert sink.line.heard_ms == 0
    sink.line.enqueue(steady(20))
    sink.run(1)
    assert sink.line.heard_ms == 20


def test_pause_fades_out_keeps_the_rest_and_resume_fades_in() -> None:
    sink = Sink()
    sink.line.enqueue(steady(200))
    sink.run(2)
    sink.line.pause()
    paused = sink.run(3)
    assert paused[0] == 1_000
    assert (np.diff(paused[:FADE_SAMPLES].astype(int)) <= 0).all()
    assert not paused[FADE_SAMPLES:].any()
    assert sink.line.heard_ms == 45
    assert (sink.line.is_paused, sink.line.is_idle) == (True, False)
    sink.line.resume()
    resumed = sink.run(9)
    assert resumed[0] == 0
    assert (np.diff(resumed[:FADE_SAMPLES].astype(int)) >= 0).all()
    assert (sink.line.is_paused, sink.line.is_idle) == (False, True)
    assert sink.line.heard_ms == 200
    assert sink.tapped.size == steady(200).size


def test_no_step_louder_than_a_fade_allows() -> None:
    sink = Sink()
    sink.line.enqueue(steady(400))
    sink.run(2)
    for act in (sink.line.pause, sink.line.resume, sink.line.pause, sink.line.resume):
        act()
        sink.run(2)
    sink.line.stop()
    sink.run(2)
    played = np.concatenate(sink.played).astype(int)
    assert np.abs(np.diff(played[480:])).max() < 20


def test_pausing_before_the_first_sample_is_silent_and_loses_nothing() -> None:
    sink = Sink()
    sink.line.pause()
    sink.line.enqueue(steady(40))
    assert not sink.run(2).any()
    assert (sink.line.heard_ms, sink.line.is_paused) == (0, True)
    sink.line.resume()
    assert sink.run(2).tolist() == steady(40).tolist()


def test_stop_drops_the_rest_and_returns_what_reaches_the_ear() -> None:
    sink = Sink(latency_ms=40)
    sink.line.enqueue(steady(500))
    sink.run(5)
    assert sink.line.heard_ms == 60
    assert sink.line.stop() == 105  # pulled, and the fade of 5 ms
    assert sink.line.heard_ms == 0
    idle = [sink.line.is_idle]  # 40 ms are still on their way
    sink.run(4)
    assert [*idle, sink.line.is_idle] == [False, True]
    assert sink.tapped.size == 105 * 24


def test_what_is_left_of_one_speech_does_not_count_for_the_next() -> None:
    sink = Sink(latency_ms=40)
    sink.line.enqueue(steady(500))
    sink.run(5)
    sink.line.stop()
    sink.line.enqueue(steady(100, 7))
    out = sink.run(3)
    assert out[FADE_SAMPLES] == 7
    assert sink.line.heard_ms == 60 - 5 - 40
    sink.run(10)
    assert sink.line.stop() == 100


def test_stop_while_paused_has_nothing_to_fade_and_ends_the_pause() -> None:
    sink = Sink()
    sink.line.enqueue(steady(100))
    sink.run(1)
    sink.line.pause()
    sink.run(1)
    assert sink.line.stop() == 25
    assert not sink.line.is_paused
    assert not sink.run(1).any()


def test_taps_get_exactly_what_was_heard_placed_on_the_clock_with_its_latency() -> None:
    sink = Sink(latency_ms=60)
    sink.run(3)
    sink.line.enqueue(steady(50))
    sink.run(5)
    sink.line.enqueue(steady(20))
    sink.run(1)
    assert [(at, samples.size // 24) for samples, at in sink.taps] == [(120, 20), (140, 20), (160, 10), (220, 20)]


def test_a_jittering_clock_never_tears_or_overlaps_what_the_taps_get() -> None:
    chance = np.random.default_rng(5)
    taps: list[tuple[int, int]] = []
    now_ms = 0
    line = SpeakerLine(lambda: now_ms + int(chance.integers(0, 40)), [lambda s, at: taps.append((at, s.size))])
    for step in range(400):
        if step % 9 == 0:
            line.enqueue(steady(int(chance.integers(1, 120))))
        if step % 13 == 0:
            line.pause()
        if step % 13 == 3:
            line.resume()
        line.pull(int(chance.integers(200, 700)))
        line.deliver()
        now_ms += 20
    ends = [at * 24 + size for at, size in taps]
    starts = [at * 24 for at, _ in taps]
    assert all(start > end - 24 for start, end in zip(starts[1:], ends[:-1], strict=True))


def test_another_sink_behind_the_line_counts_what_the_old_one_held_as_heard() -> None:
    sink = Sink(latency_ms=100)
    sink.line.enqueue(steady(200))
    sink.run(3)
    assert sink.line.heard_ms == 0
    sink.line.connect(20, lambda: 1_000)
    assert (sink.line.heard_ms, sink.line.latency_ms) == (60, 20)
    sink.run(1)
    assert sink.taps[-1][1] == 1_020


async def test_the_microphone_can_be_the_speakers_clock() -> None:
    heard: list[tuple[int, int]] = []
    mic = MicrophoneLine(CountedSource(100))
    speaker = SpeakerLine(lambda: mic.position_ms, [lambda s, at: heard.append((at, s.size))])
    mic.add_tap(speaker.play_block)
    await mic.read()
    speaker.enqueue(steady(30))
    assert speaker.heard_ms == 0
    await mic.read()
    await mic.read()
    assert heard == [(20, 480), (40, 240)]
    assert (speaker.heard_ms, speaker.is_idle) == (30, True)


# ------------------------------------------------------------------------------------------- pace


async def test_realtime_pace_keeps_to_its_deadlines_and_small_delays_do_not_add_up() -> None:
    pace = RealtimePace()
    late_s = [0.0, 0.003, 0.015, 0.001, 0.0]
    delays_s = [pace.delay_s(100 + number * 0.020 + late) for number, late in enumerate(late_s)]
    assert delays_s == pytest.approx([0.020, 0.017, 0.005, 0.019, 0.020])
    await asyncio.wait_for(_waits(pace, 1), 5)


def test_realtime_pace_catches_up_after_a_hiccup_and_starts_afresh_after_a_sleep() -> None:
    pace = RealtimePace()
    pace.delay_s(0)
    assert [pace.delay_s(0.5) for _ in range(3)] == [0, 0, 0]
    assert pace.delay_s(60) == 0
    assert pace.delay_s(60.001) == pytest.approx(0.019)


async def test_fast_pace_waits_for_the_work_and_for_nothing_else() -> None:
    async with Tasks() as tasks:
        pace, gate, order = FastPace(tasks), asyncio.Event(), list[str]()

        async def work() -> None:
            await gate.wait()
            order.append("work")

        async def listen() -> None:
            await pace.wait()
            order.append("block")

        await asyncio.wait_for(_waits(pace, 1_000), 5)
        job = tasks.work(work(), "work")
        listening = asyncio.ensure_future(listen())
        gate.set()
        await asyncio.wait_for(asyncio.gather(job, listening), 5)
    assert order == ["work", "block"]


async def _waits(pace: Pace, n_blocks: int) -> None:
    for _ in range(n_blocks):
        await pace.wait()


# ----------------------------------------------------------------------------- callbacks and rates


class Flags:
    """What PortAudio reports with a callback."""

    input_overflow = False
    output_underflow = True


async def test_capture_ring_reblocks_and_keeps_nothing_from_before_the_first_take() -> None:
    ring = CaptureRing(asyncio.get_running_loop())
    ring.add(np.ones(5_000, np.int16))
    assert ring.captured_ms == 0
    taking = asyncio.ensure_future(ring.take())
    await asyncio.sleep(0)
    numbers = np.arange(1_000, dtype=np.int16)
    for part in np.array_split(numbers, 7):
        ring.add(part)
    blocks = [await asyncio.wait_for(taking, 5), await ring.take(), await ring.take()]
    assert np.concatenate(blocks).tolist() == numbers[:960].tolist()
    assert ring.captured_ms == 60


async def test_capture_ring_counts_what_it_has_to_drop_and_ends_with_its_error() -> None:
    ring = CaptureRing(asyncio.get_running_loop())
    taking = asyncio.ensure_future(ring.take())
    await asyncio.sleep(0)
    for number in range(1_510):
        ring.add(np.full(MICROPHONE_BLOCK_SAMPLES, number, np.int16))
    assert ring.lost_blocks == 10
    assert (await asyncio.wait_for(taking, 5))[0] == 10
    ring.fail(AudioDeviceError("gone"))
    for _ in range(1_499):
        await ring.take()
    with pytest.raises(AudioDeviceError, match="gone"):
        await ring.take()


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (44_100, 2), (48_000, 1)])
def test_input_side_gives_16_khz_mono_whatever_the_device_gives(rate_hz: int, channels: int) -> None:
    got: list[Samples] = []
    side = InputSide(got.append, rate_hz)
    tone = _tone(rate_hz, 1.0)
    for part in np.array_split(tone, 50):
        side.callback(np.repeat(part[:, np.newaxis], channels, axis=1), part.size, None, Flags())
    heard = np.concatenate(got)
    assert abs(heard.size - 16_000) < 160
    assert _pitch_hz(heard, 16_000) == pytest.approx(440, abs=2)
    assert np.abs(heard).max() == pytest.approx(10_000, rel=0.03)
    assert side.pulse.age_s() is not None


@pytest.mark.parametrize(("rate_hz", "channels"), [(24_000, 1), (44_100, 2), (48_000, 2)])
def test_output_side_plays_24_khz_mono_whatever_the_device_wants(rate_hz: int, channels: int) -> None:
    line = SpeakerLine(lambda: 0)
    line.enqueue(_tone(24_000, 1.0))
    side = OutputSide(line.pull, rate_hz)
    block = np.empty((rate_hz // 50, channels), np.int16)
    played: list[Samples] = []
    for _ in range(60):
        side.callback(block, block.shape[0], None, Flags())
        assert (block == block[:, :1]).all()
        played.append(block[:, 0].copy())
    assert _pitch_hz(np.concatenate(played)[: rate_hz // 2], rate_hz) == pytest.approx(440, abs=4)
    assert line.is_idle
    assert line.heard_ms == 1_000
    assert side.underflow_count == 60


def test_rate_converter_loses_no_time_over_many_pieces() -> None:
    converter = RateConverter(44_100, 16_000)
    n_out = sum(converter.convert(np.zeros(441, np.int16)).size for _ in range(1_000))
    assert n_out == pytest.approx(160_000, abs=100)


def test_blocks_know_their_end() -> None:
    assert AudioBlock(np.zeros(320, np.int16), 40).end_ms == 60


def _tone(rate_hz: int, seconds: float) -> Samples:
    tone: Samples = (10_000 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(
        np.int16
    )
    return tone


def _pitch_hz(samples: Samples, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(spectrum.argmax() * rate_hz / samples.size)


def test_mixed_in_sound_is_heard_but_neither_counted_nor_recorded() -> None:
    heard: list[tuple[Samples, int]] = []
    line = SpeakerLine(lambda: 0, [lambda samples, at: heard.append((samples, at))])
    line.mix_in(np.full(480, 7, np.int16))
    line.enqueue(np.full(240, 100, np.int16))
    pulled = line.pull(480)
    line.deliver()
    assert list(pulled[:240]) == [107] * 240
    assert list(pulled[240:]) == [7] * 240
    assert line.heard_ms == 10
    assert [(list(samples), at) for samples, at in heard] == [([100] * 240, 0)]


def test_a_session_that_goes_on_places_what_is_heard_after_what_was_heard_before() -> None:
    """A sink counts from when its microphone began, the record from when the session did."""
    taps: list[int] = []
    line = SpeakerLine(lambda: 0, [lambda samples, at: taps.append(at)], start_ms=60_000)
    line.connect(40, lambda: 500)
    line.enqueue(np.ones(SPEAKER_BLOCK_SAMPLES, np.int16))
    line.pull(SPEAKER_BLOCK_SAMPLES)
    line.deliver()
    assert taps == [60_540]


def test_a_sink_that_may_pull_at_once_is_told_of_sound() -> None:
    told: list[int] = []
    line = SpeakerLine(lambda: 0)
    line.connect(0, on_sound=lambda: told.append(line.ready_samples))
    line.enqueue(np.ones(480, np.int16))
    line.enqueue(np.zeros(0, np.int16))
    line.enqueue(np.ones(100, np.int16))
    assert told == [480, 580]
    line.pause()
    assert line.ready_samples == 0
