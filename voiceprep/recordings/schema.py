"""The published JSON Schemas of the session folder; `python -m voiceprep.recordings.schema` writes them anew.

Generated from the dataclasses, so they cannot say anything else than the code does.
"""

import json
from pathlib import Path

from voiceprep.recordings.codec import event_schema, json_schema
from voiceprep.recordings.comparison import Comparison
from voiceprep.recordings.egress import EgressFile
from voiceprep.recordings.info import AuditFile, DeliveryFile, ScoresFile, SessionInfo
from voiceprep.recordings.reviews import ScheduleFile
from voiceprep.recordings.rooms import RoomEntry
from voiceprep.recordings.second_look import SecondLook
from voiceprep.recordings.self_scores import SelfScoresFile
from voiceprep.recordings.transcript import TranscriptFile

SCHEMA_FOLDER = Path(__file__).parent / "schemas"


def render_schemas() -> dict[str, str]:
    """File name → JSON text, for every JSON file of a session, a journal line and the imported schedule."""
    schemas = {
        "session.schema.json": json_schema(SessionInfo),
        "event.schema.json": event_schema(),
        "transcript.schema.json": json_schema(TranscriptFile),
        "scores.schema.json": json_schema(ScoresFile),
        "delivery.schema.json": json_schema(DeliveryFile),
        "audit.schema.json": json_schema(AuditFile),
        "comparison.schema.json": json_schema(Comparison),
        "second-look.schema.json": json_schema(SecondLook),
        "self-scores.schema.json": json_schema(SelfScoresFile),
        "schedule.schema.json": json_schema(ScheduleFile),
        "egress.schema.json": json_schema(EgressFile),
        "room.schema.json": json_schema(RoomEntry),
    }
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {name: json.dumps(dialect | schema, indent=2) + "\n" for name, schema in schemas.items()}


def write_schemas(folder: Path = SCHEMA_FOLDER) -> None:
    """Bring the published files up to date."""
    folder.mkdir(exist_ok=True)
    for name, text in render_schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_schemas()
