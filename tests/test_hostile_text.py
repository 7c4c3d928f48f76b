"""Whatever a bank or a session folder holds, no command lets it speak to the terminal, or out of its folder."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from tests import sample_session as sample
from tests.commands import Done, run
from tests.hostile_session import EVIL, hostile_record
from voiceprep import events
from voiceprep.events import Journaled
from voiceprep.language.plaintext import plain
from voiceprep.model import Outcome
from voiceprep.recordings.codec import encode, encode_event
from voiceprep.recordings.derived import save_delivery, save_scores, save_transcript
from voiceprep.recordings.folder import EVENTS_JSONL, SESSION_JSON
from voiceprep.recordings.reader import load_session

BIDI = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
SHOWN = f"{plain(EVIL)} \u202e"  # what a bank may hold: control characters are refused when it is read
QUOTED, EVIL_QUOTED = (
    '"' + text.encode("unicode_escape").decode().replace('"', '\\"') + '"'  # YAML reads Python's escapes
    for text in (SHOWN, EVIL)
)

BANK = f"""\
id: evil
title: {QUOTED}
description: {QUOTED}
questions:
  - id: one
    topic: {QUOTED}
    text: {QUOTED}
    key_points:
      - id: point
        text: {QUOTED}
        phrases: [{QUOTED}]
        probe: {QUOTED}
    misconceptions:
      - id: trap
        text: {QUOTED}
        phrases: [{QUOTED}]
    reference: {QUOTED}
    examples:
      - level: strong
        text: {QUOTED}
        credited: [point]
      - level: partial
        text: {QUOTED}
        credited: [point]
    sources: [{QUOTED}]
"""


def commands_in(text: str) -> set[str]:
    """Every character a terminal would obey instead of showing: controls other than line breaks, directions."""
    return {
        character
        for character in text
        if (unicodedata.category(character) in ("Cc", "Zl", "Zp") and character not in "\n\t")
        or unicodedata.bidirectional(character) in BIDI
    }


def assert_only_shown(done: Done) -> None:
    assert not commands_in(done.out), f"on stdout: {commands_in(done.out)}"
    assert not commands_in(done.err), f"on stderr: {commands_in(done.err)}"
    assert "Traceback" not in done.err


def test_the_text_is_as_hostile_as_it_should_be() -> None:
    assert commands_in(EVIL) == {"\x1b", "\x07", "\x9b", "\u202e", "\r"}


# --------------------------------------------------------------------------------------------- banks


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    path = tmp_path / "evil.yaml"
    path.write_text(BANK)
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("banks", "show"),
        ("banks", "show", "--json"),
        ("banks", "show", "--question", "one"),
        ("banks", "show", "--question", "one", "--json"),
        ("banks", "check"),
        ("banks", "check", "--json"),
        ("banks", "export"),
        ("banks", "export", "--format", "anki"),
        ("interview", "--plan", "--questions", "1", "--bank"),
        ("interview", "--plan", "--json", "--questions", "1", "--bank"),
        ("grade", "--question", "one", "--bank"),
    ],
    ids=" ".join,
)
def test_a_bank(bank: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    where = ("--recordings", str(tmp_path / "r")) if arguments[0] == "interview" else ()
    command = (*arguments[:2], str(bank), *arguments[2:]) if arguments[0] == "banks" else (*arguments, str(bank))
    done = run(*command, *where, stdin=EVIL)
    assert_only_shown(done)
    assert done.out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"title: {QUOTED}", f"title: {EVIL_QUOTED}"),
        (f"title: {QUOTED}", f"title: t\n{EVIL_QUOTED}: 1"),
        ("id: point", f"id: {EVIL_QUOTED}"),
        ("level: strong", f"level: {EVIL_QUOTED}"),
        ("credited: [point]", f"credited: [{EVIL_QUOTED}]"),
        (f"probe: {QUOTED}", f"weight: {EVIL_QUOTED}"),
        ("id: one", 'id: "../../../etc/passwd"'),
        ("id: evil", 'id: "../evil"'),
        ("id: evil", "id: /etc/passwd"),
        ("id: evil", 'id: "C:\\\\evil"'),
        ("id: one", f"id: {'9' * 50_000}"),
        ("id: point", "id: point\n        weight: " + "9" * 50_000),
        ("id: point", "id: point\n        weight: 1e999"),
        ("id: point", "id: point\n        weight: .nan"),
        ("id: one", "id: one\n    difficulty: " + "9" * 50_000),
        ("id: one", "id: one\n    difficulty: 0x7fffffffffffffffffff"),
        ("id: one", "id: one\n    answer_seconds: -1"),
        ("topic: ", "topic: !!python/object/apply:os.system ['true'] # "),
        ("id: evil", "id: &a evil\nlaughs: [*a, *a, *a, *a]"),
        ("id: evil", "id: evil\n<<: {id: other}"),
    ],
)
def test_a_bank_that_is_refused(bank: Path, old: str, new: str) -> None:
    """Its own words come back in the message: shown, not obeyed, and in a readable amount."""
    assert old in BANK
    bank.write_text(BANK.replace(old, new, 1))
    done = run("banks", "check", bank)
    assert done.code == 2
    assert done.err.startswith(f"voiceprep: {bank}:")
    assert_only_shown(done)
    assert len(done.err) < 2_000


# ------------------------------------------------------------------------------------------ sessions


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """The sample session with everything a stranger could have written into it."""
    evil = hostile_record(sample.record_session(tmp_path))
    evil = replace(evil, info=replace(evil.info, id=evil.folder.name, outcome=Outcome.FAILED, reason=EVIL))
    journal: tuple[Journaled, ...] = (
        events.SessionStarted(at_ms=0, started_at=sample.STARTED_AT),
        *(events.TurnEnded(at_ms=1, turn=turn) for turn in evil.turns),
        events.ProviderFailed(at_ms=2, provider=EVIL, stage=EVIL, message=EVIL),
        events.SessionEnded(at_ms=30_000, outcome=Outcome.FAILED, reason=EVIL),
    )
    (evil.folder / EVENTS_JSONL).write_bytes(b"".join(encode_event(event) + b"\n" for event in journal))
    (evil.folder / SESSION_JSON).write_bytes(encode(evil.info))
    assert evil.scores is not None
    assert evil.delivery is not None
    save_scores(evil.folder, evil.scores)
    save_delivery(evil.folder, evil.delivery)
    save_transcript(load_session(evil.folder))
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "last"),
        ("report", "last", "--format", "markdown"),
        ("report", "last", "--format", "json"),
        ("report", "last", "--format", "html"),
        ("report", "last", "--compare"),
        ("score", "last"),
        ("history",),
        ("history", "--json"),
        ("history", "--search", "red"),
        ("history", "--search", "red", "--json"),
        ("history", "--search", EVIL),
        ("history", "--bank", EVIL),
        ("progress",),
        ("progress", "--json"),
        ("due",),
        ("due", "--json"),
        ("recover", "all"),
        ("recover", "last", "--json"),
        ("purge", "--everything"),
        ("purge", "--everything", "--json"),
        ("report", EVIL),
    ],
    ids=lambda arguments: " ".join(arguments).replace(EVIL, "EVIL"),
)
def test_a_session(recordings: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--recordings", recordings)
    assert_only_shown(done)
    assert done.out or done.err


@pytest.mark.parametrize("which", ["../..", "/etc", "..", ".", "20260301T183000Z-a/../../..", "a\0b", "x" * 5_000])
@pytest.mark.parametrize("command", ["report", "recover", "purge", "export", "score"])
def test_an_id_is_no_path_to_elsewhere(tmp_path: Path, command: str, which: str) -> None:
    """Only what looks like a session is read, and nothing but a session is ever deleted."""
    (tmp_path / "r").mkdir()
    (tmp_path / "precious.txt").write_text("mine")
    more = ("--yes",) if command == "purge" else ()
    done = run(command, which, *more, "--recordings", tmp_path / "r")
    assert done.code == 5
    assert_only_shown(done)
    assert (tmp_path / "precious.txt").read_text() == "mine"
