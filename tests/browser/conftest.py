"""One headless Chromium for all browser tests of a module, and a page that notices everything it must not do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
DEADLINE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium with a new empty profile. For one module only: playwright's event loop runs as long, and
    beside it no test can start its own."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("not installed: chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield running
        running.close()


@dataclass
class Watched:
    """A page, the requests it made and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Opener = Callable[..., Watched]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opener]:
    """Opens a file as a person would; afterwards nothing may have been complained about or asked of the network."""
    opened: list[Watched] = []

    def opener(path: Path, **options: object) -> Watched:
        context = browser.new_context(**({"reduced_motion": "reduce"} | options))  # type: ignore[arg-type]
        context.set_default_timeout(DEADLINE_MS)
        watched = Watched(context.new_page())
        watched.page.on("request", lambda request: watched.requests.append(request.url))
        watched.page.on("console", lambda said: watched.complaints.append(f"{said.type}: {said.text}"))
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        opened.append(watched)
        watched.page.goto(path.absolute().as_uri())
        watched.page.wait_for_selector("html[data-ready]", state="attached")
        return watched

    yield opener
    for watched in opened:
        watched.page.context.close()
        assert watched.complaints == []
        assert [url for url in watched.requests if not url.startswith(("file:", "data:"))] == []
