"""Where a session is held, as far as the session may know: two ends of audio, and what hands can say.

A terminal, a LiveKit room, a pipeline: each is a Host. Must not know any of them.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from voiceprep.audio.line import BlockSource, BlockTap, MicrophoneLine, SpeakerLine
from voiceprep.ports import Controls
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.stage import Stage


@dataclass(frozen=True, slots=True)
class Ends:
    """What a host puts behind the lines: `source` of the microphone's blocks, and what each block sets off.

    The first of `taps` sees to the speaker line: `speaker.deliver` where something else pulls it (a sound card),
    `speaker.play_block` where nobody hears it, the host's own tap where every block sends one out. `opened` closes
    everything.
    """

    source: BlockSource
    taps: Sequence[BlockTap]
    opened: ExitStack = field(default_factory=ExitStack)


class Host(Protocol):
    """Where a session is held."""

    @property
    def controls(self) -> Controls:
        """Keys, buttons, typed answers."""
        ...

    def notice(self, choice: Choice) -> str:
        """What the candidate is told about the recording before it begins; empty when nothing is to be told."""
        ...

    async def open(self, stage: Stage, speaker: SpeakerLine) -> Ends:
        """Open both ends; waits for a candidate who is not there yet. Closes what it opened when the rest fails.

        Raises AudioDeviceError, ConfigError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lines:
    """`opened` closes everything behind the lines."""

    mic: MicrophoneLine
    speaker: SpeakerLine
    opened: ExitStack


async def open_lines(stage: Stage, host: Host) -> Lines:
    """Both lines over whatever the host has."""
    earlier = stage.choice.earlier
    start_ms = earlier.end_ms if earlier else 0
    speaker = SpeakerLine(lambda: stage.now_ms(), start_ms=start_ms)
    ends = await host.open(stage, speaker)
    mic = MicrophoneLine(ends.source, ends.taps, start_ms=start_ms)
    stage.now_ms = lambda: mic.position_ms
    return Lines(mic, speaker, ends.opened)
