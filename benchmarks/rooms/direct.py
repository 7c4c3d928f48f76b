"""The same interview and the same answers with nothing between candidate and engine: what a room adds to."""

import asyncio
import os
from pathlib import Path

import numpy as np

from benchmarks.rooms.answers import SpokenAnswers
from benchmarks.rooms.candidate import SOUND_AT
from voiceprep.activity import ScreenState, advance
from voiceprep.audio.line import SpeakerLine
from voiceprep.audio.pace import RealtimePace
from voiceprep.audio.streams import resample
from voiceprep.events import Event
from voiceprep.hosting.messages import RoomState, room_state
from voiceprep.hosting.order import RoomOrder, choice_for
from voiceprep.ports import (
    MICROPHONE_BLOCK_SAMPLES,
    MICROPHONE_RATE_HZ,
    SPEAKER_BLOCK_SAMPLES,
    SPEAKER_RATE_HZ,
    AudioBlock,
    Samples,
)
from voiceprep.terminal.keys import NoControls
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.host import Ends
from voiceprep.wiring.sessions import hold
from voiceprep.wiring.stage import Stage


class DirectHost:
    """A `wiring.host.Host` and its candidate in one. `replies_ms` as RoomCandidate's."""

    def __init__(self, answer: SpokenAnswers) -> None:
        self.controls = NoControls()
        self.replies_ms: list[float] = []
        self._answer = answer
        self._pace = RealtimePace()
        self._screen = ScreenState()
        self._answered = (0, "")
        self._saying = np.zeros(0, np.int16)
        self._said_s: float | None = None

    def notice(self, choice: Choice) -> str:
        return ""

    async def open(self, stage: Stage, speaker: SpeakerLine) -> Ends:
        def hear(block: AudioBlock) -> None:
            pulled = speaker.pull(SPEAKER_BLOCK_SAMPLES)
            speaker.deliver(block)
            if self._said_s is not None and np.abs(pulled.astype(np.int32)).max() >= SOUND_AT:
                self.replies_ms.append((asyncio.get_running_loop().time() - self._said_s) * 1000)
                self._said_s = None

        return Ends(self, [hear])

    def on_event(self, event: Event) -> None:
        self._screen = advance(self._screen, event)
        state = room_state(self._screen, RoomState())
        turn = (state.question_number, state.text)
        if state.phase == "your_turn" and turn != self._answered:
            self._answered = turn
            self._saying = resample(self._answer(state), SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ)

    async def read(self) -> Samples | None:
        await self._pace.wait()
        block = np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
        spoken, self._saying = self._saying[: block.size], self._saying[block.size :]
        block[: spoken.size] = spoken
        if spoken.size and not self._saying.size:
            self._said_s = asyncio.get_running_loop().time()
        return block

    def close(self) -> None:
        """Nothing is open."""


async def run_direct(folder: Path, bank: str, questions: int, seed: int) -> list[float]:
    """The replies of one interview in ms, at the ear."""
    host = DirectHost(SpokenAnswers(bank, "partial"))
    order = RoomOrder(bank=bank, questions=questions, seed=seed, mode="cascaded")
    choice = choice_for(order, os.environ, {"recordings": str(folder)})
    await hold(choice, host, host.on_event, lambda _: None)
    return host.replies_ms
