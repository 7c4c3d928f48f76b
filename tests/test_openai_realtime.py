"""OpenAI's and xAI's realtime protocols: addresses, ends of sessions, money, and what a refusal means."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.interviews import plan
from tests.loopback.openai_realtime import AZURE_PATH, OpenAIRealtimeServer
from tests.loopback.realtime import Disturbance, Fault, Reply, Transcripts
from tests.loopback.realtime import Script as ServerScript
from tests.realtime_room import RealtimeRoom
from tests.realtime_servers import served
from voiceprep.conduct.briefs import SPENT
from voiceprep.errors import ProviderError
from voiceprep.events import HintGiven, ProviderFailed, UsageMeasured
from voiceprep.model import Outcome
from voiceprep.providers.openai_realtime import realtime_url
from voiceprep.providers.scripted import Say, Script, Wait
from voiceprep.providers.upsampling import Upsampler

FULL = "phrase 1 and phrase 2 and phrase 3 that's it"
BOTH = pytest.mark.parametrize("ours", [False, True], ids=["their turns", "our turns"])


def answer(text: str = FULL, think_ms: int = 500) -> Script:
    return Script((Wait(think_ms), Say(text)))


@BOTH
@pytest.mark.parametrize("name", ["openai", "grok"])
async def test_a_practice_follows_up_and_is_exact(tmp_path: Path, name: str, ours: bool) -> None:
    scripts = [answer("phrase 1 that's it"), answer("phrase 3 it is"), answer("phrase 2"), answer()]
    async with served(name, tmp_path) as here:
        room = RealtimeRoom(plan(2), scripts, tmp_path, name, here.environment, are_turns_ours=ours, is_fast=ours)
        assert await room.hold() is Outcome.COMPLETED
        assert here.server.violations == []
    assert room.answers == ["phrase 1 that's it", "phrase 3 it is", "phrase 2", FULL]
    assert room.is_all_recorded
    assert room.transcriber.count == 0
    used = [event for event in room.record.events if isinstance(event, UsageMeasured)]
    assert all(event.cost_usd for event in used if event.usage.stage == "realtime")
    if name == "openai":
        assert {event.usage.stage for event in used} == {"realtime", "stt"}
        assert all(event.cost_usd for event in used)
        assert any(event.usage.audio_output_tokens for event in used)


@pytest.mark.parametrize(
    ("base_url", "model", "url"),
    [
        ("https://api.openai.com/v1", "m", "wss://api.openai.com/v1/realtime?model=m"),
        ("http://127.0.0.1:8080/v1", "m", "ws://127.0.0.1:8080/v1/realtime?model=m"),
        ("https://r.openai.azure.com/openai/v1", "d", "wss://r.openai.azure.com/openai/v1/realtime?model=d"),
        (
            "https://r.openai.azure.com/openai?api-version=2026-10-01",
            "d",
            "wss://r.openai.azure.com/openai/realtime?api-version=2026-10-01&deployment=d",
        ),
    ],
)
def test_addresses(base_url: str, model: str, url: str) -> None:
    assert realtime_url(base_url, model) == url


async def test_azure_takes_its_own_header(tmp_path: Path) -> None:
    async with OpenAIRealtimeServer() as server:
        address = f"{server.url}{AZURE_PATH.removesuffix('/realtime')}?api-version=2026-10-01"
        environment = {"OPENAI_API_KEY": server.key, "OPENAI_BASE_URL": address}
        room = RealtimeRoom(
            plan(1), [answer()], tmp_path, "openai:mine", environment, is_fast=True, are_turns_ours=True
        )
        assert await room.hold() is Outcome.COMPLETED
        assert server.violations == []
        assert server.wires[0].query["deployment"] == "mine"


# ------------------------------------------------------------------------------------ ends of sessions


@pytest.mark.parametrize("fault", [Fault.EXPIRE, Fault.CLOSE_1000, Fault.CLOSE_1001, Fault.CLOSE_1011])
async def test_an_end_we_did_not_start_is_a_drop(tmp_path: Path, fault: Fault) -> None:
    async with served("openai", tmp_path) as here:
        here.server.disturb_next(Disturbance(fault, heard_ms=700))
        scripts = [answer(), answer()]
        room = RealtimeRoom(
            plan(2), scripts, tmp_path, "openai", here.environment, is_fast=True, are_turns_ours=True
        )
        assert await room.hold() is Outcome.COMPLETED
        assert here.server.violations == []
        assert len(here.server.wires) == 2
        told = [item["item"]["content"][0]["text"] for item in here.server.received("conversation.item.create")]
    assert room.answers == [FULL, FULL]
    assert told[1].startswith("What about q1?")
    assert room.of(HintGiven) == []


async def test_a_refusal_is_no_drop(tmp_path: Path) -> None:
    async with served("openai", tmp_path) as here:
        here.server.disturb_next(*[Disturbance(Fault.CLOSE_1008, said_ms=100)] * 9)
        room = RealtimeRoom(
            plan(1), [answer()], tmp_path, "openai", here.environment, is_fast=True, are_turns_ours=True
        )
        with pytest.raises(ProviderError) as raised:
            await room.hold()
    assert "1008" in raised.value.message
    assert "secret" not in raised.value.message
    assert room.record.info.outcome is Outcome.FAILED


async def test_sessions_are_renewed_before_they_end(tmp_path: Path) -> None:
    async with served("openai", tmp_path) as here:
        scripts = [answer(think_ms=5_000) for _ in range(4)]
        room = RealtimeRoom(
            plan(4),
            scripts,
            tmp_path,
            "openai",
            here.environment,
            is_fast=True,
            are_turns_ours=True,
            session_limit_ms=15_000,
        )
        assert await room.hold() is Outcome.COMPLETED
        assert here.server.violations == []
        assert len(here.server.wires) >= 3
    assert room.answers == [FULL] * 4
    assert room.of(HintGiven) == room.of(ProviderFailed) == []


# ------------------------------------------------------------------------------- transcripts and replies


@pytest.mark.parametrize("how", [Transcripts.MISSING, Transcripts.FAILED])
async def test_what_the_model_does_not_write_down_is_heard_again_here(tmp_path: Path, how: Transcripts) -> None:
    async with served("openai", tmp_path, ServerScript(transcripts=how)) as here:
        room = RealtimeRoom(plan(1), [answer()], tmp_path, "openai", here.environment, are_turns_ours=True)
        assert await room.hold() is Outcome.COMPLETED
    assert room.answers == [FULL]
    assert room.transcriber.count == 1


async def test_a_reply_that_fails_is_asked_for_again(tmp_path: Path) -> None:
    failures = ["rate_limit_exceeded"]

    def reply(asked: object) -> Reply:
        line = getattr(asked, "line", "")
        return Reply(line, failure=failures.pop()) if failures else Reply(line)

    async with served("openai", tmp_path, ServerScript(reply=reply)) as here:
        room = RealtimeRoom(
            plan(1), [answer()], tmp_path, "openai", here.environment, is_fast=True, are_turns_ours=True
        )
        assert await room.hold() is Outcome.COMPLETED
        assert here.server.violations == []
    assert room.answers == [FULL]
    (told,) = [event for event in room.events if isinstance(event, ProviderFailed)]
    assert "too many requests" in told.message


async def test_the_budget_ends_the_practice_politely(tmp_path: Path) -> None:
    scripts = [answer() for _ in range(6)]
    async with served("openai", tmp_path) as here:
        options: dict[str, Any] = {"is_fast": True, "are_turns_ours": True}
        whole = RealtimeRoom(plan(6), scripts, tmp_path / "1", "openai", here.environment, **options)
        await whole.hold()
        cost_usd = sum(event.cost_usd or 0 for event in whole.record.events if isinstance(event, UsageMeasured))
        room = RealtimeRoom(
            plan(6), scripts, tmp_path / "2", "openai", here.environment, budget_usd=cost_usd * 0.6, **options
        )
        assert await room.hold() is Outcome.COMPLETED
    assert room.record.turns[-1].said[0].text == SPENT
    assert 1 <= len(room.answers) < 6
    spent_usd = sum(event.cost_usd or 0 for event in room.record.events if isinstance(event, UsageMeasured))
    assert 0 < spent_usd <= cost_usd * 0.6


@pytest.mark.parametrize("tone_hz", [300, 1_000, 3_000, 6_000])
def test_upsampling_keeps_tones_and_adds_none(tone_hz: int) -> None:
    at = np.arange(16_000) / 16_000
    tone = np.rint(10_000 * np.sin(2 * np.pi * tone_hz * at)).astype(np.int16)
    upsampler = Upsampler()
    pieces = [upsampler.convert(tone[start : start + 320]) for start in range(0, len(tone), 320)]
    whole = np.concatenate(pieces).astype(np.float64)
    assert len(whole) == 24_000
    spectrum = np.abs(np.fft.rfft(whole[2_400:21_600] * np.hanning(19_200)))
    loudest = int(np.argmax(spectrum))
    assert loudest * 24_000 / 19_200 == tone_hz
    rest = np.concatenate((spectrum[: loudest - 4], spectrum[loudest + 5 :]))
    assert 20 * np.log10(rest.max() / spectrum[loudest]) < -70
