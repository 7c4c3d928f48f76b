"""The interview as plain lines, one fact each: for pipes, logs, screen readers and typed answers.

Must not move the cursor.
"""

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from voiceprep.activity import Activity, ScreenState, advance
from voiceprep.events import CandidateStarted, Event, InterviewerEnded, SessionStarted, TurnStarted
from voiceprep.language.plaintext import clock
from voiceprep.terminal.captions import Caption, CaptionKind, captions_of
from voiceprep.terminal.meters import printable
from voiceprep.terminal.quiet import quiet_c_stderr

_LABELS = {
    CaptionKind.INTERVIEWER: "Interviewer: ",
    CaptionKind.CANDIDATE: "You: ",
    CaptionKind.NOTE: "",
    CaptionKind.STATUS: "",
}


class PlainScreen:
    """Prints each fact once, when it is certain. Use as a context."""

    def __init__(self, console: Console, bank_title: str, minutes_limit_ms: int) -> None:
        self.keys_line = ""
        self._console = console
        self._bank_title = bank_title
        self._limit_ms = minutes_limit_ms
        self._state = ScreenState()
        self._is_broken = False
        self._has_heard_candidate = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(quiet_c_stderr())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def on_event(self, event: Event) -> None:
        before, self._state = self._state, advance(self._state, event)
        if isinstance(event, SessionStarted):
            limit = f", up to {clock(self._limit_ms)}" if self._limit_ms else ""
            self._print(f"{self._bank_title}{limit}.")
            if self.keys_line:
                self._print(f"Keys: {self.keys_line}")
        for caption in captions_of(event, before, self._limit_ms):
            self._print_caption(caption)
        self._print_change_of_floor(event)

    def _print_change_of_floor(self, event: Event) -> None:
        """Who may talk, and that the first word arrived: the two things a level meter would tell."""
        if isinstance(event, TurnStarted):
            self._has_heard_candidate = False
        elif isinstance(event, InterviewerEnded):
            is_nudge = event.spoken.text != self._state.brief_text
            if self._state.floor is Activity.YOUR_TURN and not is_nudge:
                self._print("Your turn.")
        elif isinstance(event, CandidateStarted) and not self._has_heard_candidate:
            self._has_heard_candidate = True
            self._print("Hearing you.")

    def _print_caption(self, caption: Caption) -> None:
        label = f"{caption.name}: " if caption.name else _LABELS[caption.kind]
        self._print(label + caption.text)

    def _print(self, line: str) -> None:
        if self._is_broken:
            return
        try:
            self._console.print(
                Text(printable(line, self._console.encoding)), soft_wrap=True, highlight=False, markup=False
            )
        except (OSError, SystemExit):  # rich turns a broken pipe into SystemExit; the interview goes on unseen
            self._is_broken = True
