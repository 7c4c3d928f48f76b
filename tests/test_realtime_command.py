"""`voiceprep practice` over a realtime model as a whole command: real speech both ways, in a process of its own."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.commands import Done, run_apart
from tests.loopback.embedded import EmbeddedModel
from tests.loopback.realtime import Script
from tests.realtime_servers import served
from tests.test_canary import folder_text
from voiceprep.errors import ExitCode
from voiceprep.recordings.folder import session_folders
from voiceprep.tasks import Tasks

DRILL = ("--candidate", "strong", "--pace", "fast", "--questions", "1", "--seed", "1", "--json")
OTHERS = dict.fromkeys(("OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY", "XAI_API_KEY"), "")


async def practise(folder: Path, environment: dict[str, str], *options: str) -> Done:
    arguments = ("practice", *DRILL, *options, "--recordings", str(folder))
    return await asyncio.to_thread(run_apart, *arguments, changes=OTHERS | environment)


SLOW = pytest.mark.slow


@pytest.mark.parametrize("name", ["openai", pytest.param("grok", marks=SLOW), pytest.param("gemini", marks=SLOW)])
async def test_a_spoken_practice_ends_in_a_report(tmp_path: Path, name: str) -> None:
    async with Tasks() as tasks:
        model = EmbeddedModel(tasks)
        await model.warm()
        async with served(name, tmp_path, model.equip(Script())) as here:
            done = await practise(tmp_path / "kept", here.environment)
            assert here.server.violations == []
    assert done.code == ExitCode.DONE, done.err
    assert f"Speech-to-speech with {name}." in done.err
    document = json.loads(done.out)
    assert document["session"]["mode"] == "s2s"
    (question,) = document["questions"]
    assert question["score"] > 0.3
    assert document["cost_usd"] > 0
    (folder,) = session_folders(tmp_path / "kept")
    written = folder_text(folder) + done.out + done.err
    assert not any(key in written for key in here.environment.values() if "loopback" in key)


@pytest.mark.parametrize("name", ["openai", "grok", "gemini"])
async def test_a_refused_key_is_one_paragraph(tmp_path: Path, name: str) -> None:
    async with served(name, tmp_path) as here:
        keys = {variable: "wrong-canary" for variable in here.environment if variable.endswith("_KEY")}
        done = await practise(tmp_path / "kept", here.environment | keys)
    assert done.code == ExitCode.PROVIDER
    assert next(iter(keys)) in done.err
    assert "wrong-canary" not in done.out + done.err
    assert "Traceback" not in done.err
