"""Moonshine tiny on stock onnxruntime: waveform in, tokens out, greedily. Must not know streams or sessions."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from voiceprep.ports import MICROPHONE_RATE_HZ, Samples
from voiceprep.providers.segments import Tokens
from voiceprep.weights import locate_weight, open_session

_WEIGHTS = {
    "encoder_model.ort": "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    "decoder_model_merged.ort": "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    "tokenizer.bin": "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
}

START_TOKEN = 1
END_TOKEN = 2
_FIRST_TEXT_TOKEN = 3
_HEADS, _HEAD_SIZE = 8, 36
_TOKENS_PER_S = 6.5
"""Moonshine's published limit against endless output; English speech stays well below it."""

_SPARE_TOKENS = 6
_PAD_SAMPLES = MICROPHONE_RATE_HZ // 10
_LOOP_REPEATS = 4
_LOOP_TOKENS = 12

_TARGET_RMS = 0.03
_MAX_GAIN = 20.0

_END_MARGIN = 5.0
"""After a full stop the output ends when that is this close, in logits, to the best token. On 31 spoken answers
an invented "Thank you." or "Okay." was at most 4.5 away, a sentence really spoken at least 7.0."""

_INVENTIONS = (["you"], ["thank", "you", "for", "watching"])
"""What it writes for noise that passed for speech (measured with white noise and clicks)."""


class MoonshineModel:
    """About 0.02 s of computing per second of audio on one thread; good for pieces up to about 12 s.

    Loading takes about 0.3 s. Raises ProviderError (stage `stt`) when weights are missing or damaged.
    """

    def __init__(self) -> None:
        encoder, decoder, vocabulary = (
            locate_weight("moonshine_voice", f"assets/tiny-en/{name}", sha256, stage="stt")
            for name, sha256 in _WEIGHTS.items()
        )
        self._vocabulary = parse_vocabulary(vocabulary.read_bytes())
        self._sentence_ends = [i for i, piece in enumerate(self._vocabulary) if piece in (b".", b"?", b"!")]
        self._encoder = open_session(encoder, stage="stt")
        self._decoder = open_session(decoder, stage="stt")
        self._past_names = [i.name for i in self._decoder.get_inputs() if i.name.startswith("past")]

    def decode(
        self, samples: Samples, draft: Tokens = (), is_wanted: Callable[[], bool] = lambda: True
    ) -> Tokens | None:
        """The tokens of 16 kHz audio, shape (n_samples,), or None when `is_wanted` turned false on the way.

        `draft` is an earlier result for a shorter piece of the same audio: it is checked in one step, and only
        what follows its first wrong token is decoded anew, in about half the time. Where two tokens are about
        equally likely the result can differ from one without a draft, as int8 rounding differs.
        """
        wave = _prepare(samples)
        hidden = self._encoder.run(None, {"input_values": wave, "attention_mask": np.ones(wave.shape, np.int64)})[0]
        if not is_wanted():
            return None
        past = self._empty_past(hidden.shape[1])
        limit = int(_TOKENS_PER_S * len(samples) / MICROPHONE_RATE_HZ) + _SPARE_TOKENS
        choices, past = self._step((START_TOKEN, *draft), hidden, past, is_first=True)
        agreed = next((i for i, token in enumerate(draft) if choices[i] != token), len(draft))
        past = {name: kv[:, :, : agreed + 1] if "decoder" in name else kv for name, kv in past.items()}
        tokens, token = list(draft[:agreed]), int(choices[agreed])
        while token != END_TOKEN and len(tokens) < limit:
            tokens.append(token)
            kept = without_loop(tokens)
            if len(kept) < len(tokens):
                return tuple(kept)
            if not is_wanted():
                return None
            choices, present = self._step((token,), hidden, past, is_first=False)
            past |= {name: kv for name, kv in present.items() if "decoder" in name}
            token = int(choices[-1])
        return tuple(tokens)

    def text(self, tokens: Tokens) -> str:
        """Written text, single spaces between words; empty for what the model invents when nothing was said."""
        pieces = b"".join(self._vocabulary[token] for token in tokens if token >= _FIRST_TEXT_TOKEN)
        return tidy(pieces.decode("utf-8", errors="ignore").replace("▁", " "))

    def _empty_past(self, hidden_length: int) -> dict[str, npt.NDArray[np.float32]]:
        return {
            name: np.zeros((1, _HEADS, 0 if "decoder" in name else hidden_length, _HEAD_SIZE), np.float32)
            for name in self._past_names
        }

    def _step(
        self,
        tokens: Tokens,
        hidden: npt.NDArray[np.float32],
        past: dict[str, npt.NDArray[np.float32]],
        *,
        is_first: bool,
    ) -> tuple[npt.NDArray[np.int64], dict[str, npt.NDArray[np.float32]]]:
        """The best next token after each of `tokens`, and the cache after them."""
        logits, *present = self._decoder.run(
            None,
            {
                "input_ids": np.array([tokens], dtype=np.int64),
                "encoder_hidden_states": hidden,
                # The graph samples this mask every 384 audio samples; one entry is spread over all of them.
                "encoder_attention_mask": np.ones((1, 1), np.int64),
                "use_cache_branch": np.array([not is_first]),
                **past,
            },
        )
        best: npt.NDArray[np.int64] = logits[0].argmax(axis=-1)
        is_near_end = logits[0, :, END_TOKEN] >= logits[0].max(axis=-1) - _END_MARGIN
        best[np.isin(tokens, self._sentence_ends) & is_near_end] = END_TOKEN
        return best, dict(zip(self._past_names, present, strict=True))


@cache
def load_recogniser() -> MoonshineModel:
    """The one of this process: it keeps nothing between calls, and any thread may use it. Raises ProviderError."""
    return MoonshineModel()


def parse_vocabulary(data: bytes) -> tuple[bytes, ...]:
    """The pieces of a `tokenizer.bin`, by token id: each is a length, then its UTF-8 bytes (▁ for a space).

    A length from 128 on takes two bytes: the low seven bits with the top bit set, then the rest.
    Raises ValueError when the file ends inside a piece.
    """
    pieces = []
    place = 0
    while place < len(data):
        length = data[place]
        place += 1
        if length >= 128:
            length = length - 128 + 128 * data[place]
            place += 1
        if place + length > len(data):
            raise ValueError("the vocabulary ends inside a piece")
        pieces.append(data[place : place + length])
        place += length
    return tuple(pieces)


def without_loop(tokens: list[int]) -> list[int]:
    """`tokens`, ending before the repeats when they end in one phrase said `_LOOP_REPEATS` times or more."""
    for size in range(1, _LOOP_TOKENS + 1):
        repeats = _LOOP_REPEATS if size > 1 else 2 * _LOOP_REPEATS
        if len(tokens) >= size * repeats and tokens[-size:] * repeats == tokens[-size * repeats :]:
            return tokens[: len(tokens) - size * (repeats - 1)]
    return tokens


def tidy(text: str) -> str:
    """Words only: no lone signs, no doubled commas, nothing at all when the text is a known invention."""
    words = [re.sub(r"([,.!?])\1+$", r"\1", word) for word in text.split() if any(map(str.isalnum, word))]
    return "" if [word.strip(",.!?").lower() for word in words] in _INVENTIONS else " ".join(words)


def _prepare(samples: Samples) -> npt.NDArray[np.float32]:
    """Float waveform with a little silence behind it, quiet audio made louder. Shape (1, n_samples)."""
    wave = samples.astype(np.float32) / 32768
    rms = float(np.sqrt(np.mean(wave**2)))
    if 0 < rms < _TARGET_RMS:
        wave *= min(_MAX_GAIN, _TARGET_RMS / rms)
    padded: npt.NDArray[np.float32] = np.concatenate((wave, np.zeros(_PAD_SAMPLES, np.float32)))
    return padded[np.newaxis]
