"""Measures the embedded recogniser and voice detector: `python -m benchmarks.recogniser [--glossary] [--show]`.

Sentences of our own, spoken by the local voice, go through the streaming path in 20 ms blocks.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import samplerate

from voiceprep.audio.vad import SileroDetector
from voiceprep.model import Term, Transcript
from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_BLOCK_SAMPLES,
    MICROPHONE_RATE_HZ,
    SPEAKER_RATE_HZ,
    AudioBlock,
    Samples,
    Synthesizer,
)
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.providers.moonshine import MoonshineTranscriber
from voiceprep.tasks import Tasks
from voiceprep.weights import keep_memory_small

SENTENCES = (
    "A process has its own memory, while the threads inside it share one address space.",
    "The global interpreter lock lets only one thread run Python bytecode at a time.",
    "I would make the endpoint idempotent by storing a key for every request we have already handled.",
    "An index speeds up reads, but every write has to update it, so too many of them slow down inserts.",
    "We put Redis in front of the database and gave every entry a short time to live.",
    "The consumer acknowledges a message only after the work is done, so a crash leads to a retry.",
    "A list comprehension builds the whole list in memory, and a generator gives one item after another.",
    "Decorators wrap a function, so you can add logging or caching without touching its body.",
    "I use a connection pool because opening a new connection for each request is far too slow.",
    "Optimistic locking checks a version number when you save, and the loser has to try again.",
    "With a transaction either all of the changes are written or none of them.",
    "I would look at the query plan first, because a full table scan is usually the reason.",
    "A deadlock happens when two threads each hold a lock that the other one is waiting for.",
    "In a relational database a foreign key makes sure that the referenced row really exists.",
    "The event loop switches between coroutines whenever one of them waits for the network.",
    "We roll out the new version to a few servers, watch the error rate, and then go on.",
    "A mutable default argument is created once and shared between all of the calls.",
    "Unit tests are fast and precise, but only an integration test shows that the parts fit together.",
    "The load balancer sends a request to the server with the fewest open connections.",
    "Eventual consistency means that replicas may disagree for a while but agree in the end.",
    "I hash passwords with a slow function and a random salt, so a stolen table is of little use.",
    "A circuit breaker stops calling a failing service and gives it time to recover.",
    "The context manager closes the file even when the block raises an exception.",
    "Pagination with a cursor stays correct when new rows arrive between two requests.",
    "We log a request identifier in every service, so one slow call can be followed through all of them.",
    "A hash table finds a key in constant time on average, but it needs a good hash function.",
)
GLOSSARY = (Term("Redis", ("ridies", "riddies")), Term("idempotent"), Term("PostgreSQL"), Term("Kubernetes"))
ANSWER = " ".join((SENTENCES[0], SENTENCES[9]))
SPEECH_PROBABILITY = 0.5
PAUSE_MS = 300


@dataclass
class Costs:
    """CPU time of this process, by stage, and the audio it was spent on."""

    vad_s: float = 0.0
    recogniser_s: float = 0.0
    audio_ms: int = 0
    final_waits_ms: list[float] = field(default_factory=list)


def main() -> None:
    keep_memory_small()
    asyncio.run(_measure(GLOSSARY if "--glossary" in sys.argv else (), is_shown="--show" in sys.argv))


async def _measure(glossary: Sequence[Term], *, is_shown: bool) -> None:
    async with asyncio.timeout(600), Tasks() as tasks:
        voice = HibariSynthesizer(tasks)
        started_s = time.perf_counter()
        await voice.warm()
        print(f"voice ready               {time.perf_counter() - started_s:8.2f} s")
        started_s = time.perf_counter()
        transcriber = MoonshineTranscriber(tasks, glossary)
        await transcriber.warm()
        detector = SileroDetector()
        print(f"recogniser and VAD ready  {time.perf_counter() - started_s:8.2f} s")

        costs = Costs()
        wrong = words = 0
        for sentence in SENTENCES:
            samples = await spoken(voice, sentence)
            transcript = await _transcribe(samples, transcriber, detector, tasks, costs)
            mistakes = edits(plain_words(sentence), plain_words(transcript.text))
            wrong, words = wrong + mistakes, words + len(plain_words(sentence))
            if is_shown and mistakes:
                print(f"  {mistakes}  {sentence}\n     {transcript.text}")
        minutes = costs.audio_ms / 60_000
        print(f"sentences, audio          {len(SENTENCES):8d}   {minutes * 60:.0f} s")
        print(f"word error rate           {100 * wrong / words:8.1f} %  {wrong} of {words} words")
        print(f"VAD                       {costs.vad_s / minutes:8.2f} CPU s per minute of audio")
        print(f"recogniser                {costs.recogniser_s / minutes:8.2f} CPU s per minute of audio")

        long_costs = Costs()
        long_answer = await spoken(voice, " ".join(SENTENCES))
        long_text = (await _transcribe(long_answer, transcriber, detector, tasks, long_costs)).text
        long_words = plain_words(" ".join(SENTENCES))
        minutes = long_costs.audio_ms / 60_000
        long_rate = edits(long_words, plain_words(long_text)) / len(long_words)
        print(f"one answer of {minutes * 60:4.0f} s       {100 * long_rate:8.1f} % word error rate")
        print(f"  recogniser              {long_costs.recogniser_s / minutes:8.2f} CPU s per minute of audio")

        answer = await spoken(voice, ANSWER)
        waits_ms = [await _final_wait_ms(answer, transcriber, detector) for _ in range(3)]
        answer_s = len(answer) / MICROPHONE_RATE_HZ
        print(f"final of {answer_s:4.1f} s answer    {max(waits_ms):8.0f} ms after the endpoint, worst of 3")
        print(f"memory with the voice     {_rss_mb():8.0f} MB")


async def spoken(voice: Synthesizer, text: str) -> Samples:
    """`text` at the microphone's rate between two pauses. Shape (n_samples,)."""
    pieces = [piece async for piece in voice.synthesize(text)]
    wave = np.concatenate(pieces).astype(np.float32) / 32768
    heard = samplerate.resample(wave, MICROPHONE_RATE_HZ / SPEAKER_RATE_HZ, "sinc_medium")
    quiet = np.zeros(MICROPHONE_RATE_HZ * PAUSE_MS // 1000, dtype=np.float32)
    samples: Samples = (np.concatenate((quiet, heard, quiet)) * 32767).clip(-32768, 32767).astype(np.int16)
    return samples


def blocks(samples: Samples) -> Iterator[AudioBlock]:
    for index in range(len(samples) // MICROPHONE_BLOCK_SAMPLES):
        start = index * MICROPHONE_BLOCK_SAMPLES
        yield AudioBlock(samples[start : start + MICROPHONE_BLOCK_SAMPLES], index * BLOCK_MS)


async def _transcribe(
    samples: Samples, transcriber: MoonshineTranscriber, detector: SileroDetector, tasks: Tasks, costs: Costs
) -> Transcript:
    """The whole answer on audio time: each block waits for the work the one before it began."""
    stream = transcriber.open_stream()
    detector.reset()
    for block in blocks(samples):
        started_s = time.process_time()
        is_speech = detector.probability(block) >= SPEECH_PROBABILITY
        detected_s = time.process_time()
        stream.push(block, is_speech)
        await tasks.settle()
        costs.vad_s += detected_s - started_s
        costs.recogniser_s += time.process_time() - detected_s
        costs.audio_ms += BLOCK_MS
    started_s = time.process_time()
    transcript = await stream.finish()
    costs.recogniser_s += time.process_time() - started_s
    return transcript


async def _final_wait_ms(samples: Samples, transcriber: MoonshineTranscriber, detector: SileroDetector) -> float:
    """In real time: how long `finish` takes when called as soon as the last 300 ms of silence are in."""
    stream = transcriber.open_stream()
    detector.reset()
    started_s = time.perf_counter()
    for block in blocks(samples):
        await asyncio.sleep(max(0.0, started_s + block.end_ms / 1000 - time.perf_counter()))
        stream.push(block, detector.probability(block) >= SPEECH_PROBABILITY)
    ended_s = time.perf_counter()
    await stream.finish()
    return (time.perf_counter() - ended_s) * 1000


def plain_words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", text.lower()).split()


def edits(said: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def _rss_mb() -> float:
    """Resident memory of this process now (Linux), or 0 where it cannot be read."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 / 1e6 if statm.exists() else 0.0


if __name__ == "__main__":
    main()
