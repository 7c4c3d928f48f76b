"""The two ends of a session's audio: what is heard of the candidate, what is heard of the interviewer.

Counts every sample. Must not know what is behind: a sound card, a file, a room, a person made of code.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from voiceprep.ports import (
    BLOCK_MS,
    MICROPHONE_BLOCK_SAMPLES,
    SPEAKER_BLOCK_SAMPLES,
    SPEAKER_RATE_HZ,
    AudioBlock,
    Samples,
)

FADE_SAMPLES = SPEAKER_RATE_HZ * 5 // 1000
"""5 ms: long enough that a pause does not click, short enough that nobody notices."""

SAMPLES_PER_MS = SPEAKER_RATE_HZ // 1000

BlockTap = Callable[[AudioBlock], None]
HeardTap = Callable[[Samples, int], None]
"""Called with 24 kHz audio, shape (n_samples,), and where it starts on the session clock in ms."""


class BlockSource(Protocol):
    """Where 16 kHz blocks come from."""

    async def read(self) -> Samples | None:
        """The next 320 samples; None once the source has ended, after as long as a block would have taken.

        Raises AudioDeviceError.
        """
        ...

    def close(self) -> None:
        """Let go of what is behind. May be called twice."""
        ...


class MicrophoneLine:
    """A `ports.Microphone` over any source. Taps see every block just before it is handed out."""

    def __init__(self, source: BlockSource, taps: Iterable[BlockTap] = (), start_ms: int = 0) -> None:
        """`start_ms`: where the session clock stands, a multiple of BLOCK_MS."""
        self._source = source
        self._taps = list(taps)
        self._block_count = start_ms // BLOCK_MS
        self._is_ended = False

    @property
    def position_ms(self) -> int:
        return self._block_count * BLOCK_MS

    @property
    def is_ended(self) -> bool:
        return self._is_ended

    def add_tap(self, tap: BlockTap) -> None:
        """Taps run in the order they were added; during a tap `position_ms` is still the block's start."""
        self._taps.append(tap)

    async def read(self) -> AudioBlock:
        samples = await self._source.read()
        if samples is None:
            self._is_ended = True
            samples = np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)
        block = AudioBlock(samples, self.position_ms)
        for tap in self._taps:
            tap(block)
        self._block_count += 1
        return block

    def close(self) -> None:
        self._source.close()


@dataclass(slots=True)
class _InFlight:
    """Speech inside the sink's buffer: its place in everything ever pulled, and whose speech it is."""

    start_sample: int
    end_sample: int
    speech: int


class SpeakerLine:
    """A `ports.Speaker` that a clock empties by calling `pull`: a sound card, or the microphone's blocks.

    One speech lasts from one `stop` to the next. `heard_ms` goes back to 0 at `stop` and nowhere else: neither
    running dry, nor pausing, nor reaching the end resets it, so a voice that synthesizes slower than it speaks
    keeps one count. End every speech with `stop`, also one that was heard to its end.

    `clock` gives the session time now; `latency_ms` is how long a pulled sample takes to reach the ear; `start_ms`
    is where the session clock stood when the microphone began. `pull` may be called from a sound card's thread;
    everything else, taps included, belongs to the event loop.
    """

    def __init__(
        self, clock: Callable[[], int], taps: Iterable[HeardTap] = (), latency_ms: int = 0, start_ms: int = 0
    ) -> None:
        self._clock = clock
        self._start_ms = start_ms
        self._taps = list(taps)
        self._latency_ms = latency_ms
        self._lock = threading.Lock()
        self._queue: deque[Samples] = deque()
        self._tail = np.zeros(0, np.int16)  # a fade-out that is still to be pulled
        self._tail_speech = 0
        self._speech = 0
        self._taken_samples = 0  # of the current speech, pulled or waiting in the tail
        self._pulled_samples = 0  # ever, silence included
        self._in_flight: deque[_InFlight] = deque()
        self._aside = np.zeros(0, np.int16)
        self._is_paused = False
        self._is_sounding = False
        self._on_sound: Callable[[], None] | None = None
        self._heard: deque[tuple[Samples, int]] = deque()  # for the taps
        self._run_start_ms = 0
        self._run_samples = 0  # of the current unbroken run of sound, 0 between runs

    # ------------------------------------------------------------------------------------ ports.Speaker

    @property
    def heard_ms(self) -> int:
        with self._lock:
            waiting = self._tail.size if self._tail_speech == self._speech else 0
            edge = self._edge_sample()
            for piece in self._in_flight:
                if piece.speech == self._speech:
                    waiting += piece.end_sample - min(piece.end_sample, max(piece.start_sample, edge))
            return (self._taken_samples - waiting) // SAMPLES_PER_MS

    @property
    def is_idle(self) -> bool:
        """Everything enqueued has been pulled, and as much silence after it as the sink holds back."""
        with self._lock:
            is_heard = not self._in_flight or self._in_flight[-1].end_sample <= self._edge_sample()
            return not self._queue and not self._tail.size and is_heard

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    @property
    def is_talking(self) -> bool:
        """Something is being heard, or will be at once. Any thread, often: takes no lock."""
        return not self._is_paused and bool(self._queue or self._in_flight)

    def enqueue(self, samples: Samples) -> None:
        if samples.size:
            with self._lock:
                self._queue.append(samples)
            if self._on_sound is not None:
                self._on_sound()

    def pause(self) -> None:
        """Silence at once, after a fade of 5 ms that counts as heard. What the sink already holds is heard too."""
        with self._lock:
            if not self._is_paused:
                self._is_paused = True
                self._fade_out()

    def resume(self) -> None:
        """Go on with the next sample, fading in. Does nothing when not paused."""
        with self._lock:
            if not self._is_paused:
                return
            self._is_paused = False
            if self._taken_samples and self._queue:
                head = self._take(FADE_SAMPLES)
                self._queue.appendleft(_faded(head, is_in=True))
                self._taken_samples -= head.size

    def stop(self) -> int:
        """Silence after a fade of 5 ms, the rest dropped, not paused; the next speech starts at 0 ms heard.

        Returns the ms of this speech that reach the ear, the sink's buffer and the fade included: they can no
        longer be taken back.
        """
        with self._lock:
            if not self._is_paused:
                self._fade_out()
            self._queue.clear()
            heard_ms = self._taken_samples // SAMPLES_PER_MS
            self._taken_samples = 0
            self._speech += 1
            self._is_paused = False
            return heard_ms

    # ------------------------------------------------------------------------- the sink and the taps

    @property
    def latency_ms(self) -> int:
        return self._latency_ms

    def connect(
        self,
        latency_ms: int,
        microphone_ms: Callable[[], int] | None = None,
        on_sound: Callable[[], None] | None = None,
    ) -> None:
        """A new sink is behind the line. What the old one still held counts as heard.

        `microphone_ms`: how much the microphone has taken up since it began, for a sink ahead of what was read of
        it. `on_sound` is called when there is more to be heard, on the event loop: a sink may pull at once.
        """
        with self._lock:
            self._latency_ms = latency_ms
            if microphone_ms is not None:
                self._clock = lambda: self._start_ms + microphone_ms()
            self._on_sound = on_sound
            self._in_flight.clear()
            self._run_samples_end()

    def add_tap(self, tap: HeardTap) -> None:
        self._taps.append(tap)

    @property
    def ready_samples(self) -> int:
        """What could be pulled now without silence behind it."""
        with self._lock:
            return 0 if self._is_paused else sum(piece.size for piece in self._queue)

    def pull(self, n_samples: int) -> Samples:
        """The next `n_samples` to be played, silence where there is nothing. Shape (n_samples,). Any thread."""
        with self._lock:
            pulled = np.zeros(n_samples, np.int16)
            if self._is_at_rest and n_samples:
                self._pulled_samples += n_samples
                return pulled
            tail, self._tail = self._tail[:n_samples], self._tail[n_samples:]
            pulled[: tail.size] = tail
            self._note(tail, self._tail_speech, 0)
            n_filled = tail.size
            if not self._is_paused and self._queue and n_filled < n_samples:
                fresh = self._take(n_samples - n_filled)
                pulled[n_filled : n_filled + fresh.size] = fresh
                self._note(fresh, self._speech, n_filled)
                n_filled += fresh.size
            self._is_sounding = bool(n_samples) and n_filled == n_samples
            if n_filled < n_samples:
                self._run_samples_end()
            self._pulled_samples += n_samples
            aside, self._aside = self._aside[:n_samples], self._aside[n_samples:]
            if aside.size:
                mixed = pulled[: aside.size].astype(np.int32) + aside
                pulled[: aside.size] = np.clip(mixed, -32768, 32767)
            edge = self._edge_sample()
            while self._in_flight and self._in_flight[0].end_sample <= edge:
                self._in_flight.popleft()
            return pulled

    @property
    def _is_at_rest(self) -> bool:
        """There is nothing to be heard and nothing on its way; so it is most of the time. Lock held."""
        return not (self._queue or self._in_flight or self._run_samples or self._tail.size or self._aside.size)

    def deliver(self, block: AudioBlock | None = None) -> None:
        """Hand what was pulled to the taps, on the event loop. Add it to the microphone's taps."""
        while self._heard:
            samples, start_ms = self._heard.popleft()
            for tap in self._taps:
                tap(samples, start_ms)

    def mix_in(self, samples: Samples) -> None:
        """Other sound for the ear only, shape (n_samples,): neither counted, paused nor given to the taps."""
        with self._lock:
            self._aside = np.concatenate([self._aside, samples])[-SPEAKER_RATE_HZ:]

    def play_block(self, block: AudioBlock) -> None:
        """Pull and deliver 20 ms: a microphone tap that makes audio time the clock when there is no sound card."""
        self.pull(SPEAKER_BLOCK_SAMPLES)
        self.deliver(block)

    # -------------------------------------------------------------------------- inside, lock held

    def _edge_sample(self) -> int:
        """Everything pulled before this sample has been heard."""
        return self._pulled_samples - self._latency_ms * SAMPLES_PER_MS

    def _take(self, n_samples: int) -> Samples:
        """Up to `n_samples` off the queue, counted as spoken."""
        pieces: list[Samples] = []
        n_left = n_samples
        while n_left and self._queue:
            piece = self._queue.popleft()
            if piece.size > n_left:
                self._queue.appendleft(piece[n_left:])
                piece = piece[:n_left]
            pieces.append(piece)
            n_left -= piece.size
        self._taken_samples += n_samples - n_left
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)

    def _fade_out(self) -> None:
        if self._is_sounding and self._queue:
            self._tail = np.concatenate([self._tail, _faded(self._take(FADE_SAMPLES), is_in=False)])
            self._tail_speech = self._speech
            self._is_sounding = False

    def _note(self, samples: Samples, speech: int, offset_samples: int) -> None:
        """Remember sound that is on its way, and place it on the session clock for the taps.

        A run is placed once, at its first sample, and counted from there: callbacks jitter, sound does not.
        """
        if not samples.size:
            return
        start_sample = self._pulled_samples + offset_samples
        self._in_flight.append(_InFlight(start_sample, start_sample + samples.size, speech))
        if not self._run_samples:
            now_ms = self._clock() + self._latency_ms + offset_samples // SAMPLES_PER_MS
            self._run_start_ms = max(now_ms, self._run_start_ms)
        if self._taps:
            self._heard.append((samples, self._run_start_ms + self._run_samples // SAMPLES_PER_MS))
        self._run_samples += samples.size

    def _run_samples_end(self) -> None:
        """The sound broke off; the next run may not start before this one ended."""
        self._run_start_ms += -(-self._run_samples // SAMPLES_PER_MS)
        self._run_samples = 0


def _faded(samples: Samples, is_in: bool) -> Samples:
    ramp = np.linspace(0.0, 1.0, samples.size, dtype=np.float32)
    return (samples * (ramp if is_in else ramp[::-1])).astype(np.int16)
