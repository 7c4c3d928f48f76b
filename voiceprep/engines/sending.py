"""What of the microphone is sent: speech with what lies just before and after it. Long silence is not paid for.

Must not know who listens.
"""

from collections import deque

from voiceprep.ports import BLOCK_MS, AudioBlock
from voiceprep.turn_taking.speech_gate import SpeechGate

PRE_ROLL_BLOCKS = 400 // BLOCK_MS
"""So much from before the onset is sent, or first syllables are lost: a gate notices speech 40 to 100 ms late."""

TRAILING_MS = 300
"""So much silence follows what was said when its end is ours to tell."""


class SendGate:
    """Decides block by block. `trailing_ms`: silence sent after speech, so that the end is heard."""

    def __init__(self, trailing_ms: int = TRAILING_MS) -> None:
        self.is_open = False
        self._trailing_ms = trailing_ms
        self._waiting: deque[AudioBlock] = deque(maxlen=PRE_ROLL_BLOCKS)

    def step(self, block: AudioBlock, gate: SpeechGate, *, is_held_open: bool = False) -> list[AudioBlock]:
        """The blocks to send now, in order. `is_held_open`: go on sending, whatever this block holds."""
        is_near = block.end_ms - gate.last_speech_ms <= self._trailing_ms and gate.last_speech_ms > 0
        if not (gate.is_speech or is_held_open or (self.is_open and is_near)):
            self.is_open = False
            self._waiting.append(block)
            return []
        due = [*self._waiting, block]
        self._waiting.clear()
        self.is_open = True
        return due
