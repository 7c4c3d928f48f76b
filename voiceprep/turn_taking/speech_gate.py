"""Pure: when speech starts and stops, in audio milliseconds.

Must not know audio, detectors, devices or the clock; it sees probabilities, levels and positions.
"""

from enum import StrEnum


class GateChange(StrEnum):
    STARTED = "started"
    STOPPED = "stopped"


class SpeechGate:
    """Turns per-block speech probabilities into onsets and offsets, with hysteresis.

    The thresholds are Silero's own (0.5 on, 0.15 lower off); two blocks of speech make an onset so that a click
    does not, and 120 ms below the lower threshold make an offset so that a stop consonant does not.

    Silero stays on for 65 to 130 ms after the last sound (24 answers, median 90). Where the level tells, silence
    is counted from that sound: speech ends are 25 to 35 dB below its peak, what follows them is at least
    `TAIL_DB` below it, or no louder than the room was before (`ROOM_DB`) and clearly below the voice (`VOICE_DB`).
    """

    ON = 0.5
    OFF = 0.35
    ONSET_BLOCKS = 2
    OFFSET_MS = 120
    TAIL_DB = 40.0
    ROOM_DB = 3.0
    VOICE_DB = 20.0
    ROOM_SHARE = 0.05

    def __init__(self) -> None:
        self.is_speech = False
        self.started_ms = 0
        self.last_speech_ms = 0
        self._run_blocks = 0
        self._peak_dbfs = self._room_dbfs = -96.0

    def step(self, start_ms: int, end_ms: int, probability: float, level_dbfs: float) -> GateChange | None:
        """Take one block. `last_speech_ms` is the end of the last block that held speech."""
        if probability >= (self.OFF if self.is_speech else self.ON):
            self._run_blocks += 1
            if self.is_speech:
                self._peak_dbfs = max(self._peak_dbfs, level_dbfs)
                if not self._is_tail(level_dbfs):
                    self.last_speech_ms = end_ms
            elif self._run_blocks >= self.ONSET_BLOCKS:
                self.is_speech = True
                self.started_ms = start_ms - (self._run_blocks - 1) * (end_ms - start_ms)
                self.last_speech_ms = end_ms
                self._peak_dbfs = level_dbfs
                return GateChange.STARTED
            return None
        self._run_blocks = 0
        if not self.is_speech:
            self._room_dbfs += self.ROOM_SHARE * (level_dbfs - self._room_dbfs)
        if self.is_speech and end_ms - self.last_speech_ms >= self.OFFSET_MS:
            self.is_speech = False
            return GateChange.STOPPED
        return None

    def _is_tail(self, level_dbfs: float) -> bool:
        """Silence, though the detector still hears what was before it."""
        below_db = self._peak_dbfs - level_dbfs
        is_room = level_dbfs <= self._room_dbfs + self.ROOM_DB and below_db >= self.VOICE_DB
        return is_room or below_db >= self.TAIL_DB
