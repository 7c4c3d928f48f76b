"""Whole commands: what they print, what they leave on disk, how they end."""

import json
import math
import os
import select
import shutil
import signal
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.commands import DEADLINE_S, SCRIPT, VOICEPREP, Done, environment, run, run_apart
from voiceprep.commands.options import CandidateName
from voiceprep.events import ProvisionalHeard
from voiceprep.model import Outcome
from voiceprep.ports import Samples
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import SessionRecord, load_session

FAST = ("--pace", "fast", "--speaker", "none")


def only_session(recordings: Path) -> SessionRecord:
    (folder,) = session_folders(recordings)
    return load_session(folder)


def plan_ids(recordings: Path) -> list[str]:
    return [question.id for question in only_session(recordings).info.plan]


class Held:
    """One interview with the strong candidate, kept for every test that only reads."""

    def __init__(self, recordings: Path) -> None:
        self.recordings = recordings
        options = ("--candidate", "strong", "--pace", "fast", "--questions", "1", "--seed", "1", "--json")
        self.done = run_apart("interview", *options, "--recordings", recordings)
        assert self.done.code == 0, self.done.err
        self.folder = only_session(recordings).folder


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Held:
    return Held(tmp_path_factory.mktemp("held"))


# -------------------------------------------------------------------------------------- an interview


POINT = {"id", "credited", "credit", "quote", "start_char", "end_char", "audio_start_ms", "audio_end_ms"}


def test_interview_prints_one_json_document(held: Held) -> None:
    document: dict[str, Any] = json.loads(held.done.out)
    assert {"schema_version", "session", "overall", "questions", "delivery", "latency", "cost_usd"} <= set(document)
    session = document["session"]
    assert {"id", "folder", "bank", "mode", "outcome", "judge"} <= set(session)
    assert (session["bank"], session["mode"], session["outcome"]) == ("python-backend", "cascaded", "completed")
    assert session["folder"] == str(held.folder)
    low, high = document["overall"]["interval"]
    assert 0 <= low <= document["overall"]["score"] <= high <= 1
    assert {"p50", "p95"} <= set(document["latency"]["turn_ms"])
    (question,) = document["questions"]
    wanted = {"id", "score", "answer", "heard", "answer_start_ms", "answer_end_ms", "key_points", "flags"}
    assert wanted <= set(question)
    assert 0 < question["answer_start_ms"] < question["answer_end_ms"]


def test_every_quote_is_what_was_answered_and_lies_in_the_answer(held: Held) -> None:
    (question,) = json.loads(held.done.out)["questions"]
    credited = [point for point in question["key_points"] if point["credited"]]
    assert credited
    for point in question["key_points"]:
        assert set(point) >= POINT
        assert 0 <= point["credit"] <= 1
        assert point["quote"] is not None or not point["credited"]
    for point in credited:
        assert point["quote"] == question["answer"][point["start_char"] : point["end_char"]]
        span = point["audio_start_ms"], point["audio_end_ms"]
        assert question["answer_start_ms"] <= span[0] < span[1] <= question["answer_end_ms"]


def test_the_folder_is_complete(held: Held) -> None:
    record = load_session(held.folder)
    assert record.is_complete, record.problems
    names = {path.name for path in held.folder.iterdir()}
    tracks = {"candidate.wav", "interviewer.wav"}
    texts = {"transcript.json", "transcript.md", "transcript.vtt"}
    scores = {name for name in names if name.startswith("scores-offline-") and name.endswith(".json")}
    assert len(scores) == 1
    assert names == {"session.json", "events.jsonl", "delivery.json", "audit.json"} | tracks | texts | scores
    assert {path.stat().st_mode & 0o077 for path in held.folder.iterdir()} == {0}


def test_an_interview_with_files_in_place_of_devices(held: Held, tmp_path: Path) -> None:
    """What the strong candidate said, played to the same interview, is heard as the same answers."""
    files = ("--mic", held.folder / "candidate.wav", "--speaker", tmp_path / "heard.wav", "--pace", "fast")
    options = ("--questions", "1", "--seed", "1", "--recordings", tmp_path / "r")
    done = run_apart("interview", *files, *options)
    assert done.code == 0, done.err
    record = only_session(tmp_path / "r")
    answers, before = (
        [turn.answer.transcript.text for turn in each.turns if turn.answer]
        for each in (record, load_session(held.folder))
    )
    assert answers[0] == before[0]
    heard, kept = (_sound(path) for path in (tmp_path / "heard.wav", record.folder / "interviewer.wav"))
    assert heard.size > 24_000 * 3
    assert heard.tolist() == kept.tolist()


def _sound(path: Path) -> Samples:
    """Every sample that is not silence."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    sound: Samples = samples[samples != 0]
    return sound


def test_the_demo_shows_the_interview_and_its_report(tmp_path: Path) -> None:
    done = run_apart("demo", "--pace", "fast", "--questions", "1", "--recordings", tmp_path)
    assert (done.code, done.err) == (0, "")
    record = only_session(tmp_path)
    assert record.info.outcome is Outcome.COMPLETED
    assert "You: " in done.out
    assert "Interviewer: " in done.out
    assert "Overall" in done.out
    assert record.folder.name in done.out.replace("\n", "").replace(" ", "")


# -------------------------------------------------------------------------------------- typed answers


def typed(recordings: Path, *lines: str, options: tuple[str, ...] = ()) -> Done:
    keyboard = ("--mic", "keyboard", *FAST, "--questions", "1", "--recordings", str(recordings))
    return run_apart("interview", *keyboard, *options, stdin="".join(f"{line}\n" for line in lines))


def test_typed_answers_through_a_pipe(tmp_path: Path) -> None:
    done = typed(tmp_path, "With a cursor, after the last key seen.", "I do not know.", "Really not.")
    assert (done.code, done.err) == (0, "")
    record = only_session(tmp_path)
    answers = [turn.answer for turn in record.turns if turn.answer is not None]
    assert answers[0].transcript.text == "With a cursor, after the last key seen."
    assert answers[0].is_typed
    assert record.is_complete
    for turn in record.turns:
        for spoken in turn.said:
            assert spoken.text in done.out  # every spoken word can be read


def test_end_of_the_typed_answers_ends_the_interview(tmp_path: Path) -> None:
    done = typed(tmp_path)
    assert (done.code, done.err) == (0, "")
    assert only_session(tmp_path).info.outcome is Outcome.STOPPED


def test_the_same_seed_asks_the_same_questions(tmp_path: Path) -> None:
    asked = []
    for place, seed in enumerate(("5", "5", "6", "7", "8")):
        typed(tmp_path / str(place), options=("--questions", "4", "--seed", seed))
        asked.append(tuple(plan_ids(tmp_path / str(place))))
    assert asked[0] == asked[1]
    assert len(set(asked)) > 1
    assert {len(ids) for ids in asked} == {4}


@pytest.mark.parametrize(
    ("file", "variable", "flag", "count"),
    [
        (None, None, None, 5),
        ("3", None, None, 3),
        ("3", "2", None, 2),
        ("3", "2", "1", 1),
        (None, "2", None, 2),
    ],
)
def test_settings_come_from_the_nearest(
    tmp_path: Path, file: str | None, variable: str | None, flag: str | None, count: int
) -> None:
    """defaults < file < environment < flags."""
    settings = tmp_path / "settings.toml"
    settings.write_text(f'mic = "keyboard"\nspeaker = "none"\n{f"questions = {file}" if file else ""}\n')
    changes = {"VOICEPREP_SETTINGS": str(settings)} | ({"VOICEPREP_QUESTIONS": variable} if variable else {})
    options = ("--questions", flag) if flag else ()
    done = run_apart("interview", "--pace", "fast", *options, "--recordings", tmp_path / "r", changes=changes)
    assert done.code == 0, done.err
    assert len(plan_ids(tmp_path / "r")) == count


@pytest.mark.parametrize("has_folder", [True, False])
def test_without_a_flag_sessions_go_beside_you_or_to_your_data(tmp_path: Path, has_folder: bool) -> None:
    if has_folder:
        (tmp_path / "recordings").mkdir()
    changes = {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    keyboard = ("--mic", "keyboard", *FAST, "--questions", "1")
    done = run_apart("interview", *keyboard, cwd=tmp_path, changes=changes)
    assert done.code == 0, done.err
    assert len(list(tmp_path.rglob("session.json"))) == 1
    assert len(list((tmp_path / "recordings").glob("*/session.json"))) == int(has_folder)


# ------------------------------------------------------------------------------------------ Ctrl-C


def _wait_for_words(child: "subprocess.Popen[str]", recordings: Path) -> None:
    """Until the journal holds the first provisional words of an answer; what the child prints passes by."""
    assert child.stdout is not None
    while child.poll() is None:
        ready, _, _ = select.select([child.stdout], [], [], 0.05)
        if ready:
            os.read(child.stdout.fileno(), 65_536)
        for folder in session_folders(recordings):
            if any(isinstance(event, ProvisionalHeard) and event.text for event in load_session(folder).events):
                return
    raise AssertionError("it ended before a word was heard")


@pytest.mark.parametrize("signals", [(signal.SIGINT,), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)])
def test_interrupted_in_the_middle_of_an_answer(tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    options = ("--candidate", "strong", "--pace", "fast", "--seed", "1", "--plain", "--recordings", str(tmp_path))
    with subprocess.Popen(
        [*VOICEPREP, "interview", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as child:
        _wait_for_words(child, tmp_path)
        for number in signals:
            child.send_signal(number)
        _, err = child.communicate(timeout=DEADLINE_S)
    assert (child.returncode, err) == (130, "")
    record = only_session(tmp_path)
    assert record.info.outcome is Outcome.STOPPED
    assert record.is_complete, record.problems
    last = record.turns[-2 if record.turns[-1].answer is None else -1]
    assert last.answer is not None
    assert last.answer.transcript.words


# ------------------------------------------------------------------------------- reports, recovery


def test_report_in_the_terminal(held: Held) -> None:
    done = run("report", "last", "--recordings", held.recordings)
    assert (done.code, done.err) == (0, "")
    score = json.loads(held.done.out)["overall"]["score"]
    assert f"{score:.2f}" in done.out
    assert held.folder.name in done.out
    assert max(len(line) for line in done.out.splitlines() if "/" not in line) <= 100


def test_report_as_markdown(held: Held) -> None:
    done = run("report", "last", "--format", "markdown", "--recordings", held.recordings)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("# ")
    for question in json.loads(held.done.out)["questions"]:
        assert question["id"] in done.out or question["answer"].split(".")[0] in done.out


@pytest.mark.parametrize("option", [("--json",), ("--format", "json")])
@pytest.mark.parametrize(
    "name",
    [
        lambda held: "last",
        lambda held: held.folder.name,
        lambda held: held.folder.name[:12],
        lambda held: held.folder,
    ],
    ids=["last", "id", "start", "folder"],
)
def test_report_as_json_is_what_the_interview_printed(
    held: Held, name: Callable[[Held], str | Path], option: tuple[str, ...]
) -> None:
    done = run("report", name(held), *option, "--recordings", held.recordings)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == json.loads(held.done.out)


def test_a_reader_who_leaves_early_is_no_error(held: Held) -> None:
    command = [*VOICEPREP, "banks", "show", "python-backend"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        err = child.stderr.read()
    assert err == b""


def _cut_off(held: Held, recordings: Path, missing: tuple[str, ...]) -> Path:
    """A copy of the session as a killed process leaves it."""
    folder = recordings / held.folder.name
    shutil.copytree(held.folder, folder)
    for pattern in missing:
        for path in folder.glob(pattern):
            path.unlink()
    return folder


DERIVED = ("transcript.*", "scores-*", "delivery.json")


def test_recover_finishes_a_session_that_was_cut_off(held: Held, tmp_path: Path) -> None:
    folder = _cut_off(held, tmp_path, DERIVED)
    info = json.loads((folder / "session.json").read_text())
    (folder / "session.json").write_text(json.dumps(info | {"outcome": "running"}))
    journal = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl").write_bytes(journal[: len(journal) // 2])
    done = run("recover", "--json", "--recordings", tmp_path)
    assert (done.code, done.err) == (0, "")
    (report,) = json.loads(done.out)
    assert (report["folder"], report["status"], report["outcome"]) == (str(folder), "recovered", "recovered")
    record = load_session(folder)
    assert record.is_complete
    assert record.scores is not None
    again = run("recover", "last", "--recordings", tmp_path)
    assert again.code == 0
    assert "needs no repair" in again.out


def test_recover_finishes_a_session_killed_between_its_end_and_its_scores(held: Held, tmp_path: Path) -> None:
    folder = _cut_off(held, tmp_path, DERIVED)
    assert run("recover", "--recordings", tmp_path).code == 0
    for path in held.folder.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    assert run("recover", "--json", "--recordings", tmp_path).out == "[]\n"


def test_recover_with_nothing_to_do(held: Held) -> None:
    done = run("recover", "--recordings", held.recordings)
    assert (done.code, done.err) == (0, "")
    assert "Nothing to recover" in done.out


# --------------------------------------------------------------------------------- banks, grading


def test_banks_list() -> None:
    assert "python-backend" in run("banks", "list").out
    banks = json.loads(run("banks", "list", "--json").out)
    bank = next(each for each in banks if each["id"] == "python-backend")
    assert bank["question_count"] >= 15
    assert len(bank["topics"]) >= 5


def test_banks_show() -> None:
    document = json.loads(run("banks", "show", "python-backend", "--json").out)
    text = run("banks", "show", "python-backend").out
    for question in document["questions"]:
        assert question["id"] in text
        assert question["key_points"]


def test_banks_check() -> None:
    done = run("banks", "check", "python-backend")
    assert (done.code, done.err) == (0, "")
    assert json.loads(run("banks", "check", "python-backend", "--json").out) == []


ENTRY = {
    "id": 7,
    "question": "What does a transaction promise?",
    "key_points": [
        {"id": "atomic", "text": "All of its changes happen or none of them."},
        {"id": "isolated", "text": "Others do not see half of it.", "weight": 2},
    ],
    "answer": "Either all of the changes  happen, or none of them happen.",
}


def test_grade_lines_in_order() -> None:
    entries = [ENTRY, ENTRY | {"id": "empty", "answer": ""}, ENTRY | {"id": None}]
    lines = [json.dumps(entries[0]), "not json", "", json.dumps(entries[1]), json.dumps(entries[2])]
    done = run("grade", "--jsonl", stdin="\n".join(lines))
    assert (done.code, done.err) == (0, "")
    graded, wrong, empty, last = (json.loads(line) for line in done.out.splitlines())
    assert [graded["id"], wrong["id"], empty["id"], last["id"]] == [7, None, "empty", None]
    assert "not JSON" in wrong["error"]
    assert set(graded) == {"id", "score", "key_points", "abstained", "flags"}
    point = graded["key_points"][0]
    assert set(point) == {"id", "credited", "credit", "quote", "start_char", "end_char"}
    assert point["credited"]
    assert point["quote"] == ENTRY["answer"][point["start_char"] : point["end_char"]]  # type: ignore[index]
    assert empty["score"] == 0.0


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_grade_takes_and_gives_no_number_that_json_has_not(number: float) -> None:
    done = run("grade", "--jsonl", stdin=json.dumps(ENTRY | {"id": number}))
    answer = json.loads(done.out, parse_constant=lambda name: pytest.fail(name))
    assert answer["id"] is None
    assert "is no number" in answer["error"]


def test_grade_one_answer_to_a_bank_question() -> None:
    question = json.loads(run("banks", "show", "python-backend", "--json").out)["questions"][0]
    answer = " ".join(point["text"] for point in question["key_points"])
    command = ("grade", "--bank", "python-backend", "--question", question["id"])
    good, nothing = (json.loads(run(*command, stdin=text).out) for text in (answer, "I do not know."))
    assert (good["id"], nothing["score"]) == (question["id"], 0.0)
    assert good["score"] >= 0.75


# ------------------------------------------------------------------------------------- the program


def test_version_is_the_same_however_it_is_started() -> None:
    done = run_apart("--version")
    assert done == run_apart("--version", program=SCRIPT) == run("--version")
    assert (done.code, done.err, done.out[:10]) == (0, "", "voiceprep ")


COMMANDS = ("interview", "demo", "report", "recover", "grade", "devices", "doctor", "banks")


def test_help_names_every_command() -> None:
    done = run("--help")
    assert (done.code, done.err) == (0, "")
    for command in COMMANDS:
        assert f"  {command} " in done.out
        assert run(command, "--help").code == 0


def test_the_command_line_names_every_candidate() -> None:
    from voiceprep.audio.candidate import CandidateStyle

    assert [name.value for name in CandidateName] == [style.value for style in CandidateStyle]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_and_completes(shell: str) -> None:
    script = run_apart(program=SCRIPT, changes={"_VOICEPREP_COMPLETE": f"source_{shell}"})
    assert script.code == 0
    assert f"complete_{shell}" in script.out


def test_completion_of_a_command() -> None:
    words = {"COMP_WORDS": "voiceprep rep", "COMP_CWORD": "1", "_VOICEPREP_COMPLETE": "complete_bash"}
    assert run_apart(program=SCRIPT, changes=words).out.split() == ["report"]


def test_doctor_prints_one_document_and_never_a_key(tmp_path: Path) -> None:
    key = "sk-quite-secret"
    keys = {"OPENAI_API_KEY": key, "DEEPGRAM_API_KEY": key}
    done = run_apart("doctor", "--no-listen", "--json", "--recordings", tmp_path, changes=keys)
    assert done.code in (0, 1)  # 1 on a machine without sound
    findings = json.loads(done.out)
    found = {finding["name"]: finding["status"] for finding in findings}
    needed = ("program", "bank", "recogniser", "voice", "detector", "deepgram", "openai")
    assert [found[name] for name in needed] == ["ok"] * len(needed)
    assert key not in done.out + done.err
