"""What candidates in rooms say: a bank's examples in the embedded voice. Must not know rooms."""

from functools import cache
from typing import Any

import numpy as np

from voiceprep.banks import bank_folders, find_bank
from voiceprep.hosting.messages import RoomState
from voiceprep.ports import SPEAKER_RATE_HZ, Samples

NO_IDEA = "I am not sure about that one, sorry."
AUDIBLE = 300


class SpokenAnswers:
    """`level` is that of the bank's examples: strong, partial or weak."""

    def __init__(self, bank: str, level: str) -> None:
        self._bank = find_bank(bank, bank_folders())
        self._level = level

    def __call__(self, state: RoomState) -> Samples:
        """The example of the question that is asked; a follow-up gets an honest "not sure"."""
        for question in self._bank.questions:
            if any(text in state.text for text in (question.text, *question.wordings)):
                texts = [example.text for example in question.examples if example.level == self._level]
                return say(texts[0])
        return say(NO_IDEA)


@cache
def say(text: str) -> Samples:
    """24 kHz, silence at the end cut: the last sample is the last of the speech. Shape (n_samples,)."""
    samples = np.rint(np.clip(_voice()(text), -1.0, 1.0) * 32767).astype(np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE)
    spoken: Samples = samples[: loud[-1] + 1 + SPEAKER_RATE_HZ // 100]
    return spoken


@cache
def _voice() -> Any:  # noqa: ANN401 - hibari is untyped
    from voiceprep.providers.hibari import load_voice

    return load_voice()
