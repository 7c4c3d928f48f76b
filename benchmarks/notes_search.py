"""How fast a folder of notes is indexed and searched: `python -m benchmarks.notes_search [--pages 1000]`.

Makes pages of 400 words as Markdown and as PDF, then prints pages per second, with and without the cache, and the
time of a search. Ends with 1 when a target is missed.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from tests.papers import pdf_bytes
from voiceprep.knowledge.extraction import TEXT_PAGE_LINES
from voiceprep.knowledge.index import Embed, SearchIndex
from voiceprep.knowledge.notes import load_notes
from voiceprep.wiring.documents import embedding

WORDS_PER_LINE, WORDS = 8, 4_000
PAGES_PER_FILE = 20
PAGES_PER_S_MIN, SEARCH_MS_MAX = 50, 100
QUERIES = 50

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    began_s = time.perf_counter()
    return work(), time.perf_counter() - began_s


def search_ms(index: SearchIndex, query: str, embed: Embed | None) -> float:
    return timed(lambda: index.search(query, 8, embed))[1] * 1000


def vocabulary(chance: random.Random) -> list[str]:
    """Made-up words; the first are used most, as in a language."""
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    return ["".join(chance.choices(letters, k=chance.randint(3, 10))) for _ in range(WORDS)]


def write_notes(folder: Path, suffix: str, page_count: int, chance: random.Random) -> None:
    folder.mkdir()
    known = vocabulary(chance)
    weights = [1 / (rank + 10) for rank in range(WORDS)]
    for start in range(0, page_count, PAGES_PER_FILE):
        pages = [
            [" ".join(chance.choices(known, weights, k=WORDS_PER_LINE)) for _ in range(TEXT_PAGE_LINES)]
            for _ in range(min(PAGES_PER_FILE, page_count - start))
        ]
        path = folder / f"notes-{start:05}{suffix}"
        if suffix == ".pdf":
            path.write_bytes(pdf_bytes(pages))
        else:
            path.write_text("\n".join(line for page in pages for line in page), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notes_search", description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    page_count = parser.parse_args().pages
    chance, embed = random.Random(1), embedding()
    is_missed = False
    print(f"{'notes':10}{'pages':>7}{'pages/s':>10}{'cached, s':>11}{'search p50, ms':>16}{'max, ms':>9}")
    with tempfile.TemporaryDirectory() as name:
        for suffix in (".md", ".pdf"):
            folder, cache = Path(name) / suffix[1:], Path(name) / "cache"
            write_notes(folder, suffix, page_count, chance)
            load = partial(load_notes, folder, cache, embed)
            (index, _), first_s = timed(load)
            _, cached_s = timed(load)
            known = list(index.terms)
            queries = [" ".join(chance.sample(known, 5)) for _ in range(QUERIES)]
            times_ms = sorted(search_ms(index, query, embed) for query in queries)
            speed = page_count / first_s
            print(
                f"{suffix:10}{page_count:7}{speed:10.0f}{cached_s:11.2f}{times_ms[len(times_ms) // 2]:16.2f}"
                f"{times_ms[-1]:9.2f}"
            )
            is_missed |= speed < PAGES_PER_S_MIN or times_ms[-1] > SEARCH_MS_MAX
    print("Word vectors: " + ("yes" if embed else "not installed"))
    return int(is_missed)


if __name__ == "__main__":
    sys.exit(main())
