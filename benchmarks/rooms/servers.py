"""The providers of a run: the tests' Deepgram and OpenAI servers, in a process of their own, one for all rooms.

`python -m benchmarks.rooms.servers TEXT` hears TEXT whenever something is said; it prints what a worker needs in
its environment and serves until its input ends.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from benchmarks.peers.emulator import (
    BETWEEN_CHUNKS_MS,
    CHUNK_BYTES,
    FIRST_BYTE_MS,
    TRANSCRIPT_DELAY_S,
    tone,
)
from benchmarks.rooms.answers import WORDS, spread
from tests.loopback import deepgram
from tests.loopback.deepgram_listen import ListenScript
from tests.loopback.ears import SaidWord
from tests.loopback.openai import KEY, OpenAIServer, Script, SpeechReply
from voiceprep.ports import MICROPHONE_RATE_HZ, Samples

PROVIDERS = {"stt": "deepgram", "tts": "openai", "llm": "none"}
"""What a worker is told to use."""

REPLY_MS = 2_000
SOUND = 500
QUIET_S = 1.5
"""A sound after so much quiet begins the next answer: between two there is a reply of 2 s. What comes sooner
belongs to the last one, also where a candidate on a busy machine stood still in the middle of it."""


class AnswerEar:
    """tests.loopback.ears.Ear of somebody who always says the same: every sound after quiet is those words again.

    Works on sound that was coded and decoded on its way, which no comparison of samples would survive.
    """

    def __init__(self, words: tuple[tuple[str, float, float], ...]) -> None:
        """`words`: text, start and end in seconds from the first sound."""
        self.said: list[SaidWord] = []
        self.sound_end_s = 0.0
        self._words = words
        self._coming: list[SaidWord] = []
        self._end_s = 0.0

    def hear(self, samples: Samples, start_s: float) -> None:
        end_s = start_s + len(samples) / MICROPHONE_RATE_HZ
        if np.abs(samples.astype(np.int32)).max(initial=0) > SOUND:
            if not self._coming and start_s - max(self.sound_end_s, self._end_s) >= QUIET_S:
                self._coming = [SaidWord(text, start_s + at, start_s + to) for text, at, to in self._words]
                self._end_s = self._coming[-1].end_s
            self.sound_end_s = end_s
        while self._coming and self._coming[0].end_s <= end_s:
            self.said.append(self._coming.pop(0))

    def unfinished(self) -> SaidWord | None:
        is_begun = bool(self._coming) and self._coming[0].start_s < self.sound_end_s
        return self._coming[0] if is_begun else None


@asynccontextmanager
async def providers(text: str = WORDS) -> AsyncIterator[dict[str, str]]:
    """Start them; the environment of whoever uses them. `text`: what candidates say."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.rooms.servers",
        text,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        environment: dict[str, str] = json.loads(await process.stdout.readline())
        yield environment
    finally:
        process.stdin.close()
        await process.wait()


async def _serve(text: str) -> None:
    voice = SpeechReply(
        tone(REPLY_MS).tobytes(),
        chunk_bytes=CHUNK_BYTES,
        first_byte_ms=FIRST_BYTE_MS,
        between_chunks_ms=BETWEEN_CHUNKS_MS,
    )
    words = spread(text)
    listen = ListenScript(ear=lambda: AnswerEar(words), delay_s=TRANSCRIPT_DELAY_S)
    hears, speaks = deepgram.DeepgramServer(listen), OpenAIServer(Script(speech=lambda _: voice))
    async with hears, speaks:
        environment = {
            "DEEPGRAM_API_KEY": deepgram.KEY,
            "VOICEPREP_DEEPGRAM_URL": hears.url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": speaks.base_url,
        }
        print(json.dumps(environment), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    if broken := [*hears.violations, *speaks.violations]:
        print(f"Rules that were broken: {broken[:5]}", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
