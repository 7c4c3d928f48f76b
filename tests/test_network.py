"""What leaves this machine: nothing with --offline, and nothing readable to another machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import run, run_apart
from voiceprep.errors import ConfigError, ExitCode
from voiceprep.network import check_encrypted
from voiceprep.recordings.folder import session_folders

FAST = ("--candidate", "strong", "--pace", "fast", "--questions", "1")


@pytest.mark.parametrize(
    "url",
    ["https://example.org", "wss://example.org", "http://127.0.0.1:80/v1", "ws://[::1]:9", "http://localhost"],
)
def test_encrypted_addresses_and_this_machine_are_fine(url: str) -> None:
    check_encrypted(url, "SOME_URL", is_plain_allowed=False)


@pytest.mark.parametrize("url", ["http://example.org", "ws://10.0.0.7:8080", "http://127.0.0.1.example.org"])
def test_a_readable_address_elsewhere_is_refused_unless_wanted(url: str) -> None:
    with pytest.raises(ConfigError, match="SOME_URL"):
        check_encrypted(url, "SOME_URL", is_plain_allowed=False)
    check_encrypted(url, "SOME_URL", is_plain_allowed=True)


def test_an_interview_refuses_a_readable_address(tmp_path: Path) -> None:
    changes = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": "http://models.example.org/v1"}
    done = run("interview", *FAST, "--llm", "openai", "--recordings", tmp_path, changes=changes)
    assert done.code == ExitCode.USAGE
    assert "OPENAI_BASE_URL" in done.err
    assert "sk-canary" not in done.err
    assert session_folders(tmp_path) == ()


def test_offline_an_interview_on_embedded_engines_opens_no_socket(tmp_path: Path) -> None:
    done = run_apart("interview", *FAST, "--offline", "--recordings", tmp_path)
    assert done.code == ExitCode.DONE, done.err


def test_offline_a_provider_is_not_reached(tmp_path: Path) -> None:
    changes = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    done = run_apart("interview", *FAST, "--offline", "--llm", "openai", "--recordings", tmp_path, changes=changes)
    assert done.code == ExitCode.USAGE, done.err
    assert "--offline" in done.err


@pytest.mark.parametrize(
    "attempt", ["socket.create_connection(('127.0.0.1', 9))", "socket.socket(socket.AF_INET6)"]
)
def test_the_ban_holds_for_all_code_in_the_process(attempt: str) -> None:
    code = f"import socket; from voiceprep.network import forbid_network; forbid_network(); {attempt}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "ConfigError: --offline" in done.stderr
