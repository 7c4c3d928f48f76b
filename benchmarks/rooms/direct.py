"""The same interview and the same answers with nothing between candidate and engine: what a room adds to."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.rooms.answers import Answer
from benchmarks.rooms.replies import ReplyClock
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
from voiceprep.recordings.reader import SessionRecord
from voiceprep.terminal.keys import NoControls
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.host import Ends
from voiceprep.wiring.sessions import hold
from voiceprep.wiring.stage import Stage


class DirectHost:
    """A `wiring.host.Host` and its candidate in one."""

    def __init__(self, answer: Answer) -> None:
        self.controls = NoControls()
        self.clock = ReplyClock()
        self._answer = answer
        self._pace = RealtimePace()
        self._screen = ScreenState()
        self._answered = (0, "")
        self._saying = np.zeros(0, np.int16)

    def notice(self, choice: Choice) -> str:
        return ""

    async def open(self, stage: Stage, speaker: SpeakerLine) -> Ends:
        def hear(block: AudioBlock) -> None:
            pulled = speaker.pull(SPEAKER_BLOCK_SAMPLES)
            speaker.deliver(block)
            self.clock.heard(pulled, asyncio.get_running_loop().time())

        return Ends(self, [hear])

    def on_event(self, event: Event) -> None:
        self._screen = advance(self._screen, event)
        state = room_state(self._screen, RoomState())
        turn = (state.question_number, state.text)
        if state.phase == "interviewer":
            self._answered = (0, "")
        elif state.phase == "your_turn" and turn != self._answered:
            self._answered = turn
            self._saying = resample(self._answer(state), SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ)

    async def read(self) -> Samples | None:
        await self._pace.wait()
        block = np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
        spoken, self._saying = self._saying[: block.size], self._saying[block.size :]
        block[: spoken.size] = spoken
        is_last, now_s = not self._saying.size, asyncio.get_running_loop().time()
        self.clock.sent(spoken.size, block.size, MICROPHONE_RATE_HZ, now_s, is_last=is_last)
        return block

    def close(self) -> None:
        """Nothing is open."""


async def run_direct(
    folder: Path, order: RoomOrder, answer: Answer, flags: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[ReplyClock, SessionRecord]:
    """One interview: what the candidate heard, and the record."""
    host = DirectHost(answer)
    return host.clock, await hold_direct(host, folder, order, flags, environment)


async def hold_direct(
    host: DirectHost, folder: Path, order: RoomOrder, flags: Mapping[str, str], environment: Mapping[str, str]
) -> SessionRecord:
    """The interview itself."""
    choice = choice_for(order, environment, {"recordings": str(folder), **flags})
    return (await hold(choice, host, host.on_event, lambda _: None)).record
