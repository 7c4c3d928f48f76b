"""What goes over the wire of a room beside the sound: the state of the interview, captions, commands.

State and commands are JSON in data messages; captions are text streams. Must not know LiveKit's SDK.
`python -m voiceprep.hosting.messages` writes the published schema anew.
"""

import json
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voiceprep.activity import ScreenState
from voiceprep.errors import ConfigError
from voiceprep.ports import CommandKind

VERSION: Literal[1] = 1
STATE_TOPIC = "voiceprep.state"
"""Interviewer → everybody, reliable: a RoomState, at every change and to whoever has just come in."""
COMMAND_TOPIC = "voiceprep.command"
"""Candidate or organiser → interviewer, reliable: a RoomCommand."""
CAPTION_TOPIC = "lk.transcription"
"""LiveKit's own topic: a text stream a version of a segment, with the attributes below; the newest of a segment
replaces the others. The sender is whose words they are."""
SEGMENT_ATTRIBUTE = "lk.segment_id"
FINAL_ATTRIBUTE = "lk.transcription_final"

AGENT_NAME = "voiceprep"
"""Under this name workers register, and rooms ask for them."""

CANDIDATE = "candidate"
INTERVIEWER = "interviewer"
OBSERVER_PREFIX = "observer-"
CONSENT_ATTRIBUTE = "voiceprep.consent"
"""Of the candidate: when they agreed to be recorded, UTC. The page's server sets it; nobody can set their own."""
"""Identities. There is one candidate and one interviewer in a room: a second one of the same identity replaces the
first, which is how a reload of the page works."""

PHASES = Literal[
    "waiting",  # for the candidate, or to be let in
    "starting",
    "thinking",
    "interviewer",
    "your_turn",
    "candidate",
    "paused",
    "device_lost",
    "ended",
    "refused",
]
SCHEMA_PATH = Path(__file__).parent / "messages.schema.json"
MESSAGE_BYTES_MAX = 4_000


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = VERSION

    def as_bytes(self) -> bytes:
        """For a data message."""
        return self.model_dump_json().encode()

    @classmethod
    def parse(cls, message: bytes) -> Self:
        """Raises ConfigError for anything else than this version of this message."""
        if len(message) > MESSAGE_BYTES_MAX:
            raise ConfigError("A message is too long.", f"At most {MESSAGE_BYTES_MAX} bytes.")
        try:
            return cls.model_validate_json(message)
        except ValidationError as error:
            found = error.errors()[0]
            where = ".".join(str(part) for part in found["loc"])
            raise ConfigError(
                f"A message is not understood: {where + ': ' if where else ''}{found['msg']}.",
                "See messages.schema.json.",
            ) from error


class RoomState(_Message):
    """What a page shows. Times are session audio time: it stands still while the candidate is away."""

    phase: PHASES = "waiting"
    at_ms: int = 0
    limit_ms: int | None = None
    """None: no time limit."""
    bank_title: str = ""
    question_number: int = 0
    question_count: int = 0
    text: str = ""
    """What this turn is about: the question as it is asked."""
    notice: str = ""
    """That the interview is recorded; shown for as long as it is not empty."""
    message: str = ""
    """Something the candidate should know now: a hint, why the interview was refused, why it ended."""


class RoomCommand(_Message):
    """A button. Only the candidate's, and the organiser's through the server, count."""

    command: Literal["repeat", "skip", "pause", "go_on", "done", "end"]

    @property
    def kind(self) -> CommandKind:
        return CommandKind(self.command)


def room_state(screen: ScreenState, before: RoomState) -> RoomState:
    """What is shown after `screen` changed; the rest stays as it was."""
    return RoomState.model_validate(
        before.model_dump()
        | {
            "phase": screen.activity.name.lower(),
            "at_ms": screen.at_ms,
            "question_number": screen.question_number,
            "question_count": screen.question_count,
            "text": screen.brief_text,
        }
    )


class _Wire(BaseModel):
    state: Annotated[RoomState, Field(description=f"topic {STATE_TOPIC}")]
    command: Annotated[RoomCommand, Field(description=f"topic {COMMAND_TOPIC}")]


def render_schema() -> str:
    """JSON text with its line break."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "voiceprep room messages"}
    return json.dumps(dialect | {"$defs": _Wire.model_json_schema()["$defs"]}, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(render_schema(), encoding="utf-8")
