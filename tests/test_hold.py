"""A session at any host, after its end: what is derived is worked out beside the event loop."""

import asyncio
import json
import os
import threading
from pathlib import Path

from voiceprep.audio.candidate import CandidateStyle
from voiceprep.events import Event
from voiceprep.recordings.folder import SESSION_JSON
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.settings import load_settings
from voiceprep.tasks import Tasks
from voiceprep.terminal.keys import NoControls
from voiceprep.wiring.calibrations import calibration_path
from voiceprep.wiring.choice import Choice, load_bank_for, plan_for
from voiceprep.wiring.local import LocalHost
from voiceprep.wiring.sessions import hold

ANSWER_S_MAX = 120


def short(recordings: Path) -> Choice:
    """One question, a candidate made of code, on audio time."""
    flags = {"questions": 1, "speaker": "none", "recordings": str(recordings)}
    settings = load_settings({"VOICEPREP_SETTINGS": os.devnull}, flags)
    bank = load_bank_for(settings)
    plan = plan_for(settings, bank, seed=1)
    return Choice(settings, bank, plan, candidate=CandidateStyle.WEAK, is_fast=True)


def ignore(event: Event) -> None:
    """Nobody watches."""


def give_kappa(pipe: Path, judge_version: str, loop: asyncio.AbstractEventLoop) -> bool:
    """Scoring reads a judge's calibration: from a pipe it gets it once the event loop has given a sign of life.

    False when the loop gave none for so long; scoring goes on in any case.
    """
    is_alive = threading.Event()
    with pipe.open("wb") as calibration:  # opens when scoring reads
        loop.call_soon_threadsafe(is_alive.set)
        was_alive = is_alive.wait(ANSWER_S_MAX)
        calibration.write(json.dumps({"judge_version": judge_version, "kappa": 0.5}).encode())
    return was_alive


async def test_the_loop_lives_while_scores_are_worked_out(tmp_path: Path) -> None:
    version = OfflineJudge().version
    pipe = calibration_path(tmp_path, version)
    os.mkfifo(pipe)
    async with Tasks() as tasks:
        giving = tasks.work(tasks.in_thread(give_kappa, pipe, version, asyncio.get_running_loop()), "calibration")
        held = await hold(short(tmp_path), LocalHost(NoControls()), ignore, lambda _: None)
        assert await giving
    assert held.record.scores is not None
    assert held.record.scores.kappa == 0.5


async def test_what_else_belongs_into_the_folder_is_waited_for(tmp_path: Path) -> None:
    """After the last sample, before anything derived: from then on the folder is complete."""
    folders: list[Path] = []
    seen: list[set[str]] = []

    async def add() -> None:
        (folder,) = folders
        assert '"outcome": "completed"' in (folder / SESSION_JSON).read_text(encoding="utf-8")
        seen.append({path.name for path in folder.iterdir()})

    held = await hold(short(tmp_path), LocalHost(NoControls()), ignore, folders.append, add)
    (before,) = seen
    added = {path.name for path in held.record.folder.iterdir()} - before
    assert "events.jsonl" in before
    assert "delivery.json" in added
