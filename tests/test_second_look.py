"""`voiceprep audit --judge MODEL`: what a language model finds about the interviewer counts only with a quote."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import sample_session as sample
from tests.commands import Done, run, run_apart
from tests.loopback.openai import KEY, ChatReply, Fault, OpenAIServer, Script
from voiceprep.model import AuditKind
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.second_look import SECOND_LOOK_JSON
from voiceprep.scoring.second_look import make_prompt, parse_look
from voiceprep.structured import UnusableReplyError
from voiceprep.wiring.records import finish


@pytest.fixture
def record(tmp_path: Path) -> SessionRecord:
    return finish(sample.record_session(tmp_path).folder)


def claim(turn: int, kind: str, quote: str) -> dict[str, object]:
    return {"turn": turn, "kind": kind, "quote": quote}


def reply(*claims: Mapping[str, object]) -> str:
    return json.dumps({"findings": claims})


def asked(record: SessionRecord) -> tuple[int, str]:
    """A turn in which something was asked, and its words."""
    turn = next(turn for turn in record.turns if turn.brief.question_id and turn.said)
    return turn.index, turn.said[0].text


def test_a_finding_needs_words_the_interviewer_said_in_that_turn(record: SessionRecord) -> None:
    index, line = asked(record)
    look = parse_look(
        reply(
            claim(index, "leak", line),
            claim(index, "leak", line),
            claim(index, "judgement", "That was a splendid answer indeed"),
            claim(index + 900, "repeat", line),
            claim(index, "cut_in", line),
        ),
        record.turns,
    )
    assert [(finding.kind, finding.turn_index) for finding in look.findings] == [(AuditKind.LEAK, index)]
    assert look.unfound_count == 3


@pytest.mark.parametrize("text", ["All was fair.", '{"findings": [{"turn": 1}]}', '{"findings": [', "[]"])
def test_anything_else_is_no_look(record: SessionRecord, text: str) -> None:
    with pytest.raises(UnusableReplyError):
        parse_look(text, record.turns)


def test_the_record_is_fenced_as_data(record: SessionRecord) -> None:
    (message,) = make_prompt(record.turns, record.info.questions).messages
    first, content, last = message.text.split("\n")
    assert first.replace("<", "</") == last
    shown = json.loads(content)
    assert {entry["turn"] for entry in shown} <= {turn.index for turn in record.turns}
    assert any("key_points" in entry for entry in shown)


# ------------------------------------------------------------------------------------- the whole command


async def looked(server: OpenAIServer, record: SessionRecord, *options: str) -> Done:
    changes = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.base_url}
    order: tuple[str | Path, ...] = ("audit", record.folder, "--judge", "openai", *options)
    done = await asyncio.to_thread(run_apart, *order, changes=changes)
    assert server.violations == []
    return done


def answering(*texts: str) -> Callable[[Mapping[str, Any]], ChatReply]:
    waiting = list(texts)
    return lambda _request: ChatReply((waiting.pop(0) if len(waiting) > 1 else waiting[0],))


async def test_what_holds_is_kept_and_every_report_shows_it(record: SessionRecord) -> None:
    index, line = asked(record)
    found = reply(claim(index, "leak", line), claim(index, "repeat", "nobody ever said such a thing"))
    async with OpenAIServer(Script(chat=answering("It was fair.", found)), key=KEY) as server:
        done = await looked(server, record)
    assert len(server.chats) == 2, "asked once more for the form"
    assert done.code == 0, done.err
    told = "openai looked too: 1 finding with the interviewer's words, 1 dropped that quoted nothing that was said"
    assert told in done.out
    assert load_session(record.folder).second_look is not None
    for form in ("terminal", "markdown"):
        report = run("report", record.folder, "--format", form).out
        assert "openai looked too: 1 finding" in " ".join(report.split())
    run("report", record.folder, "--format", "html")
    assert "openai looked too: 1 finding" in (record.folder / "report.html").read_text()
    assert json.loads(run("audit", record.folder, "--json").out)["second_look"]["unfound_count"] == 1


@pytest.mark.parametrize(
    "chat",
    [
        answering("It was fair."),
        answering('{"findings": ['),
        lambda _request: ChatReply(("{", "}"), fault=Fault.HANG_UP),
    ],
    ids=["prose", "truncated", "hung up"],
)
async def test_a_model_that_fails_leaves_the_audit_by_rules(
    record: SessionRecord, chat: Callable[[Mapping[str, Any]], ChatReply]
) -> None:
    async with OpenAIServer(Script(chat=chat), key=KEY) as server:
        done = await looked(server, record)
    assert done.code == 4
    assert "Traceback" not in done.err
    assert not (record.folder / SECOND_LOOK_JSON).exists()
    assert run("audit", record.folder).code == 0


def test_without_a_model_the_rules_alone_speak(record: SessionRecord) -> None:
    done = run("audit", record.folder)
    assert done.code == 0
    assert done.out.startswith("Asked ")
    assert "looked too" not in done.out
