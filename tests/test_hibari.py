"""The local voice: the same text is the same audio, trimmed, in pieces, off the event loop."""

import numpy as np
import pytest

from tests.speech import collected
from voiceprep.model import Term
from voiceprep.ports import SPEAKER_RATE_HZ
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks

QUESTION = "How would you find a slow query?"


async def test_same_text_same_audio() -> None:
    async with Tasks() as tasks:
        voice = HibariSynthesizer(tasks)
        await voice.warm()
        first = await collected(voice.synthesize(QUESTION))
        await collected(voice.synthesize("Something else in between."))
        assert np.array_equal(first, await collected(voice.synthesize(QUESTION)))
    assert first.dtype == np.int16
    assert first.ndim == 1
    assert 1.0 < len(first) / SPEAKER_RATE_HZ < 3.5
    assert 3000 < np.abs(first).max() <= 32767


async def test_silence_is_trimmed() -> None:
    async with Tasks() as tasks:
        samples = await collected(HibariSynthesizer(tasks).synthesize(QUESTION))
    loud = np.flatnonzero(np.abs(samples) > 200)
    assert 10 < loud[0] / SPEAKER_RATE_HZ * 1000 < 80
    assert (len(samples) - loud[-1]) / SPEAKER_RATE_HZ * 1000 < 200
    assert abs(int(samples[0])) < 5, "no click"
    assert abs(int(samples[-1])) < 5, "no click"


async def test_a_piece_per_sentence() -> None:
    async with Tasks() as tasks:
        pieces = [piece async for piece in HibariSynthesizer(tasks).synthesize("First this. Then that! And why?")]
    assert len(pieces) == 3
    quiet_samples = SPEAKER_RATE_HZ * 200 // 1000
    assert not pieces[1][:quiet_samples].any(), "a pause between sentences"
    assert pieces[0][:quiet_samples].any(), "none before the first"


@pytest.mark.parametrize("text", ["", "  ", "…", "[]"])
async def test_nothing_to_say(text: str) -> None:
    async with Tasks() as tasks:
        pieces = [piece async for piece in HibariSynthesizer(tasks).synthesize(text)]
    assert sum(map(len, pieces)) < SPEAKER_RATE_HZ


async def test_glossary_changes_the_pronunciation() -> None:
    async with Tasks() as tasks:
        plain = await collected(HibariSynthesizer(tasks).synthesize("Redis"))
        told = await collected(HibariSynthesizer(tasks, (Term("Redis", (), "ɹˈɛdɪs"),)).synthesize("Redis"))
    assert len(plain) != len(told) or not np.array_equal(plain, told)


async def test_speed() -> None:
    async with Tasks() as tasks:
        slow = await collected(HibariSynthesizer(tasks, speed=0.8).synthesize(QUESTION))
        fast = await collected(HibariSynthesizer(tasks, speed=1.25).synthesize(QUESTION))
    assert len(slow) > 1.3 * len(fast)


async def test_audio_time_waits_for_the_voice() -> None:
    """`Tasks.settle` returns only when the sentence under way is there."""
    async with Tasks() as tasks:
        voice = HibariSynthesizer(tasks)
        speaking = tasks.work(collected(voice.synthesize(QUESTION)), name="test")
        await tasks.settle()
        assert speaking.done()
