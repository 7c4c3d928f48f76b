"""The report on a terminal: fits 80 columns and fewer, says the same without colour. Must not print.

All recorded words go in as plain text, never as markup.
"""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from voiceprep.language.plaintext import clock, plain
from voiceprep.reports.audit_lines import audit_lines, second_look_lines
from voiceprep.reports.coach import next_steps
from voiceprep.reports.comparison import render_comparison
from voiceprep.reports.document import ReportDocument, ReportedPoint, ReportedQuestion, VoiceSpan
from voiceprep.reports.layout import Hanging
from voiceprep.reports.phrases import (
    cost_text,
    delivery_lines,
    flag_text,
    latency_text,
    outcome_text,
    overall_lines,
    score_text,
    short_answer,
    span_text,
    star_text,
)

WIDTH_MAX = 100
BAR_CHARS = 24
GOOD_SCORE, FAIR_SCORE = 0.75, 0.35
_LABEL_CHARS = 12
_INDENT = "   "


def render_terminal(document: ReportDocument, console_width: int) -> RenderableType:
    """Everything of the report, `console_width` columns wide at most."""
    width = min(console_width, WIDTH_MAX)
    parts: list[RenderableType] = [*_header(document), Text(), *_overall(document)]
    for number, question in enumerate(document.questions, start=1):
        parts += [Text(), *_question(number, question)]
    if not document.questions:
        parts += [Text(), Text("No question was asked.")]
    if document.delivery is not None:
        parts += [
            Text(),
            _heading("Delivery"),
            *(Hanging("  - ", Text(line)) for line in delivery_lines(document.delivery)),
        ]
    if document.audit is not None:
        lines = [*audit_lines(document.audit), *_second_look(document)]
        parts += [Text(), _heading("Interviewer"), *(Hanging("  - ", Text(line)) for line in lines)]
    if document.spans:
        parts += [Text(), *_timeline(document, width)]
    if document.comparison is not None:
        parts += [Text(), render_comparison(document.comparison, width)]
    parts += [Text(), _labelled("Latency", latency_text(document))]
    if document.cost_usd:
        parts.append(_labelled("Cost", cost_text(document)))
    parts.append(_labelled("Folder", plain(str(document.folder))))
    parts += [_labelled("Problem", plain(problem), "yellow") for problem in document.problems]
    parts += [Text(), _heading("Do this next"), *_steps(document)]
    return Group(*parts)


def _header(document: ReportDocument) -> list[RenderableType]:
    title = Text.assemble((plain(document.bank_title), "bold"), ("  ", ""), (plain(document.session_id), "dim"))
    facts = [
        f"{document.started_at:%Y-%m-%d %H:%M} UTC",
        clock(document.duration_ms),
        document.mode,
        *([f"simulated candidate ({document.candidate})"] if document.candidate else []),
        outcome_text(document.outcome),
        f"judge {document.judge}",
    ]
    return [title, Text(" · ".join(plain(fact) for fact in facts), style="dim")]


def _second_look(document: ReportDocument) -> tuple[str, ...]:
    return second_look_lines(document.second_look) if document.second_look else ()


def _overall(document: ReportDocument) -> list[RenderableType]:
    number = "not scored" if document.overall is None else f"{document.overall:.2f}"
    line = Text.assemble(("Overall".ljust(_LABEL_CHARS), "bold"), _bar(document.overall), " ", (number, "bold"))
    return [line, *(_labelled("", text, "dim") for text in overall_lines(document))]


def _asked(question: ReportedQuestion) -> str:
    asked = f"{question.asked_by}: {question.question.text}" if question.asked_by else question.question.text
    return plain(asked)


def _question(number: int, question: ReportedQuestion) -> Iterable[RenderableType]:
    yield Hanging(f"{number}. ", Text(_asked(question), style="bold"))
    yield Hanging(_INDENT, Text.assemble(_bar(question.score), " ", (score_text(question), "bold")))
    if question.answer:
        place = span_text(question.answer_start_ms)
        yield Hanging(_INDENT, Text(f"{place} You said: {short_answer(question)}", style="dim"))
    elif "empty" not in question.flags:
        yield Hanging(_INDENT, Text("No words were heard.", style="yellow"))
    for flag in question.flags:
        yield Hanging(f"{_INDENT}! ", Text(flag_text(flag, question), style="yellow"))
    for point in question.points:
        yield from _point(point)
    if question.star:
        yield Hanging(_INDENT, Text(star_text(question)))
    if question.follow_ups:
        yield Hanging(_INDENT, Text(f"Follow-ups asked: {len(question.follow_ups)}", style="dim"))


def _point(point: ReportedPoint) -> Iterable[RenderableType]:
    text = plain(point.point.text)
    if point.score is None:
        yield Hanging(f"{_INDENT}· ", Text(text))
    elif not point.is_credited:
        yield Hanging(f"{_INDENT}✗ ", Text.assemble(("missing: ", "red"), text), "red")
    else:
        yield Hanging(f"{_INDENT}✓ ", Text(text), "green")
        if point.score.quote:
            quote = f"“{plain(point.score.quote)}” {span_text(point.score.audio_start_ms)}".rstrip()
            yield Hanging(f"{_INDENT}  ", Text(quote, style="italic"))


def _timeline(document: ReportDocument, width: int) -> list[RenderableType]:
    end_ms = max(document.duration_ms, *(span.end_ms for span in document.spans), 1)
    columns = max(10, width - _LABEL_CHARS - 1)
    rows = [_heading(f"Who spoke when, 0:00 to {clock(end_ms)}")]
    for label, is_candidate, style in (("Interviewer", False, "cyan"), ("You", True, "green")):
        own = [span for span in document.spans if span.is_candidate is is_candidate]
        rows.append(Text.assemble(label.ljust(_LABEL_CHARS), (_row(own, end_ms, columns), style)))
    return list(rows)


def _row(spans: Iterable[VoiceSpan], end_ms: int, columns: int) -> str:
    cells = ["·"] * columns
    for span in spans:
        first = min(columns - 1, span.start_ms * columns // end_ms)
        last = min(columns - 1, max(span.start_ms, span.end_ms - 1) * columns // end_ms)
        cells[first : last + 1] = "█" * (last + 1 - first)
    return "".join(cells)


def _steps(document: ReportDocument) -> Iterable[RenderableType]:
    for number, step in enumerate(next_steps(document), start=1):
        yield Hanging(f"{number}. ", Text(step.title, style="bold"))
        yield Hanging(_INDENT, Text(f"{step.evidence} {span_text(step.at_ms)}".rstrip()))
        yield Hanging(f"{_INDENT}$ ", Text(step.command, style="cyan"), "dim")


def _bar(score: float | None) -> Text:
    """A score as a bar of fixed width; empty and dim when there is none."""
    if score is None:
        return Text("░" * BAR_CHARS, style="dim")
    full = round(min(1.0, max(0.0, score)) * BAR_CHARS)
    style = "green" if score >= GOOD_SCORE else "yellow" if score >= FAIR_SCORE else "red"
    return Text.assemble(("█" * full, style), ("░" * (BAR_CHARS - full), "dim"))


def _heading(text: str) -> Text:
    return Text(text, style="bold")


def _labelled(label: str, text: str, style: str = "") -> RenderableType:
    return Hanging(label.ljust(_LABEL_CHARS), Text(text, style=style), "bold")
