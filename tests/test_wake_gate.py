"""Blocks wait only where nothing changes: not at the end of speech, not at its beginning over the interviewer."""

import asyncio

import numpy as np
import pytest

from tests.speech import noise, spoken
from voiceprep.audio.streams import CaptureRing
from voiceprep.audio.wake_gate import BEGUN_BLOCKS, TOGETHER_BLOCKS, WakeGate
from voiceprep.errors import AudioDeviceError
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks

SILENCE = np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
VOICE = (np.sin(np.arange(MICROPHONE_BLOCK_SAMPLES) / 20) * 8_000).astype(np.int16)
SAID = "I would add an index on that column, and then I would measure again."


class Interviewer:
    is_talking = False


def gate_and_interviewer() -> tuple[WakeGate, Interviewer]:
    interviewer = Interviewer()
    return WakeGate(lambda: interviewer.is_talking), interviewer


def handed_out(gate: WakeGate, block: Samples, count: int) -> list[int]:
    """How many blocks come out with each of `count` equal ones."""
    return [len(gate.step(block)) for _ in range(count)]


@pytest.mark.parametrize("room_dbfs", [-90, -60, -45, -35])
async def test_speech_is_handed_out_together_and_the_silence_after_it_at_once(room_dbfs: int) -> None:
    async with Tasks() as tasks:
        speech = await spoken(HibariSynthesizer(tasks), SAID)
    room = noise(1_000 + len(speech) // 16 + 1_000, level=32_768 * 10 ** (room_dbfs / 20)).astype(np.float64)
    room[16_000 : 16_000 + len(speech)] += speech
    samples = room.clip(-32_768, 32_767).astype(np.int16)
    blocks = samples[: len(samples) // MICROPHONE_BLOCK_SAMPLES * MICROPHONE_BLOCK_SAMPLES].reshape(
        -1, MICROPHONE_BLOCK_SAMPLES
    )
    loud = np.flatnonzero(np.abs(speech) > np.abs(speech).max() / 100)
    first, last = ((16_000 + int(edge)) // MICROPHONE_BLOCK_SAMPLES for edge in (loud[0], loud[-1]))
    gate, _ = gate_and_interviewer()
    counts = [len(gate.step(block)) for block in blocks]
    assert sum(counts) == len(blocks), "none is lost"
    assert max(counts) <= TOGETHER_BLOCKS
    assert counts[last + 1] > 0
    assert set(counts[last + 2 :]) == {1}
    if room_dbfs <= -60:
        assert sum(count > 0 for count in counts[first:last]) < 0.6 * (last - first)


def test_while_the_interviewer_speaks_a_still_room_waits_and_a_sound_does_not() -> None:
    gate, interviewer = gate_and_interviewer()
    assert handed_out(gate, SILENCE, 20) == [1] * 20, "nobody was asked anything"
    interviewer.is_talking = True
    counts = handed_out(gate, SILENCE, BEGUN_BLOCKS + 2 * TOGETHER_BLOCKS)
    assert counts[:BEGUN_BLOCKS] == [1] * BEGUN_BLOCKS
    assert counts[BEGUN_BLOCKS:] == [0, 0, 0, 0, TOGETHER_BLOCKS] * 2
    assert handed_out(gate, SILENCE, 2) == [0, 0]
    assert handed_out(gate, VOICE, 10) == [3] + [1] * 9, "a voice over the interviewer never waits"


def test_the_silence_before_an_answer_waits_and_the_one_after_it_does_not() -> None:
    gate, interviewer = gate_and_interviewer()
    interviewer.is_talking = True
    handed_out(gate, SILENCE, 30)
    interviewer.is_talking = False
    assert gate.step(SILENCE), "that the interviewer has ended is told at once"
    assert handed_out(gate, SILENCE, 10) == [0, 0, 0, 0, TOGETHER_BLOCKS] * 2
    handed_out(gate, VOICE, 50)
    assert gate.step(SILENCE)
    assert handed_out(gate, SILENCE, 100) == [1] * 100


async def test_the_ring_hands_out_what_waited_in_order_and_all_of_it_before_its_error() -> None:
    gate, interviewer = gate_and_interviewer()
    ring = CaptureRing(asyncio.get_running_loop(), gate)
    taking = asyncio.ensure_future(ring.take())
    await asyncio.sleep(0)
    ring.add(SILENCE)
    await asyncio.wait_for(taking, 5)
    interviewer.is_talking = True
    for _ in range(BEGUN_BLOCKS):
        ring.add(SILENCE)
        await asyncio.wait_for(ring.take(), 5)
    taking = asyncio.ensure_future(ring.take())
    for number in range(TOGETHER_BLOCKS + 2):
        ring.add(np.full(MICROPHONE_BLOCK_SAMPLES, -number, np.int16))
    assert ring.captured_ms == 20 * (1 + BEGUN_BLOCKS + TOGETHER_BLOCKS + 2)
    ring.fail(AudioDeviceError("gone"))
    numbers = [int((await taking)[0]), *[int((await ring.take())[0]) for _ in range(TOGETHER_BLOCKS + 1)]]
    assert numbers == [-number for number in range(TOGETHER_BLOCKS + 2)]
    with pytest.raises(AudioDeviceError, match="gone"):
        await ring.take()
