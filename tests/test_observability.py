"""A log, spans and a bundle say what happened and when; none of them says what was said, or a key."""

import json
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests import sample_session as sample
from tests.commands import Done, run
from tests.hostile_session import EVIL
from voiceprep import events
from voiceprep.events import LevelMeasured
from voiceprep.model import Outcome, Spoken
from voiceprep.recordings.writer import SessionWriter
from voiceprep.wiring.facts import facts_of
from voiceprep.wiring.log import SessionLog
from voiceprep.wiring.telemetry import SessionSpans, open_exporting

FAST = ("interview", "--candidate", "strong", "--pace", "fast", "--questions", "1", "--seed", "1")
CANARY, KEY = "zanzibar", "sk-canary-5b20c8"


def said() -> set[str]:
    """Whatever was said in the sample session: long words, which are found in nothing else."""
    texts = [turn.answer.transcript.text for turn in sample.turns() if turn.answer]
    texts += [spoken.text for turn in sample.turns() for spoken in turn.said]
    return {word for text in texts for word in text.split() if len(word) > 5}


# ---------------------------------------------------------------------------------------------- facts


@pytest.mark.parametrize("event", sample.every_event(), ids=lambda event: event.type)
def test_facts_of_an_event_hold_no_word_of_it(event: events.Journaled) -> None:
    told = json.dumps(facts_of(event))
    assert json.loads(told)["type"] == event.type
    assert not [word for word in said() if word in told]
    assert "quote" not in told


def test_the_log_has_a_line_for_every_event(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.touch(0o600)
    with SessionLog(path) as log:
        log.session = sample.SESSION_ID
        for event in sample.every_event():
            log.on_event(event)
        log.on_event(LevelMeasured(at_ms=1, level_dbfs=-20.0, speech_probability=0.5))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["type"] for line in lines] == [event.type for event in sample.every_event()]
    assert {line["session"] for line in lines} == {sample.SESSION_ID}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_breaks_ends_and_nothing_else_does(tmp_path: Path) -> None:
    with SessionLog(Path("/dev/full")) as log:
        for event in sample.every_event():
            log.on_event(event)


@pytest.mark.parametrize("speech", [False, True])
def test_an_interview_is_logged_without_speech_unless_asked(tmp_path: Path, speech: bool) -> None:
    log = tmp_path / "log.jsonl"
    more = ("--log-speech",) if speech else ()
    done = run(
        *FAST, "--log", log, *more, "--json", "--recordings", tmp_path / "r", changes={"OPENAI_API_KEY": KEY}
    )
    assert done.code == 0, done.err
    report = json.loads(done.out)
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0]["type"] == "session_started"
    assert lines[-1] == {**lines[-1], "type": "session_ended", "outcome": "completed"}
    assert {line["session"] for line in lines} == {report["session"]["id"]}
    assert any(line.get("reply_ms") for line in lines)
    answer = next(question["answer"] for question in report["questions"])
    assert (answer.split(".")[0] in text.replace("\\u2019", "’")) is speech
    assert KEY not in text


def test_a_log_that_cannot_be_written_is_told_before_anything_begins(tmp_path: Path) -> None:
    done = run(*FAST, "--log", tmp_path / "no" / "log", "--recordings", tmp_path / "r")
    assert (done.code, done.out) == (2, "")
    assert "--log" in done.err
    assert not (tmp_path / "r").exists()


# ---------------------------------------------------------------------------------------------- spans


def spans_of(told: Iterator[events.Event] | list[events.Event]) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans = SessionSpans(provider.get_tracer("tests"), {"mode": "cascaded"})
    for event in told:
        spans.on_event(event)
    provider.shutdown()
    return list(exporter.get_finished_spans())


def the_session() -> list[events.Event]:
    started = events.SessionStarted(at_ms=0, started_at=sample.STARTED_AT)
    failed = events.ProviderFailed(at_ms=9_000, provider="deepgram", stage="stt", message="It broke.")
    turns = [
        each
        for turn in sample.turns()
        for each in (
            events.TurnStarted(at_ms=max(0, turn.said[0].start_ms - 400), turn_index=turn.index, brief=turn.brief),
            events.TurnEnded(at_ms=turn.said[0].end_ms + 5_000, turn=turn),
        )
    ]
    return [started, *turns, failed, events.SessionEnded(at_ms=30_000, outcome=Outcome.COMPLETED, reason="")]


def test_a_turn_is_a_span_with_the_stages_of_its_reply() -> None:
    spans = spans_of(the_session())
    (interview,) = [span for span in spans if span.name == "interview"]
    start_ns = interview.start_time
    assert start_ns == int(sample.STARTED_AT.timestamp() * 1e9)
    assert interview.end_time == start_ns + 30_000 * 1_000_000
    assert [event.name for event in interview.events] == ["provider_failed"]
    turns = [span for span in spans if span.name == "turn"]
    assert len(turns) == len(sample.turns())
    assert {span.parent.span_id for span in turns if span.parent} == {interview.context.span_id}
    follow_up = next(span for span in turns if (span.attributes or {}).get("voiceprep.kind") == "follow_up")
    stages = {
        span.name: ((span.start_time or 0) - start_ns, (span.end_time or 0) - start_ns)
        for span in spans
        if span.parent and span.parent.span_id == follow_up.context.span_id
    }
    assert {name: (a // 1_000_000, b // 1_000_000) for name, (a, b) in stages.items()} == {
        "reply": (10_750, 11_300),
        "decide": (10_750, 11_100),
        "speak": (11_100, 11_300),
        "answer": (16_000, 17_950),
    }


def test_no_span_holds_a_word_that_was_said() -> None:
    hostile = [
        replace(event, turn=replace(event.turn, said=(Spoken(EVIL, EVIL, 0, 1),)))
        if isinstance(event, events.TurnEnded)
        else event
        for event in the_session()
    ]
    told = "".join(span.to_json() for span in spans_of(hostile))
    assert "hacked" not in told
    assert not [word for word in said() if word in told]


@pytest.mark.parametrize("option", ["--telemetry"])
def test_telemetry_is_refused_offline_and_unencrypted(tmp_path: Path, option: str) -> None:
    done = run(
        *FAST, option, "--recordings", tmp_path, changes={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://far.invalid"}
    )
    assert done.code == 2
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in done.err


def test_an_exporter_is_made_from_the_standard_variables() -> None:
    provider = open_exporting({}, is_plain_http_allowed=False, is_offline=False)
    provider.shutdown()


# --------------------------------------------------------------------------------------------- bundle


def bundle_of(tmp_path: Path) -> tuple[Done, dict[str, str]]:
    settings = tmp_path / "settings.toml"
    settings.write_text(f'mic = "{CANARY} headset"\nquestions = 3\n[keys]\nDEEPGRAM_API_KEY = "dg-canary-77"\n')
    settings.chmod(0o600)
    changes = {"VOICEPREP_SETTINGS": str(settings), "OPENAI_API_KEY": KEY}
    out = tmp_path / "bundle.zip"
    done = run("doctor", "--no-listen", "--bundle", out, "--recordings", tmp_path / "r", changes=changes)
    with zipfile.ZipFile(out) as archive:
        return done, {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_bundle_says_what_happened_and_nothing_that_was_said(tmp_path: Path) -> None:
    sample.record_session(tmp_path / "r")
    with SessionWriter.create(tmp_path / "r", replace(sample.info(), id="", bank_title=CANARY)) as writer:
        writer.on_event(events.SessionStarted(at_ms=0, started_at=sample.STARTED_AT))
        writer.on_event(events.ProvisionalHeard(at_ms=1, turn_index=0, text=f"{CANARY} {KEY}"))
        writer.on_event(events.ProviderFailed(at_ms=2, provider="openai", stage="llm", message=f"refused {KEY}"))
        writer.on_event(events.SessionEnded(at_ms=3, outcome=Outcome.FAILED, reason=CANARY))
    done, parts = bundle_of(tmp_path)
    assert sorted(parts) == ["doctor.json", "sessions.json", "settings.json", "versions.json"]
    assert stat.S_IMODE((tmp_path / "bundle.zip").stat().st_mode) == 0o600
    everything = "".join(parts.values())
    for secret in (CANARY, KEY, "dg-canary-77", str(Path.home()), *said()):
        assert secret not in everything, secret
    sessions = json.loads(parts["sessions.json"])
    assert {session["outcome"] for session in sessions} == {"completed", "failed"}
    completed = next(session for session in sessions if session["outcome"] == "completed")
    assert {event["type"] for event in completed["events"]} >= {"turn_started", "answer_heard", "turn_ended"}
    assert json.loads(parts["settings.json"])["questions"] == 3
    assert json.loads(parts["versions.json"])["packages"]["rich"]
    assert "bundle.zip" in done.err


def test_a_bundle_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = run("doctor", "--no-listen", "--bundle", tmp_path / "no" / "b.zip", "--recordings", tmp_path)
    assert done.code == 2
    assert "--bundle" in done.err
