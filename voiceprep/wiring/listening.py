"""Hears one short reply after a session, with the embedded recogniser; nothing of it is kept."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace

from voiceprep.audio.vad import SileroDetector
from voiceprep.errors import VoiceprepError
from voiceprep.ports import BLOCK_MS, Controls, Microphone, Transcriber
from voiceprep.tasks import Tasks
from voiceprep.wiring.choice import LOCAL, NO_MODEL, NO_SPEAKER, Choice

SPEECH_PROBABILITY = 0.5
BEGIN_WITHIN_MS, LONGEST_MS, SILENCE_MS = 8_000, 10_000, 800
"""How long a reply may take to begin, how long it may be, and the silence that ends it."""


@dataclass(frozen=True, slots=True)
class Ear:
    """A recogniser and a voice detector, ready."""

    transcriber: Transcriber
    detector: SileroDetector
    tasks: Tasks

    async def hear(self, mic: Microphone) -> str:
        """The next reply; empty when nobody spoke. Raises ProviderError, AudioDeviceError."""
        stream = self.transcriber.open_stream()
        self.detector.reset()
        spoken_ms = silent_ms = waited_ms = 0
        while waited_ms + spoken_ms < LONGEST_MS:
            block = await mic.read()
            is_speech = self.detector.probability(block) >= SPEECH_PROBABILITY
            stream.push(block, is_speech)
            spoken_ms += BLOCK_MS * (is_speech or spoken_ms > 0)
            silent_ms = 0 if is_speech else silent_ms + BLOCK_MS
            waited_ms += BLOCK_MS * (spoken_ms == 0)
            if waited_ms >= BEGIN_WITHIN_MS or (spoken_ms and silent_ms >= SILENCE_MS) or mic.is_ended:
                break
        if not spoken_ms:
            stream.close()
            return ""
        return (await stream.finish()).text


@contextmanager
def open_ear(choice: Choice, controls: Controls) -> Iterator[Callable[[], str]]:
    """What hears one reply through the microphone of `choice` whenever it is called, opening it each time.

    A microphone or recogniser that fails hears nothing, so that the keyboard is left. Raises VoiceprepError when
    the recogniser cannot be loaded.
    """
    from voiceprep.wiring.host import open_lines
    from voiceprep.wiring.local import LocalHost
    from voiceprep.wiring.stage import Stage

    settings = replace(choice.settings, stt=LOCAL, llm=NO_MODEL, tts=LOCAL, speaker=NO_SPEAKER, mode="cascaded")
    with asyncio.Runner() as runner, ExitStack() as stack:
        tasks = Tasks()
        runner.run(tasks.__aenter__())
        stack.callback(lambda: runner.run(tasks.__aexit__(None, None, None)))
        stage = Stage(replace(choice, settings=settings, earlier=None), tasks)
        stack.callback(lambda: runner.run(stage.close()))
        runner.run(stage.transcriber.warm())
        ear = Ear(stage.transcriber, SileroDetector(), tasks)

        async def once() -> str:
            lines = await open_lines(stage, LocalHost(controls))
            try:
                return await ear.hear(lines.mic)
            finally:
                lines.opened.close()

        def hear() -> str:
            with suppress(VoiceprepError):
                return runner.run(once())
            return ""

        yield hear
