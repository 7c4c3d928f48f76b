"""The answers as audio: the local voice, with thinking pauses and the noise of a room. Nothing here was recorded.

A pause inside a sentence is cut into one utterance, where the voice makes the small break of a comma; where it
makes none, the two parts are spoken apart, which sounds like the end of a sentence. Each pause says which.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.endpointing.scripts import Place, Script, Sentence
from voiceprep.audio.streams import resample
from voiceprep.ports import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ, Samples, Synthesizer

LEAD_MS, TAIL_MS = 600, 3_600
"""Room before the first word, and after the last: longer than any policy waits."""
NOISE_DBFS = (-55.0, -45.0)
APART_SHARE = 0.2
"""Inner pauses that are spoken apart on purpose."""

_WINDOW_SAMPLES = MICROPHONE_RATE_HZ // 200
_LOUD_RMS = 32768 * 10 ** (-46 / 20)
_SEARCH_MS, _GAP_MS = 250, 30
_BABBLE_VOICES = 8
_MURMURED = (
    "Did you see that they moved the printer to the second floor again, right next to the kitchen?",
    "I told her that the train leaves at ten past six, but she would not believe it.",
    "We could have lunch outside today, the rain has stopped and the tables are dry.",
    "Somebody left a blue umbrella in the meeting room, and nobody knows whose it is.",
)

Wave = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence inside the answer, between the last and the first audible 5 ms around it."""

    place: Place
    start_ms: int
    end_ms: int
    is_cut: bool

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class SpokenAnswer:
    """`samples`: 16 kHz with noise, shape (n_samples,). `end_ms`: the true end, after the last audible 5 ms."""

    script: Script
    samples: Samples
    pauses: tuple[Pause, ...]
    end_ms: int


class Stage:
    """Speaks scripts in a noisy room. `voice` must be deterministic."""

    def __init__(self, voice: Synthesizer) -> None:
        self._voice = voice
        self._known: dict[str, Samples] = {}
        self._babble: Wave | None = None

    async def speak(self, script: Script) -> SpokenAnswer:
        """The same script always sounds the same."""
        chance = np.random.default_rng(list(script.name.encode()))
        pieces: list[Samples] = []
        places: list[tuple[Place, int, bool]] = []
        for sentence in script.sentences:
            parts, is_cut = await self._parts(sentence, chance)
            if sentence.inner is not None:
                places.append((sentence.inner.place, sentence.inner.pause_ms, is_cut))
            places.append((sentence.end_place, sentence.end_ms, True))
            pieces += parts
        return await self._joined(script, pieces, places[:-1], chance)

    async def _joined(
        self,
        script: Script,
        pieces: list[Samples],
        places: list[tuple[Place, int, bool]],
        chance: np.random.Generator,
    ) -> SpokenAnswer:
        pieces = [_faded(_trimmed(piece)) for piece in pieces]
        joined: list[Samples] = [_quiet(LEAD_MS)]
        pauses: list[Pause] = []
        now_samples = len(joined[0])
        for piece, pause in zip(pieces, [*places, None], strict=True):
            joined.append(piece)
            now_samples += len(piece)
            if pause is None:
                break
            place, pause_ms, is_cut = pause
            start_ms = _ms(now_samples)
            joined.append(_quiet(pause_ms))
            now_samples += len(joined[-1])
            pauses.append(Pause(place, start_ms, _ms(now_samples), is_cut))
        joined.append(_quiet(TAIL_MS))
        samples = np.concatenate(joined).astype(np.float64)
        samples += await self._noise(len(samples), chance)
        heard: Samples = np.clip(np.rint(samples), -32768, 32767).astype(np.int16)
        return SpokenAnswer(script, heard, tuple(pauses), _ms(now_samples))

    async def _parts(self, sentence: Sentence, chance: np.random.Generator) -> tuple[list[Samples], bool]:
        """The sentence in one piece or two, and whether the two are one utterance."""
        if sentence.inner is None:
            return [await self._said(" ".join(sentence.words))], True
        count, filler = sentence.inner.word_count, sentence.inner.filler
        first = " ".join(sentence.words[:count]).rstrip(",")
        first = f"{first}, {filler}," if filler else f"{first},"
        rest = " ".join(sentence.words[count:])
        is_apart = chance.random() < APART_SHARE
        whole, alone = await self._said(f"{first} {rest}"), await self._said(first)
        cut = None if is_apart else _find_gap(whole, len(_trimmed(alone)))
        if cut is not None:
            return [whole[:cut], whole[cut:]], True
        return [alone, await self._said(rest)], False

    async def _said(self, text: str) -> Samples:
        if text not in self._known:
            pieces = [piece async for piece in self._voice.synthesize(text)]
            self._known[text] = _trimmed(resample(np.concatenate(pieces), SPEAKER_RATE_HZ, MICROPHONE_RATE_HZ))
        return self._known[text]

    async def _noise(self, count: int, chance: np.random.Generator) -> Wave:
        """Pink noise or a murmur of voices. Shape (count,)."""
        rms = 32768 * 10 ** (chance.uniform(*NOISE_DBFS) / 20)
        noise = pink(count, chance) if chance.random() < 0.5 else await self._murmur(count, chance)
        scaled: Wave = noise * rms / np.sqrt(np.mean(noise**2))
        return scaled

    async def _murmur(self, count: int, chance: np.random.Generator) -> Wave:
        """Several voices at once, made of one by playing it faster and slower, muffled by a far wall."""
        if self._babble is None:
            self._babble = await self._make_babble()
        start = int(chance.integers(len(self._babble)))
        return np.resize(np.roll(self._babble, -start), count)

    async def _make_babble(self) -> Wave:
        chance = np.random.default_rng(11)
        said = [await self._said(text) for text in _MURMURED]
        length = 20 * MICROPHONE_RATE_HZ
        total = np.zeros(length)
        for _ in range(_BABBLE_VOICES):
            rate_hz = int(MICROPHONE_RATE_HZ * chance.uniform(0.8, 1.3))
            talk = np.concatenate([said[index] for index in chance.permutation(len(said))])
            total += np.resize(resample(talk, rate_hz, MICROPHONE_RATE_HZ).astype(np.float64), length)
        muffled: Wave = np.convolve(total, np.hanning(12), mode="same")
        return muffled


def pink(count: int, chance: np.random.Generator) -> Wave:
    """Noise whose power falls with frequency. Shape (count,)."""
    spectrum = np.fft.rfft(chance.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    return np.fft.irfft(spectrum, count)


def _quiet(duration_ms: int) -> Samples:
    return np.zeros(MICROPHONE_RATE_HZ * duration_ms // 1000, dtype=np.int16)


def _ms(samples: int) -> int:
    return samples * 1000 // MICROPHONE_RATE_HZ


def _loudness(samples: Samples) -> Wave:
    """RMS of every whole 5 ms. Shape (n_samples // 80,)."""
    windows = samples[: len(samples) // _WINDOW_SAMPLES * _WINDOW_SAMPLES].reshape(-1, _WINDOW_SAMPLES)
    rms: Wave = np.sqrt((windows.astype(np.float64) ** 2).mean(axis=1))
    return rms


def _trimmed(samples: Samples) -> Samples:
    """From the first to the last audible 5 ms."""
    loud = np.flatnonzero(_loudness(samples) > _LOUD_RMS)
    if not len(loud):
        return samples[:0]
    return samples[loud[0] * _WINDOW_SAMPLES : (loud[-1] + 1) * _WINDOW_SAMPLES]


def _faded(samples: Samples) -> Samples:
    """Soft edges of 3 ms, so that no cut clicks."""
    ramp = np.linspace(0, 1, 48)
    faded = samples.astype(np.float64)
    if len(faded) > 2 * len(ramp):
        faded[: len(ramp)] *= ramp
        faded[-len(ramp) :] *= ramp[::-1]
    return np.rint(faded).astype(np.int16)


def _find_gap(samples: Samples, near: int) -> int | None:
    """The middle of the longest quiet stretch of 30 ms or more, 250 ms around sample `near`; None without one."""
    quiet = _loudness(samples) <= _LOUD_RMS
    reach = _SEARCH_MS // 5
    centre = near // _WINDOW_SAMPLES
    best: tuple[int, int] = (0, 0)
    start = None
    for index in range(max(1, centre - reach), min(len(quiet) - 1, centre + reach) + 1):
        if index < min(len(quiet) - 1, centre + reach) and quiet[index]:
            start = index if start is None else start
        elif start is not None:
            best = max(best, (index - start, start))
            start = None
    length, first = best
    return (first + length // 2) * _WINDOW_SAMPLES if length * 5 >= _GAP_MS else None
