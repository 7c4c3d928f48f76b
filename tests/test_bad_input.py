"""Everything that can be wrong from outside: the right exit code and one paragraph that says what to do.

Nothing half-written stays behind unmarked.
"""

import resource
import sys
import wave
from pathlib import Path

import pytest

from tests.commands import Done, run, run_apart
from voiceprep.model import Outcome
from voiceprep.recordings.folder import session_folders
from voiceprep.recordings.reader import load_session

USAGE, AUDIO_DEVICE, RECORDING = 2, 3, 5
FAST = ("--candidate", "partial", "--pace", "fast", "--questions", "1", "--seed", "1")


def assert_one_paragraph(done: Done, code: int, *said: str) -> None:
    """What happened, and below it, indented, what to do. Nothing on stdout, no traceback."""
    assert (done.code, done.out) == (code, "")
    first, *hints = done.err.rstrip("\n").split("\n")
    assert first.startswith("voiceprep: ")
    assert hints
    assert all(hint.startswith("  ") and hint.strip() for hint in hints)
    assert "Traceback" not in done.err
    for words in said:
        assert words in done.err


# ----------------------------------------------------------------------------------- usage, settings


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("interview", "--bank", "pyton-backend"), ("'pyton-backend'", "Did you mean 'python-backend'?")),
        (("interview", "--bank", "no/such/file.yaml"), ("no/such/file.yaml",)),
        (("interview", "--topic", "astrology"), ("'astrology'", "concurrency")),
        (("interview", "--questions", "-1"), ("questions is -1", "between 0 and 100")),
        (("interview", "--level", "9"), ("level is 9", "between 1 and 5")),
        (("interview", "--patience", "0"), ("patience is 0",)),
        (("interview", "--minutes", "-1"), ("minutes is -1",)),
        (("interview", "--candidate", "strong", "--mic", "keyboard"), ("--candidate", "--mic")),
        (("interview", "--pace", "fast"), ("--pace fast", "--candidate")),
        (("interview", "--pace", "fast", "--mic", "x.wav"), ("--speaker none",)),
        (("interview", *FAST, "--stt", "deepgram:nova-3,local"), ("faster than deepgram", "--stt local")),
        (("interview", *FAST, "--stt", "local,openai"), ("faster than openai", "leave out --pace fast")),
        (("grade",), ("--jsonl",)),
        (("grade", "--jsonl", "--question", "pagination"), ("--jsonl",)),
        (("grade", "--bank", "python-backend", "--question", "pagnation"), ("Did you mean pagination",)),
        (("banks", "show", "pyton-backend"), ("Did you mean 'python-backend'?",)),
        (("banks", "check", "pyton-backend"), ("Did you mean 'python-backend'?",)),
    ],
)
def test_usage(tmp_path: Path, arguments: tuple[str, ...], said: tuple[str, ...]) -> None:
    recordings = tmp_path / "r"
    place = ("--recordings", str(recordings)) if arguments[0] == "interview" else ()
    assert_one_paragraph(run(*arguments, *place), USAGE, *said)
    assert not recordings.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("interview", "--candidate", "bogus"),
        ("interview", "--pace", "slow"),
        ("interview", "--mic"),
        ("interview", "--questions", "many"),
        ("report", "--format", "pdf"),
        ("report", "one", "two"),
    ],
)
def test_a_command_line_that_cannot_be_read(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (USAGE, "")
    assert "Error: " in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("qestions = 3", "Did you mean 'questions'?"),
        ('questions = "many"', "questions"),
        ("questions = 3.5", "questions"),
        ("plain = 7", "plain"),
        ("level = 0", "level is 0"),
        ("level == 3", "not valid TOML"),
    ],
)
def test_settings_file(tmp_path: Path, text: str, said: str) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(text)
    assert_one_paragraph(run("interview", changes={"VOICEPREP_SETTINGS": str(settings)}), USAGE, said)


def test_environment_variable() -> None:
    done = run("interview", changes={"VOICEPREP_QUESTIONS": "many"})
    assert_one_paragraph(done, USAGE, "environment", "questions", "'many'")


BROKEN_BANKS = {
    "yaml": ("id: mine\ntitle: [unclosed\nquestions:\n", 3),
    "field": ("id: mine\ntitle: Mine\nquestion:\n  - id: a\n", 3),
    "type": ("id: mine\ntitle: Mine\nquestions: none\n", 3),
    "empty": ("", 1),
    "binary": ("\0\0\0", 1),
}


@pytest.mark.parametrize("name", BROKEN_BANKS)
def test_a_broken_bank_is_told_by_file_and_line(tmp_path: Path, name: str) -> None:
    text, line = BROKEN_BANKS[name]
    bank = tmp_path / "mine.yaml"
    bank.write_text(text)
    recordings = tmp_path / "r"
    done = run("interview", "--bank", bank, *FAST, "--recordings", recordings)
    assert_one_paragraph(done, USAGE, f"{bank}:{line}:")
    assert not recordings.exists()


# -------------------------------------------------------------------------------------------- audio


def _write_wav(path: Path, rate_hz: int = 16_000, channel_count: int = 1, sample_bytes: int = 2) -> bytes:
    with wave.open(str(path), "wb") as file:
        file.setparams((channel_count, sample_bytes, rate_hz, 0, "NONE", ""))
        file.writeframes(bytes(rate_hz * channel_count * sample_bytes))
    return path.read_bytes()


def _bad_microphone(path: Path, kind: str) -> None:
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "not audio":
            path.write_bytes(b"this is text, whatever its name says\n" * 100)
        case "8-bit":
            _write_wav(path, sample_bytes=1)
        case "44.1 kHz stereo":
            _write_wav(path, 44_100, 2)
        case "truncated":
            path.write_bytes(_write_wav(path)[:20_001])
        case "truncated header":
            path.write_bytes(_write_wav(path)[:30])
        case "without a sample":
            path.write_bytes(_write_wav(path)[:40] + bytes(4))
        case "a folder":
            path.mkdir()
        case "missing":
            pass


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("empty", "empty"),
        ("not audio", "not a complete WAV file"),
        ("8-bit", "8-bit"),
        ("44.1 kHz stereo", "44.1 kHz stereo"),
        ("truncated", "cut short"),
        ("truncated header", "not a complete WAV file"),
        ("without a sample", "no audio"),
        ("a folder", "is a folder"),
        ("missing", "There is no audio file"),
    ],
)
def test_a_microphone_file(tmp_path: Path, kind: str, said: str) -> None:
    path, recordings = tmp_path / "answers.wav", tmp_path / "r"
    _bad_microphone(path, kind)
    done = run("interview", "--mic", path, "--speaker", "none", "--pace", "fast", "--recordings", recordings)
    assert_one_paragraph(done, AUDIO_DEVICE, said, str(path))
    assert not recordings.exists()


def test_a_loudspeaker_file_is_never_written_over(tmp_path: Path) -> None:
    path, recordings = tmp_path / "heard.wav", tmp_path / "r"
    before = _write_wav(path)
    done = run("interview", *FAST, "--speaker", path, "--recordings", recordings)
    assert_one_paragraph(done, AUDIO_DEVICE, "already exists", str(path))
    assert path.read_bytes() == before
    assert not recordings.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="takes the sound devices away as ALSA knows them")
@pytest.mark.parametrize(
    "options", [(), ("--mic", "USB headset"), ("--candidate", "strong"), ("--mic", "keyboard")]
)
def test_no_sound_device(tmp_path: Path, options: tuple[str, ...]) -> None:
    nothing, recordings = tmp_path / "alsa.conf", tmp_path / "r"
    nothing.write_text("pcm.nothing { type empty }\n")  # PortAudio aborts when there is no pcm at all
    changes = {"ALSA_CONFIG_PATH": str(nothing), "PULSE_SERVER": "unix:/nonexistent"}
    done = run_apart("interview", *options, "--recordings", recordings, changes=changes)
    assert_one_paragraph(done, AUDIO_DEVICE, "no sound device", "--speaker none")
    assert not recordings.exists()


# ---------------------------------------------------------------------------------------- recording


@pytest.mark.parametrize("place", ["a file/recordings", "/proc/recordings"])
def test_a_recordings_folder_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_text("not a folder")
    recordings = tmp_path / place
    done = run("interview", *FAST, "--json", "--recordings", recordings)
    assert_one_paragraph(done, RECORDING, str(recordings), "--recordings DIR")
    assert (tmp_path / "a file").read_text() == "not a folder"


@pytest.mark.parametrize("command", ["report", "recover"])
@pytest.mark.parametrize("which", ["last", "20200101T000000Z-nothing-0000", "no/such/folder"])
def test_an_unknown_session(tmp_path: Path, command: str, which: str) -> None:
    done = run(command, which, "--json", "--recordings", tmp_path)
    assert_one_paragraph(done, RECORDING, str(tmp_path), "--recordings DIR")


def test_debug_adds_the_traceback(tmp_path: Path) -> None:
    done = run("--debug", "report", "last", "--recordings", tmp_path)
    assert done.code == RECORDING
    assert "Traceback" in done.err
    assert "voiceprep: There is no session" in done.err


LIMITED = (
    "import resource, runpy, sys;"
    "limit_bytes = int(sys.argv.pop(1));"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes));"
    "runpy.run_module('voiceprep', run_name='__main__')"
)


def on_a_disk_with(file_bytes_max: int, recordings: Path) -> Done:
    """An interview in a process that may write no file larger than this: the next write fails as on a full disk.

    Its coverage is not measured: that could not be written either.
    """
    program = ("env", "-u", "COVERAGE_PROCESS_CONFIG", sys.executable, "-c", LIMITED, str(file_bytes_max))
    return run_apart("interview", *FAST, "--json", "--recordings", recordings, program=program)


def test_a_disk_that_fills_up_during_the_interview(tmp_path: Path) -> None:
    limit_bytes = 300_000  # about 9 s of the candidate's track, 6 s of the interviewer's
    done = on_a_disk_with(limit_bytes, tmp_path)
    assert (done.code, done.out) == (RECORDING, "")
    assert "Traceback" not in done.err
    (folder,) = session_folders(tmp_path)
    told = done.err[done.err.index("voiceprep: ") :].rstrip("\n").split("\n")
    assert "disk is full" in told[0]
    assert folder.name in told[0]
    assert f"voiceprep recover {folder.name}" in told[1]
    assert load_session(folder).info.outcome is Outcome.RUNNING

    before = {path.name: path.read_bytes() for path in folder.glob("*.wav")}
    recovered = run("recover", folder.name, "--recordings", tmp_path)
    assert (recovered.code, recovered.err) == (0, "")
    record = load_session(folder)
    assert record.is_complete, record.problems
    assert record.duration_ms >= 5_000
    assert record.scores is not None
    for name, data in before.items():
        assert (folder / name).read_bytes()[44:].startswith(data[44:-1])


def test_a_disk_that_is_full_before_it_begins(tmp_path: Path) -> None:
    done = on_a_disk_with(1_000, tmp_path / "r")
    assert_one_paragraph(done, RECORDING, "disk is full", "--recordings DIR")
    assert list(tmp_path.iterdir()) == []


def test_this_process_may_still_write() -> None:
    """The limits above are the children's own."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
