"""Who is speaking: reads the microphone block by block, gates it, and says when speech starts and stops.

Shared by every engine. Must not know recognisers, voices or what the interview is about.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voiceprep.events import CandidatePaused, CandidateStarted, CommandGiven, Emit, LevelMeasured
from voiceprep.ports import (
    BLOCK_MS,
    AudioBlock,
    Command,
    CommandKind,
    Controls,
    Microphone,
    Samples,
    SpeechDetector,
)
from voiceprep.turn_taking.last_words import plain_words
from voiceprep.turn_taking.speech_gate import GateChange, SpeechGate

LEVEL_EVERY_BLOCKS = 6
RECENT_BLOCKS = 8_000 // BLOCK_MS

BACKCHANNELS = frozenset(
    "mm hm mhm mm-hm mmhmm hmm uh-huh uhhuh uh huh um yeah yes yep ok okay right sure ah oh aha i see got it".split(
        " "
    )
)
"""Words that show listening and do not ask for the floor."""


def is_backchannel(words: Sequence[str]) -> bool:
    """Nothing but "mm-hm", "yeah", "right"; at most three words."""
    return len(words) <= 3 and all(word in BACKCHANNELS for word in words)


CALLS = frozenset("wait stop sorry skip next repeat no hold pause pardon what excuse".split(" "))
"""Single words that do ask for it."""
ONE_WORD_MS = 600


def asks_for_floor(words: Sequence[str], spoken_ms: int) -> bool:
    """Words over the interviewer that mean to interrupt. One short word is a hum the recogniser misheard
    ("Mm" comes back as "Her" or "Hello?") unless it is a call."""
    if not words or is_backchannel(words):
        return False
    return len(words) > 1 or words[0] in CALLS or spoken_ms >= ONE_WORD_MS


def is_echo(words: Sequence[str], spoken_text: str) -> bool:
    """The words are the interviewer's own, in its own order: a loudspeaker heard by the microphone."""
    spoken = f" {' '.join(plain_words(spoken_text))} "
    return len(words) >= 2 and f" {' '.join(words)} " in spoken


@dataclass(frozen=True, slots=True)
class Heard:
    """One block and what it means. `is_voiced`: this very block holds speech (no hold-over)."""

    block: AudioBlock
    is_voiced: bool
    change: GateChange | None
    command: Command | None


class Floor:
    """The candidate's side of the conversation, for the length of a session. `typed`: answers not taken yet."""

    def __init__(self, detector: SpeechDetector, controls: Controls) -> None:
        self.gate = SpeechGate()
        self.typed: deque[str] = deque()
        self._is_typed_out = False
        self._detector = detector
        self._controls = controls
        self._recent: deque[Samples] = deque(maxlen=RECENT_BLOCKS)
        self._block_count = 0

    @property
    def has_left(self) -> bool:
        """The candidate typed all there was to type, and every answer was taken."""
        return self._is_typed_out and not self.typed

    async def hear(self, mic: Microphone, emit: Emit) -> Heard:
        """The next block. Raises AudioDeviceError."""
        block = await mic.read()
        self._recent.append(block.samples)
        probability, level = self._detector.probability(block), block.level_dbfs
        change = self.gate.step(block.start_ms, block.end_ms, probability, level)
        if change is GateChange.STARTED:
            emit(CandidateStarted(at_ms=self.gate.started_ms))
        elif change is GateChange.STOPPED:
            emit(CandidatePaused(at_ms=self.gate.last_speech_ms))
        if self._block_count % LEVEL_EVERY_BLOCKS == 0:
            emit(LevelMeasured(at_ms=block.end_ms, level_dbfs=level, speech_probability=probability))
        self._block_count += 1
        is_voiced = self.gate.is_speech and self.gate.last_speech_ms == block.end_ms
        return Heard(block, is_voiced, change, self._take_command(block.end_ms, emit))

    def _take_command(self, at_ms: int, emit: Emit) -> Command | None:
        command = None if self.typed else self._controls.take()  # in the order they were typed
        if command is None:
            return None
        if command.kind is CommandKind.ANSWER:
            self.typed.append(command.text)
            return None
        if command.kind is CommandKind.NO_MORE:
            self._is_typed_out = True
            return None
        emit(CommandGiven(at_ms=at_ms, command=command.kind.value))
        return command

    async def hold(self, mic: Microphone, emit: Emit) -> tuple[Command, int]:
        """Pause key: let audio pass unheard until `go_on`, `pause` again or `end`; returns it and the ms held."""
        from_ms = mic.position_ms
        while True:
            command = (await self.hear(mic, emit)).command
            if command is not None and command.kind in (CommandKind.GO_ON, CommandKind.PAUSE, CommandKind.END):
                return command, mic.position_ms - from_ms

    def recent_audio(self) -> Samples:
        """The last 8 s or less, shape (n_samples,) at 16 kHz."""
        return np.concatenate(self._recent)
