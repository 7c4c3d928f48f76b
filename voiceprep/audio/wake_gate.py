"""When a microphone block is worth waking up for: most of a conversation holds nothing to decide, and every waking
costs more than the work that is done then.

Must not know speech from noise: only that nothing has changed. Times stay those of the audio.
"""

import math
from collections.abc import Callable

import numpy as np

from voiceprep.ports import BLOCK_MS, SILENCE_DBFS, Samples

TOGETHER_BLOCKS = 100 // BLOCK_MS
"""No block waits longer: what is recorded reaches the disk in time."""

FADE_DB, VOICE_DB = 20.0, 10.0
"""A voice goes on while it is no softer than its loudest by the one and louder than the room by the other: its last
sound is followed by a block that is not, which does not wait."""
ROOM_DB = 4.0
"""A room goes on while it is no louder than it was by this much."""
BEGUN_BLOCKS = 200 // BLOCK_MS
"""The interviewer has been heard for so long before anything waits: when it began is told to the block."""
ROOM_DOWN_SHARE, ROOM_UP_SHARE = 0.3, 0.003
FADE_DB_PER_BLOCK = 0.05


class WakeGate:
    """Keeps blocks back while nobody waits for what is in them: the candidate's voice goes on and nobody else
    speaks; the interviewer speaks, or has spoken, and the room stays as it is. A silence in which an answer may be
    over is never kept back, nor is a voice over another.

    `is_talking`: whether the interviewer is to be heard; it is asked from the microphone's thread.
    """

    def __init__(self, is_talking: Callable[[], bool]) -> None:
        self._is_talking = is_talking
        self._waiting: list[Samples] = []
        self._loudest_dbfs = SILENCE_DBFS
        self._room_dbfs: float | None = None
        self._was_talking = False
        self._is_asked = False
        self._talking_blocks = 0

    def step(self, block: Samples) -> list[Samples]:
        """Take the next block, shape (320,). The blocks to hand out now, in order; none while they may wait."""
        self._waiting.append(block)
        may_wait = self._may_wait(_peak_dbfs(block))
        return [] if may_wait and len(self._waiting) < TOGETHER_BLOCKS else self.flush()

    def flush(self) -> list[Samples]:
        """What waits, whatever it holds."""
        due, self._waiting = self._waiting, []
        return due

    def _may_wait(self, level_dbfs: float) -> bool:
        room_dbfs = level_dbfs if self._room_dbfs is None else self._room_dbfs
        above_db = level_dbfs - room_dbfs
        self._room_dbfs = room_dbfs + above_db * (ROOM_DOWN_SHARE if above_db < 0 else ROOM_UP_SHARE)
        self._loudest_dbfs = max(level_dbfs, self._loudest_dbfs - FADE_DB_PER_BLOCK)
        is_talking, was_talking = self._is_talking(), self._was_talking
        self._was_talking = is_talking
        is_room = above_db <= ROOM_DB
        self._is_asked = is_room and (self._is_asked or is_talking)
        self._talking_blocks = self._talking_blocks + 1 if is_talking else 0
        if is_talking is not was_talking:
            return False
        if is_talking:
            return is_room and self._talking_blocks > BEGUN_BLOCKS
        is_voice = above_db >= VOICE_DB and level_dbfs >= self._loudest_dbfs - FADE_DB
        return is_voice or self._is_asked


def _peak_dbfs(block: Samples) -> float:
    """The highest sample relative to full scale: a fifth of what the RMS costs, and as good for comparing."""
    highest = int(np.maximum.reduce(block))
    return 20 * math.log10(highest / 32768) if highest > 0 else SILENCE_DBFS
