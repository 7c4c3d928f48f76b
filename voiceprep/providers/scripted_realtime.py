"""A realtime model that understands a scripted candidate and speaks in tones, on audio time.

For tests, benchmarks and newcomers: no network, exact times. Must not know engines.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from voiceprep.errors import ProviderError
from voiceprep.ports import BLOCK_MS, AudioBlock, Samples
from voiceprep.providers.scripted import LOUD, ScriptedCandidate, ToySynthesizer
from voiceprep.realtime import (
    Direction,
    GoingAway,
    HearingFailed,
    RealtimeEvent,
    RealtimeSetup,
    ReplyAudio,
    ReplyDone,
    ReplyText,
    SpeechBegan,
    SpeechHeard,
    SpeechOver,
)

ONSET_BLOCKS = 2
PIECE_WORDS = 5


class RealtimeFault(StrEnum):
    """What a session does once."""

    DROP = "drop"  # the connection ends
    GO_AWAY = "go_away"  # it says that it will end soon
    DEAF = "deaf"  # an utterance gets no transcript
    MUTE = "mute"  # a request gets no reply
    CUT_REPLY = "cut_reply"  # the connection ends in the middle of a reply


@dataclass(frozen=True, slots=True)
class FaultAt:
    """When: at the first block (DROP, GO_AWAY), utterance (DEAF) or request (MUTE, CUT_REPLY) from there on."""

    at_ms: int
    fault: RealtimeFault


class ScriptedRealtime:
    """realtime.RealtimeModel. `sessions` holds all that were opened, with what they were told."""

    name = "scripted"
    prefers_our_turns = False

    def __init__(
        self,
        candidate: ScriptedCandidate,
        faults: Sequence[FaultAt] = (),
        session_limit_ms: int | None = None,
        failures: int = 0,
    ) -> None:
        self.candidate = candidate
        self.faults = deque(faults)
        self.session_limit_ms = session_limit_ms
        self.failures = failures
        self.sessions: list[ScriptedSession] = []

    async def prepare(self) -> None:
        """Nothing to import."""

    async def open(self, setup: RealtimeSetup) -> "ScriptedSession":
        if self.failures:
            self.failures -= 1
            raise ProviderError("The scripted model fails as told.", provider=self.name, stage="realtime")
        session = ScriptedSession(self, setup)
        self.sessions.append(session)
        return session

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def open_count(self) -> int:
        return sum(not session.is_closed for session in self.sessions)

    def fault_due(self, now_ms: int, *kinds: RealtimeFault) -> RealtimeFault | None:
        """The next fault when it is due and one of these."""
        if self.faults and self.faults[0].at_ms <= now_ms and self.faults[0].fault in kinds:
            return self.faults.popleft().fault
        return None


class ScriptedSession:
    """realtime.RealtimeSession."""

    def __init__(self, model: ScriptedRealtime, setup: RealtimeSetup) -> None:
        self.setup = setup
        self.requests: list[Direction] = []
        self.truncations_ms: list[int] = []
        self.pushed_ms: list[int] = []
        self.is_closed = False
        self._model = model
        self._events: asyncio.Queue[RealtimeEvent | None] = asyncio.Queue()
        self._utterance_count = 0
        self._from_ms: int | None = None  # of the utterance under way
        self._loud_blocks = 0
        self._last_loud_ms = 0
        self._now_ms = 0

    # --------------------------------------------------------------------------------------- hearing

    def push(self, block: AudioBlock) -> None:
        self.pushed_ms.append(block.start_ms)
        self._now_ms = block.end_ms
        self._go_wrong(self._model.fault_due(self._now_ms, RealtimeFault.DROP, RealtimeFault.GO_AWAY))
        is_loud = int(np.abs(block.samples).max()) >= LOUD
        self._loud_blocks = self._loud_blocks + 1 if is_loud else 0
        self._last_loud_ms = block.end_ms if is_loud else self._last_loud_ms
        if self._from_ms is None and is_loud and (self.setup.are_turns_ours or self._loud_blocks >= ONSET_BLOCKS):
            self._from_ms = block.start_ms - (self._loud_blocks - 1) * BLOCK_MS
            if not self.setup.are_turns_ours:
                self._tell(SpeechBegan())
        is_long = block.end_ms - self._last_loud_ms >= self.setup.patience_ms
        if self._from_ms is not None and not self.setup.are_turns_ours and is_long:
            self._understand(self._from_ms)

    def commit(self) -> None:
        self._understand(self._now_ms if self._from_ms is None else self._from_ms)

    def _understand(self, from_ms: int) -> None:
        self._from_ms = None
        self._utterance_count += 1
        name = f"{id(self)}-{self._utterance_count}"
        self._tell(SpeechOver(name))
        if self._model.fault_due(self._now_ms, RealtimeFault.DEAF):
            self._tell(HearingFailed(name))
            return
        said = [word.text for word in self._model.candidate.said if from_ms <= word.start_ms < self._now_ms]
        self._tell(SpeechHeard(name, " ".join(said), is_final=True))

    # -------------------------------------------------------------------------------------- speaking

    def request(self, direction: Direction) -> None:
        self.requests.append(direction)
        kinds = (RealtimeFault.MUTE, RealtimeFault.CUT_REPLY)
        fault = self._model.fault_due(self._now_ms, *kinds)
        if fault is RealtimeFault.MUTE:
            return
        words = direction.text.split()
        for place in range(0, len(words), PIECE_WORDS):
            if fault is RealtimeFault.CUT_REPLY and place:
                self._go_wrong(RealtimeFault.DROP)
                return
            piece = words[place : place + PIECE_WORDS]
            self._tell(ReplyText(" ".join(piece) + " "))
            self._tell(ReplyAudio(_tone(len(piece))))
        self._tell(ReplyDone(is_whole=True))

    def interrupt(self, heard_ms: int) -> None:
        self.truncations_ms.append(heard_ms)

    # ------------------------------------------------------------------------------------ connection

    async def events(self) -> AsyncIterator[RealtimeEvent]:
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        self._go_wrong(RealtimeFault.DROP)

    def _tell(self, event: RealtimeEvent) -> None:
        if not self.is_closed:
            self._events.put_nowait(event)

    def _go_wrong(self, fault: RealtimeFault | None) -> None:
        if fault is RealtimeFault.DROP and not self.is_closed:
            self.is_closed = True
            self._events.put_nowait(None)
        elif fault is RealtimeFault.GO_AWAY:
            self._tell(GoingAway(50_000))


def _tone(word_count: int) -> Samples:
    return np.full(ToySynthesizer.WORD_SAMPLES * word_count, 1_000, np.int16)
