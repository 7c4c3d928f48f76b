"""A bank for other tools: flash cards for Anki, Markdown to read. Must not know files."""

from collections.abc import Iterator

from voiceprep.language.plaintext import escape_cell, escape_markdown, plain
from voiceprep.model import Bank, Question


def render_anki(bank: Bank) -> str:
    """Notes to import: front, back and tags, separated by tabs (Anki's text format)."""
    lines = ["#separator:tab", "#html:true", f"#deck:{plain(bank.title)}", "#tags column:3"]
    for question in bank.questions:
        points = "".join(f"<li>{escape_cell(point.text)}</li>" for point in question.key_points)
        back = f"<ul>{points}</ul>{escape_cell(question.reference)}"
        tags = f"{bank.id} {plain(question.topic).replace(' ', '-')} level-{question.difficulty}"
        lines.append("\t".join((escape_cell(question.text), back, tags)))
    return "\n".join(lines) + "\n"


def render_bank_markdown(bank: Bank) -> str:
    """Every question with its key points, traps and reference answer, by topic."""
    lines = [f"# {escape_markdown(bank.title)}", "", escape_markdown(bank.description)]
    for topic in dict.fromkeys(question.topic for question in bank.questions):
        lines += ["", f"## {escape_markdown(topic)}"]
        for question in bank.questions:
            if question.topic == topic:
                lines += ["", *_question(question)]
    return "\n".join(lines) + "\n"


def _question(question: Question) -> Iterator[str]:
    yield f"### {escape_markdown(question.text)}"
    yield ""
    yield f"{escape_markdown(question.id)}, level {question.difficulty}, {question.answer_seconds} s"
    yield ""
    total = sum(point.weight for point in question.key_points)
    for point in question.key_points:
        yield f"- {escape_markdown(point.text)} ({point.weight / total:.0%})"
    for belief in question.misconceptions:
        yield f"- Trap: {escape_markdown(belief.text)}"
    for level, anchor in enumerate(question.anchors, start=1):
        yield f"- Level {level}: {escape_markdown(anchor)}"
    if question.reference:
        yield ""
        yield escape_markdown(question.reference)
    for source in question.sources:
        yield ""
        yield f"Source: {escape_markdown(source)}"
