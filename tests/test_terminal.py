"""What the candidate sees and presses, on real pseudo-terminals, pipes and recorded consoles."""

import contextlib
import fcntl
import io
import math
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from voiceprep.activity import Activity, ScreenState, advance
from voiceprep.events import (
    AnswerHeard,
    CandidatePaused,
    CandidateStarted,
    CommandGiven,
    DeviceLost,
    DeviceReturned,
    Event,
    HintGiven,
    InterviewerEnded,
    InterviewerPaused,
    InterviewerResumed,
    InterviewerStarted,
    LevelMeasured,
    ProviderFailed,
    ProvisionalHeard,
    QuestionScored,
    SessionEnded,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from voiceprep.language.plaintext import clock
from voiceprep.model import (
    Answer,
    AnswerEnd,
    Outcome,
    QuestionScore,
    Spoken,
    Transcript,
    Turn,
    TurnBrief,
    TurnKind,
    Word,
)
from voiceprep.ports import Command, CommandKind, Controls
from voiceprep.terminal.captions import Caption, CaptionKind
from voiceprep.terminal.keys import (
    Keyboard,
    NoControls,
    ScriptedControls,
    TypedAnswers,
    open_keyboard,
    parse_keys,
)
from voiceprep.terminal.meters import level_bar, level_text, printable, time_left_text
from voiceprep.terminal.picture import render_caption, render_picture
from voiceprep.terminal.plain import PlainScreen
from voiceprep.terminal.quiet import quiet_c_stderr
from voiceprep.terminal.screen import LiveScreen, open_screen

QUESTION_TEXT = "How do you make a payment endpoint safe to retry?"
STARTED = SessionStarted(at_ms=0, started_at=datetime(2026, 1, 1, tzinfo=UTC))
LIMIT_MS = 900_000


def turn_started(number: int = 1, kind: TurnKind = TurnKind.QUESTION, at_ms: int = 0) -> TurnStarted:
    brief = TurnBrief(
        kind, QUESTION_TEXT, expects_answer=kind is TurnKind.QUESTION, question_number=number, question_count=3
    )
    return TurnStarted(at_ms=at_ms, turn_index=number, brief=brief)


def said(text: str = QUESTION_TEXT, at_ms: int = 100) -> InterviewerStarted:
    return InterviewerStarted(at_ms=at_ms, turn_index=1, text=text)


def said_all(heard: str = QUESTION_TEXT, at_ms: int = 3_000, text: str = QUESTION_TEXT) -> InterviewerEnded:
    spoken = Spoken(text, heard, 100, at_ms, is_interrupted=heard != text)
    return InterviewerEnded(at_ms=at_ms, turn_index=1, spoken=spoken)


def provisional(text: str, at_ms: int = 4_000) -> ProvisionalHeard:
    return ProvisionalHeard(at_ms=at_ms, turn_index=1, text=text)


def answered(text: str, ended_by: AnswerEnd = AnswerEnd.FINISHED, at_ms: int = 9_000) -> AnswerHeard:
    words = tuple(Word(word, 0, 100) for word in text.split())
    return AnswerHeard(at_ms=at_ms, turn_index=1, answer=Answer(Transcript(words), 0, at_ms, ended_by))


def level(level_dbfs: float, probability: float = 0.9, at_ms: int = 500) -> LevelMeasured:
    return LevelMeasured(at_ms=at_ms, level_dbfs=level_dbfs, speech_probability=probability)


LOST = DeviceLost(at_ms=5_000, device="microphone", message="The USB headset was unplugged.")
RETURNED = DeviceReturned(at_ms=5_000, device="microphone", name="USB headset")
PAUSE = CommandGiven(at_ms=5_000, command="pause")
GO_ON = CommandGiven(at_ms=5_000, command="go_on")
ENDED = SessionEnded(at_ms=60_000, outcome=Outcome.COMPLETED, reason="All questions were asked.")


def state_after(*events: Event) -> ScreenState:
    state = ScreenState()
    for event in events:
        state = advance(state, event)
    return state


# ------------------------------------------------------------------------------------------ meters


@pytest.mark.parametrize(
    ("level_dbfs", "expected"),
    [
        (-math.inf, "----------"),
        (math.nan, "----------"),
        (-60.0, "----------"),
        (-54.0, "#---------"),
        (-30.0, "#####-----"),
        (-3.1, "#########-"),
        (0.0, "##########"),
        (6.0, "##########"),
    ],
)
def test_level_bar(level_dbfs: float, expected: str) -> None:
    assert level_bar(level_dbfs, 10, is_ascii=True) == expected


def test_level_bar_in_blocks() -> None:
    assert level_bar(-30.0, 4) == "██░░"


@pytest.mark.parametrize(
    ("level_dbfs", "expected"),
    [(-math.inf, "silent"), (math.nan, "silent"), (-120.0, "silent"), (-23.4, "-23 dBFS"), (-0.2, "0 dBFS")],
)
def test_level_text(level_dbfs: float, expected: str) -> None:
    assert level_text(level_dbfs) == expected


@pytest.mark.parametrize(
    ("span_ms", "expected"),
    [
        (-1, "0:00"),
        (999, "0:00"),
        (61_000, "1:01"),
        (599_999, "9:59"),
        (3_599_000, "59:59"),
        (3_661_000, "1:01:01"),
    ],
)
def test_time_text(span_ms: int, expected: str) -> None:
    assert clock(span_ms) == expected


def test_time_left_text() -> None:
    assert (time_left_text(61_000, 120_000), time_left_text(61_000, 0)) == ("0:59 left", "1:01 so far")


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("plain words", "utf-8", "plain words"),
        ("\x1b[31mred\x1b[0m", "utf-8", "red"),
        ("a\x1b]0;window title\x07b", "utf-8", "ab"),
        ("a\x1b]52;c;Y2xpcGJvYXJk\x1b\\b", "utf-8", "ab"),
        ("a\x1b]0;never closed", "utf-8", "a"),
        ("a\x1bPq#0\x1b\\b\x1bc", "utf-8", "ab"),
        ("bell\x07 back\x08 c1\x9b31m del\x7f", "utf-8", "bell back c1 del"),
        ("over\rwrite\nlines\tand\u2028more", "utf-8", "over write lines and more"),
        ("\u202egnirts\u202c", "utf-8", "gnirts"),
        ("lone \ud800 half", "utf-8", "lone \ufffd half"),
        ("caf\xe9 \u2192 bar", "ascii", "caf? ? bar"),
        ("caf\xe9 \u2192 bar", "latin-1", "caf\xe9 ? bar"),
        ("[bold]not markup[/bold]", "utf-8", "[bold]not markup[/bold]"),
    ],
)
def test_printable(text: str, encoding: str, expected: str) -> None:
    assert printable(text, encoding) == expected


# ------------------------------------------------------------------------------------------- state


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((), Activity.STARTING),
        ((STARTED, turn_started()), Activity.THINKING),
        ((turn_started(), said()), Activity.INTERVIEWER),
        ((turn_started(), said(), said_all()), Activity.YOUR_TURN),
        ((turn_started(kind=TurnKind.CLOSING), said(), said_all()), Activity.THINKING),
        ((turn_started(), said(), InterviewerPaused(at_ms=9, turn_index=1)), Activity.CANDIDATE),
        (
            (
                turn_started(),
                said(),
                CandidateStarted(at_ms=8),
                InterviewerPaused(at_ms=9, turn_index=1),
                InterviewerResumed(at_ms=99, turn_index=1),
            ),
            Activity.INTERVIEWER,
        ),
        ((turn_started(), said(), CandidateStarted(at_ms=8), said_all("How do")), Activity.CANDIDATE),
        ((turn_started(), said(), said_all(), CandidateStarted(at_ms=4)), Activity.CANDIDATE),
        ((turn_started(), said_all(), CandidateStarted(at_ms=4), CandidatePaused(at_ms=5)), Activity.YOUR_TURN),
        ((turn_started(), said(), CandidatePaused(at_ms=5)), Activity.INTERVIEWER),
        ((turn_started(), said_all(), answered("done")), Activity.THINKING),
        ((said(), PAUSE), Activity.PAUSED),
        ((said(), PAUSE, GO_ON), Activity.INTERVIEWER),
        ((said(), PAUSE, PAUSE), Activity.INTERVIEWER),
        ((said(), PAUSE, CommandGiven(at_ms=1, command="skip")), Activity.PAUSED),
        ((said(), LOST), Activity.DEVICE_LOST),
        ((said(), PAUSE, LOST, RETURNED), Activity.PAUSED),
        ((said(), LOST, LOST, RETURNED), Activity.INTERVIEWER),
        ((said(), LOST, ENDED), Activity.ENDED),
        (
            (said(), QuestionScored(at_ms=4, score=QuestionScore("q", 0.5, ()))),
            Activity.INTERVIEWER,
        ),
    ],
)
def test_who_has_the_word(events: tuple[Event, ...], expected: Activity) -> None:
    assert state_after(*events).activity is expected


def test_clock_and_question_number_never_go_back() -> None:
    state = state_after(
        turn_started(2, at_ms=7_000), CandidatePaused(at_ms=6_000), turn_started(0, TurnKind.CLOSING)
    )
    assert (state.at_ms, state.question_number, state.question_count) == (7_000, 2, 3)


def test_provisional_words_leave_the_picture_once_the_answer_is_final() -> None:
    talking = state_after(turn_started(), provisional("I would use"), provisional("I would use a key"))
    assert talking.candidate_text == "I would use a key"
    assert advance(talking, answered("I would use a key.")).candidate_text == ""


# ----------------------------------------------------------------------------------------- picture


def console_of(width: int = 80, height: int = 24, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, width=width, height=height, force_terminal=True, _environ={})


def picture_lines(state: ScreenState, console: Console, keys_line: str = Keyboard.keys_line) -> list[str]:
    return [line.plain for line in render_picture(state, "Python backend", LIMIT_MS, keys_line, console)]


def test_picture_of_an_answer() -> None:
    state = state_after(
        turn_started(2, at_ms=60_000),
        said_all(),
        CandidateStarted(at_ms=61_000),
        provisional("I use a key"),
        level(-30),
    )
    assert picture_lines(state, console_of()) == [
        "",
        "You          I use a key",
        "● you are speaking",
        "Microphone ██████████░░░░░░░░░░ -30 dBFS  speech",
        "Question 2 of 3 · 13:59 left · Python backend",
        "Enter done   r repeat   s skip   p pause/go on   q end",
    ]


def test_picture_in_ascii_and_without_colour_says_the_same() -> None:
    state = state_after(turn_started(), said(), level(-0.5))
    lines = picture_lines(state, console_of(encoding="ascii"))
    assert "".join(lines).isascii()
    assert "* interviewer is speaking" in lines
    assert any("####" in line and "too loud" in line for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (50, 15), (40, 12), (24, 8), (10, 4), (2, 1)])
def test_picture_fits_and_shows_the_newest_words(width: int, height: int) -> None:
    words = " ".join(f"word{index}" for index in range(300)) + " end"
    state = state_after(turn_started(), said_all(), CandidateStarted(at_ms=4_000), provisional(words), level(-20))
    console = console_of(width, height)
    picture = render_picture(state, "Python backend and much more", LIMIT_MS, Keyboard.keys_line, console)
    assert all(line.cell_len < width for line in picture)
    assert len(picture) <= max(height - 1, 1)
    if width >= 10 and height > 3:
        assert any(line.plain.endswith("end") for line in picture)


def test_wide_characters_fit() -> None:
    state = state_after(turn_started(), provisional("面接の練習をしています" * 20))
    assert all(line.cell_len < 40 for line in render_picture(state, "漢字" * 30, LIMIT_MS, "", console_of(40, 20)))


def test_caption_keeps_every_word_and_is_indented() -> None:
    text = " ".join(f"word{index}" for index in range(40))
    lines = render_caption(Caption(CaptionKind.INTERVIEWER, text), console_of(60)).plain.splitlines()
    assert lines[0].startswith("Interviewer  word0 ")
    assert all(line.startswith(" " * 13 + "word") for line in lines[1:])
    assert " ".join(lines).split()[1:] == text.split()


# ------------------------------------------------------------------------------------------- plain


def plain_lines(*events: Event, keys_line: str = "", limit_ms: int = LIMIT_MS) -> list[str]:
    file = io.StringIO()
    screen = open_screen(Console(file=file, width=40), "Python backend", limit_ms, is_plain=False)
    assert isinstance(screen, PlainScreen)
    screen.keys_line = keys_line
    with screen:
        for event in events:
            screen.on_event(event)
    written = file.getvalue()
    assert "\r" not in written
    assert "\x1b" not in written
    return written.splitlines()


def test_plain_screen_tells_the_whole_interview_one_fact_a_line() -> None:
    turn = Turn(1, TurnBrief(TurnKind.QUESTION, QUESTION_TEXT), (), None)
    assert plain_lines(
        STARTED,
        turn_started(1, at_ms=1_000),
        said(),
        level(-20),
        said_all(),
        said("Take your time."),
        said_all("Take", text="Take your time."),
        CandidateStarted(at_ms=4_000),
        provisional("I would"),
        CandidatePaused(at_ms=5_000),
        CandidateStarted(at_ms=6_000),
        provisional("I would use an idempotency key"),
        answered("I would use an idempotency key that the client sends with every request."),
        TurnEnded(at_ms=9_000, turn=turn),
        turn_started(2, at_ms=10_000),
        said("How do\x1b[2J you\nroll back?"),
        said_all("How do you"),
        PAUSE,
        GO_ON,
        LOST,
        RETURNED,
        ProviderFailed(at_ms=11_000, provider="local", stage="tts", message="The voice ran out of memory."),
        HintGiven(at_ms=11_000, message="The microphone is muted."),
        answered("", AnswerEnd.SILENT),
        turn_started(0, TurnKind.CLOSING),
        ENDED,
        keys_line="/skip",
    ) == [
        "Python backend, up to 15:00.",
        "Keys: /skip",
        "Question 1 of 3, 14:59 left.",
        f"Interviewer: {QUESTION_TEXT}",
        "Your turn.",
        "Interviewer: Take your time.",
        "Hearing you.",
        "You: I would use an idempotency key that the client sends with every request.",
        "Question 2 of 3, 14:50 left.",
        "Interviewer: How do you roll back?",
        'Interrupted after "How do you".',
        "Your turn.",
        "Paused.",
        "Going on.",
        "Paused: the microphone is lost. The USB headset was unplugged.",
        "The microphone is back: USB headset.",
        "local (tts) failed. The voice ran out of memory.",
        "The microphone is muted.",
        "You said nothing.",
        "The interview is over: completed. All questions were asked.",
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (answered("half an", AnswerEnd.SKIPPED), ["You: half an", "Skipped."]),
        (answered("too long", AnswerEnd.TIME_LIMIT), ["You: too long", "The time for this answer is over."]),
        (answered("well", AnswerEnd.SILENT), ["You: well"]),
        (answered("bye", AnswerEnd.SESSION_ENDED), ["You: bye"]),
        (CommandGiven(at_ms=1, command="repeat"), ["Repeating."]),
    ],
)
def test_plain_screen_says_how_an_answer_ended(event: Event, expected: list[str]) -> None:
    assert plain_lines(event) == expected


def test_without_a_time_limit_the_time_so_far_is_told() -> None:
    assert plain_lines(STARTED, turn_started(1, at_ms=61_000), limit_ms=0) == [
        "Python backend.",
        "Question 1 of 3, 1:01 so far.",
    ]


def test_plain_screen_survives_a_closed_pipe() -> None:
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    code = (
        "import sys\n"
        "from rich.console import Console\n"
        "from voiceprep.events import CommandGiven\n"
        "from voiceprep.terminal.screen import open_screen\n"
        "with open_screen(Console(), 'bank', 1000, True) as screen:\n"
        "    for index in range(3):\n"
        "        screen.on_event(CommandGiven(at_ms=index, command='skip'))\n"
        "print('survived', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=write_fd, stderr=subprocess.PIPE, timeout=30, check=False
    )
    os.close(write_fd)
    assert done.stderr == b"survived\n"


@pytest.mark.parametrize(
    ("console", "is_plain", "kind"),
    [
        (Console(file=io.StringIO(), force_terminal=True, _environ={}), False, LiveScreen),
        (Console(file=io.StringIO(), force_terminal=True, _environ={}), True, PlainScreen),
        (Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"}), False, PlainScreen),
        (Console(file=io.StringIO()), False, PlainScreen),
    ],
)
def test_open_screen_chooses(console: Console, is_plain: bool, kind: type) -> None:
    assert isinstance(open_screen(console, "bank", LIMIT_MS, is_plain), kind)


# -------------------------------------------------------------------------------------------- live


class Terminal:
    """A pseudo-terminal of 80 × 24 whose output is collected."""

    def __init__(self) -> None:
        self.screen_fd, self.fd = pty.openpty()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._written = bytearray()
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def console(self, **environ: str) -> Console:
        file = os.fdopen(os.dup(self.fd), "w", encoding="utf-8")
        return Console(file=file, width=80, height=24, force_terminal=True, _environ={"TERM": "xterm", **environ})

    def type(self, text: bytes) -> None:
        os.write(self.screen_fd, text)

    def modes(self) -> list[int]:
        """Input, output, control and local modes."""
        return [flag for flag in termios.tcgetattr(self.fd)[:4] if isinstance(flag, int)]

    def is_cbreak(self) -> bool:
        return not self.modes()[3] & (termios.ECHO | termios.ICANON)

    def written(self) -> str:
        """Everything shown; closes the terminal's program side."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self._written.decode()

    def _collect(self) -> None:
        while True:
            try:
                piece = os.read(self.screen_fd, 65536)
            except OSError:  # Linux: nobody has the other side open any more
                return
            if not piece:
                return
            self._written += piece


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.written()
    os.close(opened.screen_fd)


def show(terminal: Terminal, events: list[Event], **environ: str) -> str:
    console = terminal.console(**environ)
    screen = open_screen(console, "Python \x1b[5mbackend", LIMIT_MS, is_plain=False)
    screen.keys_line = Keyboard.keys_line
    with console.file, screen:
        for event in events:
            screen.on_event(event)
    return terminal.written()


def visible(written: str) -> str:
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", written).split())


def test_live_screen_shows_captions_state_and_keys(terminal: Terminal) -> None:
    written = show(
        terminal,
        [STARTED, turn_started(2), said(), said_all(), CandidateStarted(at_ms=4_000), provisional("I use a key")],
    )
    shown = visible(written)
    for expected in (
        f"Interviewer {QUESTION_TEXT}",
        "You I use a key",
        "● you are speaking",
        "Question 2 of 3 · 14:56 left · Python backend",
        "r repeat s skip p pause/go on q end",
    ):
        assert expected in shown
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")


def test_live_screen_keeps_captions_and_drops_what_plain_lines_need(terminal: Terminal) -> None:
    shown = visible(show(terminal, [turn_started(), PAUSE, GO_ON, answered("a final answer"), LOST]))
    assert "You a final answer" in shown
    assert "the microphone is lost" in shown
    assert "paused: device lost" in shown
    assert "Going on." not in shown


def test_live_screen_lets_no_escape_sequence_through(terminal: Terminal) -> None:
    hostile = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x1b[Hgone [blink]?[/blink]"
    written = show(terminal, [turn_started(), said(hostile), provisional(hostile), answered(hostile)])
    assert "\x1b]" not in written
    assert "\x07" not in written
    assert "\x1b[2J" not in written
    assert "\x1b[5m" not in written
    assert "gone [blink]?[/blink]" in visible(written)


def test_no_color_is_honoured(terminal: Terminal) -> None:
    events: list[Event] = [turn_started(), said(), level(-0.1)]
    colours = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
    assert not colours.search(show(terminal, events, NO_COLOR="1"))
    other = Terminal()
    assert colours.search(show(other, events))
    os.close(other.screen_fd)


def test_a_burst_of_events_costs_few_redraws(terminal: Terminal) -> None:
    written = show(terminal, [level(-60 + index % 50, at_ms=index) for index in range(2_000)])
    assert 1 <= written.count("Microphone") <= 100


def test_python_prints_and_errors_stay_visible_and_c_noise_does_not(
    terminal: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    console = terminal.console()
    with console.file, LiveScreen(console, "bank", LIMIT_MS) as screen:
        os.write(2, b"ALSA lib: noise\n")
        sys.stderr.write("a python warning\n")
        screen.on_event(said())
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "a python warning\nafterwards\n"
    assert "noise" not in terminal.written()


def test_live_screen_outlives_its_terminal() -> None:
    screen_fd, fd = pty.openpty()
    console = Console(file=os.fdopen(fd, "w"), force_terminal=True, _environ={"TERM": "xterm"})
    with LiveScreen(console, "bank", LIMIT_MS) as screen:
        os.close(screen_fd)  # the window is closed: every further write fails
        for index in range(10):
            screen.on_event(said(f"text {index}"))
    with pytest.raises(OSError, match="Input/output error"):
        os.write(fd, b"x")
    with contextlib.suppress(OSError):
        console.file.close()


def test_quiet_puts_everything_back_after_an_exception(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = sys.stderr
    with pytest.raises(ZeroDivisionError), quiet_c_stderr(tmp_path / "c.log"):
        raise ZeroDivisionError(os.write(2, b"noise\n"))
    assert sys.stderr is before
    os.write(2, b"visible\n")
    assert capfd.readouterr().err == "visible\n"
    assert (tmp_path / "c.log").read_bytes() == b"noise\n"


def test_quiet_raises_and_restores_when_the_log_cannot_be_opened(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="missing"), quiet_c_stderr(tmp_path / "missing" / "c.log"):
        pass
    os.write(2, b"visible\n")
    assert capfd.readouterr().err == "visible\n"


# -------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        (b"r", ["r"]),
        (b"RsQ", ["r", "s", "q"]),
        (b"\x1b[A", []),
        (b"\x1b[15~s", ["s"]),
        (b"\x1b[1;5Qp", ["p"]),
        (b"\x1bOq", []),  # keypad 1 in application mode must not end the interview
        (b"\x1bq", []),
        (b"\x1b", []),
        ("é".encode()[:1], []),
        (b"", []),
    ],
)
def test_parse_keys(piece: bytes, expected: list[str]) -> None:
    assert parse_keys(piece) == expected


def next_command(controls: Controls) -> Command:
    deadline = time.monotonic() + 10
    while (command := controls.take()) is None:
        assert time.monotonic() < deadline, "no command came"
        os.sched_yield()
    return command


def kinds(controls: Controls, count: int) -> list[CommandKind]:
    return [next_command(controls).kind for _ in range(count)]


def test_keyboard_turns_keys_into_commands_and_restores_the_terminal(terminal: Terminal) -> None:
    before = terminal.modes()
    with open_keyboard(terminal.fd) as keyboard:
        assert terminal.is_cbreak()
        assert keyboard.take() is None
        terminal.type(b"xr\x1b[Asppprpq")
        assert kinds(keyboard, 8) == [
            CommandKind.REPEAT,
            CommandKind.SKIP,
            CommandKind.PAUSE,
            CommandKind.GO_ON,
            CommandKind.PAUSE,
            CommandKind.REPEAT,
            CommandKind.GO_ON,
            CommandKind.END,
        ]
        assert keyboard.take() is None
    assert terminal.modes() == before


def test_keyboard_restores_the_terminal_after_an_exception(terminal: Terminal) -> None:
    before = terminal.modes()
    with pytest.raises(ZeroDivisionError), Keyboard(terminal.fd):
        raise ZeroDivisionError
    assert terminal.modes() == before


CHILD = """
import os, signal, sys
from rich.console import Console
from voiceprep.terminal.keys import open_keyboard
from voiceprep.terminal.screen import open_screen
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background hands it on ignored
screen = open_screen(Console(force_terminal=True), "bank", 1000, False)
with screen, open_keyboard() as keyboard:
    print("ready", file=sys.stderr, flush=True)
    while keyboard.take() is None:
        os.sched_yield()
    {ending}
"""


@pytest.mark.parametrize(
    ("ending", "key", "number", "expected"),
    [
        ("pass", b"q", None, 0),
        ("sys.exit(7)", b"q", None, 7),
        ("raise RuntimeError", b"q", None, 1),
        ("pass", b"", signal.SIGTERM, -signal.SIGTERM),
        ("pass", b"", signal.SIGHUP, -signal.SIGHUP),
        ("pass", b"", signal.SIGINT, -signal.SIGINT),
    ],
)
def test_terminal_is_put_back_however_the_program_ends(
    terminal: Terminal, ending: str, key: bytes, number: signal.Signals | None, expected: int
) -> None:
    before = terminal.modes()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(ending=ending)],
        stdin=terminal.fd,
        stdout=terminal.fd,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert child.stderr is not None
        assert child.stderr.readline() == b"ready\n"
        assert terminal.is_cbreak()
        if number is not None:
            child.send_signal(number)
        terminal.type(key)
        child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == expected
    assert terminal.modes() == before
    assert terminal.written().rindex("\x1b[?25h") > terminal.written().rindex("\x1b[?25l")


def test_open_keyboard_is_nobody_without_a_terminal() -> None:
    read_fd, write_fd = os.pipe()
    try:
        controls = open_keyboard(read_fd)
        assert isinstance(controls, NoControls)
        with controls:
            assert controls.take() is None
    finally:
        os.close(read_fd)
        os.close(write_fd)


def typed(*pieces: bytes) -> list[Command]:
    """Every command that comes out of `pieces` written to a pipe, up to the end of input."""
    read_fd, write_fd = os.pipe()
    commands: list[Command] = []
    try:
        with TypedAnswers(read_fd) as controls:
            for piece in pieces:
                os.write(write_fd, piece)
            os.close(write_fd)
            while not commands or commands[-1] != Command(CommandKind.NO_MORE):
                commands.append(next_command(controls))
    finally:
        os.close(read_fd)
    return commands


NO_MORE = Command(CommandKind.NO_MORE)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], [NO_MORE]),
        ([b"\n  \n\t\n"], [NO_MORE]),
        ([b"I use a key\n"], [Command(CommandKind.ANSWER, "I use a key"), NO_MORE]),
        ([b"I use ", b"a \xc3", b"\xa9 key"], [Command(CommandKind.ANSWER, "I use a \xe9 key"), NO_MORE]),
        ([b"bad \xff byte\r\n"], [Command(CommandKind.ANSWER, "bad \ufffd byte"), NO_MORE]),
        ([b"clear \x1b[2J\x07it\n"], [Command(CommandKind.ANSWER, "clear it"), NO_MORE]),
        ([b"/repeat\n/SKIP \n"], [Command(CommandKind.REPEAT), Command(CommandKind.SKIP), NO_MORE]),
        ([b"/etc/hosts is a file\n"], [Command(CommandKind.ANSWER, "/etc/hosts is a file"), NO_MORE]),
        ([b"/pause\n/go\n"], [Command(CommandKind.PAUSE), Command(CommandKind.GO_ON), NO_MORE]),
        (
            [b"/pause\nstill here\nand more\n"],
            [
                Command(CommandKind.PAUSE),
                Command(CommandKind.GO_ON),
                Command(CommandKind.ANSWER, "still here"),
                Command(CommandKind.ANSWER, "and more"),
                NO_MORE,
            ],
        ),
    ],
)
def test_typed_answers(pieces: list[bytes], expected: list[Command]) -> None:
    assert typed(*pieces) == expected


def test_typed_answers_of_a_closed_terminal_end() -> None:
    lost = Terminal()
    with TypedAnswers(os.dup(lost.fd)) as controls:
        lost.type(b"one\n\x04")
        assert next_command(controls) == Command(CommandKind.ANSWER, "one")
        assert next_command(controls) == NO_MORE


def test_typed_answers_stop_while_waiting_for_input() -> None:
    read_fd, write_fd = os.pipe()
    with TypedAnswers(read_fd) as controls:
        assert controls.take() is None
    assert select.select([read_fd], [], [], 0)[0] == []
    os.close(read_fd)
    os.close(write_fd)


def test_scripted_controls_follow_audio_time() -> None:
    position_ms = 0

    def clock() -> int:
        return position_ms

    controls = ScriptedControls([(100, Command(CommandKind.REPEAT)), (100, NO_MORE)], clock)
    assert controls.take() is None
    position_ms = 120
    assert [controls.take(), controls.take(), controls.take()] == [Command(CommandKind.REPEAT), NO_MORE, None]


@pytest.mark.parametrize("make", [NoControls, ScriptedControls])
def test_controls_without_hands_never_give_a_command(make: Callable[[], Controls]) -> None:
    assert make().take() is None
