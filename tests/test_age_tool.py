"""What is sealed here the stock `age` opens, and the other way round. `pytest -m peers` builds it once."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.peers.environments import age_tool
from tests import sample_session as sample
from voiceprep.recordings.age import SUFFIX, Seal, unseal_bytes
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import load_session
from voiceprep.recordings.sealing import seal_session

pytestmark = [pytest.mark.peers, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def tool() -> Path:
    return age_tool()


def age(tool: Path, *arguments: str | Path, data: bytes = b"") -> bytes:
    command = [str(tool / "age"), *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=60).stdout


def test_the_stock_tool_opens_every_sealed_file_with_its_own_key(tool: Path, tmp_path: Path) -> None:
    key_file = tmp_path / "key.txt"
    subprocess.run([tool / "age-keygen", "-o", key_file], check=True, capture_output=True, timeout=60)
    public = key_file.read_text().splitlines()[1].removeprefix("# public key: ")
    folder = sample.record_session(tmp_path / "recordings").folder
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "session.json"}
    seal_session(folder, (public,))
    for name, content in before.items():
        assert age(tool, "-d", "-i", key_file, folder / f"{name}{SUFFIX}") == content
    with open_session(folder, Seal(key_file=str(key_file))) as opened:
        assert load_session(opened.folder).problems == ()


def test_what_the_stock_tool_seals_is_opened_here(tool: Path, tmp_path: Path) -> None:
    key_file = tmp_path / "key.txt"
    subprocess.run([tool / "age-keygen", "-o", key_file], check=True, capture_output=True, timeout=60)
    public = key_file.read_text().splitlines()[1].removeprefix("# public key: ")
    (tmp_path / "file.age").write_bytes(age(tool, "-r", public, data=b"sending it twice"))
    assert unseal_bytes(tmp_path / "file.age", Seal(key_file=str(key_file))) == b"sending it twice"
