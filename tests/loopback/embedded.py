"""The embedded recogniser and voice as a realtime model's: real speech in, real speech out.

Must not know protocols.
"""

import numpy as np

from tests.loopback.realtime import Script
from tests.speech import blocks, collected
from voiceprep.audio.streams import resample
from voiceprep.ports import MICROPHONE_BLOCK_SAMPLES, MICROPHONE_RATE_HZ, Samples
from voiceprep.providers.hibari import HibariSynthesizer
from voiceprep.providers.moonshine import MoonshineTranscriber
from voiceprep.tasks import Tasks


class EmbeddedModel:
    """Hears and speaks as the embedded engines do; their work is not counted by anybody's clock."""

    def __init__(self, tasks: Tasks) -> None:
        self._transcriber = MoonshineTranscriber(tasks)
        self._voice = HibariSynthesizer(tasks)

    async def warm(self) -> None:
        await self._transcriber.warm()
        await self._voice.warm()

    def equip(self, script: Script) -> Script:
        """Let a server's script hear and speak with these."""
        script.hear, script.say = self.hear, self.say
        return script

    async def hear(self, samples: Samples, rate_hz: int) -> str:
        audio = resample(samples, rate_hz, MICROPHONE_RATE_HZ)
        rest = -len(audio) % MICROPHONE_BLOCK_SAMPLES
        stream = self._transcriber.open_stream()
        for block in blocks(np.concatenate((audio, np.zeros(rest, np.int16)))):
            stream.push(block, True)
        return (await stream.finish()).text

    async def say(self, text: str) -> Samples:
        return await collected(self._voice.synthesize(text))
