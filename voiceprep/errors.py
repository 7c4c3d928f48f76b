"""The error tree and the exit codes. Every message says what happened; every hint says what to do.

VoiceprepError 1
├── ConfigError 2          usage, settings
│   └── BankError 2        a question bank, with file:line
├── AudioDeviceError 3     microphone, loudspeaker, audio file
├── ProviderError 4        a recogniser, model or voice
└── RecordingError 5       the session folder
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes; the only table of them."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    AUDIO_DEVICE = 3
    PROVIDER = 4
    RECORDING = 5
    INTERRUPTED = 130


class VoiceprepError(Exception):
    """An error a person can act on. `message`: what and why, one sentence or two; `hint`: what to do."""

    exit_code = ExitCode.UNEXPECTED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(VoiceprepError):
    """A flag, an environment variable or the settings file is wrong."""

    exit_code = ExitCode.USAGE


class BankError(ConfigError):
    """A question bank cannot be found or read; the message names file:line."""


class AudioDeviceError(VoiceprepError):
    """A microphone, a loudspeaker or an audio file standing in for one does not work."""

    exit_code = ExitCode.AUDIO_DEVICE


class ProviderError(VoiceprepError):
    """A recogniser, language model or voice failed. Never holds a transcript, a key or a header.

    `provider` is its registry name (`local`, `deepgram` …), `stage` one of `stt`, `llm`, `tts`, `realtime`, `vad`.
    """

    exit_code = ExitCode.PROVIDER

    def __init__(
        self, message: str, hint: str = "", *, provider: str, stage: str, is_retryable: bool = False
    ) -> None:
        super().__init__(message, hint)
        self.provider = provider
        self.stage = stage
        self.is_retryable = is_retryable


class RecordingError(VoiceprepError):
    """The session folder cannot be written, read or repaired."""

    exit_code = ExitCode.RECORDING
