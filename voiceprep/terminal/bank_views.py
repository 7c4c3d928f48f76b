"""Shows question banks. Must not know sessions."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from voiceprep.banks import find_bank, find_source, lint_bank, list_banks
from voiceprep.errors import ConfigError, ExitCode
from voiceprep.language.plaintext import plain
from voiceprep.model import Bank, Question
from voiceprep.reports.layout import Hanging
from voiceprep.scoring.rubric_check import check_rubrics
from voiceprep.settings import load_settings
from voiceprep.wiring.choice import bank_folders_for


def list_all(environment: Mapping[str, str], is_json: bool) -> None:
    """Print every bank, one line each. Raises BankError."""
    banks = list_banks(bank_folders_for(load_settings(environment, {})))
    if is_json:
        print(json.dumps([_summary(bank) for bank in banks]))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("bank", "questions", "levels", "title"):
        table.add_column(heading, justify="right" if heading == "questions" else "left")
    for bank in banks:
        levels = [question.difficulty for question in bank.questions]
        table.add_row(
            bank.id,
            str(len(levels)),
            f"{min(levels)}–{max(levels)}",
            f"{plain(bank.title)}{' (draft)' if bank.draft else ''}",
        )
    Console(highlight=False).print(table)


def show_one(environment: Mapping[str, str], name: str, question_id: str | None, is_json: bool) -> None:
    """Print one bank's questions by topic, or one question whole. Raises BankError, ConfigError."""
    bank = find_bank(name, bank_folders_for(load_settings(environment, {})))
    chosen = bank.questions if question_id is None else (_find_question(bank, question_id),)
    if is_json:
        print(json.dumps(_summary(bank) | {"questions": [_question(q) for q in chosen]}))
        return
    console = Console(highlight=False)
    if question_id is not None:
        console.print(Group(*_whole(chosen[0])))
        return
    console.print(Text(plain(bank.title), style="bold"), Text(plain(bank.description)), sep="\n")
    for topic in dict.fromkeys(question.topic for question in chosen):
        console.print(Text(f"\n{plain(topic)}", style="bold cyan"))
        for question in (q for q in chosen if q.topic == topic):
            console.print(Hanging("  ", Text(f"{question.id}  (level {question.difficulty})", style="bold")))
            console.print(Hanging("    ", Text(plain(question.text))))
            console.print(Group(*_points(question, "dim")))


def _find_question(bank: Bank, question_id: str) -> Question:
    questions = {question.id: question for question in bank.questions}
    if question_id not in questions:
        close = get_close_matches(question_id, questions, 3)
        hint = f"Did you mean {', '.join(close)}?" if close else f"See `voiceprep banks show {bank.id}`."
        raise ConfigError(f"{bank.id} has no question {question_id!r}.", hint)
    return questions[question_id]


def _points(question: Question, style: str = "") -> Iterator[RenderableType]:
    total = sum(point.weight for point in question.key_points)
    for point in question.key_points:
        part = f"{point.star.capitalize()}: " if point.star else ""
        text = f"{part}{plain(point.text)} ({point.weight / total * 100:.0f} %)"
        yield Hanging("    · ", Text(text, style=style))
    for level, anchor in enumerate(question.anchors, 1):
        yield Hanging(f"    {level}  ", Text(plain(anchor), style=style))


def _whole(question: Question) -> Iterator[RenderableType]:
    facts = (question.topic, question.kind.value, f"level {question.difficulty}", f"{question.answer_seconds} s")
    yield Text(plain(question.text), style="bold")
    yield Text(" · ".join(plain(fact) for fact in facts), style="dim")
    yield Text("\nKey points", style="bold cyan")
    yield from _points(question)
    for point in question.key_points:
        if point.probe:
            yield Hanging("    ? ", Text(plain(point.probe), style="dim"))
    if question.misconceptions:
        yield Text("\nTraps", style="bold cyan")
        yield from (Hanging("    ✗ ", Text(plain(belief.text))) for belief in question.misconceptions)
    if question.reference:
        yield Text("\nA good answer", style="bold cyan")
        yield Hanging("    ", Text(plain(question.reference)))
    for example in question.examples:
        yield Text(f"\nExample, {example.level}", style="bold cyan")
        yield Hanging("    ", Text(plain(example.text)))
    for source in question.sources:
        yield Hanging("    ", Text(plain(source), style="dim"))


def check_one(environment: Mapping[str, str], name: str, is_json: bool) -> ExitCode:
    """Print what is wrong with a bank as file:line; USAGE when something is. Raises BankError."""
    source = find_source(name, bank_folders_for(load_settings(environment, {})))
    findings = sorted((*lint_bank(source), *check_rubrics(source)), key=lambda each: each.line)
    if is_json:
        found = [{"path": str(f.path), "line": f.line, "message": f.message} for f in findings]
        print(json.dumps(found))
    else:
        for finding in findings:
            print(plain(str(finding)))
        if not findings:
            print(f"{source.bank.id}: {len(source.bank.questions)} questions, nothing to complain about.")
    return ExitCode.USAGE if findings else ExitCode.DONE


def _summary(bank: Bank) -> dict[str, object]:
    return {
        "id": bank.id,
        "title": bank.title,
        "description": bank.description,
        "topics": sorted({question.topic for question in bank.questions}),
        "question_count": len(bank.questions),
        "draft": bank.draft,
    }


def _question(question: Question) -> dict[str, object]:
    return {
        "id": question.id,
        "topic": question.topic,
        "kind": question.kind.value,
        "difficulty": question.difficulty,
        "text": question.text,
        "key_points": [
            {"id": p.id, "text": p.text, "weight": p.weight, "star": p.star} for p in question.key_points
        ],
        "anchors": question.anchors,
    }
