"""Progress and what is due, on a terminal of 80 columns or fewer. Must not print."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from voiceprep.language.plaintext import plain
from voiceprep.practice.deck import DueQuestion
from voiceprep.practice.progress import ANSWERS_MIN, SESSIONS_MIN, Direction, Progress, Series, Trend
from voiceprep.practice.self_rating import Band, SelfRating
from voiceprep.reports.layout import Hanging

WIDTH_MAX = 100
WIDE = 80
SPARKS = "▁▂▃▄▅▆▇█"
SPARKS_SHOWN = 12
_STYLES = {Direction.BETTER: "green", Direction.WORSE: "red", Direction.UNCLEAR: "dim"}


def render_progress(progress: Progress, console_width: int) -> RenderableType:
    """A line for everything, then for each topic and kind, weakest first."""
    if progress.overall is None:
        return Text("Nothing was scored yet: hold an interview with `voiceprep interview`.")
    width = min(console_width, WIDTH_MAX)
    first, last = progress.overall.sessions[0], progress.overall.sessions[-1]
    lines: list[RenderableType] = [
        Text.assemble(
            ("Progress", "bold"),
            f"  {progress.overall.answer_count} scored answers in {len(progress.overall.sessions)} sessions, "
            f"{first.started_at[:10]} to {last.started_at[:10]}",
        ),
        Text(),
        Text(_row(width, "", "answers", "mean", "90 %", "by session") + "change" * (width >= WIDE), style="dim"),
        _series_line(progress.overall, width),
    ]
    for title, group in (("Topics", progress.topics), ("Kinds of question", progress.competencies)):
        lines += [Text(), Text(title, style="bold"), *(_series_line(series, width) for series in group)]
    lines += [
        Text(),
        Text(
            f"Changes: the later half less the earlier, from {ANSWERS_MIN} answers in {SESSIONS_MIN} sessions on.",
            style="dim",
        ),
    ]
    return Group(*lines)


def render_due(due: Sequence[DueQuestion], total: int, now: datetime, console_width: int) -> RenderableType:
    """What to practise today, the least known first."""
    if not due:
        return Text("Nothing is due. `voiceprep interview` brings new questions.")
    count = f"{total} question{'s' * (total != 1)} due"
    shown = "" if total == len(due) else f", the {len(due)} most urgent of them"
    parts: list[RenderableType] = [Text(count + shown, style="bold")]
    for number, question in enumerate(due, start=1):
        parts += [Text(), *_due_lines(number, question, now)]
    parts += [Text(), Hanging("Next        ", Text("voiceprep practice --due", style="bold"))]
    return Group(*parts)


def self_rating_text(own: SelfRating) -> str:
    """How the candidate's own ratings agree with the scores, and by session, the newest last."""
    where = "no correlation to tell" if own.correlation is None else f"correlation {own.correlation:.2f}"
    text = (
        f"Your ratings less the scores: {own.mean_difference:+.2f} on average, {where}, {own.answer_count} answers."
    )
    if len(own.sessions) < 2:
        return text
    newest = own.sessions[-SPARKS_SHOWN:]
    return f"{text}\nBy session: {' '.join(f'{each.mean_rating - each.mean_score:+.2f}' for each in newest)}"


def band_text(band: Band) -> str:
    """A point of the calibration curve in words."""
    answers = f"{band.answer_count} answer{'s' * (band.answer_count != 1)}"
    return f"{answers} you rated {band.mean_rating:.2f} were worth {band.mean_score:.2f}"


def trend_text(trend: Trend | None) -> str:
    if trend is None:
        return "too few answers"
    if trend.direction is Direction.UNCLEAR:
        return trend.direction.value
    return f"{trend.direction.value} {trend.change:+.2f} ±{trend.reach:.2f}"


def _series_line(series: Series, width: int) -> Text:
    low, high = series.interval
    sparks = _sparks([mean.score for mean in series.sessions])
    row = _row(
        width, plain(series.name), str(series.answer_count), f"{series.mean:.2f}", f"{low:.2f}–{high:.2f}", sparks
    )
    style = _STYLES[series.trend.direction] if series.trend else "dim"
    return Text.assemble(row, (trend_text(series.trend) if width >= WIDE else "", style))


def _row(width: int, name: str, answers: str, mean: str, interval: str, sparks: str) -> str:
    room = max(8, min(20, width - 42))
    return f"{name[:room]:<{room}} {answers:>7} {mean:>5} {interval:>10}  {sparks:<{SPARKS_SHOWN}}  "


def _sparks(scores: Sequence[float]) -> str:
    """The newest sessions, one character each."""
    shown = scores[-SPARKS_SHOWN:]
    return "".join(SPARKS[min(len(SPARKS) - 1, int(score * len(SPARKS)))] for score in shown)


def _due_lines(number: int, question: DueQuestion, now: datetime) -> Iterator[RenderableType]:
    yield Hanging(f"{number}. ", Text(plain(question.text), style="bold"))
    days = (now - question.due_at).days
    since = "due today" if days < 1 else f"due for {days} day{'s' * (days != 1)}"
    known = f"{100 * question.recall:.0f} % still known"
    facts = " · ".join((plain(question.bank), plain(question.topic), since, known))
    yield Hanging("   ", Text(facts, style="dim"))
    for point in question.points:
        if point.is_missed:
            yield Hanging("   ✗ ", Text.assemble(("missed last time: ", "red"), plain(point.text)))
        elif point.is_due:
            yield Hanging("   · ", Text(plain(point.text)))
