"""Where an engine under test stands: a microphone, a sink that plays in real time, and the clock. numpy only."""

import asyncio
import os
import resource
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.candidate import (
    Answering,
    Candidate,
    Interrupting,
    Marks,
    Opening,
    Trial,
    Voice,
    as_record,
)
from benchmarks.peers.sounds import Samples, load_sounds

OUT_RATE_HZ = 24_000
TICK_S = 0.02
TICK_SAMPLES = round(OUT_RATE_HZ * TICK_S)
GREETING = "Hello and welcome to this interview, please tell me about your work."

Pull = Callable[[int], Samples]
"""The next n samples to be heard, zeros where there are none."""


class PushedSink:
    """A sound card's buffer that is pushed into, as the peers do. 24 kHz."""

    def __init__(self) -> None:
        self.is_paused = False
        self._queue: deque[Samples] = deque()
        self._queued_samples = 0
        self.pulled = asyncio.Event()

    @property
    def queued_s(self) -> float:
        return self._queued_samples / OUT_RATE_HZ

    def push(self, samples: Samples) -> None:
        self._queue.append(samples)
        self._queued_samples += samples.size

    def clear(self) -> None:
        self._queue.clear()
        self._queued_samples = 0

    def pull(self, n_samples: int) -> Samples:
        out = np.zeros(n_samples, np.int16)
        filled = 0
        while not self.is_paused and self._queue and filled < n_samples:
            piece = self._queue.popleft()
            taken = piece[: n_samples - filled]
            out[filled : filled + taken.size] = taken
            filled += taken.size
            if taken.size < piece.size:
                self._queue.appendleft(piece[taken.size :])
        self._queued_samples -= filled
        self.pulled.set()
        self.pulled = asyncio.Event()
        return out


class Stage:
    """Everything a runner needs: addresses in `job`, `note_*` for what happens, `converse` to hold the talk."""

    def __init__(self, settings: str, job: dict[str, Any]) -> None:
        self.settings = settings
        self.job = job
        self.marks = Marks()
        self._ready_s = self._over_s = 0.0
        self._cpu_s = 0.0
        voice = Voice(load_sounds(Path(job["sounds"])))
        self._candidate: Candidate
        if "answers" in job:
            self._candidate = Answering(job["answers"], voice)
        elif "opening" in job:
            self._candidate = Opening(voice)
        else:
            self._candidate = Interrupting([Trial(**trial) for trial in job["trials"]], voice)

    @property
    def deepgram_url(self) -> str:
        return str(self.job["deepgram_url"])

    @property
    def openai_url(self) -> str:
        """With `/v1`."""
        return str(self.job["openai_url"])

    # ----------------------------------------------------------------------------- candidate.Ear

    @property
    def last_s(self) -> float:
        return self.marks.heard[-1][1] if self.marks.heard else 0.0

    def began_after(self, at_s: float) -> float | None:
        """When the first sound after `at_s` was heard; sound under way counts from `at_s`."""
        return next((max(start, at_s) for start, end in self.marks.heard if end > at_s), None)

    def run_after(self, at_s: float) -> float | None:
        """When the first unbroken sound that began after `at_s` began."""
        return next((start for start, _ in self.marks.heard if start > at_s), None)

    # ------------------------------------------------------------------------------------- notes

    def note_handed(self, samples: Samples) -> None:
        """The engine gave audio to its sink."""
        if samples.any():
            self.marks.handed.append(time.monotonic())

    def note_decided(self) -> None:
        """The engine holds the candidate's turn to be over."""
        self.marks.decided.append(time.monotonic())

    def _note_heard(self, samples: Samples, now_s: float) -> None:
        sounding = np.flatnonzero(samples)
        if not sounding.size:
            return
        start_s, end_s = (now_s + (index / OUT_RATE_HZ) for index in (sounding[0], sounding[-1] + 1))
        heard = self.marks.heard
        if heard and start_s - heard[-1][1] < 1.5 * TICK_S:
            heard[-1][1] = end_s
        else:
            heard.append([start_s, end_s])

    # ----------------------------------------------------------------------------------- the talk

    async def converse(self, deliver: Callable[[Samples], None], pull: Pull) -> None:
        """Play the script: every 20 ms the sink takes 20 ms and the microphone gives a block.

        Called by the loop's own timers: a task that sleeps costs as much as an engine's answer to a block.
        """
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        self._ready_s = began_s = time.monotonic()
        cpu = os.times()

        def tick(count: int) -> None:
            due_s = began_s + count * TICK_S
            try:
                self._note_heard(pull(TICK_SAMPLES), time.monotonic())
                deliver(self._candidate.step(due_s, self))
            except Exception as error:
                over.set_exception(error)
                return
            if self._candidate.is_done:
                over.set_result(None)
            else:
                loop.call_at(due_s + TICK_S, tick, count + 1)

        loop.call_at(began_s + TICK_S, tick, 1)
        await over
        self._over_s = time.monotonic()
        used = os.times()
        self._cpu_s = used.user + used.system - cpu.user - cpu.system

    def record(self) -> dict[str, Any]:
        """What happened."""
        return {
            "ready_at_s": self._ready_s,
            "talk_s": self._over_s - self._ready_s,
            "cpu_s": self._cpu_s,
            "peak_rss_mb": peak_rss_mb(),
            **as_record(self._candidate, self.marks),
        }


def peak_rss_mb() -> float:
    """Of this program: Linux's `ru_maxrss` also knows the peak of the process that started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
