"""The report of a 30-minute interview: time to render, size, time to open in Chromium, how exact a quote seeks.

`python -m benchmarks.report [MINUTES]` prints each figure beside its target and exits 1 when one is missed.
"""

import random
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.made_sessions import GAP_MS, QUESTION_MS, WORD_MS, Size, load_bank, make_session
from voiceprep.recordings.reader import load_session
from voiceprep.reports.document import build_document
from voiceprep.reports.html.rendering import beside, render_report

QUESTION_COUNT = 12
RUNS = 7
RENDER_MS_MAX, OPEN_MS_MAX, SIZE_MB_MAX, SEEK_MS_MAX = 1_000, 1_000, 2.0, 100
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
).split()
LOADED_MS = "performance.getEntriesByType('navigation')[0].loadEventEnd"
SEEKS = """() => [...document.querySelectorAll('button.quote')].map(quote => {
    quote.click();
    const at = document.querySelector('audio').currentTime * 1000;
    return Math.abs(at - quote.dataset.seek);
})"""


def main(minutes: float) -> int:
    with tempfile.TemporaryDirectory() as made:
        folder = _session(Path(made), minutes)
        page, render_ms, load_ms = _render(folder)
        size_mb = page.stat().st_size / 1e6
        open_ms, seek_ms, quote_count = _open(page)
    rows = [
        ("render, from document to HTML", render_ms, RENDER_MS_MAX, "ms"),
        ("read the folder and render", load_ms + render_ms, RENDER_MS_MAX, "ms"),
        ("size without audio", size_mb, SIZE_MB_MAX, "MB"),
        ("open in Chromium until loaded", open_ms, OPEN_MS_MAX, "ms"),
        (f"largest error of a seek by quote, of {quote_count}", seek_ms, SEEK_MS_MAX, "ms"),
    ]
    for name, value, target, unit in rows:
        print(f"{name:48} {value:8.2f} {unit} (target {target:g})")
    return 0 if all(value <= target for _, value, target, _ in rows) else 1


def _session(recordings: Path, minutes: float) -> Path:
    """`minutes` long, with audio and 12 questions."""
    each_ms = minutes * 60_000 / QUESTION_COUNT - QUESTION_MS - 2 * GAP_MS
    size = Size(QUESTION_COUNT, round(each_ms / (WORD_MS + 30)), has_audio=True)
    folder = make_session(recordings, datetime(2026, 1, 1, tzinfo=UTC), size, load_bank(), random.Random(1))
    record = load_session(folder)
    words = sum(len(turn.answer.transcript.words) for turn in record.turns if turn.answer)
    print(f"A session of {record.duration_ms / 60_000:.1f} minutes, {words} words, {len(record.events)} events")
    return folder


def _render(folder: Path) -> tuple[Path, float, float]:
    """The page, and the medians of rendering it and of reading the folder."""
    renders_ms, loads_ms, html = [], [], ""
    for _ in range(RUNS):
        began_s = time.perf_counter()
        document = build_document(load_session(folder))
        read_s = time.perf_counter()
        html = render_report(document, beside(document))
        renders_ms.append((time.perf_counter() - read_s) * 1000)
        loads_ms.append((read_s - began_s) * 1000)
    page = folder / "report.html"
    page.write_text(html, encoding="utf-8")
    return page, statistics.median(renders_ms), statistics.median(loads_ms)


def _open(page: Path) -> tuple[float, float, int]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is not installed here.")
    opens_ms: list[float] = []
    seeks_ms: list[Any] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        for _ in range(RUNS):
            tab = browser.new_page()
            tab.goto(page.absolute().as_uri())
            tab.wait_for_selector("html[data-ready]", state="attached")
            opens_ms.append(float(tab.evaluate(LOADED_MS)))
            tab.wait_for_function("() => document.querySelector('audio').readyState > 0")
            seeks_ms = tab.evaluate(SEEKS)
            tab.close()
        browser.close()
    return statistics.median(opens_ms), max(seeks_ms), len(seeks_ms)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0))
