"""The session folder: what is written comes back, both tracks fit, and nothing half-made is left behind."""

import json
import os
import re
import stat
import subprocess
import sys
import threading
import wave
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import sample_session as sample
from voiceprep import events
from voiceprep.answers import merge_answers
from voiceprep.errors import ExitCode, RecordingError
from voiceprep.events import Journaled, LevelMeasured
from voiceprep.model import Outcome, SessionScores, Transcript, TurnKind
from voiceprep.ports import SPEAKER_RATE_HZ, AudioBlock, Samples
from voiceprep.recordings.codec import decode_event, encode_event
from voiceprep.recordings.derived import save_scores
from voiceprep.recordings.folder import find_session, is_being_written, recordings_folder, session_id
from voiceprep.recordings.listing import list_sessions
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.schema import SCHEMA_FOLDER, render_schemas
from voiceprep.recordings.writer import SessionWriter

# ---------------------------------------------------------------------------------------- journal


def test_sample_holds_every_journaled_event() -> None:
    assert {type(event) for event in sample.every_event()} == set(get_args(Journaled))


@pytest.mark.parametrize("event", sample.every_event(), ids=lambda event: event.type)
def test_event_comes_back_from_its_line(event: Journaled) -> None:
    line = encode_event(event)
    assert b"\n" not in line
    assert json.loads(line)["type"] == event.type
    assert decode_event(line) == event


@given(st.text(), st.integers(0, 10**9))
def test_any_text_is_one_line_and_comes_back(text: str, at_ms: int) -> None:
    event = events.ProvisionalHeard(at_ms=at_ms, turn_index=0, text=text)
    line = encode_event(event)
    assert line.count(b"\n") == 0
    assert decode_event(line) == event


def test_text_without_utf8_loses_one_character_not_the_event() -> None:
    line = encode_event(events.CommandGiven(at_ms=1, command="a\udc80b"))
    assert decode_event(line) == events.CommandGiven(at_ms=1, command="a?b")


def test_each_event_is_on_disk_when_on_event_returns(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        for count, event in enumerate(sample.every_event(), start=1):
            writer.on_event(event)
            assert len((writer.folder / "events.jsonl").read_bytes().splitlines()) == count
        writer.on_event(LevelMeasured(at_ms=1, level_dbfs=-20.0, speech_probability=0.5))
    assert load_session(writer.folder).events == sample.every_event()


# ------------------------------------------------------------------------------------------ tracks


def _read_wav(path: Path) -> Samples:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_candidate_track_holds_every_sample(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        for block in sample.blocks(77):
            writer.write_candidate(block)
    expected = np.concatenate([block.samples for block in sample.blocks(77)])
    np.testing.assert_array_equal(_read_wav(writer.folder / "candidate.wav"), expected)


def test_tracks_are_readable_and_nearly_aligned_at_every_block(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        for block in sample.blocks(150):
            writer.write_candidate(block)
            candidate_ms = len(_read_wav(writer.folder / "candidate.wav")) / 16
            interviewer_ms = len(_read_wav(writer.folder / "interviewer.wav")) / 24
            assert block.end_ms - candidate_ms < 200
            assert block.end_ms - interviewer_ms < 720
    assert len(_read_wav(writer.folder / "candidate.wav")) == 150 * 320
    assert len(_read_wav(writer.folder / "interviewer.wav")) == 150 * 480


def _speech(ms: int, value: int) -> Samples:
    return np.full(ms * SPEAKER_RATE_HZ // 1000, value, np.int16)


@pytest.mark.parametrize(
    ("pieces", "spans"),
    [
        ([(1_000, 20)], [(1_000, 1_020)]),
        ([(1_000, 20), (1_040, 20), (1_045, 20)], [(1_000, 1_060)]),
        ([(1_000, 20), (1_051, 20)], [(1_000, 1_020), (1_051, 1_071)]),
        ([(1_000, 20), (990, 20)], [(1_000, 1_040)]),
        ([(0, 20), (700, 500)], [(0, 20), (700, 1_200)]),
        ([(15, 100)], [(0, 100)]),
    ],
    ids=["alone", "jitter", "gap", "late", "two", "start"],
)
@pytest.mark.parametrize("blocks_between", [0, 5, 40])
def test_interviewer_is_where_it_was_heard(
    tmp_path: Path, pieces: list[tuple[int, int]], spans: list[tuple[int, int]], blocks_between: int
) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        microphone = sample.blocks(200)
        for number, (start_ms, length_ms) in enumerate(pieces, start=1):
            while writer.position_ms < start_ms:
                writer.write_candidate(next(microphone))
            writer.write_interviewer(_speech(length_ms, number), start_ms)
        for block in (*[next(microphone) for _ in range(blocks_between)], *microphone):
            writer.write_candidate(block)
    track = _read_wav(writer.folder / "interviewer.wav")
    expected = np.zeros(len(track), bool)
    for start_ms, end_ms in spans:
        expected[start_ms * 24 : end_ms * 24] = True
    np.testing.assert_array_equal(track != 0, expected)
    assert len(track) == 200 * 480


def test_contiguous_speech_survives_silence_written_in_between(tmp_path: Path) -> None:
    """The speaker reports late: the track is already padded when the rest of the sentence comes."""
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        writer.write_interviewer(_speech(100, 1), 0)
        for block in sample.blocks(100):
            writer.write_candidate(block)
        writer.write_interviewer(_speech(100, 2), 110)
    track = _read_wav(writer.folder / "interviewer.wav")
    np.testing.assert_array_equal(track[: 200 * 24], np.repeat([1, 2], 100 * 24))
    assert not track[200 * 24 :].any()


def test_a_hole_in_the_microphone_is_silence(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        for block in (*sample.blocks(1), *sample.blocks(1, first=100)):
            writer.write_candidate(block)
    track = _read_wav(writer.folder / "candidate.wav")
    assert len(track) == 101 * 320
    assert np.flatnonzero(track).tolist() == [*range(320), *range(100 * 320, 101 * 320)]


def test_speech_after_the_last_block_is_kept_and_both_tracks_are_equally_long(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        writer.write_candidate(AudioBlock(np.ones(320, np.int16), 0))
        writer.write_interviewer(_speech(101, 1), 0)
    assert np.count_nonzero(_read_wav(writer.folder / "interviewer.wav")) == 101 * 24
    assert (
        len(_read_wav(writer.folder / "candidate.wav")) * 3 == len(_read_wav(writer.folder / "interviewer.wav")) * 2
    )


def test_interviewer_audio_may_come_from_another_thread(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:

        def play() -> None:
            for number in range(500):
                writer.write_interviewer(_speech(20, number + 1), number * 20)

        playing = threading.Thread(target=play)
        playing.start()
        for block in sample.blocks(500):
            writer.write_candidate(block)
        playing.join()
    track = _read_wav(writer.folder / "interviewer.wav")
    np.testing.assert_array_equal(track, np.repeat(np.arange(1, 501), 480))


# ------------------------------------------------------------------------------------------ folder


def test_a_whole_session_comes_back(tmp_path: Path) -> None:
    record = sample.record_session(tmp_path)
    assert record.is_complete
    assert record.problems == ()
    assert record.turns == sample.turns()
    assert record.scores == sample.scores()
    assert record.delivery == sample.delivery()
    assert record.info.plan == sample.QUESTIONS
    assert record.info.outcome is Outcome.COMPLETED
    assert record.info.started_at == sample.STARTED_AT
    assert record.duration_ms == 30_000
    assert sorted(path.name for path in record.folder.iterdir()) == [
        "candidate.wav",
        "delivery.json",
        "events.jsonl",
        "interviewer.wav",
        "scores-offline-abc123.json",
        "session.json",
        "transcript.json",
        "transcript.md",
        "transcript.vtt",
    ]


def test_only_the_owner_may_read_a_session(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_transcript_keeps_markup_and_arrows_harmless(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    assert "\\[bold\\]\\*really\\*" in (folder / "transcript.md").read_text()
    vtt = (folder / "transcript.vtt").read_text()
    assert vtt.startswith("WEBVTT\n\n00:00:00.500 --> 00:00:02.500\n<v Interviewer>Hello.\n")
    transcript = json.loads((folder / "transcript.json").read_text())
    assert [line["voice"] for line in transcript["lines"]] == [
        *("interviewer", "interviewer", "candidate", "interviewer"),
        *("candidate", "interviewer", "interviewer"),
    ]


def test_scores_of_another_judge_are_kept_beside_the_sessions_own(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    other = SessionScores("openai:model/x", "v1", "ffff", (), None, None)
    assert save_scores(folder, other).name == "scores-openai-model-x-ffff.json"
    record = load_session(folder)
    assert record.scores == sample.scores()


@pytest.mark.parametrize("name", ["candidate.wav", "interviewer.wav", "events.jsonl"])
def test_a_missing_file_is_reported_not_raised(tmp_path: Path, name: str) -> None:
    folder = sample.record_session(tmp_path).folder
    (folder / name).unlink()
    record = load_session(folder)
    assert not record.is_complete
    assert f"{name} is missing." in record.problems


def test_unknown_events_are_counted_and_broken_lines_named(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    journal = folder / "events.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[2:2] = [b'{"type": "from_the_future", "at_ms": 3}\n', b"{broken}\n", b'{"type": "turn_ended"}\n']
    journal.write_bytes(b"".join(lines))
    record = load_session(folder)
    assert record.turns == sample.turns()
    assert record.unknown_event_count == 1
    assert record.problems == ("events.jsonl has 2 unreadable lines: 4, 5.",)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400])
def test_what_is_no_number_is_no_cost_and_no_score(tmp_path: Path, number: str) -> None:
    """A journal line is named as unreadable; scores are as if there were none, and are computed again."""
    folder = sample.record_session(tmp_path).folder
    (used,) = [event for event in sample.every_event() if isinstance(event, events.UsageMeasured)]
    with (folder / "events.jsonl").open("ab") as journal:
        journal.write(encode_event(used).replace(b"0.0018", number.encode()) + b"\n")
    (scores,) = folder.glob("scores-*.json")
    scores.write_text(re.sub(r'"overall": [^,]+', f'"overall": {number}', scores.read_text()))
    record = load_session(folder)
    line_count = (folder / "events.jsonl").read_bytes().count(b"\n")
    assert record.problems == (f"events.jsonl has 1 unreadable lines: {line_count}.",)
    assert record.scores is None


def test_a_time_of_hundreds_of_digits_is_an_unreadable_line_and_its_words_may_have_as_many(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    journal = folder / "events.jsonl"
    digits = "7" * 400
    spoken = events.ProvisionalHeard(at_ms=1, turn_index=0, text=digits)
    lines = [encode_event(spoken), b'{"type": "turn_started", "at_ms": ' + digits.encode() + b"}"]
    with journal.open("ab") as file:
        file.write(b"".join(line + b"\n" for line in lines))
    line_count = journal.read_bytes().count(b"\n")
    assert load_session(folder).problems == (f"events.jsonl has 1 unreadable lines: {line_count}.",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no session folder"),
        ("", "not a valid session description"),
        ("{}", "not a valid session description"),
        ('{"schema_version": 99}', "newer voiceprep"),
    ],
)
def test_without_session_json_there_is_one_clear_error(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "session.json").write_text(content)
    with pytest.raises(RecordingError, match=message) as caught:
        load_session(tmp_path)
    assert caught.value.exit_code is ExitCode.RECORDING
    assert caught.value.hint


def test_session_json_holds_no_field_for_a_key(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    content = json.loads((folder / "session.json").read_text())
    assert set(content) == {
        *("schema_version", "id", "bank_id", "bank_title", "mode", "level", "seed", "plan", "providers"),
        *("judge", "started_at", "outcome", "reason", "pid", "persona", "limit_ms", "notes", "reserve"),
        *("candidate", "retry_of", "is_filling", "has_audio", "length_ms", "encrypt_to", "sealed"),
    }
    assert content["schema_version"] == 1


def test_published_schemas_are_current() -> None:
    """When this fails: python -m voiceprep.recordings.schema"""
    published = {path.name: path.read_text(encoding="utf-8") for path in SCHEMA_FOLDER.iterdir()}
    assert published == render_schemas()


# ---------------------------------------------------------------------------------- finding, names


def _make_sessions(recordings_dir: Path, names: list[str]) -> None:
    for name in names:
        (recordings_dir / name).mkdir(parents=True)


def test_session_id_is_utc_and_safe_in_a_path() -> None:
    at = datetime(2026, 3, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    name = session_id(at, "../My Bank!")
    assert name.startswith("20260228T230203Z-my-bank-")
    assert len(name.rsplit("-", 1)[1]) == 4
    assert session_id(at.astimezone(UTC), "???").startswith("20260228T230203Z-bank-")


def test_find_session(tmp_path: Path) -> None:
    names = ["20260301T000000Z-a-0001", "20260302T000000Z-a-0002", "20260302T000000Z-a-0003"]
    _make_sessions(tmp_path, [*names, "notes", ".20260303T000000Z-a-0004.new"])
    assert find_session(tmp_path, "last").name == names[2]
    assert find_session(tmp_path, "20260301").name == names[0]
    assert find_session(tmp_path, names[1]).name == names[1]
    with pytest.raises(RecordingError, match="2 sessions"):
        find_session(tmp_path, "20260302")
    with pytest.raises(RecordingError, match="is called"):
        find_session(tmp_path, "1999")
    with pytest.raises(RecordingError, match="is called"):
        find_session(tmp_path, "")
    with pytest.raises(RecordingError, match="no session"):
        find_session(tmp_path / "nowhere", "last")
    elsewhere = sample.record_session(tmp_path / "other").folder
    assert find_session(tmp_path, str(elsewhere)) == elsewhere


def test_list_sessions_shows_good_live_and_broken_ones(tmp_path: Path) -> None:
    sample.record_session(tmp_path)
    _make_sessions(tmp_path, ["20270101T000000Z-a-0001"])
    with SessionWriter.create(tmp_path, replace(sample.info(), id="20260401T000000Z-a-0001")) as writer:
        assert is_being_written(writer.folder)
        broken, live, good = list_sessions(tmp_path)
    assert broken.info is None
    assert "session.json" in broken.problem
    assert live.is_being_written
    assert not live.needs_recovery
    assert good.info is not None
    assert good.duration_ms == 30_000
    assert not good.needs_recovery
    assert not is_being_written(writer.folder)


def test_recordings_folder_order(tmp_path: Path) -> None:
    flag, configured = tmp_path / "flag", tmp_path / "settings"
    assert recordings_folder(flag, configured, tmp_path) == flag
    assert recordings_folder(None, configured, tmp_path) == configured
    assert recordings_folder(None, None, tmp_path).parts[-2:] == ("voiceprep", "recordings")
    (tmp_path / "recordings").mkdir()
    assert recordings_folder(None, None, tmp_path) == tmp_path / "recordings"


# ------------------------------------------------------------------------------ what cannot be done


@pytest.mark.parametrize("path", ["a file", "a file/below/it", "/proc/voiceprep", "/dev/null/x"])
def test_an_impossible_folder_is_one_clear_error_and_leaves_nothing(tmp_path: Path, path: str) -> None:
    (tmp_path / "a file").write_text("mine")
    with pytest.raises(RecordingError, match="Cannot record the session in") as caught:
        SessionWriter.create(tmp_path / path, sample.info())
    assert "--recordings" in caught.value.hint
    assert [entry.name for entry in tmp_path.iterdir()] == ["a file"]


def test_an_existing_session_is_never_written_over(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(RecordingError):
        SessionWriter.create(tmp_path, sample.info())
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == [folder.name]


FULL_DISK = """
import resource, sys
from pathlib import Path
from tests import sample_session as sample
from voiceprep.errors import RecordingError
from voiceprep.model import Outcome
from voiceprep.recordings.writer import SessionWriter

limit_bytes, recordings_dir = int(sys.argv[1]), Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
raised = []
try:
    writer = SessionWriter.create(recordings_dir, sample.info())
except RecordingError as error:
    print("create", error.message)
    sys.exit(5)
for block in sample.blocks(200):
    for step in (lambda: writer.write_candidate(block), lambda: writer.on_event(sample.every_event()[10])):
        try:
            step()
        except RecordingError as error:
            raised.append(error)
try:
    writer.close(Outcome.COMPLETED)
except RecordingError as error:
    raised.append(error)
writer.close(Outcome.COMPLETED)
print(len(raised), raised[0].message, raised[0].hint)
"""


def _with_full_disk(recordings_dir: Path, limit_bytes: int) -> subprocess.CompletedProcess[str]:
    """A child whose files may not grow past `limit_bytes`: writing gives OSError as on a full disk."""
    command = [sys.executable, "-c", FULL_DISK, str(limit_bytes), str(recordings_dir)]
    here = Path(__file__).parent.parent
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=here, check=False)


@pytest.mark.parametrize("limit_bytes", [0, 10, 44, 1_000])
def test_a_disk_that_is_full_from_the_start_leaves_nothing(tmp_path: Path, limit_bytes: int) -> None:
    done = _with_full_disk(tmp_path / "new" / "folder", limit_bytes)
    assert done.returncode == 5, done.stderr
    assert "disk is full" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit_bytes", [5_000, 20_000, 100_000])
def test_a_disk_that_fills_up_raises_once_and_keeps_what_fits(tmp_path: Path, limit_bytes: int) -> None:
    done = _with_full_disk(tmp_path, limit_bytes)
    assert done.stdout.startswith("1 Cannot go on recording to"), done.stderr
    assert "voiceprep recover" in done.stdout
    (folder,) = tmp_path.iterdir()
    record = load_session(folder)
    assert record.info.outcome is Outcome.RUNNING
    assert record.info.reason == "the recording could not be written"
    assert list_sessions(tmp_path)[0].needs_recovery
    track = _read_wav(folder / "candidate.wav")
    whole = np.concatenate([block.samples for block in sample.blocks(200)])
    assert 0 < len(track) < len(whole)
    np.testing.assert_array_equal(track, whole[: len(track)])
    assert (folder / "events.jsonl").read_bytes().endswith(b"\n")


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounting needs root on Linux")
def test_a_really_full_disk(tmp_path: Path) -> None:
    """A file system of 200 kB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(RecordingError, match="disk is full"):
            _write_until_it_fails(tmp_path)
        (folder,) = tmp_path.iterdir()
        assert load_session(folder).info.outcome is Outcome.RUNNING
        assert len(_read_wav(folder / "candidate.wav")) > 1_000
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def _write_until_it_fails(recordings_dir: Path) -> None:
    with SessionWriter.create(recordings_dir, sample.info()) as writer:
        for block in sample.blocks(1_000):
            writer.write_candidate(block)


def _record_and_fail(recordings_dir: Path) -> None:
    with SessionWriter.create(recordings_dir, sample.info()) as writer:
        writer.write_candidate(next(sample.blocks(1)))
        _ = 1 // 0


def test_an_exception_marks_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _record_and_fail(tmp_path)
    (folder,) = tmp_path.iterdir()
    record = load_session(folder)
    assert (record.info.outcome, record.info.reason) == (Outcome.FAILED, "ZeroDivisionError")
    assert record.is_complete


def test_leaving_the_writer_keeps_what_the_session_said_of_its_end(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        writer.on_event(events.SessionEnded(at_ms=0, outcome=Outcome.STOPPED, reason="ended by the candidate"))
    record = load_session(writer.folder)
    assert (record.info.outcome, record.info.reason) == (Outcome.STOPPED, "ended by the candidate")
    assert len(record.events) == 1


# ----------------------------------------------------------------------------------------- answers


def test_answers_to_one_question_are_joined_in_order() -> None:
    first, second = merge_answers(sample.turns())
    assert first.question_id == "idempotent"
    assert first.transcript.text.endswith("*really*[/bold] um PUT and DELETE are")
    assert (first.start_ms, first.end_ms) == (6_000, 17_950)
    assert [turn.index for turn in first.turns] == [1, 2]
    assert second.transcript == Transcript()
    assert (second.start_ms, second.end_ms) == (26_000, 26_000)


def test_a_question_nobody_listened_to_has_no_times() -> None:
    asked = sample.turn(0, TurnKind.QUESTION, "Why?", 0, question_id="q")
    (only,) = merge_answers([asked])
    assert (only.start_ms, only.end_ms, only.transcript.text) == (None, None, "")
