"""The house itself: lock files, the commands, what the wheel holds, what starting costs."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from voiceprep import __version__

ROOT = Path(__file__).resolve().parents[1]
LOCKS = tuple(sorted(path.name for path in ROOT.glob("requirements*.lock")))


def run(
    *command: str, cwd: Path = ROOT, environ: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def pins(lock: str) -> dict[str, str]:
    """Pin line → its hash lines."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    entries = re.split(r"\n(?=\S)", "\n".join(lines))
    return {entry.splitlines()[0]: entry for entry in entries}


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(
        r"^\s*-|@ |--(index|extra|find|trusted)|/[a-z]+/", text.replace("    --hash", ""), re.MULTILINE
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    entries = pins(lock)
    assert len(entries) >= (20 if lock in ("requirements.lock", "requirements-dev.lock") else 1)
    for pin, entry in entries.items():
        assert re.match(r"[a-z0-9][a-z0-9._-]*==[^ ]+ ", pin), pin
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), pin


def test_what_a_session_needs_is_the_same_under_test() -> None:
    """Otherwise `make demo` after `make test` would run on other versions. Where a pin applies may differ."""
    alone, under_test = (
        {re.sub(r" ;[^\\]*", " ", entry) for entry in pins(lock).values()}
        for lock in ("requirements.lock", "requirements-dev.lock")
    )
    assert alone <= under_test


def test_nothing_strong_copyleft_is_needed_by_default() -> None:
    names = {pin.split("==")[0] for pin in pins("requirements.lock")}
    assert not names & {"torch", "soundfile", "soxr", "espeakng", "espeakng-loader", "phonemizer", "num2words"}


@pytest.mark.parametrize(
    "target", ["help", "demo", "test", "check", "coverage", "peers", "livekit", "lock", "wheel"]
)
def test_make_help_lists_every_command(target: str) -> None:
    assert re.search(rf"^make {target} +\w", run("make", "help").stdout, re.MULTILINE)


def test_make_alone_is_help() -> None:
    assert run("make").stdout == run("make", "help").stdout


def test_scripts_are_executable_and_parse() -> None:
    scripts = [ROOT / ".ci/run", *(ROOT / "scripts").glob("*.sh")]
    assert len(scripts) >= 4
    for script in scripts:
        assert os.access(script, os.X_OK), script
        assert run("bash", "-n", str(script)).returncode == 0, script


def test_set_up_of_an_unknown_purpose_is_a_usage_error() -> None:
    assert run("scripts/setup.sh", "holiday").returncode == 2


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """What set-up reads, in a folder without an environment."""
    for name in (*LOCKS, "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    return tmp_path


def fake_command(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def set_up(checkout: Path, purpose: str, **fakes: str) -> "subprocess.CompletedProcess[str]":
    """Run set-up with some commands of the machine replaced, as a person who may not install packages."""
    for name, body in {"id": "echo 1000", "sudo": "exit 1", "uname": "echo Linux", **fakes}.items():
        fake_command(checkout / "fakes", name, body)
    environ = {**os.environ, "PATH": f"{checkout / 'fakes'}:{os.environ['PATH']}", "PYTHON": "no-python-here"}
    return run("scripts/setup.sh", purpose, cwd=checkout, environ=environ)


NO_PYTHON = dict.fromkeys(("python3.11", "python3.12", "python3.13", "python3.14", "python3"), "exit 1")


def test_set_up_for_tests_prints_the_line_to_run_and_stops(bare_checkout: Path) -> None:
    done = set_up(bare_checkout, "test", **{"apt-get": "exit 1", "dpkg-query": "exit 1"})
    assert done.returncode == 1
    packages = "libportaudio2 pulseaudio pulseaudio-utils libasound2-plugins portaudio19-dev chromium"
    assert f"sudo apt-get install -y --no-install-recommends {packages}" in done.stdout
    assert not (bare_checkout / ".venv").exists()


def test_set_up_shows_why_installing_packages_failed(bare_checkout: Path) -> None:
    fakes = {"id": "echo 0", "apt-get": "echo E: no network; exit 100", "dpkg-query": "exit 1"}
    done = set_up(bare_checkout, "test", **fakes)
    assert done.returncode == 1
    assert "E: no network" in done.stdout


def test_set_up_for_the_demo_goes_on_without_a_loudspeaker(bare_checkout: Path) -> None:
    """It gets as far as making the environment, which fails here on purpose."""
    venv_fails = 'case "$*" in *"-m venv"*) echo "making $*"; exit 9;; *version_info\\[*) echo 3.11;; esac'
    fakes = {"apt-get": "exit 1", "dpkg-query": "exit 1", "python3.11": venv_fails}
    done = set_up(bare_checkout, "demo", **fakes)
    assert "install -y --no-install-recommends libportaudio2" in done.stdout
    assert "making -m venv" in done.stdout
    assert done.returncode == 9


def test_set_up_does_nothing_the_second_time(bare_checkout: Path) -> None:
    venv = bare_checkout / ".venv"
    fake_command(venv, "x", "")
    fake_command(venv / "bin", "voiceprep", "")
    lock = bare_checkout / "requirements.lock"
    made_from = ("requirements.lock", "requirements-weights.lock", "pyproject.toml")
    texts = [(bare_checkout / name).read_text(encoding="utf-8") for name in made_from]
    stamp = f"{bare_checkout.resolve()}\n{''.join(texts)}"
    (venv / ".ready-demo").write_text(stamp, encoding="utf-8")
    done = set_up(bare_checkout, "demo", **NO_PYTHON, **{"apt-get": "exit 1", "dpkg-query": "exit 1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with lock.open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    changed = set_up(bare_checkout, "demo", **NO_PYTHON)
    assert changed.returncode == 1
    assert "Python 3.11 or newer is needed." in changed.stderr


def test_help_loads_nothing_heavy() -> None:
    done = run(sys.executable, "benchmarks/startup.py", "1")
    assert "heavy modules loaded: none" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def build_wheel(folder: Path) -> Path:
    done = run(
        *(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-build-isolation", "--no-deps"),
        *("--wheel-dir", str(folder), "."),
    )
    assert done.returncode == 0, done.stderr
    return folder / f"voiceprep-{__version__}-py3-none-any.whl"


@pytest.mark.slow
def test_two_wheels_of_one_source_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = build_wheel(tmp_path / "first"), build_wheel(tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_the_wheel_holds_the_question_banks(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path)
    names = set(zipfile.ZipFile(wheel).namelist())
    banks = {f"voiceprep/question_banks/{path.name}" for path in (ROOT / "question_banks").glob("*.yaml")}
    assert banks
    assert banks <= names
    assert {f"voiceprep/reports/html/templates/report.{kind}" for kind in ("html", "css", "js")} <= names
    assert "voiceprep/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "recordings/"))]
