"""A candidate at the far end of a connection: hears the interviewer, answers silence. Knows no protocol."""

import json
from collections import deque
from pathlib import Path

import numpy as np

from tests.speech import spoken
from voiceprep.audio.streams import resample
from voiceprep.banks import bank_folders, find_bank
from voiceprep.model import ExampleLevel
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks

LOUD = 300
QUIET_BLOCKS = 50
"""So long an interviewer is silent who is waiting for an answer."""
NO_MORE = "I have nothing to add to that."


class FarCandidate:
    """`hear` what comes, `block` for what to send: 20 ms at 16 kHz each, in step."""

    def __init__(self, recordings: Path, tasks: Tasks, level: str = "strong") -> None:
        """`level`: of the bank's examples."""
        self._level = ExampleLevel(level)
        self._recordings = recordings
        self._voice = HibariSynthesizer(tasks, ())
        self._waiting: deque[Samples] = deque()
        self._loud_blocks = self._quiet_blocks = 0
        self.answer_count = 0
        self.heard_blocks = 0

    def hear(self, samples: Samples) -> None:
        """One block of the interviewer's, at any rate."""
        self.heard_blocks += 1
        if np.abs(samples.astype(np.int32)).max(initial=0) > LOUD:
            self._loud_blocks, self._quiet_blocks = self._loud_blocks + 1, 0
        else:
            self._quiet_blocks += 1

    async def block(self) -> Samples:
        """The next 320 samples."""
        if self._loud_blocks > 10 and self._quiet_blocks > QUIET_BLOCKS and not self._waiting:
            await self._answer()
            self._loud_blocks = 0
        return self._waiting.popleft() if self._waiting else np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)

    async def _answer(self) -> None:
        self.answer_count += 1
        text = NO_MORE if self.answer_count > 1 else self._example()
        samples = resample(await spoken(self._voice, text), SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ)
        whole = samples.size - samples.size % MICROPHONE_BLOCK_SAMPLES
        self._waiting.extend(samples[:whole].reshape(-1, MICROPHONE_BLOCK_SAMPLES))

    def _example(self) -> str:
        """To the question that the session has planned first."""
        (path,) = self._recordings.glob("*/session.json")
        info = json.loads(path.read_text())
        bank = find_bank(info["bank_id"], bank_folders(()))
        (question,) = (one for one in bank.questions if one.id == info["plan"][0]["id"])
        return next(one.text for one in question.examples if one.level is self._level)
