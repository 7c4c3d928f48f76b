"""What a speech-to-speech conversation is made of, and what lasts from turn to turn. Must not know vendors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from voiceprep.conduct.briefs import NUDGES
from voiceprep.engines.link import RealtimeLink
from voiceprep.engines.turn import Sitting
from voiceprep.ports import Controls, SpeechDetector, Transcriber, TurnModel
from voiceprep.tasks import Tasks
from voiceprep.turn_taking.endpointing import EndpointPolicy


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
        self.sitting = Sitting(parts.detector, parts.controls, manners.policy, manners.nudges)
