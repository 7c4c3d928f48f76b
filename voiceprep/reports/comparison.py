"""Two answers to one question side by side, on a terminal. Must not print."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from voiceprep.language.plaintext import clock, plain
from voiceprep.recordings.comparison import ComparedAnswer, Comparison, PointChange, Verdict
from voiceprep.reports.layout import Hanging

_STYLES = {Verdict.BETTER: "green", Verdict.WORSE: "red"}
_SIGNS = {(False, False): "✗", (False, True): "+", (True, False): "−", (True, True): "✓"}
_SAID = {
    (False, False): "still missing",
    (False, True): "new",
    (True, False): "not said this time",
    (True, True): "said both times",
}


def render_comparison(comparison: Comparison, console_width: int) -> RenderableType:
    """The verdict, what was asked for, and every key point before and after."""
    before, after = comparison.before, comparison.after
    scores = f"{_score(before)} before, {_score(after)} now"
    style = _STYLES.get(comparison.verdict, "yellow")
    parts: list[RenderableType] = [
        Text.assemble(("Compared    ", "bold"), (comparison.verdict.value, style)),
        Hanging("            ", Text(f"{scores}; judged blind and in both orders by {plain(comparison.judge)}")),
    ]
    wanted = next((point for point in comparison.points if point.id == comparison.asked_for), None)
    if wanted is not None:
        done = "done" if comparison.is_done else "not yet"
        parts.append(Hanging("Asked for   ", Text(f"{done}: {plain(wanted.text)}"), "bold"))
    for point in comparison.points:
        parts += _point(point)
    parts.append(Text(f"Both to hear: voiceprep report {plain(after.session)} --open", style="dim"))
    return Group(*parts)


def change_text(point: PointChange) -> str:
    return _SAID[point.before > 0, point.after > 0]


def _point(point: PointChange) -> Iterator[RenderableType]:
    state = (point.before > 0, point.after > 0)
    yield Hanging(f"   {_SIGNS[state]} ", Text(f"{plain(point.text)} ({change_text(point)})"))
    for label, quote, at_ms in (
        ("before", point.before_quote, point.before_ms),
        ("now", point.after_quote, point.after_ms),
    ):
        if quote:
            place = "" if at_ms is None else f" [{clock(at_ms)}]"
            yield Hanging("     ", Text(f"{label}: “{plain(quote)}”{place}", style="italic"))


def _score(answer: ComparedAnswer) -> str:
    return "not enough evidence" if answer.score is None else f"{answer.score:.2f}"
