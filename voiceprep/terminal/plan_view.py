"""Shows what would be asked and why. Must not know sessions."""

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from voiceprep.conduct.planning import Plan, expected_ms
from voiceprep.language.plaintext import plain


def show_plan(plan: Plan, is_json: bool) -> None:
    """Print a plan with its reasons, for people or as one JSON document."""
    if is_json:
        print(json.dumps(plan_json(plan)))
        return
    console = Console(highlight=False)
    minutes = plan.expected_ms / 60_000
    limit = "" if plan.limit_ms is None else f" of {plan.limit_ms / 60_000:g}"
    filling = " More follow while there is time." if plan.is_filling else ""
    console.print(Text(plain(plan.bank_title), style="bold"))
    console.print(
        Text(
            f"{len(plan.questions)} questions, about {minutes:.0f}{limit} minutes, interviewer "
            f"{plan.interviewer.name}, seed {plan.seed}.{filling}",
            style="dim",
        )
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column()
    for number, (question, note) in enumerate(zip(plan.questions, plan.notes, strict=True), start=1):
        asked = Text(plain(question.text))
        if person := plan.asker(number).person:
            asked = Text(f"{person}: ").append_text(asked)
        asked.append(f"\n{plain(note.reason)}", style="dim")
        table.add_row(f"{number}.", asked)
    console.print(table)


def plan_json(plan: Plan) -> dict[str, object]:
    """The content of `--plan --json`."""
    return {
        "schema_version": 1,
        "bank": plan.bank_id,
        "seed": plan.seed,
        "persona": plan.interviewer.name,
        "limit_ms": plan.limit_ms,
        "expected_ms": plan.expected_ms,
        "is_filling": plan.is_filling,
        "questions": [
            {
                "id": question.id,
                "topic": question.topic,
                "difficulty": question.difficulty,
                "text": question.text,
                "expected_ms": expected_ms(question),
                "role": note.role.value,
                "reason": note.reason,
                "is_fixed": note.is_fixed,
                "sources": list(question.sources),
                "interviewer": plan.asker(number).person,
            }
            for number, (question, note) in enumerate(zip(plan.questions, plan.notes, strict=True), start=1)
        ],
        "reserve": [question.id for question in plan.reserve],
    }
