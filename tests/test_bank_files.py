"""`banks new`, `export`, `show --question`, the published schema and the folder of one's own banks."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import run
from voiceprep.banks import bank_folders
from voiceprep.banks.schema import SCHEMA_PATH, render_schema

SCHEMA = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))


def test_a_new_bank_is_clean_found_and_never_overwritten(tmp_path: Path) -> None:
    own = {"VOICEPREP_BANKS": str(tmp_path)}
    made = run("banks", "new", "my-stack", changes=own)
    assert made.out.strip() == str(tmp_path / "my-stack.yaml")
    assert (
        run("banks", "check", "my-stack", changes=own).out == "my-stack: 1 questions, nothing to complain about.\n"
    )
    assert "my-stack" in run("banks", "list", changes=own).out
    again = run("banks", "new", "my-stack", changes=own)
    assert (again.code, again.out) == (2, "")
    assert "exists already" in again.err
    text = (tmp_path / "my-stack.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_PATH.as_uri()}\n")


def test_an_own_bank_comes_before_a_shipped_one_of_the_same_id(tmp_path: Path) -> None:
    own = {"VOICEPREP_BANKS": str(tmp_path)}
    run("banks", "new", "python-backend", changes=own)
    assert json.loads(run("banks", "show", "python-backend", "--json", changes=own).out)["question_count"] == 1


@pytest.mark.parametrize("name", ["My Stack", "../x", ""])
def test_a_bad_id_is_a_usage_error(tmp_path: Path, name: str) -> None:
    done = run("banks", "new", name, "--folder", tmp_path)
    assert done.code == 2
    assert "is not an id" in done.err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("banks", "new", "mine", "--folder", tmp_path / "file" / "sub")
    assert done.code == 2
    assert "cannot be written" in done.err


def test_anki_gets_a_card_for_each_question() -> None:
    lines = run("banks", "export", "python-backend", "--format", "anki").out.splitlines()
    assert lines[:2] == ["#separator:tab", "#html:true"]
    cards = [line.split("\t") for line in lines if not line.startswith("#")]
    assert all(len(card) == 3 for card in cards)
    assert len(cards) == len(shipped("python-backend")["questions"])


def test_markdown_holds_every_question() -> None:
    text = run("banks", "export", "python-backend").out
    assert text.count("\n### ") == len(shipped("python-backend")["questions"])
    assert "- Trap: " in text


def test_one_question_is_shown_whole() -> None:
    done = run("banks", "show", "python-backend", "--question", "mutable-default")
    assert "Example, strong" in done.out
    assert "How would you rewrite the signature" in " ".join(done.out.split())
    missed = run("banks", "show", "python-backend", "--question", "mutable-defalt")
    assert missed.code == 2
    assert "Did you mean mutable-default?" in missed.err


# ------------------------------------------------------------------------------------------ schema


def shipped(bank_id: str) -> dict[str, Any]:
    (folder,) = bank_folders()
    content: dict[str, Any] = yaml.safe_load((folder / f"{bank_id}.yaml").read_text(encoding="utf-8"))
    return content


def test_the_published_schema_is_current() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == render_schema()


@pytest.mark.parametrize("path", sorted(bank_folders()[0].glob("*.yaml")), ids=lambda path: str(path.stem))
def test_shipped_banks_fit_the_schema(path: Path) -> None:
    assert list(misfits(shipped(path.stem), SCHEMA, path.stem)) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"titel": "x"}, "b.titel"),
        ({"id": 3}, "b.id"),
        (
            {"questions": [{"id": "q", "topic": "t", "text": "x?", "key_points": [], "kind": "odd"}]},
            "b.questions.kind",
        ),
        ({"questions": [{"id": "q", "topic": "t", "key_points": []}]}, "b.questions.text"),
    ],
)
def test_what_does_not_fit_is_found(change: dict[str, Any], where: str) -> None:
    bank = {"id": "b", "title": "B", "questions": []}
    assert list(misfits(bank | change, SCHEMA, "b")) == [where]


def misfits(value: object, schema: dict[str, Any], place: str) -> list[str]:
    """The part of JSON Schema that this schema uses."""
    if "$ref" in schema:
        return misfits(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], place)
    if "anyOf" in schema:
        found = [misfits(value, option, place) for option in schema["anyOf"]]
        return [] if [] in found else found[0]
    if "enum" in schema:
        return [] if value in schema["enum"] else [place]
    kinds: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "null": type(None),
    }
    if not isinstance(value, kinds[schema["type"]]):
        return [place]
    if isinstance(value, list):
        return [wrong for item in value for wrong in misfits(item, schema["items"], place)]
    if not isinstance(value, dict):
        return []
    keys = {str(key): item for key, item in value.items()}
    wrong = [f"{place}.{key}" for key in schema["required"] if key not in keys]
    for key, item in keys.items():
        known = schema["properties"].get(key)
        wrong += [f"{place}.{key}"] if known is None else misfits(item, known, f"{place}.{key}")
    return wrong
