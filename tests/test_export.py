"""Export: one archive with everything, and nothing that is not the session's."""

import json
import zipfile
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.commands import run
from voiceprep.recordings.writer import SessionWriter


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    sample.record_session(folder)
    return folder


def test_an_archive_holds_everything_and_opens_elsewhere(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "mine.zip"
    done = run("export", "last", "--out", out, "--recordings", recordings)
    assert done.code == 0, done.err
    assert out.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        names = {name.partition("/")[2] for name in archive.namelist()}
        archive.extractall(tmp_path / "elsewhere")
    own = {path.name for path in (recordings / sample.SESSION_ID).iterdir()}
    assert names == own | {"report.html", "report.md", "report.json"}
    again = tmp_path / "elsewhere" / sample.SESSION_ID
    wav = (recordings / sample.SESSION_ID / "candidate.wav").read_bytes()
    assert (again / "candidate.wav").read_bytes() == wav
    shown = run("report", again, "--json", "--recordings", recordings)
    assert json.loads(shown.out)["overall"]["score"] == pytest.approx(1 / 3)
    assert 'src="candidate.wav"' in (again / "report.html").read_text(encoding="utf-8")


def test_without_audio_nothing_pretends_to_play(recordings: Path, tmp_path: Path) -> None:
    out = tmp_path / "quiet.zip"
    content = json.loads(
        run("export", "last", "--out", out, "--no-audio", "--json", "--recordings", recordings).out
    )
    assert content["sessions"] == [sample.SESSION_ID]
    with zipfile.ZipFile(out) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".wav")]
        assert b"<audio" not in archive.read(f"{sample.SESSION_ID}/report.html")


def test_all_sessions_go_into_one_archive_also_one_that_cannot_be_read(recordings: Path, tmp_path: Path) -> None:
    broken = recordings / "20260302T183000Z-sample-bank-00fe"
    broken.mkdir()
    (broken / "session.json").write_text("{")
    out = tmp_path / "all.zip"
    assert run("export", "all", "--out", out, "--recordings", recordings).code == 0
    with zipfile.ZipFile(out) as archive:
        folders = {name.partition("/")[0] for name in archive.namelist()}
    assert folders == {sample.SESSION_ID, broken.name}


def test_links_and_hidden_files_stay_out(recordings: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours")
    folder = recordings / sample.SESSION_ID
    (folder / "link.txt").symlink_to(secret)
    (folder / ".hidden").write_text("hidden")
    out = tmp_path / "a.zip"
    assert run("export", "last", "--out", out, "--recordings", recordings).code == 0
    with zipfile.ZipFile(out) as archive:
        assert not [name for name in archive.namelist() if "link" in name or "hidden" in name]


def test_a_running_session_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path / "r", sample.info()):
        done = run("export", "last", "--out", tmp_path / "a.zip", "--recordings", tmp_path / "r")
    assert done.code == 5
    assert "is being recorded" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_what_cannot_be_written_is_said(recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("export", "last", "--out", tmp_path / "file" / "a.zip", "--recordings", recordings)
    assert (done.code, "--out" in done.err) == (5, True)
