"""The interview as one processor of a pipeline, and the Host that stands behind it.

Audio frames in, audio frames out; telephone keys are the buttons. Must not know the transport.
"""

import asyncio
from collections import deque

from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame, OutputAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from voiceprep.audio.line import SpeakerLine
from voiceprep.errors import AudioDeviceError
from voiceprep.hosting.pipeline.microphone import FarMicrophone
from voiceprep.ports import SPEAKER_BLOCK_SAMPLES, SPEAKER_RATE_HZ, AudioBlock, Command, CommandKind
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.host import Ends
from voiceprep.wiring.notice import SPOKEN
from voiceprep.wiring.stage import Stage

KEYS = {
    "#": CommandKind.DONE,
    "*": CommandKind.REPEAT,
    "7": CommandKind.PAUSE,
    "8": CommandKind.GO_ON,
    "9": CommandKind.SKIP,
    "0": CommandKind.END,
}
"""What the keys of a telephone do."""


class PipelineHost:
    """A `host.Host` whose microphone and speaker are the frames that pass through `processor`."""

    def __init__(self) -> None:
        self.microphone = FarMicrophone()
        self.is_heard = asyncio.Event()
        self.controls = Keypad()
        self.processor = InterviewProcessor(self)
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._is_gone = False
        self._trouble = ""  # why there is no connection

    def notice(self, choice: Choice) -> str:
        return SPOKEN if choice.settings.notice else ""

    async def open(self, stage: Stage, speaker: SpeakerLine) -> Ends:
        """Waits for the candidate's first sound. Raises AudioDeviceError when the connection ends before."""
        await self.is_heard.wait()
        if self._trouble:
            raise AudioDeviceError(f"There is no connection: {self._trouble}", "Check the address and its token.")
        if self._is_gone:
            raise AudioDeviceError("The candidate was gone before the interview began.", "They can call again.")
        stage.tasks.watch(self._send(), "pipeline audio")

        def play(block: AudioBlock) -> None:
            """Every block heard takes one along: the far end's clock is the only one.

            Silence is not sent. A transport plays what it gets one after the other: a delay that it once had (a
            stall, a burst) is made up for in the next pause, and would otherwise stay for ever.
            """
            samples = speaker.pull(SPEAKER_BLOCK_SAMPLES)
            speaker.deliver(block)
            if samples.any():
                self._outgoing.put_nowait(samples.astype("<i2").tobytes())

        return Ends(self.microphone, (play,))

    def hear(self, frame: InputAudioRawFrame) -> None:
        self.microphone.add(frame.audio, frame.sample_rate, frame.num_channels)
        self.is_heard.set()

    def give_up(self, why: str) -> None:
        """No connection comes about. An interview that goes on already hears of its end otherwise."""
        if not self.is_heard.is_set():
            self._trouble = why
            self.hang_up()

    def hang_up(self) -> None:
        """The far end is gone: the session closes as stopped, and can be resumed. May be said twice."""
        if self._is_gone:
            return
        self._is_gone = True
        self.controls.press("0")
        self.microphone.hang_up()
        self.is_heard.set()

    async def _send(self) -> None:
        while True:
            audio = await self._outgoing.get()
            frame = OutputAudioRawFrame(audio=audio, sample_rate=SPEAKER_RATE_HZ, num_channels=1)
            await self.processor.push_frame(frame, FrameDirection.DOWNSTREAM)


class InterviewProcessor(FrameProcessor):  # type: ignore[misc]  # Pipecat's way to be part of a pipeline
    """`transport.input() → this → transport.output()`. What is neither sound nor key passes unchanged."""

    def __init__(self, host: PipelineHost) -> None:
        super().__init__()
        self._host = host

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._host.hear(frame)
        elif isinstance(frame, InputDTMFFrame):
            self._host.controls.press(frame.button.value)
        else:
            await self.push_frame(frame, direction)


class Keypad:
    """`ports.Controls` by the keys of a telephone."""

    def __init__(self) -> None:
        self._commands: deque[Command] = deque()

    def press(self, key: str) -> None:
        """Keys without a meaning do nothing."""
        if key in KEYS:
            self._commands.append(Command(KEYS[key]))

    def take(self) -> Command | None:
        return self._commands.popleft() if self._commands else None
