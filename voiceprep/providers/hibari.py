"""The local voice: hibari-tts on the weights in its wheel. Never downloads, never speaks twice differently.

Must not know who listens.
"""

import asyncio
import copy
import functools
import threading
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from voiceprep.errors import ProviderError
from voiceprep.language.glossary import speakable
from voiceprep.model import Term
from voiceprep.ports import SPEAKER_RATE_HZ, Samples
from voiceprep.providers.hibari_deep import DeepNet
from voiceprep.tasks import Tasks
from voiceprep.weights import locate_weight, open_session

_WEIGHTS = {
    "assets/hibari.onnx": "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
    "assets/oov.onnx": "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76",
}
_SEED = 1
_WARM_TEXT = "Welcome to Vrelk."
"""Holds a word that is in no lexicon, so that the net for unknown words is loaded too."""

_WINDOW_SAMPLES = SPEAKER_RATE_HZ * 5 // 1000
_SILENCE_RMS = 0.002
_LEAD_MS = 30
_TAIL_MS = 120
_SENTENCE_PAUSE_MS = 220
"""The model begins with 300 ms of silence and ends with 450 ms; this much stays, or comes between sentences."""

_FADE_SAMPLES = SPEAKER_RATE_HZ * 20 // 1000

_TEXT_RULES = threading.Lock()
"""hibari's text rules are not made for two threads, and every synthesizer of a process uses the same."""


class HibariSynthesizer:
    """A Synthesizer, American English, about 12 ms to the first audio of a short question.

    The same text always gives the same samples. `speed` 1.0 is the voice's own pace, 0.5 slow, 2.0 fast. `is_deep`:
    the other voice that can be made of it (see hibari_deep.py).
    """

    name = "local"

    def __init__(
        self, tasks: Tasks, glossary: Sequence[Term] = (), speed: float = 1.0, *, is_deep: bool = False
    ) -> None:
        self._tasks = tasks
        self._glossary = tuple(glossary)
        self._speed = speed
        self._load = _load_deep if is_deep else load_voice
        self._voice: Any = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Nothing is open."""

    async def warm(self) -> None:
        """Load and speak once, about 0.5 s; nothing when already warm. Raises ProviderError (stage `tts`)."""
        async with self._turn:
            if self._voice is None:
                self._voice = await self._run(self._load)

    async def synthesize(self, text: str) -> AsyncGenerator[Samples]:
        """One piece of 24 kHz audio per sentence, shape (n_samples,). Raises ProviderError (stage `tts`)."""
        await self.warm()
        is_first = True
        for sentence in await self._in_turn(self._phonemes, text):
            samples = await self._in_turn(self._speak, sentence)
            if not len(samples):
                continue
            if not is_first:
                samples = np.concatenate((_silence(_SENTENCE_PAUSE_MS), samples))
            is_first = False
            yield samples

    def _phonemes(self, text: str) -> list[str]:
        with _TEXT_RULES:
            phonemes: list[str] = self._voice.phonemize(speakable(text, self._glossary))
        return phonemes

    def _speak(self, phonemes: str) -> Samples:
        return _trim(self._voice.from_phonemes(phonemes, self._speed, seed=_SEED))

    async def _in_turn(self, function: Any, argument: str) -> Any:  # noqa: ANN401 - hibari is untyped
        """One call into the voice at a time: what was asked for first is heard first."""
        async with self._turn:
            return await self._run(function, argument)

    async def _run(self, function: Any, *arguments: str) -> Any:  # noqa: ANN401 - hibari is untyped
        try:
            return await self._tasks.work(self._tasks.in_thread(function, *arguments), name="local voice")
        except ProviderError:
            raise
        except Exception as error:  # hibari has no exceptions of its own: anything may come out
            raise ProviderError(
                f"The local voice failed: {type(error).__name__}.",
                "Start again with `--debug` for the details; `--speaker none` shows the words instead.",
                provider="local",
                stage="tts",
            ) from error


@functools.lru_cache(maxsize=1)
def load_voice() -> Any:  # noqa: ANN401 - hibari is untyped
    """Load and speak once; 90 MB, so a process does it once. Raises ProviderError (stage `tts`)."""
    model, _ = (locate_weight("hibari", name, sha256, stage="tts") for name, sha256 in _WEIGHTS.items())
    from hibari import Hibari

    voice = Hibari(model=str(model))
    voice.sess = open_session(model, stage="tts")
    with _TEXT_RULES:
        voice(_WARM_TEXT, seed=_SEED)
    return voice


def _load_deep() -> Any:  # noqa: ANN401 - hibari is untyped
    """The same rules and weights, with another net in front."""
    voice = copy.copy(load_voice())
    voice.sess = DeepNet(voice.sess)
    return voice


def _silence(duration_ms: int) -> Samples:
    return np.zeros(SPEAKER_RATE_HZ * duration_ms // 1000, dtype=np.int16)


def _trim(wave: npt.NDArray[np.float32]) -> Samples:
    """int16 audio with most of the silence at both ends taken away and soft edges. Shape (n_samples,)."""
    window_count = len(wave) // _WINDOW_SAMPLES
    windows = wave[: window_count * _WINDOW_SAMPLES].reshape(window_count, _WINDOW_SAMPLES)
    loud = np.flatnonzero(np.sqrt((windows**2).mean(axis=1)) > _SILENCE_RMS)
    if not len(loud):
        return np.zeros(0, dtype=np.int16)
    start = max(0, int(loud[0]) * _WINDOW_SAMPLES - SPEAKER_RATE_HZ * _LEAD_MS // 1000)
    end = int(loud[-1] + 1) * _WINDOW_SAMPLES + SPEAKER_RATE_HZ * _TAIL_MS // 1000
    kept = wave[start:end].copy()
    fade_samples = min(_FADE_SAMPLES, len(kept) // 2)
    ramp = np.linspace(0.0, 1.0, fade_samples, dtype=np.float32)
    kept[:fade_samples] *= ramp
    kept[len(kept) - fade_samples :] *= ramp[::-1]
    samples: Samples = np.rint(np.clip(kept, -1.0, 1.0) * 32767).astype(np.int16)
    return samples
