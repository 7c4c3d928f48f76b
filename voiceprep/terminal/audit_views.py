"""Says how the interviewer of a session did, with a model's second look where one is wanted. Holds no session."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from voiceprep.errors import RecordingError
from voiceprep.language.plaintext import plain
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.second_look import save_second_look
from voiceprep.reports.audit_lines import audit_lines, finding_text, second_look_lines
from voiceprep.settings import load_settings
from voiceprep.wiring.choice import keys_for
from voiceprep.wiring.places import recordings_for, seal_for
from voiceprep.wiring.second_look import look_again


def audit_session(
    environment: Mapping[str, str], recordings: str | None, which: str, judge: str | None, is_json: bool
) -> None:
    """Print the audit; with `judge` a model looks too, and what it found is kept. Raises VoiceprepError."""
    settings = load_settings(environment, {"recordings": recordings})
    with open_session(find_session(recordings_for(settings), which), seal_for(settings)) as opened:
        record = load_session(opened.folder)
        if record.audit is None:
            raise RecordingError(f"{record.info.id} has no audit yet.", f"Run: voiceprep recover {record.info.id}")
        look, cost_usd = record.second_look, 0.0
        if judge is not None:
            look, cost_usd = look_again(judge, record, settings, keys_for(environment))
            save_second_look(opened.folder, look)
    if is_json:
        found = {"audit": asdict(record.audit), "second_look": None if look is None else asdict(look)}
        print(json.dumps({"session": record.info.id, **found, "cost_usd": cost_usd}, ensure_ascii=True))
        return
    lines = [*audit_lines(record.audit), *map(finding_text, record.audit.findings)]
    lines += second_look_lines(look) if look else []
    print("\n".join(map(plain, lines)))
    if cost_usd:
        print(f"${cost_usd:.4f}")
