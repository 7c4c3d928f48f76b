"""Makes the sounds with the local voice, once: answers with known pauses, interruptions, a murmur, a noise."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.peers.sounds import RATE_HZ, Samples, Sound, load_sounds, save_sounds
from voiceprep.audio.streams import resample
from voiceprep.ports import SPEAKER_RATE_HZ
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks

Part = str | int
"""Something to say, or milliseconds of silence after it."""

ANSWERS: Sequence[Sequence[Part]] = (
    ["We moved the sessions out of the web server into a shared store."],
    ["The project shipped two weeks early and nobody had to work at night."],
    ["I split the table by customer so that every query touched one shard."],
    ["Most of the time went into reading the old code before changing it."],
    ["We wrote a small script that replayed one hour of traffic every night."],
    ["The reason was that", 360, "the index no longer fitted into memory."],
    ["I asked the team on call first, because they knew where it hurt."],
    ["It took three days to find and ten minutes to repair."],
    ["Every request carries a number that shows up in all of the logs."],
    ["We agreed on a budget for errors and stopped releasing when it was spent."],
    ["I would measure the slow path before I touched any of the fast ones."],
    ["The second attempt worked and", 320, "we kept it for two years."],
    ["My manager wanted a date, so I gave her a range and a reason."],
    ["We kept the old service running until the numbers were the same."],
    ["A queue between the two took the load off the database."],
    ["I learned to write down what I expect before I look at the graph."],
    ["The tests ran for an hour, so people stopped running them."],
    ["In the end we deleted more code than we had written."],
    ["One of the workers held a lock and", 400, "everybody else waited for it."],
    ["We rolled it out to one customer a day and watched the errors."],
    ["The cache saved us money, and it cost us a lot of trust."],
    ["I sat down with support and listened to ten calls."],
    ["The contract between the teams was a file that both of them tested."],
    ["I would do it again, only with a smaller first step."],
)
INTERRUPTIONS: Sequence[Sequence[Part]] = (
    ["Sorry, can I add one thing about the database?"],
    ["Wait, I think I misunderstood the question."],
    ["Actually, that was a different project."],
    ["May I ask something before you go on?"],
)
PROMPT: Sequence[Part] = ["Please go ahead and tell me more about the role."]
MURMUR = "Mm-hm."

NOISE_MS = 150
EDGE_DB = -40.0
_WINDOW_SAMPLES = RATE_HZ // 200
_TAIL_SAMPLES = RATE_HZ * 80 // 1000


def open_sounds(folder: Path) -> dict[str, Sound]:
    """Every sound by name, made on first use and kept in `folder`."""
    if not (folder / "sounds.json").is_file():
        save_sounds(asyncio.run(_make()), folder)
    return load_sounds(folder)


async def _make() -> dict[str, Sound]:
    sounds: dict[str, Sound] = {}
    async with Tasks() as tasks:
        voice = HibariSynthesizer(tasks)
        await voice.warm()
        for index, parts in enumerate(ANSWERS):
            sounds[f"answer-{index}"] = await _say(voice, f"answer-{index}", parts)
        for index, parts in enumerate(INTERRUPTIONS):
            sounds[f"interruption-{index}"] = await _say(voice, f"interruption-{index}", parts)
        sounds["prompt"] = await _say(voice, "prompt", PROMPT)
        murmur = await _say(voice, "murmur-heard", [MURMUR])
        sounds["murmur-heard"] = murmur
        # Told apart by their first samples: one of the two is never transcribed.
        sounds["murmur-unheard"] = Sound("murmur-unheard", murmur.samples + _first(1), (), murmur.spans)
    sounds["noise"] = _noise()
    return sounds


def _first(value: int) -> Samples:
    return np.array(value, np.int16)


async def _say(voice: HibariSynthesizer, name: str, parts: Sequence[Part]) -> Sound:
    pieces: list[Samples] = []
    words: list[tuple[str, float, float]] = []
    spans: list[tuple[int, int]] = []
    at_sample = 0
    for part in parts:
        if isinstance(part, int):
            piece = np.zeros(RATE_HZ * part // 1000, np.int16)
        else:
            audio = np.concatenate([chunk async for chunk in voice.synthesize(part)])
            piece = resample(audio, SPEAKER_RATE_HZ, RATE_HZ)
            start, end = speech_edges(piece)
            piece = piece[start : end if part != parts[-1] else end + _TAIL_SAMPLES]
            length = end - start
            words += _timed(part, at_sample / RATE_HZ, (at_sample + length) / RATE_HZ)
            spans.append((at_sample, at_sample + length))
        pieces.append(piece)
        at_sample += len(piece)
    samples = np.concatenate(pieces)
    samples[samples == 0] = 1  # digital silence is what lies around a sound
    return Sound(name, samples, tuple(words), tuple(spans))


def speech_edges(samples: Samples) -> tuple[int, int]:
    """First and last sample of the 5 ms windows whose level is within 40 dB of the loudest."""
    count = len(samples) // _WINDOW_SAMPLES
    windows = samples[: count * _WINDOW_SAMPLES].reshape(count, _WINDOW_SAMPLES).astype(np.float64)
    level = np.sqrt((windows**2).mean(axis=1))
    loud = np.flatnonzero(level > level.max() * 10 ** (EDGE_DB / 20))
    return int(loud[0]) * _WINDOW_SAMPLES, int(loud[-1] + 1) * _WINDOW_SAMPLES


def _timed(text: str, start_s: float, end_s: float) -> Iterator[tuple[str, float, float]]:
    """Words spread by their letters."""
    total = sum(len(word) for word in text.split())
    letters = 0
    for word in text.split():
        edges = [start_s + (end_s - start_s) * count / total for count in (letters, letters + len(word))]
        yield word, edges[0], edges[1]
        letters += len(word)


def _noise() -> Sound:
    """A knock: a burst of noise, loud at once and gone after 150 ms."""
    count = RATE_HZ * NOISE_MS // 1000
    burst = np.random.default_rng(7).normal(0, 6_000, count) * np.linspace(1.0, 0.3, count)
    samples = np.clip(burst, -32_000, 32_000).astype(np.int16)
    samples[samples == 0] = 1
    return Sound("noise", samples, (), ((0, count),))
