"""What a session is before anything happens in it: the content of session.json. Must not hold a key."""

from dataclasses import dataclass, field
from datetime import datetime

from voiceprep.conduct.planning import PlanNote
from voiceprep.model import Delivery, InterviewerAudit, Outcome, Question, SessionScores

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """session.json. `plan` is every question as it was to be asked, so that the folder needs no bank; `notes` say
    why each was chosen, `reserve` holds what might be asked instead, or as well (`is_filling`). `limit_ms` None: no
    time limit.

    `providers` names what ran each stage: `{"stt": "local", "tts": "local", …}`. An empty `id` is chosen by the
    writer, which also fills in `pid`. `candidate` is the style of a simulated one, empty for a person; `retry_of`
    the session of which a question is answered again. Where no audio was kept, `length_ms` is how long it lasted,
    once it has ended.

    `encrypt_to`: who may read it once it has ended, as age recipients (public keys). `sealed` names the format in
    which everything else of the folder is sealed; this file is only an outline then, the whole is among the rest.
    """

    schema_version: int = SCHEMA_VERSION
    id: str = ""
    bank_id: str
    bank_title: str = ""
    mode: str
    level: int
    seed: int | None
    plan: tuple[Question, ...]
    providers: dict[str, str] = field(default_factory=dict)
    judge: str
    started_at: datetime
    outcome: Outcome = Outcome.RUNNING
    reason: str = ""
    pid: int = 0
    persona: str = ""
    limit_ms: int | None = None
    notes: tuple[PlanNote, ...] = ()
    reserve: tuple[Question, ...] = ()
    is_filling: bool = False
    candidate: str = ""
    retry_of: str = ""
    has_audio: bool = True
    length_ms: int = 0
    encrypt_to: tuple[str, ...] = ()
    sealed: str = ""

    @property
    def questions(self) -> dict[str, Question]:
        """Every question that may have been asked, by id."""
        return {question.id: question for question in (*self.plan, *self.reserve)}

    def outline(self, sealed: str, length_ms: int) -> "SessionInfo":
        """What may be read without a key: when, how long and of which bank; no question, no name, no provider."""
        return SessionInfo(
            id=self.id,
            bank_id=self.bank_id,
            mode=self.mode,
            level=self.level,
            seed=None,
            plan=(),
            judge=self.judge,
            started_at=self.started_at,
            outcome=self.outcome,
            candidate=self.candidate,
            has_audio=self.has_audio,
            length_ms=length_ms,
            encrypt_to=self.encrypt_to,
            sealed=sealed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoresFile:
    """scores-<judge>-<rubric hash>.json"""

    schema_version: int = SCHEMA_VERSION
    scores: SessionScores


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFile:
    """audit.json"""

    schema_version: int = SCHEMA_VERSION
    audit: InterviewerAudit


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFile:
    """delivery.json"""

    schema_version: int = SCHEMA_VERSION
    delivery: Delivery
