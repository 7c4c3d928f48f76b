"""The speech-to-speech engine: one realtime model hears and speaks, our interview decides what it says.

Must not know vendors, devices, plans, scores or files; time is counted in microphone audio.
"""

from voiceprep.engines.s2s_parts import Conversation, S2sManners, S2sParts
from voiceprep.engines.s2s_turn import Exchange
from voiceprep.engines.turn import Lines
from voiceprep.events import Emit
from voiceprep.model import Turn, TurnBrief
from voiceprep.ports import Anticipate, Microphone, Speaker
from voiceprep.tasks import Tasks


class S2sEngine:
    """Implements ports.Engine. One per session."""

    def __init__(self, parts: S2sParts, tasks: Tasks, manners: S2sManners) -> None:
        self._conversation = Conversation(parts, tasks, manners)
        self._link = parts.link

    async def warm(self) -> None:
        """Connect. Raises ProviderError."""
        await self._link.open()

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()

    async def take_turn(
        self,
        turn_index: int,
        brief: TurnBrief,
        mic: Microphone,
        speaker: Speaker,
        emit: Emit,
        anticipate: Anticipate,
    ) -> Turn:
        """Let the model say the brief, listen when it expects an answer. Raises ProviderError, AudioDeviceError."""
        exchange = Exchange(self._conversation, turn_index, brief, Lines(mic, speaker, emit, anticipate))
        try:
            return await exchange.run()
        finally:
            exchange.close()
