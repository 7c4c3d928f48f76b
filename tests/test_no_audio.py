"""`--no-audio`: no voice on the disk, and everything else as usual, or said not to be."""

import json
import signal
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.commands import hearing, run
from tests.consistency import inconsistencies
from voiceprep.errors import ExitCode
from voiceprep.model import Outcome
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.listing import list_sessions
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.repair import RecoveryStatus
from voiceprep.wiring.records import recover_folder

FAST = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "4", "--plain")
SAID = "No audio was kept"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With one interview of which no audio was kept."""
    folder = tmp_path_factory.mktemp("quiet")
    done = run("interview", *FAST, "--no-audio", "--recordings", folder)
    assert done.code == ExitCode.DONE, done.err
    return folder


def test_no_sample_is_written_and_the_rest_is_whole(recordings: Path) -> None:
    (folder,) = session_folders(recordings)
    assert [path.name for path in folder.iterdir() if path.suffix in (".wav", ".ogg")] == []
    assert not any(b"RIFF" in path.read_bytes() for path in folder.iterdir())
    assert inconsistencies(folder) == []
    record = load_session(folder)
    assert (record.info.has_audio, record.problems, record.is_complete) == (False, (), True)
    assert record.duration_ms > 5_000
    assert record.scores is not None
    assert any(score.score for score in record.scores.questions)
    assert recover_folder(folder).status is RecoveryStatus.NOT_NEEDED


def test_every_report_says_so_and_plays_nothing(recordings: Path) -> None:
    for form in ("terminal", "markdown", "html"):
        done = run("report", "last", "--format", form, "--recordings", recordings)
        assert done.code == ExitCode.DONE, done.err
    (folder,) = session_folders(recordings)
    page = (folder / "report.html").read_text()
    assert SAID in page
    assert "candidate.wav" not in page
    assert SAID in run("report", "last", "--recordings", recordings).out
    assert SAID in run("report", "last", "--format", "markdown", "--recordings", recordings).out
    assert load_session(folder).delivery is not None


def test_lists_know_how_long_it_was(recordings: Path) -> None:
    (summary,) = list_sessions(recordings)
    assert summary.duration_ms == load_session(summary.folder).duration_ms
    (listed,) = json.loads(run("history", "--json", "--recordings", recordings).out)["sessions"]
    assert listed["duration_ms"] == summary.duration_ms


@pytest.mark.slow
def test_it_is_scored_again_and_answered_again(recordings: Path) -> None:
    assert run("score", "last", "--judge", "offline", "--recordings", recordings).code == ExitCode.DONE
    asked = load_session(session_folders(recordings)[0]).info.plan[0].id
    words = ("--candidate", "strong", "--pace", "fast", "--plain", "--no-audio", "--recordings", str(recordings))
    done = run("retry", "last", "--question", asked, *words)
    assert done.code == ExitCode.DONE, done.err
    newest, _ = session_folders(recordings)
    assert not list(newest.glob("*.wav"))
    run("purge", newest.name, "--yes", "--recordings", recordings)


@pytest.mark.slow
def test_killed_it_is_recovered_and_gone_on_with(tmp_path: Path) -> None:
    with hearing("interview", *FAST, "--no-audio", "--recordings", tmp_path) as child:
        child.send_signal(signal.SIGKILL)
    (folder,) = session_folders(tmp_path)
    recover_folder(folder)
    before = load_session(folder)
    assert inconsistencies(folder) == []
    assert (before.info.outcome, before.problems) == (Outcome.RECOVERED, ())
    done = run("resume", *FAST[:4], "--plain", "--recordings", tmp_path)
    assert done.code == ExitCode.DONE, done.err
    after = load_session(folder)
    assert inconsistencies(folder) == []
    assert (after.info.outcome, after.info.has_audio) == (Outcome.COMPLETED, False)
    assert after.events[: len(before.events)] == before.events
    assert after.duration_ms > before.duration_ms
    assert not list(folder.glob("*.wav"))


def test_a_folder_from_before_there_was_a_choice_has_audio(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    content = json.loads((folder / "session.json").read_text())
    del content["has_audio"], content["length_ms"]
    (folder / "session.json").write_text(json.dumps(content))
    record = load_session(folder)
    assert (record.info.has_audio, record.problems) == (True, ())
