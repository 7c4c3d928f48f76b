"""What the candidate has chosen: defaults < settings file < environment < flags, read once into one frozen value.

Must not know typer, devices or providers; the environment is handed in as a value.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from voiceprep.errors import ConfigError

ENVIRONMENT_PREFIX = "VOICEPREP_"


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per setting; the same names in the file (`settings.toml`) and, upper-case, in the environment."""

    bank: str = "python-backend"
    questions: int = 0
    """0 means as many as the minutes allow, or five."""
    minutes: float = 0.0
    """0 means no time limit."""
    level: int = 3
    persona: str = "neutral"
    """Who interviews: friendly, neutral, probing, hurried, silent-type, or a panel of two."""
    patience: float = 2.5
    """Seconds of silence after an answer that does not sound finished."""
    eagerness: str = "medium"
    """How soon an answer that sounds finished counts as over: `low`, `medium`, or `high`."""
    mic: str = ""
    """A device name, a WAV file, or `keyboard`; empty is the system's default."""
    speaker: str = ""
    """A device name, a WAV file, or `none`; empty is the system's default."""
    recordings: str = ""
    """Empty: ./recordings where that folder exists, else the data folder of this account."""
    keep_days: float = 0.0
    """Sessions older than this are deleted when an interview begins; 0 keeps them for ever."""
    banks: str = ""
    """A folder of your own question banks."""
    mode: str = "cascaded"
    """`cascaded`, `s2s`, or `auto`: speech-to-speech where a realtime model's key is there."""
    realtime: str = ""
    """The realtime model, `PROVIDER[:MODEL]`; empty is the first one with a key."""
    turns: str = "auto"
    """Who says where a turn ends in speech-to-speech: `server`, `client`, or what suits the model."""
    push_to_talk: bool = False
    """In speech-to-speech a key ends an answer, and nothing else."""
    stt: str = "local"
    llm: str = "none"
    tts: str = "local"
    """`PROVIDER[:MODEL]`, several with commas for failover; `none` leaves the wording to the bank. A voice may be
    named too: `PROVIDER[:MODEL][@VOICE]`."""
    second_tts: str = ""
    """The voice of a panel's second interviewer; empty is another one of the same provider."""
    budget_usd: float = 0.0
    """What a session may cost; 0 means no limit."""
    prices: str = ""
    """A price table of your own, over the one that ships."""
    notice: bool = True
    """Say and show at the beginning that the interview is recorded."""
    encrypt_to: tuple[str, ...] = ()
    """Public keys of age (`age1…`, `ssh-ed25519 …`): a session that has ended is sealed, for them only to read."""
    identity: str = ""
    """The file with the private key that opens sealed sessions; empty is age-identity.txt beside the settings."""
    storage: str = ""
    """Where sessions are stored as well, while they are recorded: s3://BUCKET/PREFIX."""
    egress: str = ""
    """Where LiveKit Egress puts a recording of each room: s3://BUCKET/PREFIX, or a folder where it runs."""
    log: str = ""
    """A file to which a JSON line is added for everything that happens; what is said is left out."""
    log_speech: bool = False
    """What is said is in that log too."""
    telemetry: bool = False
    """Spans of the session go to an OpenTelemetry collector (OTEL_EXPORTER_OTLP_ENDPOINT)."""
    audio: bool = True
    """Keep the audio; without it only what was said in words, and when."""
    offline: bool = False
    """No network connection may be opened."""
    plain_http: bool = False
    """Providers at http and ws addresses of other machines are accepted."""
    plain: bool = False
    echo_cancel: bool = False


def settings_path(environment: Mapping[str, str]) -> Path:
    """Where the settings file is looked for: `VOICEPREP_SETTINGS`, else the account's configuration folder."""
    named = environment.get(f"{ENVIRONMENT_PREFIX}SETTINGS")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("voiceprep") / "settings.toml"


DEFAULTS = Settings()


def load_settings(
    environment: Mapping[str, str], flags: Mapping[str, object | None], defaults: Settings = DEFAULTS
) -> Settings:
    """Read every layer. A flag that is None was not given. Raises ConfigError."""
    in_file = {key: value for key, value in read_settings_file(settings_path(environment)).items() if key != "keys"}
    settings = _with(defaults, in_file, "the settings file")
    names = {field.name for field in fields(Settings)}
    from_environment = {
        name: environment[key] for name in names if (key := f"{ENVIRONMENT_PREFIX}{name.upper()}") in environment
    }
    settings = _with(settings, from_environment, "the environment")
    settings = _with(settings, {name: value for name, value in flags.items() if value is not None}, "the flags")
    _check(settings)
    return settings


def read_settings_file(path: Path) -> dict[str, Any]:
    """Everything in it, `[keys]` included (see keys.py); empty when there is none. Raises ConfigError."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:  # also what is no UTF-8, or a number of 5,000 digits
        raise ConfigError(f"{path} is not valid TOML: {error}.", "Correct it or remove it.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", "Correct its permissions.") from error


def _with(settings: Settings, values: Mapping[str, object], origin: str) -> Settings:
    kinds = {field.name: type(getattr(settings, field.name)) for field in fields(Settings)}
    changed: dict[str, Any] = {}
    for name, value in values.items():
        if name not in kinds:
            close = get_close_matches(name, kinds, 1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known settings: {', '.join(sorted(kinds))}."
            raise ConfigError(f"{origin.capitalize()} names an unknown setting {name!r}.", hint)
        changed[name] = _convert(name, value, kinds[name], origin)
    return replace(settings, **changed)


_WORDS_FOR_BOOL = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "": False,
}


def _convert(name: str, value: object, kind: type, origin: str) -> object:
    if kind is bool and isinstance(value, str) and value.lower() in _WORDS_FOR_BOOL:
        return _WORDS_FOR_BOOL[value.lower()]
    if kind is tuple:
        texts = value.split(",") if isinstance(value, str) else value
        if isinstance(texts, (list, tuple)) and all(isinstance(text, str) for text in texts):
            return tuple(text.strip() for text in texts if text.strip())
        raise ConfigError(f"{origin.capitalize()} sets {name} to no list of texts.", f'Write {name} = ["…"].')
    try:
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        if kind in (int, float) and isinstance(value, (str, int)) and not isinstance(value, bool):
            return kind(value)
    except ValueError:
        pass
    raise ConfigError(
        f"{origin.capitalize()} sets {name} to {value!r}, which is no {kind.__name__}.", "Correct or remove it."
    )


_RANGES: Mapping[str, tuple[float, float]] = {
    "questions": (0, 100),
    "minutes": (0, 480),
    "level": (1, 5),
    "patience": (0.5, 30),
    "budget_usd": (0, 1000),
    "keep_days": (0, 36_500),
}


_WORDS: Mapping[str, tuple[str, ...]] = {
    "eagerness": ("low", "medium", "high"),
    "mode": ("cascaded", "s2s", "auto"),
    "turns": ("auto", "server", "client"),
}


def _check(settings: Settings) -> None:
    for name, words in _WORDS.items():
        value = getattr(settings, name)
        if value not in words:
            raise ConfigError(f"{name} is {value!r}; it must be one of {', '.join(words)}.", f"Set --{name}.")
    for name, (low, high) in _RANGES.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            raise ConfigError(f"{name} is {value:g}; it must lie between {low:g} and {high:g}.", f"Set --{name}.")
