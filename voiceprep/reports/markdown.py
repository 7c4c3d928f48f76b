"""The report as Markdown. Every recorded word is escaped: it can neither format nor link nor run anything."""

from collections.abc import Iterator

from voiceprep.language.plaintext import clock, escape_markdown
from voiceprep.recordings.comparison import Comparison
from voiceprep.reports.audit_lines import audit_lines, second_look_lines
from voiceprep.reports.coach import next_steps
from voiceprep.reports.comparison import change_text
from voiceprep.reports.document import ReportDocument, ReportedPoint, ReportedQuestion
from voiceprep.reports.methods import DELIVERY_METHODS
from voiceprep.reports.phrases import (
    delivery_lines,
    flag_text,
    latency_text,
    outcome_text,
    overall_lines,
    score_text,
    span_text,
    star_evidence,
)


def render_markdown(document: ReportDocument) -> str:
    """The whole report, ending with a line break."""
    lines = [
        f"# Interview report: {escape_markdown(document.bank_title)}",
        "",
        f"- Session: {escape_markdown(document.session_id)}",
        f"- Started: {document.started_at:%Y-%m-%d %H:%M} UTC, {clock(document.duration_ms)} long",
        f"- Mode: {escape_markdown(document.mode)}, {outcome_text(document.outcome)}",
        f"- Judge: {escape_markdown(document.judge)}",
        f"- Folder: {escape_markdown(str(document.folder))}",
        *([f"- Simulated candidate: {escape_markdown(document.candidate)}"] if document.candidate else []),
        *(f"- Problem: {escape_markdown(problem)}" for problem in document.problems),
        "",
        f"## Overall: {'not scored' if document.overall is None else f'{document.overall:.2f}'}",
        "",
        *(f"- {line}" for line in overall_lines(document)),
    ]
    for number, question in enumerate(document.questions, start=1):
        lines += ["", *_question(number, question)]
    if document.delivery is not None:
        lines += [
            "",
            "## Delivery",
            "",
            *(f"- {escape_markdown(line)}" for line in delivery_lines(document.delivery)),
            "",
            escape_markdown(" ".join(DELIVERY_METHODS)),
        ]
    if document.audit is not None:
        found = audit_lines(document.audit)
        found += second_look_lines(document.second_look) if document.second_look else ()
        lines += ["", "## Interviewer", "", *(f"- {escape_markdown(line)}" for line in found)]
    if document.comparison is not None:
        lines += ["", "## Compared with the earlier answer", "", *_comparison(document.comparison)]
    lines += ["", "## Latency and cost", "", f"- {latency_text(document)}", f"- Cost: ${document.cost_usd:.2f}"]
    lines += ["", "## What to do next", "", *_steps(document)]
    return "\n".join(lines) + "\n"


def _question(number: int, question: ReportedQuestion) -> Iterator[str]:
    yield f"## {number}. {escape_markdown(question.question.text)}"
    if question.asked_by:
        yield from ("", f"Asked by {escape_markdown(question.asked_by)}.")
    yield ""
    yield f"**Score: {score_text(question)}**"
    yield ""
    for flag in question.flags:
        yield f"- {escape_markdown(flag_text(flag, question))}"
    yield from (_point(point) for point in question.points)
    yield from (f"- Story, {escape_markdown(star_evidence(coverage))}" for coverage in question.star)
    for follow_up in question.follow_ups:
        yield f"- Follow-up asked: {escape_markdown(follow_up)}"
    yield ""
    yield "Your answer" + _span(question) + ":"
    yield ""
    yield f"> {escape_markdown(question.answer) or '(no words were heard)'}"


def _comparison(comparison: Comparison) -> Iterator[str]:
    earlier = escape_markdown(comparison.before.session)
    yield f"- {comparison.verdict.value.capitalize()}; the earlier session is {earlier}"
    for point in comparison.points:
        yield f"- {escape_markdown(point.text)}: {change_text(point)}"


def _steps(document: ReportDocument) -> Iterator[str]:
    for number, step in enumerate(next_steps(document), start=1):
        yield f"{number}. **{escape_markdown(step.title)}**"
        yield f"   {escape_markdown(step.evidence)} {span_text(step.at_ms)}".rstrip()
        yield f"   Drill: {escape_markdown(step.command)}"


def _point(point: ReportedPoint) -> str:
    text = escape_markdown(point.point.text)
    if point.score is None:
        return f"- Not scored: {text}"
    if not point.is_credited:
        return f"- ✗ Missing: {text}"
    quote = f": “{escape_markdown(point.score.quote)}”" if point.score.quote else ""
    return f"- ✓ {text}{quote} {span_text(point.score.audio_start_ms)}".rstrip()


def _span(question: ReportedQuestion) -> str:
    if question.answer_start_ms is None or question.answer_end_ms is None:
        return ""
    return f", {clock(question.answer_start_ms)}–{clock(question.answer_end_ms)}"
