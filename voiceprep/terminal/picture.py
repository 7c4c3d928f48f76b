"""Draws the state as a few lines of styled text that fit the terminal. Pure apart from rich's layout."""

from rich.console import Console
from rich.text import Text

from voiceprep.activity import Activity, ScreenState
from voiceprep.terminal.captions import Caption, CaptionKind
from voiceprep.terminal.meters import level_bar, level_text, printable, time_left_text

LABEL_CHARS = 13
_NARROW_CHARS = 50
_BAR_CHARS = 20
_NARROW_BAR_CHARS = 8
_CANDIDATE_LINES = 6
_OTHER_LINES = 9  # what the terminal also needs: status, meter, place, keys, blank lines, the cursor's line
_SPEECH_PROBABILITY = 0.5
_ONE_MINUTE_MS = 60_000

_ACTIVITY_STYLES = {
    Activity.STARTING: "dim",
    Activity.THINKING: "yellow",
    Activity.INTERVIEWER: "bold cyan",
    Activity.YOUR_TURN: "bold green",
    Activity.CANDIDATE: "bold green",
    Activity.PAUSED: "bold yellow",
    Activity.DEVICE_LOST: "bold red",
    Activity.ENDED: "bold",
}

_CAPTION_LOOKS = {
    CaptionKind.INTERVIEWER: ("Interviewer", "bold cyan", ""),
    CaptionKind.CANDIDATE: ("You", "bold green", ""),
    CaptionKind.NOTE: ("", "", "yellow"),
    CaptionKind.STATUS: ("", "", "dim"),
}


def render_caption(caption: Caption, console: Console) -> Text:
    """A caption with its label in front and every line indented to it, wrapped to the console's width."""
    label, label_style, style = _CAPTION_LOOKS[caption.kind]
    label = caption.name or label
    lines = _wrapped(caption.text, console, style) or [Text("")]
    return Text("\n").join([_labelled(label, label_style, lines[0], console), *_indented(lines[1:], console)])


def render_picture(
    state: ScreenState, bank_title: str, limit_ms: int, keys_line: str, console: Console
) -> list[Text]:
    """The live lines, none wider than the console and together lower than it; newest words always shown."""
    is_ascii = console.options.ascii_only
    parts = [
        Text(""),
        *_provisional_lines(state, console),
        _activity_line(state, is_ascii),
        _meter_line(state, console, is_ascii),
        _place_line(state, bank_title, limit_ms, console, is_ascii),
        *_key_lines(keys_line, console),
    ]
    for line in parts:
        line.truncate(console.width - 1, overflow="crop" if is_ascii else "ellipsis")
    return parts[: max(console.height - 1, 1)]


def _provisional_lines(state: ScreenState, console: Console) -> list[Text]:
    if not state.candidate_text:
        return []
    room = min(max(console.height - _OTHER_LINES, 1), _CANDIDATE_LINES)
    newest = _wrapped(state.candidate_text, console, "")[-room:]
    return [_labelled("You", "bold green", newest[0], console), *_indented(newest[1:], console)]


def _activity_line(state: ScreenState, is_ascii: bool) -> Text:
    mark = "* " if is_ascii else "● "
    return Text(mark + state.activity.value, style=_ACTIVITY_STYLES[state.activity])


def _meter_line(state: ScreenState, console: Console, is_ascii: bool) -> Text:
    """Speech is shown by a word as well as by colour, and too loud by both too."""
    is_narrow = console.width < _NARROW_CHARS
    bar = level_bar(state.level_dbfs, _NARROW_BAR_CHARS if is_narrow else _BAR_CHARS, is_ascii)
    is_speech = state.speech_probability >= _SPEECH_PROBABILITY
    is_loud = state.level_dbfs > -1.0
    line = Text("mic " if is_narrow else "Microphone ")
    line.append(bar, style="red" if is_loud else "green" if is_speech else "dim")
    line.append(f" {level_text(state.level_dbfs):>8}")
    if is_loud:
        line.append("  too loud", style="bold red")
    elif is_speech:
        line.append("  speech", style="bold green")
    return line


def _place_line(state: ScreenState, bank_title: str, limit_ms: int, console: Console, is_ascii: bool) -> Text:
    is_nearly_over = bool(limit_ms) and limit_ms - state.at_ms < _ONE_MINUTE_MS
    between = " | " if is_ascii else " · "
    line = Text()
    if state.question_number:
        line.append(f"Question {state.question_number} of {state.question_count}{between}")
    line.append(time_left_text(state.at_ms, limit_ms), style="bold yellow" if is_nearly_over else "")
    line.append(f"{between}{printable(bank_title, console.encoding)}", style="dim")
    return line


def _key_lines(keys_line: str, console: Console) -> list[Text]:
    if not keys_line:
        return []
    return list(Text(keys_line, style="dim").wrap(console, max(console.width - 1, 1)))


def _label_chars(console: Console) -> int:
    """Narrow terminals put the words under the label's first letters instead of beside it."""
    return 2 if console.width < _NARROW_CHARS else LABEL_CHARS


def _wrapped(text: str, console: Console, style: str) -> list[Text]:
    width = max(console.width - 1 - _label_chars(console), 1)
    lines = list(Text(printable(text, console.encoding), style=style).wrap(console, width))
    for line in lines:
        line.rstrip()
    return lines


def _labelled(label: str, label_style: str, line: Text, console: Console) -> Text:
    shown = label[:1] if console.width < _NARROW_CHARS else label
    return Text.assemble((shown.ljust(_label_chars(console)), label_style), line)


def _indented(lines: list[Text], console: Console) -> list[Text]:
    return [Text.assemble(" " * _label_chars(console), line) for line in lines]
