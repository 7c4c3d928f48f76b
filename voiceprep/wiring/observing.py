"""Who else hears a session's events when that was asked for: a log file, a telemetry collector."""

from contextlib import ExitStack
from pathlib import Path

from voiceprep.events import Emit
from voiceprep.wiring.choice import Choice
from voiceprep.wiring.log import SessionLog
from voiceprep.wiring.telemetry import SessionSpans, open_exporting


class Observers:
    """Opened before anything else of a session, so that a wrong address or file is told at once; closed last."""

    def __init__(self, choice: Choice, stack: ExitStack) -> None:
        """Raises ConfigError."""
        settings = choice.settings
        self.listeners: list[Emit] = []
        self._logs: list[SessionLog] = []
        if settings.log:
            self._logs = [stack.enter_context(SessionLog(Path(settings.log), has_speech=settings.log_speech))]
            self.listeners += [log.on_event for log in self._logs]
        if settings.telemetry:
            provider = open_exporting(
                choice.environment,
                is_plain_http_allowed=settings.plain_http,
                is_offline=settings.offline,
            )
            stack.callback(provider.shutdown)
            facts = {"mode": settings.mode, "stt": settings.stt, "llm": settings.llm, "tts": settings.tts}
            self.listeners.append(SessionSpans(provider.get_tracer("voiceprep"), facts).on_event)

    def learn_folder(self, folder: Path) -> None:
        """The session has a name now."""
        for log in self._logs:
            log.session = folder.name
