"""The page without a browser: odd sessions are labelled honestly, the policy fits, the audio inside is right."""

import base64
import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests import sample_session as sample
from tests.commands import run
from tests.hostile_session import hostile_record
from voiceprep import events
from voiceprep.model import Outcome
from voiceprep.practice.progress import measure_progress
from voiceprep.recordings.history import QuestionResult
from voiceprep.recordings.reader import SessionRecord, load_session
from voiceprep.recordings.writer import SessionWriter
from voiceprep.reports.document import build_document
from voiceprep.reports.html.embedding import encode_mulaw, mixed_audio_url
from voiceprep.reports.html.rendering import beside, render_progress_page, render_report
from voiceprep.reports.html.waveform import bars_path, load_envelope


@pytest.fixture
def record(tmp_path: Path) -> SessionRecord:
    return sample.record_session(tmp_path)


def _page(record: SessionRecord) -> str:
    document = build_document(record)
    return render_report(document, beside(document))


class _Tags(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def _policy(page: str) -> str:
    metas = [attributes for tag, attributes in _Tags(page).seen if tag == "meta"]
    return next(each["content"] or "" for each in metas if each.get("http-equiv") == "Content-Security-Policy")


def test_the_policy_allows_exactly_this_script_and_this_style(record: SessionRecord) -> None:
    page = _page(record)
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in _policy(page)
    assert _policy(page).startswith("default-src 'none';")
    assert "unsafe" not in _policy(page)


@pytest.mark.parametrize("is_hostile", [False, True])
def test_nothing_comes_from_elsewhere_or_runs_by_itself(record: SessionRecord, is_hostile: bool) -> None:
    seen = _Tags(_page(hostile_record(record) if is_hostile else record)).seen
    assert {tag for tag, _ in seen} & {"img", "iframe", "object", "embed", "link", "base"} == set()
    for tag, attributes in seen:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        for name in ("src", "href"):
            assert not re.match(r"(?i)[a-z]+:|//", attributes.get(name) or ""), (tag, attributes)


def test_what_the_script_reads_cannot_end_its_element(record: SessionRecord) -> None:
    page = _page(hostile_record(record))
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    content = json.loads(data)
    assert content["duration_ms"] == 30_000
    words = sum(len(starts) for starts in content["words"].values())
    assert words > 20
    assert "<" not in data


def test_a_session_of_an_older_version_says_so(record: SessionRecord) -> None:
    path = record.folder / "session.json"
    content = json.loads(path.read_text())
    kept = ("id", "bank_id", "mode", "level", "seed", "plan", "judge", "started_at", "outcome")
    old = {"schema_version": 0} | {name: content[name] for name in kept}
    for question in old["plan"]:
        for name in ("kind", "difficulty", "reference", "sources"):
            question.pop(name, None)
    path.write_text(json.dumps(old))
    for form in ("terminal", "markdown", "html"):
        done = run("report", "last", "--format", form, "--recordings", record.folder.parent)
        assert done.code == 0, done.err
        shown = Path(done.out.strip()).read_text(encoding="utf-8") if form == "html" else done.out
        assert "An older voiceprep recorded this" in " ".join(shown.split())
    assert "0.33" in run("history", "--recordings", record.folder.parent).out


def test_a_session_of_a_newer_version_is_refused_with_a_reason(record: SessionRecord) -> None:
    path = record.folder / "session.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    done = run("report", "last", "--format", "html", "--recordings", record.folder.parent)
    assert done.code == 5
    assert "newer voiceprep" in done.err


def test_without_scores_the_page_says_not_scored_and_shows_no_verdict(record: SessionRecord) -> None:
    page = _page(replace(record, scores=None, delivery=None))
    assert '<p class="big none">not scored</p>' in page
    assert "Delivery was not measured." in page
    assert "Missing:" not in page
    assert "Not scored:" in page


def test_a_session_that_is_cut_off_is_labelled(tmp_path: Path) -> None:
    asked = sample.turns()[1]
    writer = SessionWriter.create(tmp_path, sample.info())
    writer.on_event(events.SessionStarted(at_ms=0, started_at=sample.STARTED_AT))
    for block in sample.blocks(400):
        writer.write_candidate(block)
    writer.on_event(events.TurnStarted(at_ms=3_000, turn_index=0, brief=asked.brief))
    writer.on_event(events.InterviewerEnded(at_ms=5_000, turn_index=0, spoken=asked.said[0]))
    writer.on_event(events.CandidateStarted(at_ms=6_000))
    writer.on_event(events.ProvisionalHeard(at_ms=7_500, turn_index=0, text="sending it twice has"))
    page = _page(load_session(writer.folder))
    writer.close(Outcome.STOPPED)
    assert "not finished" in page
    assert "cut off; the last words that were understood" in page
    assert "sending it twice has" in page
    assert f"voiceprep recover {sample.SESSION_ID}" in page


def test_a_session_without_turns_is_an_honest_page(record: SessionRecord) -> None:
    page = _page(replace(record, turns=(), scores=None, delivery=None, duration_ms=0))
    assert "No question was asked." in page
    assert "voiceprep doctor" in page


def test_fillers_are_marked_where_they_were_said(record: SessionRecord) -> None:
    page = _page(record)
    assert '<span class="filler" title="filler">um</span> PUT and' in page
    assert page.count("<title>filler: um</title>") == 2, "in the whole session and in its question"


def test_a_wav_that_is_no_wav_is_drawn_as_nothing(record: SessionRecord) -> None:
    for content in (b"", b"RIFF", b"\x00" * 50):
        (record.folder / "candidate.wav").write_bytes(content)
        assert load_envelope(record.folder / "candidate.wav", 16_000) is None
        assert "<audio" in _page(record)


def test_the_waveform_is_where_the_sound_is(tmp_path: Path) -> None:
    samples = np.zeros(16_000, np.int16)
    samples[8_000:12_000] = 20_000
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(44) + samples.tobytes())
    envelope = load_envelope(path, 16_000)
    assert envelope is not None
    assert envelope.heights(0, 1_000, 5) == pytest.approx((0, 0, 1, 1, 0))
    assert envelope.heights(500, 2_500, 4) == pytest.approx((1, 0, 0, 0)), "silence beyond its end"
    assert bars_path((0.0, 1.0), 100, 10, 8) == "M25 9v2M75 2v16"


def test_mulaw_agrees_with_the_standard() -> None:
    """G.711: the codes of these samples, and what comes back is within a quantisation step."""
    known = {0: 0xFF, 1: 0xFF, -1: 0x7F, 32_767: 0x80, -32_768: 0x00, 1_000: 0xCE, -1_000: 0x4E}
    coded = encode_mulaw(np.array(list(known), np.int16))
    assert coded.tolist() == list(known.values())
    samples = np.arange(-32_000, 32_000, 7, dtype=np.int16)
    code = ~encode_mulaw(samples).astype(np.int32) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    value = (((mantissa << 3) + 132) << exponent) - 132
    decoded = np.where(code & 0x80, -value, value)
    assert np.all(np.abs(decoded - samples) <= np.maximum(8, np.abs(samples) / 16))


def test_both_voices_are_in_the_audio_inside_on_one_clock(tmp_path: Path) -> None:
    candidate, interviewer = np.zeros(32_000, np.int16), np.zeros(48_000, np.int16)
    candidate[16_000:17_600] = 8_000
    interviewer[6_000:8_400] = 8_000
    for name, samples in (("candidate.wav", candidate), ("interviewer.wav", interviewer)):
        (tmp_path / name).write_bytes(bytes(44) + samples.tobytes())
    url = mixed_audio_url(tmp_path)
    assert url is not None
    wav = base64.b64decode(url.partition(",")[2])
    assert wav[:4] + wav[8:12] == b"RIFFWAVE"
    assert int.from_bytes(wav[4:8], "little") == len(wav) - 8
    coded = np.frombuffer(wav[-32_000:], np.uint8)
    loud = np.flatnonzero((coded & 0x7F) < 0x50)
    spans = [(4_000, 5_600), (16_000, 17_600)]
    expected = np.concatenate([np.arange(*span) for span in spans])
    assert abs(loud.size - expected.size) < 40
    assert all(np.any(np.abs(loud - edge) < 20) for span in spans for edge in span)
    assert mixed_audio_url(tmp_path / "nothing") is None


def test_the_progress_page_escapes_names_and_runs_nothing() -> None:
    results = [
        QuestionResult(
            f"s{day}", f"2026-01-{day:02}T12:00:00+00:00", "b", "q", "<b>x</b>", "technical", "?", 0.1 * day
        )
        for day in range(1, 9)
    ]
    page = render_progress_page(measure_progress(results), sample.STARTED_AT)
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "script-src 'none'" in _policy(page)
    assert "script" not in {tag for tag, _ in _Tags(page).seen}
    assert "better +0.40" in page
    assert "Nothing was scored yet" in render_progress_page(measure_progress([]), sample.STARTED_AT)
