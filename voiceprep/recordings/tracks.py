"""Candidate and interviewer on one clock: two WAVs, both from 0, holding what was heard.

The candidate's sample count is the clock; the interviewer's track is silence except where it spoke.
"""

from pathlib import Path

from voiceprep.rates import BLOCK_MS, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ
from voiceprep.recordings.disk import DISK, Disk
from voiceprep.recordings.wav import FLUSH_MS, SAMPLE_BYTES, WavTrack

CANDIDATE_WAV = "candidate.wav"
INTERVIEWER_WAV = "interviewer.wav"
JITTER_MS = 30
"""Two pieces of speech nearer than this belong together: positions come in 20 ms blocks and wobble."""
IDLE_LAG_MS = 500
"""A silent interviewer's track stays this far behind the candidate's, so that late speech still fits in."""


class Tracks:
    """Both tracks being written. One thread at a time; everything raises OSError."""

    def __init__(self, folder: Path, *, is_resumed: bool = False, disk: Disk = DISK) -> None:
        """New tracks, or those of a closed or repaired session, to go on at the next whole block."""
        self._candidate = WavTrack(folder / CANDIDATE_WAV, MICROPHONE_RATE_HZ, is_resumed=is_resumed, disk=disk)
        try:
            self._interviewer = WavTrack(
                folder / INTERVIEWER_WAV, SPEAKER_RATE_HZ, is_resumed=is_resumed, disk=disk
            )
        except OSError:
            self._candidate.close()
            raise
        block_samples = MICROPHONE_RATE_HZ * BLOCK_MS // 1000
        self._candidate.pad_to(-(-self._candidate.position_samples // block_samples) * block_samples)
        self._speech_end_samples = self._interviewer.position_samples
        self._speech_added_ms = self.position_ms

    @property
    def position_ms(self) -> int:
        """The session clock: how far the candidate was recorded."""
        return self._candidate.position_samples * 1000 // MICROPHONE_RATE_HZ

    def add_candidate(self, pcm: bytes, start_ms: int) -> None:
        """The next microphone audio; a real gap before it becomes silence."""
        if start_ms - self.position_ms > JITTER_MS:
            self._candidate.pad_to(start_ms * MICROPHONE_RATE_HZ // 1000)
        self._candidate.append(pcm)

    def add_interviewer(self, pcm: bytes, start_ms: int) -> None:
        """Audio heard from `start_ms` on. Contiguous audio is appended whatever its `start_ms` wobbles."""
        track = self._interviewer
        start_samples = start_ms * SPEAKER_RATE_HZ // 1000
        jitter_samples = JITTER_MS * SPEAKER_RATE_HZ // 1000
        if start_samples - self._speech_end_samples > jitter_samples:
            if start_samples < track.position_samples:
                track.rewind_to(start_samples)
            track.pad_to(start_samples)
        elif track.position_samples > self._speech_end_samples:
            track.rewind_to(self._speech_end_samples)
        track.append(pcm)
        self._speech_added_ms = self.position_ms
        self._speech_end_samples = track.position_samples

    def follow_clock(self) -> None:
        """Let the interviewer's silence follow the candidate, and its last words reach the disk when it stops."""
        if self.position_ms - self._speech_added_ms >= FLUSH_MS:
            self._interviewer.flush()
        idle_samples = (self.position_ms - IDLE_LAG_MS) * SPEAKER_RATE_HZ // 1000
        if idle_samples > self._interviewer.length_samples:
            self._interviewer.pad_to(idle_samples)

    def close(self) -> None:
        """Make both equally long and close both files, also when that fails. Idempotent."""
        try:
            candidate_samples, interviewer_samples = equal_lengths(
                self._candidate.length_samples, self._interviewer.length_samples
            )
            self._candidate.pad_to(candidate_samples)
            self._interviewer.pad_to(interviewer_samples)
        finally:
            try:
                self._candidate.close()
            finally:
                self._interviewer.close()


class NoTracks:
    """In place of `Tracks` where no audio is kept: only the clock."""

    def __init__(self, position_ms: int = 0) -> None:
        self.position_ms = position_ms

    def add_candidate(self, pcm: bytes, start_ms: int) -> None:
        n_samples = len(pcm) // SAMPLE_BYTES
        self.position_ms = max(self.position_ms, start_ms) + n_samples * 1000 // MICROPHONE_RATE_HZ

    def add_interviewer(self, pcm: bytes, start_ms: int) -> None:
        """Nothing is kept."""

    def follow_clock(self) -> None:
        """Nothing follows."""

    def close(self) -> None:
        """Nothing is open."""


def equal_lengths(candidate_samples: int, interviewer_samples: int) -> tuple[int, int]:
    """Lengths at which both tracks hold the same time and nothing is cut: 2 samples of one are 3 of the other."""
    pairs = max(-(-candidate_samples // 2), -(-interviewer_samples // 3))
    return pairs * 2, pairs * 3
