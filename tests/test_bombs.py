"""Documents made to do harm are refused in one sentence, within the time and memory that a document may take."""

from pathlib import Path

import pytest

from tests.bombs import HARMFUL, HUNGRY_DOCX, SLOW_PDF
from tests.commands import run
from tests.papers import write_paper
from voiceprep.errors import ConfigError
from voiceprep.knowledge.documents import load_document
from voiceprep.knowledge.extraction import Limits

MEMORY_BYTES = 400_000_000
"""Enough to import a parser and read a document of a few pages."""


def refusal(path: Path, data: bytes, limits: Limits) -> str:
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load_document(path, limits)
    assert caught.value.hint
    assert len(caught.value.message) < 300
    return caught.value.message


@pytest.mark.parametrize("name", HARMFUL)
def test_it_is_refused(tmp_path: Path, name: str) -> None:
    assert name in refusal(tmp_path / name, HARMFUL[name], Limits(seconds=20, memory_bytes=MEMORY_BYTES))


def test_a_file_that_fills_the_memory_is_given_up(tmp_path: Path) -> None:
    message = refusal(tmp_path / "hungry.docx", HUNGRY_DOCX, Limits(seconds=20, memory_bytes=MEMORY_BYTES))
    assert "more time or memory" in message


def test_a_file_that_takes_for_ever_is_given_up(tmp_path: Path) -> None:
    assert "more time or memory" in refusal(tmp_path / "slow.pdf", SLOW_PDF, Limits(seconds=1))


def test_within_these_limits_a_document_is_read(tmp_path: Path) -> None:
    """Otherwise the tests above would prove nothing."""
    for suffix in (".pdf", ".docx"):
        paper = write_paper(tmp_path / f"cv{suffix}", ["Ada", "I built a cache in front of the database."])
        assert "cache" in load_document(paper, Limits(seconds=20, memory_bytes=MEMORY_BYTES)).pages[0]


def test_an_interview_says_which_document_it_cannot_read(tmp_path: Path) -> None:
    bomb = tmp_path / "cv.docx"
    bomb.write_bytes(HARMFUL["unpacks.docx"])
    done = run("interview", "--plan", "--resume", bomb, "--recordings", tmp_path / "r")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"voiceprep: {bomb} unpacks to far more than a document.")
    assert not (tmp_path / "r").exists()
