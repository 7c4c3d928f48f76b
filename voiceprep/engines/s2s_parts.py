"""What a speech-to-speech conversation is made of, and what lasts from turn to turn. Must not know vendors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from voiceprep.briefs import NUDGES
from voiceprep.endpointing import Endpointer, EndpointPolicy
from voiceprep.engines.floor import Floor
from voiceprep.engines.link import RealtimeLink
from voiceprep.events import Emit
from voiceprep.model import TurnTimings
from voiceprep.ports import Anticipate, Controls, Microphone, Speaker, SpeechDetector, Transcriber, TurnModel
from voiceprep.tasks import Tasks


@dataclass(frozen=True, slots=True)
class S2sParts:
    """What the engine is made of. The transcriber is loaded only when the model's own transcript is missing."""

    link: RealtimeLink
    transcriber: Transcriber
    detector: SpeechDetector
    controls: Controls
    turn_model: TurnModel | None = None


@dataclass(frozen=True, slots=True)
class S2sManners:
    """Who says where a turn ends: the model's own detection, our endpointing, or a key."""

    policy: EndpointPolicy = field(default_factory=EndpointPolicy)
    are_turns_ours: bool = False
    is_push_to_talk: bool = False
    nudges: Sequence[str] = NUDGES


class Conversation:
    """What lasts from turn to turn."""

    def __init__(self, parts: S2sParts, tasks: Tasks, manners: S2sManners) -> None:
        self.parts = parts
        self.tasks = tasks
        self.manners = manners
        self.floor = Floor(parts.detector, parts.controls)
        self.endpointer = Endpointer(manners.policy)
        self.previous = TurnTimings()


@dataclass(frozen=True, slots=True)
class Lines:
    """Where one turn is heard and said, and who is told."""

    mic: Microphone
    speaker: Speaker
    emit: Emit
    anticipate: Anticipate
