"""Sessions sealed with age: nothing readable is left, everything opens again, no moment in between loses any."""

import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests import sample_session as sample
from tests.commands import Done, run
from tests.faulty_disk import Fault, FaultyDisk
from voiceprep.errors import ConfigError, ExitCode, RecordingError
from voiceprep.model import Outcome
from voiceprep.recordings.age import FORMAT, SUFFIX, Seal, check_recipients, make_key_file
from voiceprep.recordings.codec import encode
from voiceprep.recordings.disk import Disk
from voiceprep.recordings.folder import SESSION_JSON
from voiceprep.recordings.index import INDEX_NAME, SEALED_NAME, open_index
from voiceprep.recordings.listing import list_sessions, load_info
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.repair import RecoveryStatus
from voiceprep.recordings.sealing import in_the_open, seal_session, unseal_session
from voiceprep.recordings.wav import repair_wav
from voiceprep.recordings.writer import SessionWriter
from voiceprep.wiring.records import recover_folder

CANARIES = ("sending", "idempotent", "twice", "PUT and", "A sample bank", "Which methods")
"""Words of the answers, the questions and the plan."""


@dataclass(frozen=True)
class Safe:
    """A recordings folder whose one session is to be sealed, and both keys."""

    recordings: Path
    folder: Path
    public: str
    key_file: Path

    @property
    def seal(self) -> Seal:
        return Seal((self.public,), str(self.key_file))

    @property
    def settings(self) -> dict[str, str]:
        return {"VOICEPREP_ENCRYPT_TO": self.public, "VOICEPREP_IDENTITY": str(self.key_file)}

    def run(self, *arguments: str | Path) -> Done:
        return run(*arguments, "--recordings", self.recordings, changes=self.settings)

    def run_without_key(self, *arguments: str | Path) -> Done:
        changes = {"VOICEPREP_ENCRYPT_TO": self.public, "VOICEPREP_IDENTITY": str(self.key_file) + ".missing"}
        return run(*arguments, "--recordings", self.recordings, changes=changes)


@pytest.fixture
def safe(tmp_path: Path) -> Safe:
    key_file = tmp_path / "key.txt"
    public = make_key_file(key_file)
    record = sample.record_session(tmp_path / "recordings")
    for name, rate_hz in (("candidate.wav", 16_000), ("interviewer.wav", 24_000)):
        repair_wav(record.folder / name, rate_hz, rate_hz // 2)  # half a second is enough
    (record.folder / SESSION_JSON).write_bytes(encode(replace(record.info, encrypt_to=(public,))))
    return Safe(record.folder.parent, record.folder, public, key_file)


def contents(folder: Path, key_file: Path) -> dict[str, bytes]:
    """Every file of the session by its own name, whether it is sealed or still in the open."""
    line = key_file.read_text().splitlines()[-1]
    identity = pyrage.x25519.Identity.from_str(line)
    sealed = {path.stem: pyrage.decrypt(path.read_bytes(), [identity]) for path in folder.glob(f"*{SUFFIX}")}
    is_outline = SESSION_JSON in sealed
    plain = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != SUFFIX}
    own = {name: data for name, data in plain.items() if not name.startswith(".")}
    if is_outline and load_info(folder).sealed:
        own.pop(SESSION_JSON)
    return sealed | own


def everything_in(place: Path) -> bytes:
    return b"\0".join(path.name.encode() + path.read_bytes() for path in place.rglob("*") if path.is_file())


def found_in(place: Path) -> list[str]:
    data = everything_in(place).lower()
    return [word for word in CANARIES if word.lower().encode() in data]


# ---------------------------------------------------------------------------------------------- sealed and opened


def test_nothing_that_was_said_or_asked_is_left_in_the_open(safe: Safe) -> None:
    assert set(found_in(safe.recordings)) == set(CANARIES), "the canaries are there before"
    before = contents(safe.folder, safe.key_file)
    assert seal_session(safe.folder)
    assert found_in(safe.recordings) == []
    assert {path.name for path in safe.folder.iterdir()} == {SESSION_JSON, *(f"{name}{SUFFIX}" for name in before)}
    assert contents(safe.folder, safe.key_file) == before
    for path in safe.folder.glob(f"*{SUFFIX}"):
        assert path.read_bytes().startswith(FORMAT.encode() + b"\n-> X25519 ")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_outline_says_when_and_how_long_and_of_which_bank(safe: Safe) -> None:
    whole = load_info(safe.folder)
    duration_ms = load_session(safe.folder).duration_ms
    seal_session(safe.folder)
    outline = load_info(safe.folder)
    assert (outline.id, outline.bank_id, outline.started_at) == (whole.id, whole.bank_id, whole.started_at)
    assert (outline.outcome, outline.length_ms, outline.sealed) == (Outcome.COMPLETED, duration_ms, FORMAT)
    assert (outline.plan, outline.providers, outline.bank_title) == ((), {}, "")
    (summary,) = list_sessions(safe.recordings)
    assert (summary.duration_ms, summary.problem, summary.needs_recovery) == (duration_ms, "", False)


def test_unsealed_it_is_byte_for_byte_as_it_was(safe: Safe) -> None:
    before = contents(safe.folder, safe.key_file)
    seal_session(safe.folder)
    assert unseal_session(safe.folder, safe.seal)
    assert contents(safe.folder, safe.key_file) == before
    assert not list(safe.folder.glob(f"*{SUFFIX}"))
    assert not unseal_session(safe.folder, safe.seal)


def test_a_session_nobody_wants_sealed_is_left_alone(tmp_path: Path) -> None:
    folder = sample.record_session(tmp_path).folder
    before = everything_in(folder)
    assert not seal_session(folder)
    assert everything_in(folder) == before


def test_sealing_an_old_session_names_its_readers_in_it(tmp_path: Path, safe: Safe) -> None:
    folder = sample.record_session(tmp_path / "old").folder
    assert seal_session(folder, (safe.public,))
    assert load_info(folder).encrypt_to == (safe.public,)
    with open_session(folder, safe.seal) as opened:
        assert load_session(opened.folder).problems == ()


def test_a_session_that_is_not_over_is_not_sealed(tmp_path: Path, safe: Safe) -> None:
    running = replace(sample.info(), encrypt_to=(safe.public,))
    with SessionWriter.create(tmp_path / "r", running) as writer, pytest.raises(RecordingError, match="not over"):
        seal_session(writer.folder)


def test_what_was_written_while_it_was_open_is_sealed_with_the_rest(safe: Safe) -> None:
    seal_session(safe.folder)
    with open_session(safe.folder, safe.seal) as opened:
        (opened.folder / "extra.txt").write_text("sending twice")
        place = opened.folder.parent
        assert opened.kept_as(opened.folder / "extra.txt") == safe.folder / "extra.txt.age"
    assert not place.exists()
    assert found_in(safe.recordings) == []
    assert contents(safe.folder, safe.key_file)["extra.txt"] == b"sending twice"


def test_a_copy_that_a_killed_command_left_goes_away(safe: Safe) -> None:
    seal_session(safe.folder)
    with open_session(safe.folder, safe.seal) as opened:
        abandoned = opened.folder.parent.with_name("voiceprep-open-abandoned")
        shutil.copytree(opened.folder, abandoned / opened.folder.name)
    os.utime(abandoned, (0, 0))
    with open_session(safe.folder, safe.seal):
        assert not abandoned.exists()


# ------------------------------------------------------------------------------------------- at every single call


class Killed(BaseException):
    """As SIGKILL: nothing after it is done, no file is cleared away."""


class MortalDisk(FaultyDisk):
    """The process is gone at call number `at`, before it is made."""

    def _check(self, call: str) -> None:
        if self._is_failing(call):
            raise Killed

    def write(self, file: int, data: memoryview) -> int:
        if self._is_failing("write"):
            Disk.write(self, file, data[: len(data) // 2])
            raise Killed
        return Disk.write(self, file, data)


HOW = pytest.mark.parametrize(
    "how", [*(pytest.param(fault.name, marks=pytest.mark.slow) for fault in Fault), "KILLED"]
)
DISKS: dict[str, Callable[[int], FaultyDisk]] = {
    **{fault.name: partial(FaultyDisk, fault=fault) for fault in Fault},
    "KILLED": MortalDisk,
}


@HOW
def test_sealing_that_fails_at_any_call_loses_nothing_and_is_finished(safe: Safe, tmp_path: Path, how: str) -> None:
    before = contents(safe.folder, safe.key_file)
    for at in count():
        folder, disk = _copy(safe.folder, tmp_path / str(at)), DISKS[how](at)
        failure = _failure(partial(seal_session, folder, disk=disk))
        assert contents(folder, safe.key_file) == before, at
        if failure is None:
            break
        _check_error(failure, folder, at)
        _check_sealed_by_recovery(folder, before, safe, at)
    assert len(disk.calls) <= at, "it fails whenever the disk does"
    assert {"open", "write", "sync", "rename", "remove"} <= set(disk.calls)


@HOW
def test_unsealing_that_fails_at_any_call_loses_nothing(safe: Safe, tmp_path: Path, how: str) -> None:
    before = contents(safe.folder, safe.key_file)
    seal_session(safe.folder)
    for at in count():
        folder, disk = _copy(safe.folder, tmp_path / str(at)), DISKS[how](at)
        failure = _failure(partial(unseal_session, folder, safe.seal, disk=disk))
        assert contents(folder, safe.key_file) == before, at
        if failure is None:
            break
        _check_error(failure, folder, at)
        _check_sealed_by_recovery(folder, before, safe, at)
    assert len(disk.calls) <= at, "it fails whenever the disk does"


def _failure(step: Callable[[], object]) -> BaseException | None:
    try:
        step()
    except (RecordingError, Killed) as failure:
        return failure
    return None


def _copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / folder.name))


def _check_error(error: BaseException, folder: Path, at: int) -> None:
    if isinstance(error, RecordingError):
        assert f"voiceprep recover {folder.name}" in error.hint, at


def _check_sealed_by_recovery(folder: Path, before: dict[str, bytes], safe: Safe, at: int) -> None:
    """As a person would: `recover`, which needs no private key."""
    recover_folder(folder)
    assert load_info(folder).sealed == FORMAT, at
    assert in_the_open(folder) == [], at
    assert found_in(folder) == [], at
    assert not list(folder.glob(".*")), at
    assert contents(folder, safe.key_file) == before, at
    assert recover_folder(folder).status is RecoveryStatus.NOT_NEEDED, at


# ----------------------------------------------------------------------------------------------------------- keys


def test_an_ssh_key_seals_and_opens(safe: Safe, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    key_file = tmp_path / "id_ed25519"
    key_file.touch(mode=0o600)
    key_file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    folder = sample.record_session(tmp_path / "ssh").folder
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != SESSION_JSON}
    seal_session(folder, (f"{public} me@laptop", safe.public))
    for seal in (Seal(key_file=str(key_file)), safe.seal):
        with open_session(folder, seal) as opened:
            assert before.items() <= {path.name: path.read_bytes() for path in opened.folder.iterdir()}.items()


@pytest.mark.parametrize(
    "text",
    ["age1foo", "ssh-ed25519 foo", "", "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ", "nobody"],
)
def test_what_is_no_public_key_is_refused_and_not_repeated(safe: Safe, text: str) -> None:
    with pytest.raises(ConfigError, match="number 2 is no public key") as error:
        check_recipients((safe.public, text))
    assert not text or text not in f"{error.value.message} {error.value.hint}"


def test_another_key_opens_nothing_and_says_so(safe: Safe, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    make_key_file(other)
    seal_session(safe.folder)
    done = run("report", "last", "--recordings", safe.recordings, changes={"VOICEPREP_IDENTITY": str(other)})
    assert (done.code, done.out) == (ExitCode.RECORDING, "")
    assert "is sealed to another key than those in" in done.err
    assert "VOICEPREP_IDENTITY=FILE" in done.err


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("# nothing\n", 0o600, "no private key"),
        ("AGE-SECRET-KEY-1WRONG\n", 0o600, "holds no private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", 0o600, "holds no private key"),
        ("age1public\n", 0o600, "holds no private key"),
        (None, 0o644, "others can read it"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_named(safe: Safe, content: str | None, mode: int, said: str) -> None:
    seal_session(safe.folder)
    if content is not None:
        safe.key_file.write_text(content)
    safe.key_file.chmod(mode)
    done = safe.run("report", "last")
    assert (done.code in (ExitCode.USAGE, ExitCode.RECORDING), done.out) == (True, ""), done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_damaged_file_is_named(safe: Safe) -> None:
    seal_session(safe.folder)
    path = safe.folder / "events.jsonl.age"
    path.write_bytes(path.read_bytes()[:-1])
    done = safe.run("report", "last")
    assert done.code == ExitCode.RECORDING
    assert "events.jsonl.age is damaged" in done.err


def test_keys_are_made_for_their_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "config" / "key.txt"
    done = run("keys", "create", "--out", path)
    assert done.code == ExitCode.DONE, done.err
    assert done.out.startswith("age1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_text()
    assert f"# public key: {done.out.strip()}" in content
    assert "AGE-SECRET-KEY-1" in content
    assert "AGE-SECRET-KEY-1" not in done.out + done.err
    again = run("keys", "create", "--out", path)
    assert (again.code, path.read_text()) == (ExitCode.USAGE, content)


# ------------------------------------------------------------------------------------------------- whole commands


def test_commands_that_read_work_with_the_key_as_before(safe: Safe) -> None:
    before = {args: safe.run(*args) for args in READING}
    seal_session(safe.folder)
    for args, expected in before.items():
        done = safe.run(*args)
        assert (done.code, done.out) == (expected.code, expected.out), args
    assert json.loads(safe.run("due", "--json").out)["total"] == 2
    assert found_in(safe.recordings) == []


READING = (
    ("report", "last", "--json"),
    ("report", "last", "--format", "markdown"),
    ("report", "last", "--compare"),
    ("history", "--json"),
    ("history", "--search", "twice"),
    ("progress", "--json"),
)


@pytest.mark.parametrize("args", [("report",), ("score",), ("export",), ("resume",), ("audit",), ("unseal",)])
def test_without_the_key_one_sentence_says_what_is_missing(safe: Safe, args: tuple[str, ...]) -> None:
    seal_session(safe.folder)
    before = everything_in(safe.folder)
    done = safe.run_without_key(*args)
    assert (done.code, done.out) == (ExitCode.RECORDING, ""), done.err
    assert "is sealed, and there is no private key in" in done.err
    assert "VOICEPREP_IDENTITY=FILE" in done.err
    assert everything_in(safe.folder) == before


def test_lists_work_without_the_key_and_say_that_it_is_sealed(safe: Safe) -> None:
    seal_session(safe.folder)
    done = safe.run_without_key("history", "--json")
    (session,) = json.loads(done.out)["sessions"]
    assert (session["bank"], session["outcome"], session["overall"]) == ("sample-bank", "completed", None)
    assert session["problem"].startswith("Sealed.")
    assert "Sealed." in safe.run_without_key("history").out
    assert safe.run_without_key("progress", "--json").code == ExitCode.DONE
    assert found_in(safe.recordings) == []


def test_the_index_is_sealed_too_and_the_open_one_is_gone(safe: Safe) -> None:
    with open_index(safe.recordings):
        pass
    assert (safe.recordings / INDEX_NAME).exists()
    seal_session(safe.folder)
    assert found_in(safe.recordings) == []
    with open_index(safe.recordings, safe.seal) as index:
        assert index.connection.execute("SELECT count(*) FROM lines").fetchone()[0] > 0
    assert (safe.recordings / SEALED_NAME).read_bytes().startswith(FORMAT.encode())
    assert not (safe.recordings / INDEX_NAME).exists()
    with open_index(safe.recordings, safe.seal) as index:
        assert index.synchronise() == 0 or index.connection.total_changes
        assert index.connection.execute("SELECT overall FROM sessions").fetchone()[0] == pytest.approx(1 / 3)
    (safe.recordings / SEALED_NAME).write_bytes(b"broken")
    with open_index(safe.recordings, safe.seal) as index:
        assert index.connection.execute("SELECT count(*) FROM lines").fetchone()[0] > 0


def test_new_scores_are_sealed_with_the_rest(safe: Safe) -> None:
    seal_session(safe.folder)
    done = safe.run("score", "last", "--json")
    assert done.code == ExitCode.DONE, done.err
    file = Path(json.loads(done.out)["file"])
    assert (file.parent, file.suffix) == (safe.folder, SUFFIX)
    assert file.exists()
    assert found_in(safe.recordings) == []


def test_a_page_of_a_sealed_session_goes_where_it_is_wanted_with_its_sound(safe: Safe, tmp_path: Path) -> None:
    seal_session(safe.folder)
    refused = safe.run("report", "last", "--format", "html")
    assert refused.code == ExitCode.USAGE
    assert "--out FILE" in refused.err
    out = tmp_path / "page.html"
    assert safe.run("report", "last", "--format", "html", "--out", out).code == ExitCode.DONE
    assert "data:audio/wav" in out.read_text()
    assert found_in(safe.recordings) == []


def test_an_export_is_in_the_open(safe: Safe, tmp_path: Path) -> None:
    names = set(contents(safe.folder, safe.key_file))
    seal_session(safe.folder)
    out = tmp_path / "mine.zip"
    assert safe.run("export", "all", "--out", out).code == ExitCode.DONE
    with zipfile.ZipFile(out) as archive:
        assert {name.partition("/")[2] for name in archive.namelist()} >= names
        assert {name.partition("/")[0] for name in archive.namelist()} == {safe.folder.name}


def test_purging_needs_no_key_and_takes_the_sealed_index_too(safe: Safe) -> None:
    seal_session(safe.folder)
    safe.run("history")
    assert (safe.recordings / SEALED_NAME).exists()
    assert safe.run_without_key("purge", "last", "--yes").code == ExitCode.DONE
    assert not safe.folder.exists()
    assert not (safe.recordings / SEALED_NAME).exists()


def test_commands_seal_and_unseal(safe: Safe, tmp_path: Path) -> None:
    sample.record_session(tmp_path / "old")
    asked = ("--recordings", tmp_path / "old")
    nobody = run("seal", "all", *asked)
    assert (nobody.code, "--to age1" in nobody.err) == (ExitCode.USAGE, True)
    assert run("seal", "all", "--to", safe.public, *asked).code == ExitCode.DONE
    assert found_in(tmp_path / "old") == []
    assert run("seal", "last", "--to", safe.public, *asked).code == ExitCode.DONE, "once more does no harm"
    done = run("unseal", "last", *asked, changes=safe.settings)
    assert done.code == ExitCode.DONE, done.err
    again = run("unseal", "last", *asked, changes=safe.settings)
    assert (again.code, "is not sealed" in again.err) == (ExitCode.RECORDING, True)
    assert load_session(tmp_path / "old" / sample.SESSION_ID).problems == ()
    assert run("recover", *asked).out.startswith("Nothing to recover"), "it stays in the open"


def test_a_sealed_session_is_never_taken_for_an_empty_one(safe: Safe) -> None:
    seal_session(safe.folder)
    with pytest.raises(RecordingError, match="is sealed"):
        load_session(safe.folder)
    with pytest.raises(RecordingError, match="is sealed"):
        SessionWriter.resume(safe.folder)


FAST = ("--candidate", "weak", "--pace", "fast", "--plain", "--questions", "1", "--seed", "4")


def test_an_interview_is_sealed_when_it_is_over(safe: Safe) -> None:
    shutil.rmtree(safe.folder)
    done = safe.run("interview", *FAST, "--json")
    assert done.code == ExitCode.DONE, done.err
    told = json.loads(done.out)
    (summary,) = list_sessions(safe.recordings)
    assert summary.info is not None
    assert summary.info.sealed == FORMAT
    assert in_the_open(summary.folder) == []
    words = [word for each in told["questions"] for word in each["answer"].split() if len(word) > 7]
    assert words
    assert safe.run("history").code == ExitCode.DONE
    data = everything_in(summary.folder) + (safe.recordings / SEALED_NAME).read_bytes()
    assert not [word for word in words if word.encode() in data]
    again = json.loads(safe.run("report", "last", "--json").out)
    assert again["questions"] == told["questions"]
    assert again["session"]["folder"] == told["session"]["folder"]


def test_an_interview_that_could_not_be_sealed_in_the_end_does_not_begin(safe: Safe) -> None:
    changes = safe.settings | {"VOICEPREP_ENCRYPT_TO": "age1nobody"}
    done = run("interview", *FAST, "--recordings", safe.recordings, changes=changes)
    assert (done.code, "encrypt_to: number 1" in done.err) == (ExitCode.USAGE, True)
    assert len(list_sessions(safe.recordings)) == 1


def test_the_doctor_says_whether_what_is_sealed_can_be_read_here(safe: Safe) -> None:
    def told(done: Done) -> str:
        (finding,) = [each for each in json.loads(done.out) if each["name"] == "sealing"]
        return str(finding["detail"])

    assert "private key in" in told(safe.run("doctor", "--json", "--no-listen"))
    assert "no private key here" in told(safe.run_without_key("doctor", "--json", "--no-listen"))
