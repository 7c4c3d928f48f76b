"""A candidate at the far end of a connection: hears the interviewer, answers when asked. Knows no protocol.

When it is asked it knows from the session's journal: what is silence on a busy machine says nothing.
"""

import json
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from tests.speech import spoken
from voiceprep.audio.streams import resample
from voiceprep.banks import bank_folders, find_bank
from voiceprep.model import ExampleLevel
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks

LOUD = 300
LOOK_BLOCKS = 10
NO_MORE = "I am not sure about that one, sorry."


class Journal:
    """Of the only session below `recordings`."""

    def __init__(self, recordings: Path) -> None:
        self._recordings = recordings
        self._read_bytes = 0
        self._is_asked = False
        self.brief: dict[str, Any] = {}
        """Of the turn that is under way."""

    def take_question(self) -> bool:
        """Whether an answer is wanted that nobody was told of yet."""
        for path in self._recordings.glob("*/events.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read_bytes)
                added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._read_bytes += len(whole)
            for line in whole.splitlines():
                event = json.loads(line)
                if event["type"] == "turn_started":
                    self.brief, self._is_asked = event["brief"], False
                elif event["type"] == "interviewer_ended":
                    self._is_asked = self.brief["expects_answer"]
        is_asked, self._is_asked = self._is_asked, False
        return is_asked


class FarCandidate:
    """`hear` what comes, `block` for what to send: 20 ms at 16 kHz each."""

    def __init__(self, recordings: Path, tasks: Tasks, level: str = "strong") -> None:
        """`level`: of the bank's examples."""
        self._level = ExampleLevel(level)
        self._recordings = recordings
        self._voice = HibariSynthesizer(tasks, ())
        self._waiting: deque[Samples] = deque()
        self._journal = Journal(recordings)
        self._block_count = 0
        self.answer_count = 0
        self.loud_blocks = 0
        """How much was heard of the interviewer."""

    def hear(self, samples: Samples) -> None:
        """Some of the interviewer's sound, at any rate."""
        self.loud_blocks += np.abs(samples.astype(np.int32)).max(initial=0) > LOUD

    async def block(self) -> Samples:
        """The next 320 samples."""
        self._block_count += 1
        is_due = self._block_count % LOOK_BLOCKS == 0 and not self._waiting
        if is_due and self._journal.take_question():
            await self._answer()
        return self._waiting.popleft() if self._waiting else np.zeros(MICROPHONE_BLOCK_SAMPLES, np.int16)

    async def _answer(self) -> None:
        self.answer_count += 1
        text = self._example() if self._journal.brief["kind"] == "question" else NO_MORE
        samples = resample(await spoken(self._voice, text), SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ)
        whole = samples.size - samples.size % MICROPHONE_BLOCK_SAMPLES
        self._waiting.extend(samples[:whole].reshape(-1, MICROPHONE_BLOCK_SAMPLES))

    def _example(self) -> str:
        """Of the question that is asked."""
        (path,) = self._recordings.glob("*/session.json")
        bank = find_bank(json.loads(path.read_text())["bank_id"], bank_folders(()))
        (question,) = (each for each in bank.questions if each.id == self._journal.brief["question_id"])
        return next(each.text for each in question.examples if each.level is self._level)
