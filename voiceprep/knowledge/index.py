"""Finds passages by their words (BM25) and by what the words mean (vectors). Must not know files or questions."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from voiceprep.knowledge.passages import Passage

K1, B = 1.2, 0.75
"""Robertson's usual constants of BM25."""
MEANING_SHARE = 0.3
"""Of the final rank; small static vectors add a little to key terms and are weaker alone."""
FORMAT = 1
_WORD = re.compile(r"[a-z0-9][a-z0-9+#.-]*[a-z0-9+#]|[a-z0-9]")

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""Texts → unit vectors, shape (n_texts, n_dimensions)."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchIndex:
    """`starts[t] : starts[t + 1]` is where the postings of term t stand. `places`, `weights`: shape (n_postings,);
    `vectors`: shape (n_passages, n_dimensions), without rows when there are no word vectors.
    """

    passages: tuple[Passage, ...]
    terms: dict[str, int]
    starts: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    vectors: npt.NDArray[np.float32]

    def search(self, query: str, count: int, embed: Embed | None = None) -> list[Passage]:
        """The best passages, best first; none that shares neither word nor meaning."""
        if not self.passages:
            return []
        scores = np.zeros(len(self.passages), np.float32)
        for term in set(words(query)):
            number = self.terms.get(term)
            if number is not None:
                span = slice(self.starts[number], self.starts[number + 1])
                scores[self.places[span]] += self.weights[span]
        if scores.max() > 0:
            scores /= scores.max()
        if embed is not None and len(self.vectors):
            cosines = np.clip(self.vectors @ embed([query])[0], 0, 1)
            scores = (1 - MEANING_SHARE) * scores + MEANING_SHARE * cosines
        best = np.argsort(-scores, kind="stable")[:count]
        return [self.passages[int(place)] for place in best if scores[place] > 0]


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def build_index(passages: Sequence[Passage], embed: Embed | None = None) -> SearchIndex:
    """Weigh every word of every passage."""
    counts = [Counter(words(passage.text)) for passage in passages]
    lengths = np.array([max(1, sum(count.values())) for count in counts], np.float32)
    mean_length = float(lengths.mean()) if len(lengths) else 1.0
    postings: dict[str, list[tuple[int, int]]] = {}
    for place, count in enumerate(counts):
        for term, frequency in count.items():
            postings.setdefault(term, []).append((place, frequency))
    terms = {term: number for number, term in enumerate(postings)}
    sizes = [len(entries) for entries in postings.values()]
    flat = np.array([entry for entries in postings.values() for entry in entries], np.int64).reshape(-1, 2)
    places, frequencies = flat[:, 0].astype(np.int32), flat[:, 1].astype(np.float32)
    rarity = np.repeat([_idf(len(passages), size) for size in sizes], sizes).astype(np.float32)
    norm = K1 * (1 - B + B * lengths[places] / mean_length)
    weights = (rarity * frequencies * (K1 + 1) / (frequencies + norm)).astype(np.float32)
    vectors = embed([passage.text for passage in passages]) if embed and passages else np.zeros((0, 0), np.float32)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return SearchIndex(tuple(passages), terms, starts, places, weights, vectors)


def _idf(passage_count: int, size: int) -> float:
    return float(np.log(1 + (passage_count - size + 0.5) / (size + 0.5)))


def dump_index(index: SearchIndex) -> bytes:
    """The index as one file; arrays and JSON, nothing that could run."""
    text = json.dumps([[passage.document, passage.page, passage.text] for passage in index.passages])
    buffer = BytesIO()
    np.savez(
        buffer,
        format=np.array(FORMAT),
        passages=np.frombuffer(text.encode(), np.uint8),
        terms=np.frombuffer("\n".join(index.terms).encode(), np.uint8),
        starts=index.starts,
        places=index.places,
        weights=index.weights,
        vectors=index.vectors,
    )
    return buffer.getvalue()


def parse_index(data: bytes) -> SearchIndex:
    """The inverse. Raises ValueError for anything else."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as kept:
            if int(kept["format"]) != FORMAT:
                raise ValueError("another format")
            entries = json.loads(kept["passages"].tobytes())
            terms = kept["terms"].tobytes().decode().split("\n")
            passages = tuple(Passage(str(document), int(page), str(text)) for document, page, text in entries)
            numbered = {term: number for number, term in enumerate(terms)}
            return SearchIndex(passages, numbered, kept["starts"], kept["places"], kept["weights"], kept["vectors"])
    except (OSError, EOFError, BadZipFile, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no search index: {error}") from error
