"""Static word vectors: which different words mean much the same. Must not know key points or answers.

Read straight from the files of the `wordllama` package (MIT), which is located but never imported.
"""

import json
import struct
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from voiceprep.errors import ConfigError
from voiceprep.scoring.encoder import unit
from voiceprep.scoring.meaning import Pieces
from voiceprep.scoring.words import tokenize

Vector = npt.NDArray[np.float32]
"""Shape (256,)."""

WEIGHTS = (
    "weights/l2_supercat_256.safetensors",
    "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
)
PIECES = (
    "tokenizers/l2_supercat_tokenizer_config.json",
    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
)
DIMENSIONS = 256
_WORD_MARK = "▁"
WORD_CHARS_MAX = 40
"""Longer runs of letters are no words; merging them would take quadratic time."""


class WordVectors:
    """Vectors of whole words, made of the vectors of their pieces. Safe in any thread."""

    name = "wordllama"

    def __init__(self, table: npt.NDArray[np.float16], pieces: dict[str, int], ranks: dict[str, int]) -> None:
        self._table = table
        self._pieces = pieces
        self._ranks = ranks

    @lru_cache(maxsize=16_384)  # noqa: B019 - one instance per process, see load_vectors
    def direction(self, word: str) -> Vector:
        """Unit vector of a word: the sum of its pieces. Zero for a word without known pieces."""
        total = self._sum(word)
        length = float(np.linalg.norm(total))
        return total / np.float32(length) if length > 0 else total

    def similarities(self, word: str, others: Sequence[str]) -> dict[str, float]:
        """Cosine −1..1 of a word with each of the others; 0 where either is unknown."""
        if not others:
            return {}
        cosines = np.stack([self.direction(other) for other in others]) @ self.direction(word)
        return dict(zip(others, cosines.tolist(), strict=True))

    def rows(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One unit vector per text, the sum of its words. Shape (n_texts, 256)."""
        sums = [[self._sum(token.text) for token in tokenize(text)] for text in texts]
        zero = np.zeros(DIMENSIONS, dtype=np.float32)
        return unit(np.stack([np.sum(words, axis=0, dtype=np.float32) if words else zero for words in sums]))

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        return []

    def is_word(self, word: str) -> bool:
        """Whether it is frequent enough to be a piece of its own; lower case."""
        return _WORD_MARK + word in self._pieces or _WORD_MARK + word.capitalize() in self._pieces

    @lru_cache(maxsize=16_384)  # noqa: B019 - one instance per process, see load_vectors
    def _sum(self, word: str) -> Vector:
        numbers = [self._pieces[piece] for piece in self._split(word) if piece in self._pieces]
        return np.asarray(self._table[numbers].astype(np.float32).sum(axis=0), dtype=np.float32)

    def _split(self, word: str) -> list[str]:
        """Byte-pair encoding: merge the neighbours of the lowest rank until none is left."""
        if len(word) > WORD_CHARS_MAX:
            return []
        parts = [_WORD_MARK, *word]
        while len(parts) > 1:
            rank, place = min(
                (self._ranks.get(f"{a} {b}", len(self._ranks)), i) for i, (a, b) in enumerate(pairwise(parts))
            )
            if rank == len(self._ranks):
                break
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return parts


_lock = Lock()
_loaded: list[WordVectors | None] = []


def has_vectors() -> bool:
    """Whether the vectors are installed; cheap, loads nothing."""
    return _folder() is not None


def load_vectors() -> WordVectors | None:
    """The vectors, read once per process; None when `wordllama` is not installed. Raises ConfigError."""
    with _lock:
        if not _loaded:
            folder = _folder()
            _loaded.append(None if folder is None else _read(folder))
        return _loaded[0]


def _folder() -> Path | None:
    spec = find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)))
    return folder if (folder / WEIGHTS[0]).is_file() else None


def _read(folder: Path) -> WordVectors:
    raw = _read_checked(folder, *WEIGHTS)
    model = json.loads(_read_checked(folder, *PIECES))["model"]
    header_bytes = struct.unpack("<Q", raw[:8])[0]
    table = np.frombuffer(raw, dtype=np.float16, offset=8 + header_bytes).reshape(-1, DIMENSIONS)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    return WordVectors(table, model["vocab"], {merge: rank for rank, merge in enumerate(merges)})


def _read_checked(folder: Path, name: str, digest: str) -> bytes:
    raw = (folder / name).read_bytes()
    if sha256(raw).hexdigest() != digest:
        raise ConfigError(
            f"The word vectors in {name} of the package wordllama are not the expected file.",
            "Install again: pip install --force-reinstall wordllama==0.4.0.post1",
        )
    return raw
