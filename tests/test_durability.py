"""What else happens to recordings: clocks that jump, sleep, two programs at once, synchronised drives."""

import ast
import asyncio
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import voiceprep
from tests import sample_session as sample
from tests.commands import hearing, run
from tests.consistency import inconsistencies
from tests.killed_session import hold_scripted
from voiceprep.errors import ExitCode, RecordingError
from voiceprep.events import SessionEnded, SessionStarted
from voiceprep.model import Outcome
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ
from voiceprep.recordings.files import write_private
from voiceprep.recordings.folder import find_session, session_folders
from voiceprep.recordings.listing import list_sessions
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.repair import RecoveryStatus, recover
from voiceprep.recordings.wav import HEADER_BYTES
from voiceprep.recordings.writer import SessionWriter
from voiceprep.wiring.records import finish, recover_folder
from voiceprep.wiring.resuming import earlier

PACKAGE = Path(voiceprep.__file__).parent


@pytest.fixture(scope="module")
def engine_session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held by the real engine, closed, nothing derived."""
    return asyncio.run(hold_scripted(tmp_path_factory.mktemp("engine")))


# ------------------------------------------------------------------------------ killed at random bytes


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))])
def test_a_whole_session_killed_at_random_bytes(tmp_path: Path, engine_session: Path, seed: int) -> None:
    """Fifty times a seed: journal, both tracks and the draft of the next session.json, all cut anywhere."""
    chance = random.Random(f"engine {seed}")
    whole = {path.name: path.read_bytes() for path in engine_session.iterdir()}
    running = whole["session.json"].replace(b'"outcome": "completed"', b'"outcome": "running"')
    assert running != whole["session.json"]
    for number in range(50):
        folder = tmp_path / str(number) / engine_session.name
        folder.mkdir(parents=True, mode=0o700)
        cuts = {name: chance.randint(0, len(data)) for name, data in whole.items()}
        (folder / "session.json").write_bytes(running)
        (folder / ".session.json.tmp").write_bytes(whole["session.json"][: cuts["session.json"]])
        for name in ("events.jsonl", "candidate.wav", "interviewer.wav"):
            (folder / name).write_bytes(whole[name][: cuts[name]])
        recover(folder)
        record = load_session(folder)
        assert record.is_complete, (cuts, record.problems)
        lines = whole["events.jsonl"][: cuts["events.jsonl"]].split(b"\n")[:-1]
        assert (folder / "events.jsonl").read_bytes().split(b"\n")[: len(lines)] == lines, cuts
        for name in ("candidate.wav", "interviewer.wav"):
            kept = whole[name][HEADER_BYTES : max(HEADER_BYTES, cuts[name] - cuts[name] % 2)]
            assert (folder / name).read_bytes()[HEADER_BYTES:].startswith(kept), cuts
        assert not list(folder.glob(".*")), cuts
        assert recover(folder).status is RecoveryStatus.NOT_NEEDED
        shutil.rmtree(folder)


@pytest.mark.parametrize("length", [0, 1, 40, 500])
def test_a_session_json_that_was_cut_is_named_and_nothing_is_touched(
    tmp_path: Path, engine_session: Path, length: int
) -> None:
    """It is replaced in one step, so only a broken disk or a person does this."""
    folder = Path(shutil.copytree(engine_session, tmp_path / engine_session.name))
    (folder / "session.json").write_bytes((folder / "session.json").read_bytes()[:length])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for command in ("recover", "report", "resume"):
        done = run(command, folder.name, "--recordings", tmp_path)
        assert done.code == ExitCode.RECORDING, command
        assert "restore session.json from a backup" in done.err, command
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


# ------------------------------------------------------------------------------------------- clocks

WALL_CLOCK = {"time.time", "time.localtime", "time.gmtime", "datetime.now", "datetime.utcnow", "date.today"}
TAKE_PART = ("session.py", "conduct", "turn_taking", "tasks.py", "engines", "audio", "recordings/writer.py")
ALSO = ("recordings/tracks.py", "recordings/wav.py", "recordings/journal.py", "recordings/turns.py")


def calls_of_the_wall_clock(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WALL_CLOCK:
            yield f"{path.relative_to(PACKAGE)}:{node.lineno}"


def test_nothing_that_runs_in_a_session_reads_the_wall_clock() -> None:
    """So that it may jump: times in a record are counted in samples. Only when a session began is asked of it."""
    paths = [path for name in (*TAKE_PART, *ALSO) for path in sorted((PACKAGE / name).rglob("*.py"))]
    paths += [PACKAGE / name for name in (*TAKE_PART, *ALSO) if name.endswith(".py")]
    assert len(paths) > 30
    assert [call for path in paths for call in calls_of_the_wall_clock(path)] == []


@pytest.mark.parametrize("jump", [timedelta(hours=-30), timedelta(days=400)])
def test_a_session_gone_on_with_after_the_clock_jumped_keeps_its_own_time(tmp_path: Path, jump: timedelta) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        writer.on_event(SessionStarted(at_ms=0, started_at=sample.STARTED_AT))
        for block in sample.blocks(80):
            writer.write_candidate(block)
        writer.on_event(SessionEnded(at_ms=80 * BLOCK_MS, outcome=Outcome.STOPPED, reason="interrupted"))
    before = load_session(writer.folder)
    begin_ms = earlier(before).end_ms
    with SessionWriter.resume(writer.folder) as again:
        again.on_event(SessionStarted(at_ms=begin_ms, started_at=sample.STARTED_AT + jump))
        for block in sample.blocks(80, first=80):
            again.write_candidate(block)
        again.on_event(SessionEnded(at_ms=160 * BLOCK_MS, outcome=Outcome.COMPLETED, reason="all questions done"))
    finish(writer.folder)
    assert inconsistencies(writer.folder) == []
    times_ms = [event.at_ms for event in load_session(writer.folder).events]
    assert times_ms == sorted(times_ms)
    stored = (writer.folder / "candidate.wav").stat().st_size - HEADER_BYTES
    assert stored == 160 * BLOCK_MS * MICROPHONE_RATE_HZ // 1000 * 2
    assert find_session(tmp_path, "last") == writer.folder


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs job control")
def test_a_process_that_was_asleep_goes_on_where_it_was(tmp_path: Path) -> None:
    """As after closing the lid: the monotonic clock jumps, audio time does not."""
    words = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "4", "--plain")
    with hearing("interview", *words, "--recordings", tmp_path) as child:
        child.send_signal(signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=2)
        child.send_signal(signal.SIGCONT)
        assert child.stdout is not None
        child.stdout.read()
        assert child.wait(timeout=100) == ExitCode.DONE
    (folder,) = session_folders(tmp_path)
    assert inconsistencies(folder) == []
    assert load_session(folder).info.outcome is Outcome.COMPLETED


# ------------------------------------------------------------------------------- two programs at once

RECOVER = """
import sys
from pathlib import Path
from voiceprep.wiring.records import recover_folder
recover_folder(Path(sys.argv[1]))
"""


def test_two_recoveries_of_one_session_at_the_same_time(tmp_path: Path, engine_session: Path) -> None:
    folder = Path(shutil.copytree(engine_session, tmp_path / engine_session.name))
    running = (folder / "session.json").read_bytes().replace(b'"completed"', b'"running"')
    (folder / "session.json").write_bytes(running)
    journal = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl").write_bytes(journal[: len(journal) // 2])
    both = [subprocess.Popen([sys.executable, "-c", RECOVER, str(folder)]) for _ in range(2)]
    assert [child.wait(timeout=100) for child in both] == [0, 0]
    recover_folder(folder)
    assert inconsistencies(folder) == []
    assert load_session(folder).info.outcome is Outcome.RECOVERED


def test_many_writers_of_one_file_never_leave_half_of_it(tmp_path: Path) -> None:
    contents = [bytes([number]) * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(20):
            list(threads.map(lambda content: write_private(tmp_path / "file", content), contents))
            assert (tmp_path / "file").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_sessions_that_begin_in_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        unnamed = [replace(sample.info(), id="")] * 8
        writers = list(threads.map(lambda info: SessionWriter.create(tmp_path, info), unnamed))
    for writer in writers:
        writer.close(Outcome.COMPLETED)
    assert len(session_folders(tmp_path)) == 8


def test_a_session_of_that_very_name_is_never_overwritten(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RecordingError):
        SessionWriter.create(tmp_path, sample.info())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


# --------------------------------------------------------------------------------- synchronised drives

CONFLICTS = (
    "events (conflicted copy 2026-03-01).jsonl",
    "events.sync-conflict-20260301-183000-ABCDEFG.jsonl",
    "session 2.json",
    "candidate (1).wav",
    "scores-offline-0123 (Ann's conflicted copy).json",
    "scores-offline-0123.sync-conflict-20260301-183000-ABCDEFG.json",
    ".DS_Store",
    ".dropbox.attr",
    "desktop.ini",
    "~$session.json",
    ".~lock.transcript.md#",
)


def test_what_a_synchronised_drive_adds_changes_nothing(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    before = load_session(folder)
    for name in CONFLICTS:
        (folder / name).write_bytes(b"half of somethi")
    scores = next(path for path in folder.glob("scores-*.json") if path.name not in CONFLICTS)
    older = scores.read_bytes().replace(b'"overall": 0.', b'"overall": 0.0')
    for name in CONFLICTS[4:6]:
        (folder / name).write_bytes(older)
    (folder / "conflicts").mkdir()
    (folder / "conflicts" / "session.json").write_text("{}")
    for name in ("sync-conflict-20260301", f"{folder.name} (1)", f"{folder.name}.sync-conflict-2", ".stfolder"):
        shutil.copytree(folder, tmp_path / name)
    assert load_session(folder) == before
    assert [summary.folder for summary in list_sessions(tmp_path)] == [folder]
    for words in (("report", "last"), ("recover",), ("history",), ("export", "--out", str(tmp_path / "out.zip"))):
        done = run(*words, "--recordings", tmp_path)
        assert done.code == ExitCode.DONE, done.err
    assert recover_folder(folder).status is RecoveryStatus.NOT_NEEDED
    run("purge", "last", "--yes", "--recordings", tmp_path)
    assert not folder.exists()


def test_a_session_that_is_only_half_there_yet_says_what_is_missing(tmp_path: Path) -> None:
    """The drive has brought session.json; the rest comes later and must not have been invented meanwhile."""
    whole = sample.record_session(tmp_path / "there").folder
    here = tmp_path / "here" / whole.name
    here.mkdir(parents=True)
    shutil.copy(whole / "session.json", here)
    problems = load_session(here).problems
    assert {"events.jsonl is missing.", "candidate.wav is missing.", "interviewer.wav is missing."} <= {*problems}
    assert run("report", "last", "--recordings", here.parent).code == ExitCode.DONE
    shutil.copytree(whole, here, dirs_exist_ok=True)
    assert load_session(here).problems == load_session(whole).problems
