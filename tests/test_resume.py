"""An interview that was broken off goes on where it stopped, and both parts are one record."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.commands import hearing, run
from tests.interviews import plan, score, turn
from tests.sample_session import record_session
from voiceprep.conduct.briefs import WELCOME_BACK
from voiceprep.conduct.interview import after_turn, next_brief, resume, start
from voiceprep.errors import ExitCode
from voiceprep.events import SessionStarted
from voiceprep.model import AnswerEnd, Outcome, QuestionScore, Turn, TurnBrief, TurnKind
from voiceprep.rates import BLOCK_MS
from voiceprep.recordings.age import make_key_file
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.listing import load_info
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.repair import RecoveryStatus
from voiceprep.recordings.sealing import in_the_open
from voiceprep.recordings.wav import HEADER_BYTES
from voiceprep.recordings.writer import SessionWriter
from voiceprep.wiring.records import recover_folder

TRACKS = ("candidate.wav", "interviewer.wav")
FAST = ("--candidate", "weak", "--pace", "fast", "--plain")

# --------------------------------------------------------------------------------------------- pure


def judge(brief: TurnBrief, turns: object) -> QuestionScore | None:
    return score(brief.question_id, "p1") if brief.question_id else None


def whole_interview() -> list[Turn]:
    state, turns = start(plan(3)), list[Turn]()
    while (brief := next_brief(state, 0)) is not None:
        turns.append(turn(len(turns), brief, "phrase 1"))
        state = after_turn(state, turns[-1], judge(brief, turns))
    return turns


@pytest.mark.parametrize("count", range(len(whole_interview())))
def test_after_any_turn_the_same_comes_next(count: int) -> None:
    turns = whole_interview()
    assert next_brief(resume(plan(3), turns[:count], judge), 0) == turns[count].brief


@pytest.mark.parametrize("ended_by", [AnswerEnd.SESSION_ENDED, None])
def test_a_question_that_was_cut_off_is_asked_again(ended_by: AnswerEnd | None) -> None:
    turns = whole_interview()[:2]
    brief = turns[1].brief
    turns[1] = turn(1, brief, "phrase", ended_by) if ended_by else Turn(1, brief, ())
    assert next_brief(resume(plan(3), turns, judge), 0) == brief


def test_a_goodbye_is_said_again() -> None:
    state = resume(plan(3), whole_interview(), judge)
    brief = next_brief(state, 0)
    assert brief is not None
    assert brief.kind is TurnKind.CLOSING


# ------------------------------------------------------------------------------------ whole commands


def only_session(recordings: Path) -> SessionRecord:
    (folder,) = session_folders(recordings)
    return load_session(folder)


@pytest.fixture(scope="module")
def broken_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings with one interview, killed in the middle of the first answer."""
    recordings = tmp_path_factory.mktemp("killed")
    words = ("--questions", "2", "--seed", "4", "--recordings", recordings)
    with hearing("interview", *FAST, *words) as child:
        child.send_signal(signal.SIGKILL)
    return recordings


@pytest.fixture
def recordings(broken_off: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(broken_off, tmp_path / "r"))


def test_it_goes_on_in_the_same_record(recordings: Path) -> None:
    recover_folder(only_session(recordings).folder)
    before = only_session(recordings)
    audio = {name: (before.folder / name).read_bytes()[HEADER_BYTES:] for name in TRACKS}
    done = run("resume", *FAST, "--recordings", recordings)
    assert done.code == ExitCode.DONE, done.err
    after = only_session(recordings)
    assert (after.info.outcome, after.problems) == (Outcome.COMPLETED, ())
    assert after.events[: len(before.events)] == before.events
    for name, earlier in audio.items():
        assert (after.folder / name).read_bytes()[HEADER_BYTES:].startswith(earlier)
    started = [event.at_ms for event in after.events if isinstance(event, SessionStarted)]
    assert started[0] == 0
    assert 0 <= started[1] - before.duration_ms <= BLOCK_MS
    assert [question.id for question in after.info.plan] == [question.id for question in before.info.plan]
    assert after.scores is not None
    assert {entry.question_id for entry in after.scores.questions} == {entry.id for entry in after.info.plan}


def test_the_question_that_was_cut_off_comes_again_after_a_welcome(recordings: Path) -> None:
    run("resume", *FAST, "--recordings", recordings)
    record = only_session(recordings)
    asked = [turn for turn in record.turns if turn.brief.kind is TurnKind.QUESTION]
    assert [turn.brief.question_id for turn in asked] == [
        record.info.plan[0].id,
        *(question.id for question in record.info.plan),
    ]
    assert asked[1].brief.text.startswith(WELCOME_BACK)
    assert not [turn for turn in record.turns if turn.index > asked[1].index and WELCOME_BACK in turn.brief.text]


def test_killed_again_it_is_repaired_again(recordings: Path) -> None:
    folder = only_session(recordings).folder
    recover_folder(folder)
    with hearing("resume", *FAST, "--recordings", recordings) as child:
        child.send_signal(signal.SIGKILL)
    report = recover_folder(folder)
    assert (report.status, report.outcome) == (RecoveryStatus.RECOVERED, Outcome.RECOVERED)
    assert load_session(folder).is_complete


def test_one_that_was_held_to_its_end_is_refused(tmp_path: Path) -> None:
    record_session(tmp_path)
    done = run("resume", "last", *FAST, "--recordings", tmp_path)
    assert done.code == ExitCode.RECORDING
    assert "held to its end" in done.err


def test_one_that_is_running_is_refused(recordings: Path) -> None:
    folder = only_session(recordings).folder
    recover_folder(folder)
    with SessionWriter.resume(folder):
        done = run("resume", *FAST, "--recordings", recordings)
    assert done.code == ExitCode.RECORDING
    assert "still running" in done.err


def test_a_sealed_interview_goes_on_and_is_sealed_again(recordings: Path, tmp_path: Path) -> None:
    key_file = tmp_path / "key.txt"
    changes = {"VOICEPREP_ENCRYPT_TO": make_key_file(key_file), "VOICEPREP_IDENTITY": str(key_file)}
    before = only_session(recordings)
    assert run("seal", "last", "--recordings", recordings, changes=changes).code == ExitCode.DONE
    assert load_info(before.folder).sealed
    done = run("resume", *FAST, "--recordings", recordings, changes=changes)
    assert done.code == ExitCode.DONE, done.err
    assert load_info(before.folder).sealed
    assert in_the_open(before.folder) == []
    run("unseal", "last", "--recordings", recordings, changes=changes)
    after = only_session(recordings)
    assert (after.info.outcome, after.problems) == (Outcome.COMPLETED, ())
    assert after.events[: len(before.events)] == before.events
