"""A microphone with a person behind it: waits for the question, thinks, answers with pauses, can interrupt.

Hears nothing but the session's events. Must not know engines, scores or devices.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from voiceprep.audio.pace import Pace
from voiceprep.audio.persona import CandidateStyle, Persona, sentences
from voiceprep.audio.streams import resample
from voiceprep.events import Event, InterviewerEnded, InterviewerStarted, SessionStarted, TurnStarted
from voiceprep.model import Bank
from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_BLOCK_SAMPLES,
    MICROPHONE_RATE_HZ,
    SPEAKER_RATE_HZ,
    Samples,
    Synthesizer,
)
from voiceprep.tasks import Tasks

__all__ = ["CandidateManners", "CandidateStyle", "SimulatedCandidate"]

BURST_MS, BURST_DBFS = 150, -20.0
"""A cough, a door: too short and too empty of words to be an answer."""


@dataclass(frozen=True, slots=True)
class CandidateManners:
    """How the candidate behaves; ranges are drawn from evenly.

    `barge_in_ms` and `noise_burst_ms` map a turn's index to how long after the interviewer's first sound the
    candidate starts to answer, or something makes a noise.
    """

    think_ms: tuple[int, int] = (300, 1_200)
    pause_ms: tuple[int, int] = (300, 900)
    long_pause_ms: tuple[int, int] = (1_000, 1_500)
    long_pause_share: float = 0.25
    noise_floor_dbfs: float = -65.0
    barge_in_ms: Mapping[int, int] = field(default_factory=dict)
    noise_burst_ms: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Reply:
    """What will be said in one turn, and from when on the session clock; None until that is known."""

    turn_index: int
    think_ms: int
    audio: asyncio.Task[list[Samples]]
    start_ms: int | None = None


class SimulatedCandidate:
    """A BlockSource that answers a session's questions in one style. Give `on_event` to the session's listeners.

    The same seed behaves the same. `read` raises ProviderError when the voice fails.
    """

    def __init__(
        self,
        style: CandidateStyle,
        bank: Bank,
        synthesizer: Synthesizer,
        tasks: Tasks,
        pace: Pace,
        *,
        seed: int = 0,
        manners: CandidateManners | None = None,
    ) -> None:
        self._persona = Persona(style, bank, seed)
        self._synthesizer = synthesizer
        self._tasks = tasks
        self._pace = pace
        self._seed = seed
        self._manners = manners or CandidateManners()
        self._noise = np.random.default_rng([seed])
        self._reply: _Reply | None = None
        self._saying: deque[Samples] = deque()
        self._burst_at_ms: int | None = None
        self._position_ms = 0
        self.cut_count = 0
        """Answers the interviewer did not wait for the end of."""

    @property
    def is_speaking(self) -> bool:
        """In the middle of an answer, its pauses included."""
        return bool(self._saying)

    def on_event(self, event: Event) -> None:
        match event:
            case SessionStarted():
                self._position_ms = event.at_ms
            case TurnStarted():
                self._prepare(event)
            case InterviewerStarted():
                reply, barge_in_ms = self._reply, self._manners.barge_in_ms.get(event.turn_index)
                if reply is not None and reply.start_ms is None and barge_in_ms is not None:
                    reply.start_ms = event.at_ms + barge_in_ms
                if event.turn_index in self._manners.noise_burst_ms and self._burst_at_ms is None:
                    self._burst_at_ms = event.at_ms + self._manners.noise_burst_ms[event.turn_index]
            case InterviewerEnded():
                reply = self._reply
                if reply is not None and reply.turn_index == event.turn_index and reply.start_ms is None:
                    reply.start_ms = event.at_ms + reply.think_ms
            case _:
                pass

    async def read(self) -> Samples | None:
        await self._pace.wait()
        self._begin_when_due()
        block = self._noise.normal(0.0, _rms(self._manners.noise_floor_dbfs), MICROPHONE_BLOCK_SAMPLES)
        block += self._burst()
        spoken = self._next_spoken()
        block[: spoken.size] += spoken
        self._position_ms += BLOCK_MS
        return np.clip(block, -32768, 32767).astype(np.int16)

    def close(self) -> None:
        self._forget_reply()

    # ------------------------------------------------------------------------------------- inside

    def _prepare(self, event: TurnStarted) -> None:
        """Learn the question and think of the answer while it is being read out."""
        if self._saying:  # the interviewer goes on: finish the sentence, drop the rest
            self.cut_count += 1
            self._saying = deque([self._saying[0]])
        self._forget_reply()
        self._burst_at_ms = None
        text = self._persona.reply(event.brief, event.turn_index)
        if text:
            chance = np.random.default_rng([self._seed, event.turn_index + 1])
            think_ms = int(chance.integers(*self._manners.think_ms, endpoint=True))
            audio = self._tasks.work(self._speak(text, chance), name="simulated candidate")
            self._reply = _Reply(event.turn_index, think_ms, audio)

    async def _speak(self, text: str, chance: np.random.Generator) -> list[Samples]:
        """Sentences and the pauses between them, each shape (n_samples,) at 16 kHz."""
        spoken: list[Samples] = []
        for sentence in sentences(text):
            pieces = [piece async for piece in self._synthesizer.synthesize(sentence)]
            if pieces:
                whole = np.concatenate(pieces)
                spoken.append(await self._tasks.in_thread(resample, whole, SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ))
        pauses_ms = chance.integers(*self._manners.pause_ms, size=len(spoken), endpoint=True)
        if len(spoken) > 2 and chance.random() < self._manners.long_pause_share:
            where = int(chance.integers(0, len(spoken) - 1))
            pauses_ms[where] = chance.integers(*self._manners.long_pause_ms, endpoint=True)
        said: list[Samples] = []
        for sentence_audio, pause_ms in zip(spoken, pauses_ms, strict=True):
            said += [sentence_audio, np.zeros(int(pause_ms) * MICROPHONE_RATE_HZ // 1000, np.int16)]
        return said[:-1]

    def _begin_when_due(self) -> None:
        reply = self._reply
        if reply is None or reply.start_ms is None or reply.start_ms > self._position_ms or not reply.audio.done():
            return
        self._reply = None
        self._saying.extend(reply.audio.result())

    def _next_spoken(self) -> Samples:
        """Up to 320 samples of what is being said."""
        pieces: list[Samples] = []
        n_left = MICROPHONE_BLOCK_SAMPLES
        while n_left and self._saying:
            piece = self._saying.popleft()
            if piece.size > n_left:
                self._saying.appendleft(piece[n_left:])
            pieces.append(piece[:n_left])
            n_left -= pieces[-1].size
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)

    def _burst(self) -> np.ndarray[tuple[int], np.dtype[np.float64]] | float:
        if self._burst_at_ms is None or not 0 <= self._position_ms - self._burst_at_ms < BURST_MS:
            return 0.0
        return self._noise.normal(0.0, _rms(BURST_DBFS), MICROPHONE_BLOCK_SAMPLES)

    def _forget_reply(self) -> None:
        reply, self._reply = self._reply, None
        if reply is None or reply.audio.cancel() or reply.audio.cancelled():
            return
        reply.audio.exception()  # nobody will ask for it any more


def _rms(level_dbfs: float) -> float:
    return float(32768 * 10 ** (level_dbfs / 20))
