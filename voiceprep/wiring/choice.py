"""What to hold: the settings and what is chosen for one session only. Must not open anything."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from voiceprep.audio.candidate import CandidateStyle
from voiceprep.banks import bank_folders, find_bank
from voiceprep.conduct.interviewers import INTERVIEWERS, NEUTRAL, Interviewer
from voiceprep.conduct.planning import DUE_SHARE, Plan, Wish, make_plan
from voiceprep.errors import ConfigError
from voiceprep.keys import with_keys
from voiceprep.model import NO_HISTORY, Bank, History, Question, Turn, Usage
from voiceprep.providers.registry import provider_names, providers, second_voice
from voiceprep.recordings.info import SessionInfo
from voiceprep.settings import Settings

KEYBOARD = "keyboard"
NO_SPEAKER = "none"
NO_MODEL = "none"
LOCAL = "local"
CASCADED, S2S, AUTO = "cascaded", "s2s", "auto"


@dataclass(frozen=True, slots=True)
class Earlier:
    """The part of a session that was held before it was broken off. `end_ms`: where its clock stands."""

    folder: Path
    turns: tuple[Turn, ...]
    end_ms: int
    spent_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """What to hold: the settings, and what is chosen for one session only.

    `candidate` speaks in place of a person; `is_fast` runs on audio time, which only works without sound devices.
    `earlier`: this goes on with a session; `retry_of` names the one of which a question is asked again. `usages`:
    what preparing it has consumed.
    """

    settings: Settings
    bank: Bank
    plan: Plan
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    candidate: CandidateStyle | None = None
    is_fast: bool = False
    earlier: Earlier | None = None
    retry_of: str = ""
    usages: tuple[Usage, ...] = ()

    def __post_init__(self) -> None:
        if self.is_fast and (self.uses_microphone or self.uses_speaker):
            raise ConfigError(
                "--pace fast runs faster than any sound device.",
                "Give it --candidate NAME or --mic FILE.wav, and --speaker none or FILE.wav.",
            )
        if self.is_fast and not self.is_s2s and self._far_recogniser:
            raise ConfigError(
                f"--pace fast runs faster than {self._far_recogniser} can listen: a recogniser elsewhere hears in "
                "real time.",
                "Give it --stt local, or leave out --pace fast.",
            )

    @property
    def _far_recogniser(self) -> str:
        """The first provider of the chain that does not hear on this machine; empty when all do, or none hears."""
        far = (name for name in provider_names(self.settings.stt) if name != LOCAL)
        return "" if self.is_typed else next(far, "")

    @property
    def is_typed(self) -> bool:
        return self.settings.mic == KEYBOARD and self.candidate is None

    @property
    def second_tts(self) -> str:
        """The voice of the panel's second interviewer; empty when one interviews alone. Raises ConfigError."""
        if self.plan.interviewer.colleague is None:
            return ""
        if self.settings.second_tts == self.settings.tts:
            raise ConfigError("--second-tts is the voice of --tts.", "A panel needs two that differ.")
        return self.settings.second_tts or second_voice(self.settings.tts)

    @property
    def is_s2s(self) -> bool:
        return self.settings.mode == S2S

    @property
    def uses_microphone(self) -> bool:
        return self.candidate is None and not self.is_typed and not is_wav(self.settings.mic)

    @property
    def uses_speaker(self) -> bool:
        return self.settings.speaker != NO_SPEAKER and not is_wav(self.settings.speaker)


def load_bank_for(settings: Settings) -> Bank:
    """The bank the settings name. Raises BankError."""
    return find_bank(settings.bank, bank_folders_for(settings))


def bank_folders_for(settings: Settings) -> tuple[Path, ...]:
    return bank_folders((own_banks_folder(settings),))


def own_banks_folder(settings: Settings) -> Path:
    """Where the candidate's own banks are; a bank in it comes before a shipped one of the same id."""
    return (
        Path(settings.banks).expanduser()
        if settings.banks
        else user_data_path("voiceprep", appauthor=False) / "banks"
    )


def keys_for(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with every provider's key that is known anywhere. Raises ConfigError."""
    return with_keys(environment, [name for provider in providers().values() for name in provider.key_names])


def plan_for(
    settings: Settings,
    bank: Bank,
    seed: int | None,
    topics: tuple[str, ...] = (),
    history: History = NO_HISTORY,
    own: Sequence[Question] = (),
    due_share: float = DUE_SHARE,
) -> Plan:
    """What will be asked. Raises ConfigError for topics the bank does not have."""
    known = {question.topic for question in bank.questions}
    unknown = [topic for topic in topics if topic not in known]
    if unknown:
        raise ConfigError(f"{bank.id} has no topic {unknown[0]!r}.", f"It has: {', '.join(sorted(known))}.")
    wish = Wish(
        settings.level,
        secrets.randbelow(1_000_000) if seed is None else seed,
        settings.questions or None,
        round(settings.minutes * 60_000) if settings.minutes else None,
        topics,
        history,
        own=own,
        due_share=due_share,
        interviewer=interviewer_for(settings),
    )
    return make_plan(bank, wish)


def plan_of(info: SessionInfo) -> Plan:
    """The plan a session was begun with."""
    return Plan(
        info.bank_id,
        info.bank_title,
        info.plan,
        info.limit_ms,
        seed=info.seed or 0,
        notes=info.notes,
        reserve=info.reserve,
        is_filling=info.is_filling,
        interviewer=INTERVIEWERS.get(info.persona, NEUTRAL),
    )


def interviewer_for(settings: Settings) -> Interviewer:
    """Who interviews. Raises ConfigError."""
    try:
        return INTERVIEWERS[settings.persona]
    except KeyError:
        known = ", ".join(INTERVIEWERS)
        raise ConfigError(f"There is no persona {settings.persona!r}.", f"There are: {known}.") from None


def is_wav(name: str) -> bool:
    return name.lower().endswith(".wav")
