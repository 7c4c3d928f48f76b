"""Both tracks as one small WAV inside the page: mono, 16 kHz, G.711 µ-law, which every browser plays and seeks
exactly. Must not know what was said.
"""

import base64
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

from voiceprep.ports import MICROPHONE_RATE_HZ, SPEAKER_RATE_HZ
from voiceprep.recordings.tracks import CANDIDATE_WAV, INTERVIEWER_WAV
from voiceprep.recordings.wav import HEADER_BYTES, stored_samples

_BIAS, _CLIP = 132, 32_635
_WAVE_FORMAT_MULAW = 7


def mixed_audio_url(folder: Path) -> str | None:
    """A data URL of everything that was heard; None when there is no audio."""
    tracks = [
        samples
        for name, rate_hz in ((CANDIDATE_WAV, MICROPHONE_RATE_HZ), (INTERVIEWER_WAV, SPEAKER_RATE_HZ))
        if (samples := _load(folder / name, rate_hz)).size
    ]
    if not tracks:
        return None
    mixed = np.zeros(max(track.size for track in tracks), np.int32)
    for track in tracks:
        mixed[: track.size] += track
    coded = encode_mulaw(np.clip(mixed, -32_768, 32_767).astype(np.int16))
    wav = _header(coded.size) + coded.tobytes() + b"\0" * (coded.size % 2)
    return "data:audio/wav;base64," + base64.b64encode(wav).decode()


def encode_mulaw(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.uint8]:
    """G.711 µ-law (ITU-T 1988). Shape (n_samples,) in and out."""
    coded: npt.NDArray[np.uint8] = _table()[samples.view(np.uint16)]
    return coded


def _table() -> npt.NDArray[np.uint8]:
    """The code of each of the 65,536 samples, by its two's complement."""
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    sign = np.where(samples < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    codes: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


def _load(path: Path, rate_hz: int) -> npt.NDArray[np.int16]:
    """A track at 16 kHz; empty when it is missing or unreadable. Shape (n_samples,)."""
    try:
        samples = np.fromfile(path, dtype="<i2", offset=HEADER_BYTES, count=stored_samples(path))
    except OSError:
        return np.zeros(0, np.int16)
    return samples if rate_hz == MICROPHONE_RATE_HZ else _thirds_to_halves(samples)


def _thirds_to_halves(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """24 kHz → 16 kHz: three samples become two. A short low-pass first, so that nothing above 8 kHz folds back."""
    taps = np.sinc((np.arange(25) - 12) * 2 / 3) * np.hamming(25)
    smooth = np.convolve(samples.astype(np.float32), (taps / taps.sum()).astype(np.float32), "same")
    pairs = smooth[: smooth.size // 3 * 3].reshape(-1, 3)
    halves = np.stack([pairs[:, 0], (pairs[:, 1] + pairs[:, 2]) / 2], axis=1)
    rounded: npt.NDArray[np.int16] = np.clip(np.rint(halves), -32_768, 32_767).astype(np.int16)
    return rounded.ravel()


def _header(n_samples: int) -> bytes:
    """RIFF/WAVE with the `fact` chunk that compressed formats need."""
    form = struct.pack("<HHIIHHH", _WAVE_FORMAT_MULAW, 1, MICROPHONE_RATE_HZ, MICROPHONE_RATE_HZ, 1, 8, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"fact" + struct.pack("<II", 4, n_samples)
    data = b"data" + struct.pack("<I", n_samples)
    length_bytes = 4 + len(chunks) + len(data) + n_samples + n_samples % 2
    return b"RIFF" + struct.pack("<I", length_bytes) + b"WAVE" + chunks + data
