"""A bank as YAML that nobody has reviewed yet. Must not know where its questions come from."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import yaml

from voiceprep.model import Question

LINE_CHARS = 110


def render_draft(bank_id: str, origin: str, questions: Sequence[Question], schema: str) -> str:
    """The file. `origin`: what it was made from, in a few words; `schema`: where the bank's JSON Schema is."""
    content = {
        "id": bank_id,
        "title": bank_id.replace("-", " ").capitalize(),
        "description": f"Drafted from {origin}.",
        "draft": True,
        "questions": [_filled(asdict(question)) for question in questions],
    }
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=LINE_CHARS)
    return (
        f"# yaml-language-server: $schema={schema}\n"
        f"# A draft. Read and correct every question; `voiceprep banks check {bank_id}` shows where to look.\n"
        f"# Then take out the line `draft: true`: until then the bank is used only where --bank names it.\n{body}"
    )


def _filled(value: Any) -> Any:  # noqa: ANN401 - plain values of any kind
    """Plain values for YAML, without what is empty."""
    if isinstance(value, dict):
        kept = {key: _filled(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in ("", None, [])}
    if isinstance(value, list | tuple):
        return [_filled(each) for each in value]
    return str(value) if isinstance(value, str) else value
