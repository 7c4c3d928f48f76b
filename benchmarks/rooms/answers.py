"""What candidates in rooms say: a bank's examples, or always the same words, in the embedded voice.

Must not know rooms.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from voiceprep.banks import bank_folders, find_bank
from voiceprep.hosting.messages import RoomState
from voiceprep.ports import SPEAKER_RATE_HZ, Samples

NO_IDEA = "I am not sure about that one, sorry."
WORDS = "We moved the sessions into a shared store, and that is my answer."
"""Nobody who hears the end of it waits for the rest."""
MANY_WORDS = (
    "At first every server kept its own sessions in memory, so people were logged out whenever we deployed. We "
    "measured how often that happened, and it was about forty times a day. Then I looked at two ways, sticky "
    "routing and a shared store. Sticky routing was quick to set up, but it would not have survived a restart. "
    + WORDS
)
"""As long as answers are in an interview."""
Answer = Callable[[RoomState], Samples]
"""24 kHz, shape (n_samples,); called once a turn in which an answer is wanted."""

AUDIBLE = 300
"""40 dB below full scale: what is quieter is decay."""


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


@dataclass(frozen=True, slots=True)
class SameWords:
    """`text`, whatever is asked."""

    text: str = WORDS

    def __call__(self, state: RoomState) -> Samples:
        return say(self.text)


@cache
def say(text: str) -> Samples:
    """24 kHz, silence at both ends cut: first and last sample are those of the speech. Shape (n_samples,)."""
    samples = np.rint(np.clip(_voice()(text), -1.0, 1.0) * 32767).astype(np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE)
    spoken: Samples = samples[loud[0] : loud[-1] + 1]
    return spoken


def spread(text: str) -> tuple[tuple[str, float, float], ...]:
    """The words of `text` as `say` says them: start and end in seconds, by their letters."""
    total, length_s = sum(map(len, text.split())), say(text).size / SPEAKER_RATE_HZ
    words, letters = [], 0
    for word in text.split():
        words.append((word, length_s * letters / total, length_s * (letters + len(word)) / total))
        letters += len(word)
    return tuple(words)


@cache
def _voice() -> Any:  # noqa: ANN401 - hibari is untyped
    from voiceprep.providers.hibari import load_voice

    return load_voice()
