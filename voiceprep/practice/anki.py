"""What was missed, as notes for Anki's text import: the question in front, what was left out behind.

Must not know Anki's database; the text format is documented at docs.ankiweb.net/importing/text-files.html.
"""

from hashlib import sha256
from itertools import groupby

from voiceprep.errors import VoiceprepError
from voiceprep.language.plaintext import escape_cell, plain
from voiceprep.recordings.age import NO_SEAL
from voiceprep.recordings.index import SessionIndex
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.opening import open_session

_HEADER = "#separator:tab\n#html:true\n#notetype:Basic\n#deck:voiceprep\n#guid column:1\n#tags column:4\n"


def render_anki(index: SessionIndex) -> tuple[str, int]:
    """The text and how many notes it has: one per question of which a key point was missing last time."""
    rows = index.connection.execute(
        "SELECT cards.bank, cards.question, asked.text, asked.topic, asked.session, texts.text FROM cards "
        "JOIN texts USING (bank, question, point) "
        "JOIN texts AS asked ON asked.bank = cards.bank AND asked.question = cards.question AND asked.point = '' "
        "WHERE cards.point != '' AND last_rating = 1 ORDER BY cards.bank, cards.question, cards.point"
    )
    notes = []
    for (bank, question, text, topic, session), points in groupby(rows, key=lambda row: row[:5]):
        missed = "".join(f"<li>{escape_cell(row[5])}</li>" for row in points)
        reference = _reference(index, session, question)
        answer = f"<ul>{missed}</ul>" + (f"<p>{escape_cell(reference)}</p>" if reference else "")
        tags = " ".join(_tag(name) for name in ("voiceprep", bank, topic) if name)
        guid = sha256(f"voiceprep\0{bank}\0{question}".encode()).hexdigest()[:16]
        notes.append("\t".join((guid, escape_cell(text), answer, tags)))
    return _HEADER + "".join(f"{note}\n" for note in notes), len(notes)


def _tag(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in plain(name))


def _reference(index: SessionIndex, session: str, question_id: str) -> str:
    """The model answer as the latest session planned it; empty when that is gone."""
    if not session:
        return ""
    try:
        with open_session(index.recordings_dir / session, index.seal or NO_SEAL, has_audio=False) as opened:
            plan = load_info(opened.folder).plan
    except VoiceprepError:
        return ""
    return next((question.reference for question in plan if question.id == question_id), "")
