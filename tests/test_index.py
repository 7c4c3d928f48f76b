"""The index over session folders: always in step with them, never in the way, and nothing is lost with it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.commands import run
from voiceprep.errors import RecordingError
from voiceprep.model import AnswerEnd, Outcome
from voiceprep.recordings.codec import encode
from voiceprep.recordings.derived import rebuild_derived
from voiceprep.recordings.history import Filter, Order, search, select_results, select_sessions
from voiceprep.recordings.index import INDEX_NAME, open_index
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.removal import remove_session

EVERYTHING = Filter()


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three sessions of the same content on three days; the second has no scores, the third another bank."""
    first = sample.record_session(tmp_path).folder
    for day, bank in (("20260302", "sample-bank"), ("20260303", "other-bank")):
        copy = tmp_path / f"{day}T183000Z-{bank}-00ff"
        shutil.copytree(first, copy)
        info = load_info(copy)
        at = info.started_at.replace(day=int(day[-1]))
        (copy / "session.json").write_bytes(encode(replace(info, id=copy.name, bank_id=bank, started_at=at)))
    for scores in (tmp_path / "20260302T183000Z-sample-bank-00ff").glob("scores-*"):
        scores.unlink()
    return tmp_path


def _dump(recordings: Path) -> list[tuple[object, ...]]:
    """Everything a person can see of the index."""
    with open_index(recordings) as index:
        tables = "sessions questions points cards texts".split()
        content = [row[1:] for table in tables for row in index.connection.execute(f"SELECT * FROM {table}")]
        return sorted((*content, *index.connection.execute("SELECT * FROM lines")), key=repr)


def _names(recordings: Path, wanted: Filter = EVERYTHING, order: Order = Order.NEWEST) -> list[str]:
    with open_index(recordings) as index:
        return [session.name[:8] for session in select_sessions(index, wanted, order, 0)]


def test_sessions_are_listed_newest_first_with_what_they_were_worth(recordings: Path) -> None:
    with open_index(recordings) as index:
        newest, unscored, oldest = select_sessions(index, EVERYTHING, Order.NEWEST, 0)
    assert (newest.bank, newest.duration_ms) == ("other-bank", 30_000)
    assert newest.overall == pytest.approx(1 / 3)
    assert (oldest.low, oldest.high, oldest.asked_count, oldest.scored_count) == (0.0, 0.81, 2, 2)
    assert (unscored.overall, unscored.scored_count, unscored.asked_count) == (None, 0, 2)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(bank="other-bank"), ["20260303"]),
        (Filter(topic="http"), ["20260303", "20260302", "20260301"]),
        (Filter(topic="nothing"), []),
        (Filter(since="2026-03-02"), ["20260303", "20260302"]),
        (Filter(until="2026-03-01"), ["20260301"]),
        (Filter(since="2026-03-02", until="2026-03-02"), ["20260302"]),
        (Filter(min_score=0.3), ["20260303", "20260301"]),
        (Filter(max_score=0.3), []),
        (Filter(outcome="completed", mode="cascaded"), ["20260303", "20260302", "20260301"]),
        (Filter(mode="s2s"), []),
    ],
)
def test_filters(recordings: Path, wanted: Filter, names: list[str]) -> None:
    assert _names(recordings, wanted) == names


def test_orders(recordings: Path) -> None:
    assert _names(recordings, order=Order.OLDEST) == ["20260301", "20260302", "20260303"]
    assert _names(recordings, order=Order.BEST)[-1] == "20260302", "what has no score comes last"
    assert _names(recordings, order=Order.WORST)[-1] == "20260302"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("same effect", 3),
        ("SAME", 3),
        ('"same effect as once"', 3),
        ('"effect same"', 0),
        ("effec", 3),
        ("delete put", 3),
        ("banana", 0),
        ('") OR text:(', 0),
        ("* ^ NEAR( -", 0),
        ("", 0),
    ],
)
def test_search_takes_words_phrases_and_beginnings_and_no_syntax(recordings: Path, words: str, count: int) -> None:
    with open_index(recordings) as index:
        found = search(index, words, EVERYTHING, 0)
    assert len(found) == count
    assert all("\x02" in place.excerpt for place in found)


def test_found_places_can_be_played(recordings: Path) -> None:
    with open_index(recordings) as index:
        place = search(index, "twice", Filter(bank="other-bank"), 1)[0]
    assert (place.voice, place.start_ms, place.question) == ("candidate", 6_000, "idempotent")
    assert place.folder.is_dir()


def test_what_changes_in_a_folder_is_seen_and_what_goes_is_forgotten(recordings: Path) -> None:
    assert len(_names(recordings)) == 3
    unscored = recordings / "20260302T183000Z-sample-bank-00ff"
    rebuild_derived(load_session(unscored), sample.scores)
    shutil.rmtree(recordings / "20260301T183000Z-sample-bank-00ff")
    with open_index(recordings) as index:
        sessions = select_sessions(index, EVERYTHING, Order.OLDEST, 0)
        found = search(index, "twice", EVERYTHING, 0)
    assert [session.name[:8] for session in sessions] == ["20260302", "20260303"]
    assert [session.overall for session in sessions] == pytest.approx([1 / 3, 1 / 3])
    assert len(found) == 2


def test_an_index_that_is_deleted_broken_or_of_another_version_is_made_anew(recordings: Path) -> None:
    before = _dump(recordings)
    path = recordings / INDEX_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    for harm in (b"", b"not a database at all" * 100, path.read_bytes()[:5_000]):
        path.write_bytes(harm)
        assert _dump(recordings) == before
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert _dump(recordings) == before
    path.unlink()
    assert _dump(recordings) == before


def test_a_purged_session_leaves_no_word_in_the_index(recordings: Path) -> None:
    _dump(recordings)
    assert b"twice" in (recordings / INDEX_NAME).read_bytes()
    for folder in recordings.glob("2026*"):
        remove_session(folder)
    assert _names(recordings) == []
    assert b"twice" not in (recordings / INDEX_NAME).read_bytes()


def test_where_nothing_can_be_written_the_index_is_in_memory(recordings: Path) -> None:
    (recordings / INDEX_NAME).mkdir()
    assert len(_names(recordings)) == 3


def test_a_session_that_cannot_be_read_is_listed_with_the_reason(recordings: Path) -> None:
    (recordings / "20260303T183000Z-other-bank-00ff" / "session.json").write_text("{")
    with open_index(recordings) as index:
        broken = select_sessions(index, EVERYTHING, Order.NEWEST, 1)[0]
    assert broken.started_at == "2026-03-03T18:30:00+00:00"
    assert broken.outcome == "unreadable"
    assert "not a valid session description" in broken.problem


def test_sessions_without_transcript_files_are_read_from_their_journal(recordings: Path) -> None:
    before = _dump(recordings)
    for transcript in recordings.glob("*/transcript.*"):
        transcript.unlink()
    assert _dump(recordings) == before


def test_a_session_in_which_no_word_was_heard_is_no_evidence(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    record = load_session(folder)
    silent = [
        replace(turn, answer=sample.answer("", 9_000, AnswerEnd.SILENT)) if turn.answer else turn
        for turn in record.turns
    ]
    rebuild_derived(replace(record, turns=tuple(silent)))
    with open_index(tmp_path) as index:
        assert select_results(index, EVERYTHING) == ()


def test_several_processes_may_use_it_at_once(recordings: Path) -> None:
    """Each makes it anew while the others read."""
    code = (
        "import sys; from pathlib import Path; from voiceprep.recordings.index import open_index\n"
        "for _ in range(5):\n"
        "    with open_index(Path(sys.argv[1]), is_new=sys.argv[2] == 'new') as index:\n"
        "        assert index.connection.execute('SELECT count(*) FROM sessions').fetchone()[0] == 3"
    )
    command = [sys.executable, "-c", code, str(recordings)]
    running = [
        subprocess.Popen([*command, "new" if number % 2 else "old"], stderr=subprocess.PIPE) for number in range(4)
    ]
    errors = [process.communicate(timeout=100)[1].decode() for process in running]
    assert errors == [""] * 4
    assert len(_names(recordings)) == 3


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError):
        open_index(tmp_path / "file")


# ---------------------------------------------------------------------------------------- the command


def test_history_shows_a_line_a_session_in_80_columns(recordings: Path) -> None:
    done = run("history", "--recordings", recordings, changes={"COLUMNS": "80"})
    assert done.code == 0
    lines = done.out.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["2026-03-03", "18:30", "0:30", "0.33", "2/2", "other-bank", "00ff"]


def test_history_as_json_and_limited(recordings: Path) -> None:
    content = json.loads(run("history", "--recordings", recordings, "--json", "--limit", "1").out)
    assert content["total"] == 3
    assert content["sessions"][0]["interval"] == [0.0, 0.81]
    assert Path(content["sessions"][0]["folder"]).is_dir()
    assert "1 of 3 sessions" in run("history", "--recordings", recordings, "--limit", "1").out


def test_history_finds_what_was_said(recordings: Path) -> None:
    done = run("history", "--search", "twice", "--bank", "other-bank", "--recordings", recordings)
    assert "00ff [0:06] you: sending it twice has" in done.out
    content = json.loads(run("history", "--search", "twice", "--json", "--recordings", recordings).out)
    assert content["found"][0]["start_ms"] == 6_000
    assert not set(content["found"][0]["excerpt"]) & {"\x02", "\x03"}


def test_history_without_sessions_says_so(tmp_path: Path) -> None:
    done = run("history", "--recordings", tmp_path / "nothing")
    assert (done.code, done.out) == (0, f"No session in {tmp_path / 'nothing'}.\n")
    assert not (tmp_path / "nothing").exists()


def test_an_interrupted_session_is_listed_as_what_it_is(recordings: Path) -> None:
    folder = recordings / "20260303T183000Z-other-bank-00ff"
    (folder / "session.json").write_bytes(encode(replace(load_info(folder), outcome=Outcome.RUNNING)))
    os.utime(folder)
    assert run("history", "--recordings", recordings).out.splitlines()[0].endswith("running")


LOADED = """
import sys
sys.argv = ["voiceprep", *sys.argv[1:]]
from voiceprep.cli import main
try:
    main()
finally:
    print(*sorted(name for name in sys.modules if name.startswith(("numpy", "voiceprep."))), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("command", "too_heavy"),
    [
        ("history", {"numpy", "voiceprep.model", "voiceprep.recordings.codec"}),
        ("due", {"numpy", "voiceprep.model", "voiceprep.recordings.codec", "voiceprep.practice.schedule"}),
        ("report", {"numpy", "voiceprep.ports", "voiceprep.scoring.offline", "voiceprep.wiring.choice"}),
    ],
)
def test_reading_commands_load_little(recordings: Path, command: str, too_heavy: set[str]) -> None:
    """With 10,000 sessions they have 300 ms in all: see benchmarks/history.py."""
    line = [sys.executable, "-c", LOADED, command, "--recordings", str(recordings)]
    for folder in recordings.glob("2026*"):
        os.utime(folder, (1_000_000_000, 1_000_000_000))
    for _ in range(2):
        done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=100)
    assert set(done.stderr.split()) & too_heavy == set()
