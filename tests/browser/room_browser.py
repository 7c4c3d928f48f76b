"""A headless Chromium whose microphone is a WAV file, and the page of a room in it."""

import shutil
import subprocess
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.speech import spoken
from voiceprep.banks import bank_folders, find_bank
from voiceprep.hosting.order import RoomOrder, choice_for
from voiceprep.hosting.page_server import PagePlan, open_page
from voiceprep.model import ExampleLevel
from voiceprep.ports import SPEAKER_RATE_HZ
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.tasks import Tasks

ROOT = Path(__file__).parents[2]
DEADLINE_MS = 180_000
PAUSE_S = 4
expect.set_options(timeout=DEADLINE_MS)


def build_page() -> None:
    """What `make page` does; nothing when it is built."""
    subprocess.run([ROOT / "scripts" / "page.sh"], check=True, capture_output=True)


async def write_answer(path: Path, order: RoomOrder, keys: Mapping[str, str]) -> None:
    """The strong example answer to the first question that `order` asks, after and before a pause."""
    choice = choice_for(order, keys, {})
    question = choice.plan.questions[0].id
    bank = find_bank(choice.bank.id, bank_folders(()))
    examples = next(each.examples for each in bank.questions if each.id == question)
    text = next(example.text for example in examples if example.level is ExampleLevel.STRONG)
    async with Tasks() as tasks:
        voice = await spoken(HibariSynthesizer(tasks, bank.glossary), text)
    pause = np.zeros(SPEAKER_RATE_HZ * PAUSE_S, np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SPEAKER_RATE_HZ)
        file.writeframes(np.concatenate([pause, voice, pause]).tobytes())


@asynccontextmanager
async def open_browser(microphone: Path) -> AsyncIterator[Browser]:
    """`microphone` is heard over and over."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("not installed: chromium")
    flags = (
        "--no-sandbox",
        "--disable-gpu",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_address(plan: PagePlan) -> AsyncIterator[str]:
    """The page's server on a free port; its address."""
    runner = await open_page(plan)
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


async def open_tab(browser: Browser, url: str, complaints: list[str], **options: object) -> Page:
    """A person's own window; what the page complains about is noted."""
    context = await browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(DEADLINE_MS)
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    await page.goto(url)
    return page
