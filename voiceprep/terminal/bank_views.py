"""Shows question banks. Must not know sessions."""

import json
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from voiceprep.banks import find_bank, find_source, lint_bank, list_banks
from voiceprep.errors import ExitCode
from voiceprep.model import Bank, Question
from voiceprep.plaintext import plain
from voiceprep.scoring.rubric_check import check_rubrics
from voiceprep.settings import load_settings
from voiceprep.wiring.choice import bank_folders_for


def list_all(environment: Mapping[str, str], is_json: bool) -> None:
    """Print every bank, one line each. Raises BankError."""
    banks = list_banks(bank_folders_for(load_settings(environment, {})))
    if is_json:
        print(json.dumps([_summary(bank) for bank in banks], ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("bank", "questions", "levels", "title"):
        table.add_column(heading, justify="right" if heading == "questions" else "left")
    for bank in banks:
        levels = [question.difficulty for question in bank.questions]
        table.add_row(bank.id, str(len(levels)), f"{min(levels)}–{max(levels)}", plain(bank.title))
    Console(highlight=False).print(table)


def show_one(environment: Mapping[str, str], name: str, is_json: bool) -> None:
    """Print one bank's questions by topic. Raises BankError."""
    bank = find_bank(name, bank_folders_for(load_settings(environment, {})))
    if is_json:
        print(
            json.dumps(_summary(bank) | {"questions": [_question(q) for q in bank.questions]}, ensure_ascii=False)
        )
        return
    console = Console(highlight=False)
    console.print(Text(plain(bank.title), style="bold"), Text(plain(bank.description)), sep="\n")
    for topic in dict.fromkeys(question.topic for question in bank.questions):
        console.print(Text(f"\n{topic}", style="bold cyan"))
        for question in (q for q in bank.questions if q.topic == topic):
            console.print(Text(f"  {question.id}  (level {question.difficulty})", style="bold"))
            console.print(Text(f"    {plain(question.text)}"))
            for point in question.key_points:
                part = f"{point.star.capitalize()}: " if point.star else ""
                console.print(Text(f"    · {part}{plain(point.text)}", style="dim"))
            for level, anchor in enumerate(question.anchors, 1):
                console.print(Text(f"    {level}  {plain(anchor)}", style="dim"))


def check_one(environment: Mapping[str, str], name: str, is_json: bool) -> ExitCode:
    """Print what is wrong with a bank as file:line; USAGE when something is. Raises BankError."""
    source = find_source(name, bank_folders_for(load_settings(environment, {})))
    findings = sorted((*lint_bank(source), *check_rubrics(source)), key=lambda each: each.line)
    if is_json:
        found = [{"path": str(f.path), "line": f.line, "message": f.message} for f in findings]
        print(json.dumps(found, ensure_ascii=False))
    else:
        for finding in findings:
            print(finding)
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
