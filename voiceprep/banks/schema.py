"""The published JSON Schema of a bank file, for editors; `python -m voiceprep.banks.schema` writes it anew.

Generated from the nouns of model.py, so it cannot say anything else than the reader does.
"""

import json
from pathlib import Path
from typing import Any

from voiceprep.banks.entry import ID_PATTERN
from voiceprep.banks.reading import ANCHOR_LEVELS, MAX_ANSWER_SECONDS, MIN_ANSWER_SECONDS
from voiceprep.model import Bank

SCHEMA_PATH = Path(__file__).parent / "bank.schema.json"


def render_schema() -> str:
    """JSON text with its line break."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Bank).json_schema(mode="validation")
    nouns = schema["$defs"]
    for noun in (schema, *nouns.values()):
        if noun.get("type") == "object":
            noun["additionalProperties"] = False
            if "id" in noun["properties"]:
                noun["properties"]["id"]["pattern"] = f"^{ID_PATTERN.pattern}$"
    question = nouns["Question"]["properties"]
    question["difficulty"] |= {"minimum": 1, "maximum": 5}
    question["answer_seconds"] |= {"minimum": MIN_ANSWER_SECONDS, "maximum": MAX_ANSWER_SECONDS}
    question["anchors"] = _anchors()
    nouns["KeyPoint"]["properties"]["weight"] |= {"exclusiveMinimum": 0}
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "voiceprep question bank"}
    return json.dumps(schema | dialect, indent=2) + "\n"


def _anchors() -> dict[str, Any]:
    return {
        "description": "What answers of level 1 to 5 look like; for behavioural questions.",
        "type": "object",
        "properties": {level: {"type": "string"} for level in ANCHOR_LEVELS},
        "required": list(ANCHOR_LEVELS),
        "additionalProperties": False,
    }


def write_schema(path: Path = SCHEMA_PATH) -> None:
    """Bring the published file up to date."""
    path.write_text(render_schema(), encoding="utf-8")


if __name__ == "__main__":
    write_schema()
