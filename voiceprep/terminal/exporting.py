"""Takes sessions out: one archive with everything a person may want to keep or pass on."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from voiceprep.errors import RecordingError
from voiceprep.recordings.archive import Packed, write_archive
from voiceprep.recordings.folder import find_session, session_folders
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.transcript import render_markdown, render_vtt, transcript_of
from voiceprep.reports.document import build_document, render_json
from voiceprep.reports.markdown import render_markdown as render_report_markdown
from voiceprep.settings import load_settings
from voiceprep.terminal.report_views import REPORT_HTML
from voiceprep.wiring.places import recordings_for, seal_for

EVERY_SESSION = "all"


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """`out` None: a name of its own in the working folder."""

    which: str
    out: Path | None = None
    has_audio: bool = True
    is_json: bool = False


def export(environment: Mapping[str, str], recordings: str | None, order: ExportOrder) -> None:
    """Write one archive of one session or of all. Raises RecordingError."""
    settings = load_settings(environment, {"recordings": recordings})
    folder = recordings_for(settings)
    chosen = session_folders(folder) if order.which == EVERY_SESSION else (find_session(folder, order.which),)
    if not chosen:
        raise RecordingError(f"There is no session in {folder}.", "Name another folder with --recordings DIR.")
    stem = "voiceprep-sessions" if order.which == EVERY_SESSION else chosen[0].resolve().name
    path = order.out or Path(f"{stem}.zip")
    with ExitStack() as stack:
        opened = [stack.enter_context(open_session(each, seal_for(settings))) for each in chosen]
        packed = [Packed(each.folder, _pages(each.folder, order.has_audio)) for each in opened]
        size_bytes = write_archive(path, packed, has_audio=order.has_audio)
    if order.is_json:
        print(json.dumps({"file": str(path), "size_bytes": size_bytes, "sessions": [each.name for each in chosen]}))
    else:
        sessions = f"{len(chosen)} session{'s' * (len(chosen) != 1)}"
        print(f"{path}: {sessions}, {size_bytes / 1e6:.1f} MB. It holds voice and words: keep it as safe as those.")


def _pages(folder: Path, has_audio: bool) -> dict[str, bytes]:
    """What is made of a session, made anew; nothing for one that cannot be read, whose files go out as they are."""
    from voiceprep.reports.html.rendering import beside, render_report

    try:
        record = load_session(folder)
    except RecordingError:
        return {}
    document = build_document(record)
    transcript = transcript_of(record.info, record.turns, record.provisional_turns)
    return {
        REPORT_HTML: render_report(document, beside(document) if has_audio else ()).encode(),
        "report.md": render_report_markdown(document).encode("utf-8", "replace"),
        "report.json": render_json(document).encode() + b"\n",
        "transcript.md": render_markdown(transcript),
        "transcript.vtt": render_vtt(transcript),
    }
