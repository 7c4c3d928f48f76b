"""Killed at any moment, cut at any byte: the folder is readable, and `recover` finishes it without losing more."""

import json
import random
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import sample_session as sample
from voiceprep import events
from voiceprep.events import Journaled, TurnEnded
from voiceprep.model import AnswerEnd, Outcome
from voiceprep.ports import BLOCK_MS, MICROPHONE_RATE_HZ
from voiceprep.recordings.codec import encode_event
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.listing import list_sessions
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.repair import RecoveryStatus, recover
from voiceprep.recordings.writer import SessionWriter

LOST_AUDIO_MS_MAX = 200
HERE = Path(__file__).parent.parent

# --------------------------------------------------------------------------------------- kill -9

CHILD = """
import sys
from pathlib import Path
import numpy as np
from tests import sample_session as sample
from voiceprep import events
from voiceprep.recordings.writer import SessionWriter

def tell(line):
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

tell("alive")
writer = SessionWriter.create(Path(sys.argv[1]), sample.info())
turn = sample.turns()[1]
for block in sample.blocks(60_000):
    number = block.start_ms // 20
    writer.write_candidate(block)
    if number % 100 < 60:
        writer.write_interviewer(np.full(480, number % 30_000 + 1, np.int16), block.start_ms)
    tell(f"block {number}")
    if number % 50 == 0:
        writer.on_event(events.TurnStarted(at_ms=block.start_ms, turn_index=1, brief=turn.brief))
    if number % 7 == 0:
        writer.on_event(events.ProvisionalHeard(at_ms=block.start_ms, turn_index=1, text=f"words until {number}"))
        tell(f"event {number}")
"""


def _kill_after(recordings_dir: Path, line_count: int) -> list[str]:
    """Run the child, kill it -9 once it has told `line_count` lines; every line it told."""
    command = [sys.executable, "-c", CHILD, str(recordings_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE) as child:
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(line_count)]
        child.kill()
        told += child.stdout.readlines()
    assert child.returncode == -9
    return [line.strip() for line in told if line.endswith("\n")]


def _last(told: list[str], kind: str) -> int | None:
    numbers = [int(line.split()[1]) for line in told if line.startswith(kind)]
    return numbers[-1] if numbers else None


def _moments() -> Iterator[int]:
    """50 moments: the first lines, where the folder comes into being, then anywhere in the first minutes."""
    chance = random.Random(20260301)
    yield from range(1, 6)
    yield from (chance.randrange(6, 4_000) for _ in range(45))


@pytest.mark.parametrize("line_count", list(_moments()))
def test_killed_at_a_random_moment(tmp_path: Path, line_count: int) -> None:
    told = _kill_after(tmp_path, line_count)
    if not list_sessions(tmp_path):
        assert told == ["alive"]  # killed before there was a folder; a draft, if any, is no session
        return
    folder = find_session(tmp_path, "last")
    assert list_sessions(tmp_path)[0].needs_recovery
    before = load_session(folder)
    report = recover(folder)
    record = load_session(folder)

    assert (report.status, report.outcome) == (RecoveryStatus.RECOVERED, Outcome.RECOVERED)
    assert record.is_complete, record.problems
    assert record.events[: len(before.events)] == before.events
    _check_audio(folder, _last(told, "block"))
    last_event = _last(told, "event")
    if last_event is not None:
        texts = {event.text for event in record.events if isinstance(event, events.ProvisionalHeard)}
        assert f"words until {last_event}" in texts
        assert [turn.index for turn in record.turns] == [1]


def _check_audio(folder: Path, last_block: int | None) -> None:
    """At most 0.2 s of what was handed over is missing; what is there is what was handed over."""
    candidate, interviewer = _wav(folder / "candidate.wav"), _wav(folder / "interviewer.wav")
    assert len(candidate) * 3 == len(interviewer) * 2
    handed_over = 0 if last_block is None else (last_block + 1) * 320
    stored = len(np.trim_zeros(candidate, "b"))
    assert handed_over - stored <= LOST_AUDIO_MS_MAX * MICROPHONE_RATE_HZ // 1000
    np.testing.assert_array_equal(candidate[:stored], np.arange(stored) % 1_000 + 1)
    numbers = np.repeat(np.arange(len(interviewer) // 480), 480)
    spoken = np.where(numbers % 100 < 60, numbers % 30_000 + 1, 0)
    heard = len(np.trim_zeros(interviewer, "b"))
    np.testing.assert_array_equal(interviewer[:heard], spoken[:heard])
    lost = np.count_nonzero(spoken[: handed_over * 3 // 2]) - np.count_nonzero(interviewer)
    assert lost <= LOST_AUDIO_MS_MAX * 24


def _wav(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


# ------------------------------------------------------------------------------------ cut anywhere


def _killed_session(recordings_dir: Path, journal: tuple[Journaled, ...], block_count: int = 50) -> Path:
    """A folder as a killed process leaves it: session.json says running, nobody holds the lock."""
    writer = SessionWriter.create(recordings_dir, sample.info())
    running = (writer.folder / "session.json").read_bytes()
    for block in sample.blocks(block_count):
        writer.write_candidate(block)
    writer.close(Outcome.COMPLETED)
    (writer.folder / "session.json").write_bytes(running)
    (writer.folder / "events.jsonl").write_bytes(b"".join(encode_event(event) + b"\n" for event in journal))
    return writer.folder


def _begun(*rest: Journaled) -> tuple[Journaled, ...]:
    asked = sample.turns()[1]
    return (
        events.SessionStarted(at_ms=0, started_at=sample.STARTED_AT),
        events.TurnStarted(at_ms=100, turn_index=1, brief=asked.brief),
        events.InterviewerStarted(at_ms=200, turn_index=1, text=asked.brief.text),
        events.InterviewerEnded(at_ms=300, turn_index=1, spoken=asked.said[0]),
        *rest,
    )


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_journal_cut_at_every_byte(tmp_path: Path) -> None:
    talk = (events.CandidateStarted(at_ms=400), events.ProvisionalHeard(at_ms=900, turn_index=1, text="so it ä"))
    folder = _killed_session(tmp_path, talk, block_count=2)
    whole, running = (folder / "events.jsonl").read_bytes(), (folder / "session.json").read_bytes()
    lines = whole.split(b"\n")[:-1]
    for length in range(len(whole) + 1):
        (folder / "events.jsonl").write_bytes(whole[:length])
        (folder / "session.json").write_bytes(running)
        finished = sum(len(line) + sum(map(len, lines[:n])) + n <= length for n, line in enumerate(lines))
        assert len(load_session(folder).events) == finished
        recover(folder)
        after = (folder / "events.jsonl").read_bytes()
        assert after.startswith(b"".join(line + b"\n" for line in lines[:finished]))
        assert load_session(folder).is_complete
        assert load_session(folder).events[-1] == events.SessionEnded(
            at_ms=max(40, load_session(folder).events[-2].at_ms if finished else 0),
            outcome=Outcome.RECOVERED,
            reason="the session was cut off",
        )


def test_the_unfinished_line_is_kept_aside(tmp_path: Path) -> None:
    folder = _killed_session(tmp_path, _begun())
    with (folder / "events.jsonl").open("ab") as journal:
        journal.write(b'{"at_ms": 5, "ty')
    assert "The last line of events.jsonl is unfinished." in load_session(folder).problems
    assert recover(folder).torn_bytes == 16
    assert (folder / "events.jsonl.torn").read_bytes() == b'{"at_ms": 5, "ty'


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\xff\xfe", b"{}", b"[", b'"x"', b"1"])
def test_rubbish_at_the_end_of_the_journal_is_set_aside(tmp_path: Path, tail: bytes) -> None:
    folder = _killed_session(tmp_path, _begun())
    with (folder / "events.jsonl").open("ab") as journal:
        journal.write(tail)
    assert recover(folder).torn_bytes == len(tail)
    assert load_session(folder).is_complete


@pytest.mark.parametrize("name", ["candidate.wav", "interviewer.wav"])
@pytest.mark.parametrize("length", [None, 0, 1, 4, 21, 43, 44, 45, 46, 47, 1_001, 20_000])
def test_wav_cut_at_every_kind_of_byte(tmp_path: Path, name: str, length: int | None) -> None:
    folder = _killed_session(tmp_path, _begun())
    whole = _wav(folder / "candidate.wav")
    (folder / name).unlink() if length is None else (folder / name).write_bytes(
        (folder / name).read_bytes()[:length]
    )
    assert load_session(folder).duration_ms == 1_000
    report = recover(folder)
    assert report.duration_ms == 1_000
    candidate, interviewer = _wav(folder / "candidate.wav"), _wav(folder / "interviewer.wav")
    assert (len(candidate), len(interviewer)) == (16_000, 24_000)
    kept = 16_000 if name == "interviewer.wav" else max(0, (length or 0) - 44) // 2
    np.testing.assert_array_equal(candidate[:kept], whole[:kept])
    assert not candidate[kept:].any()
    assert bool(report.problems) is (length is None)


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_random_bytes(tmp_path: Path, seed: int) -> None:
    """Fifty times a seed: all three files cut anywhere. Whole lines and samples before the cuts are there."""
    chance = random.Random(f"bytes {seed}")
    asked = sample.turns()[1]
    talk = tuple(
        events.ProvisionalHeard(at_ms=400 + 10 * n, turn_index=1, text=f"words until {n}") for n in range(20)
    )
    folder = _killed_session(tmp_path, _begun(*talk, events.TurnEnded(at_ms=900, turn=asked)))
    whole = _files(folder)
    for _ in range(50):
        cuts = {
            name: chance.randint(0, len(data)) if name != "session.json" else len(data)
            for name, data in whole.items()
        }
        for path in folder.iterdir():
            path.unlink()
        for name, length in cuts.items():
            (folder / name).write_bytes(whole[name][:length])
        recover(folder)
        record = load_session(folder)
        assert record.is_complete, (cuts, record.problems)
        kept_lines = whole["events.jsonl"][: cuts["events.jsonl"]].split(b"\n")[:-1]
        assert (folder / "events.jsonl").read_bytes().split(b"\n")[: len(kept_lines)] == kept_lines, cuts
        for name in ("candidate.wav", "interviewer.wav"):
            kept = whole[name][44 : max(44, cuts[name] - cuts[name] % 2)]
            assert (folder / name).read_bytes()[44:].startswith(kept), cuts
        assert recover(folder).status is RecoveryStatus.NOT_NEEDED


@pytest.mark.parametrize("promised_bytes", [0, 7, 2**32 - 1])
def test_a_header_that_lies_is_put_right(tmp_path: Path, promised_bytes: int) -> None:
    folder = _killed_session(tmp_path, _begun())
    track = folder / "candidate.wav"
    data = track.read_bytes()
    track.write_bytes(data[:40] + promised_bytes.to_bytes(4, "little") + data[44:])
    assert "The header of candidate.wav does not fit its audio." in load_session(folder).problems
    recover(folder)
    assert track.read_bytes() == data


# ----------------------------------------------------------------------------------- what it writes


def test_an_open_answer_becomes_its_last_provisional_words(tmp_path: Path) -> None:
    talk = (
        events.CandidateStarted(at_ms=400),
        events.ProvisionalHeard(at_ms=700, turn_index=1, text="so it"),
        events.ProvisionalHeard(at_ms=1_000, turn_index=1, text="so it is safe"),
    )
    folder = _killed_session(tmp_path, _begun(*talk))
    assert recover(folder).closed_turn_count == 1
    record = load_session(folder)
    (turn,) = record.turns
    assert turn.answer is not None
    assert turn.answer.transcript.text == "so it is safe"
    assert [(word.start_ms, word.end_ms) for word in turn.answer.transcript.words] == [
        *((400, 550), (550, 700), (700, 850), (850, 1_000))
    ]
    assert turn.answer.ended_by is AnswerEnd.SESSION_ENDED
    assert record.provisional_turns == {1}
    assert [turn] == [event.turn for event in record.events if isinstance(event, TurnEnded)]
    assert "provisional words" in (folder / "transcript.md").read_text()


def test_a_finished_answer_is_kept_as_it_is(tmp_path: Path) -> None:
    reply = sample.answer("it is safe", 400)
    talk = (
        events.ProvisionalHeard(at_ms=700, turn_index=1, text="it is save"),
        events.AnswerHeard(at_ms=900, turn_index=1, answer=reply),
    )
    folder = _killed_session(tmp_path, _begun(*talk))
    recover(folder)
    record = load_session(folder)
    assert [turn.answer for turn in record.turns] == [reply]
    assert record.provisional_turns == frozenset()


def test_a_turn_that_failed_and_was_taken_again_counts_once(tmp_path: Path) -> None:
    done = sample.turns()[1]
    again = (
        events.ProviderFailed(at_ms=800, provider="local", stage="stt", message="no"),
        events.TurnStarted(at_ms=900, turn_index=1, brief=done.brief),
        events.TurnEnded(at_ms=990, turn=done),
    )
    folder = _killed_session(tmp_path, _begun(*again))
    assert recover(folder).closed_turn_count == 0
    assert load_session(folder).turns == (done,)


def test_a_question_cut_off_while_it_was_spoken(tmp_path: Path) -> None:
    folder = _killed_session(tmp_path, _begun()[:3])
    recover(folder)
    (turn,) = load_session(folder).turns
    assert turn.answer is None
    assert turn.said[0].is_interrupted


def test_recovering_twice_changes_no_byte(tmp_path: Path) -> None:
    talk = (events.ProvisionalHeard(at_ms=700, turn_index=1, text="so it"),)
    folder = _killed_session(tmp_path, _begun(*talk))
    recover(folder, sample.scores, sample.delivery)
    first = _files(folder)
    assert recover(folder, sample.scores, sample.delivery).status is RecoveryStatus.NOT_NEEDED
    assert _files(folder) == first


@pytest.mark.parametrize("done_lines", [0, 1, 2])
def test_a_recovery_that_was_killed_itself_is_done_again(tmp_path: Path, done_lines: int) -> None:
    """Whatever of its lines had been written, the next run ends with the same bytes."""
    talk = (events.ProvisionalHeard(at_ms=700, turn_index=1, text="so it"),)
    folder = _killed_session(tmp_path, _begun(*talk))
    running, journal = (folder / "session.json").read_bytes(), (folder / "events.jsonl").read_bytes()
    recover(folder, sample.scores, sample.delivery)
    finished = _files(folder)
    own_lines = finished["events.jsonl"][len(journal) :].splitlines(keepends=True)
    assert len(own_lines) == 2
    (folder / "session.json").write_bytes(running)
    (folder / "events.jsonl").write_bytes(journal + b"".join(own_lines[:done_lines]))
    (folder / "transcript.md").unlink()
    recover(folder, sample.scores, sample.delivery)
    assert _files(folder) == finished


def test_scores_and_delivery_come_from_the_caller(tmp_path: Path) -> None:
    folder = _killed_session(tmp_path, _begun())
    recover(folder, sample.scores, sample.delivery)
    record = load_session(folder)
    assert (record.scores, record.delivery) == (sample.scores(), sample.delivery())


def test_a_session_that_said_how_it_ended_keeps_its_word(tmp_path: Path) -> None:
    end = events.SessionEnded(at_ms=1_000, outcome=Outcome.STOPPED, reason="ended by the candidate")
    folder = _killed_session(tmp_path, (*_begun(), events.TurnEnded(at_ms=900, turn=sample.turns()[1]), end))
    assert recover(folder).outcome is Outcome.STOPPED
    content = json.loads((folder / "session.json").read_text())
    assert (content["outcome"], content["reason"]) == ("stopped", "ended by the candidate")


def test_a_living_session_is_never_touched(tmp_path: Path) -> None:
    with SessionWriter.create(tmp_path, sample.info()) as writer:
        for block in sample.blocks(13):
            writer.write_candidate(block)
        before = _files(writer.folder)
        report = recover(writer.folder)
        assert report.status is RecoveryStatus.STILL_RUNNING
        assert _files(writer.folder) == before
    assert load_session(writer.folder).duration_ms == 13 * BLOCK_MS


def test_a_finished_session_is_never_touched(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    before = _files(folder)
    assert recover(folder).status is RecoveryStatus.NOT_NEEDED
    assert _files(folder) == before
