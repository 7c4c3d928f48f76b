"""The report in a real browser: it plays, seeks by quote and word, follows, searches, and talks to nobody."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests import sample_session as sample
from tests.browser.conftest import Opener
from tests.commands import run
from tests.hostile_session import EVIL, hostile_record
from voiceprep.answers import merge_answers
from voiceprep.language.plaintext import plain
from voiceprep.model import Transcript, Word
from voiceprep.practice.retry import compare
from voiceprep.recordings.files import write_private
from voiceprep.recordings.reader import SessionRecord
from voiceprep.reports.document import build_document
from voiceprep.reports.html.rendering import beside, render_report
from voiceprep.scoring.offline import OfflineJudge
from voiceprep.terminal.report_views import PageOrder, save_page

pytestmark = pytest.mark.browser
SEEK_MS_MAX = 100
SOUGHT = """
window.sought = [];
for (const audio of document.querySelectorAll('audio'))
  audio.addEventListener('seeking', () => sought.push(audio.currentTime * 1000));
"""


@pytest.fixture
def record(tmp_path: Path) -> SessionRecord:
    return sample.record_session(tmp_path)


def _saved(record: SessionRecord) -> Path:
    """The report of a record that may differ from what its folder holds."""
    document = build_document(record)
    path = record.folder / "report.html"
    write_private(path, render_report(document, beside(document)).encode())
    return path


def _now_ms(page: Page) -> float:
    return float(page.evaluate("document.querySelector('audio').currentTime * 1000"))


def _sought(page: Page) -> list[float]:
    """Where both voices went, in ms; the browser tells it a moment later. See SOUGHT."""
    page.wait_for_function("() => sought.length >= 2")
    return [float(at_ms) for at_ms in page.evaluate("sought")]


def _wait_until_now(page: Page, word: str) -> None:
    page.wait_for_function("word => document.querySelector('.word.now')?.textContent === word", arg=word)


def test_a_quote_plays_from_its_first_word_and_the_transcript_follows(
    record: SessionRecord, open_page: Opener
) -> None:
    page = open_page(save_page(build_document(record), PageOrder())).page
    page.evaluate(SOUGHT)
    page.click("button.quote")
    sought = _sought(page)
    assert len(sought) == 2, "both voices go there"
    word = record.turns[1].answer.transcript.words[0]  # type: ignore[union-attr]
    assert all(abs(at_ms - word.start_ms) <= SEEK_MS_MAX for at_ms in sought)
    for said in ("sending", "it", "twice"):
        _wait_until_now(page, said)
    assert page.locator(".line.now .who").inner_text().startswith("You")
    assert page.evaluate("[...document.querySelectorAll('audio')].every(audio => !audio.paused)")


def test_the_word_that_lights_up_is_the_word_that_is_heard(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(record)).page
    for word in record.turns[1].answer.transcript.words[:6]:  # type: ignore[union-attr]
        middle_ms = (word.start_ms + word.end_ms) / 2
        page.evaluate("ms => seek(ms)", middle_ms)
        assert page.locator(".word.now").inner_text() == word.text


def test_a_word_plays_from_there_and_the_quote_stops_at_its_end(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(record)).page
    page.evaluate(SOUGHT)
    page.locator(".line", has_text="DELETE").last.scroll_into_view_if_needed()
    page.locator(".word", has_text="DELETE").click()
    words = record.turns[2].answer.transcript.words  # type: ignore[union-attr]
    start_ms = next(word.start_ms for word in words if word.text == "DELETE")
    assert all(abs(at_ms - start_ms) <= SEEK_MS_MAX for at_ms in _sought(page))
    page.select_option("#speed", "2")
    page.click("button.quote")
    page.wait_for_function("() => document.querySelector('audio').paused")
    assert 8_750 <= _now_ms(page) <= 11_000, "the quote ends at 8.75 s"


def test_keys_do_everything(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(record)).page
    page.keyboard.press("ArrowRight")
    assert _now_ms(page) == pytest.approx(5_000)
    page.keyboard.press(" ")
    page.wait_for_function("() => !document.querySelector('audio').paused")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('audio').paused")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.id").startswith("question-")
    page.keyboard.press("f")
    assert page.get_attribute("#follow", "aria-pressed") == "false"
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("put")
    assert page.inner_text("#found") == "1 found"


def test_search_marks_goes_there_and_says_how_many(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(record)).page
    page.fill("#search", "same effect as once")
    assert page.inner_text("#found") == "1 found"
    assert page.evaluate("String([...CSS.highlights.get('search')][0])") == "same effect as once"
    page.press("#search", "Enter")
    assert page.inner_text("#found") == "1 of 1"
    page.fill("#search", "nobody said this")
    assert page.inner_text("#found") == "nothing found"


def test_a_place_in_the_waveform_plays_from_there(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(record)).page
    wave = page.locator(".overview svg.wave")
    box = wave.bounding_box()
    assert box is not None
    page.evaluate(SOUGHT)
    wave.click(position={"x": box["width"] / 2, "y": 60})
    assert all(abs(at_ms - 15_000) <= SEEK_MS_MAX for at_ms in _sought(page))


def test_one_file_holds_its_audio_and_plays_it(record: SessionRecord, tmp_path: Path, open_page: Opener) -> None:
    path = save_page(build_document(record), PageOrder(tmp_path / "elsewhere.html", is_single_file=True))
    for wav in record.folder.glob("*.wav"):
        wav.unlink()
    watched = open_page(path)
    watched.page.click("button.quote")
    _wait_until_now(watched.page, "twice")
    assert watched.page.evaluate("document.querySelector('audio').duration") == pytest.approx(30, abs=0.01)
    assert [url for url in watched.requests if url.startswith("file:")] == [path.absolute().as_uri()]


def test_a_report_elsewhere_finds_the_audio_in_its_folder(
    record: SessionRecord, tmp_path: Path, open_page: Opener
) -> None:
    (tmp_path / "out").mkdir()
    page = open_page(save_page(build_document(record), PageOrder(tmp_path / "out" / "page #1.html"))).page
    page.wait_for_function("() => document.querySelector('audio').readyState > 0")
    page.click("button.quote")
    _wait_until_now(page, "twice")


def test_hostile_words_are_shown_and_do_nothing(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(hostile_record(record))).page
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("script").count() == 2
    assert page.locator("img, iframe, object, base, [onerror]").count() == 0
    assert plain(EVIL) in page.locator("#question-1-title").inner_text()
    assert "<script>hacked=1</script>" in (page.locator(".line.you .text").first.text_content() or "")
    page.fill("#search", "שלום")
    assert page.inner_text("#found").endswith("found")


def test_the_policy_refuses_what_we_did_not_write(record: SessionRecord, open_page: Opener) -> None:
    watched = open_page(_saved(record))
    outcome = watched.page.evaluate("""async () => {
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 1';
        document.body.append(script);
        const image = new Image();
        const ended = new Promise(done => { image.onerror = done; image.onload = done; });
        image.src = 'http://127.0.0.1:9/x.png';
        await ended;
        const fetched = await fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused');
        return [typeof window.hacked, fetched];
    }""")
    assert outcome == ["undefined", "refused"]
    for kind in ("script", "image", "connect"):
        assert any(kind in said and "Content Security Policy" in said for said in watched.complaints), kind
    watched.complaints.clear()
    watched.requests.clear()  # asked for and refused, as wanted


def test_fifty_thousand_words_open_and_the_last_one_is_found(record: SessionRecord, open_page: Opener) -> None:
    words = tuple(Word(f"word{n}", 6_000 + n * 300, 6_250 + n * 300) for n in range(50_000))
    asked = record.turns[1]
    assert asked.answer is not None
    long = replace(asked, answer=replace(asked.answer, transcript=Transcript(words), end_ms=words[-1].end_ms))
    page = open_page(_saved(replace(record, turns=(record.turns[0], long), duration_ms=words[-1].end_ms))).page
    page.fill("#search", "word49999")
    assert page.inner_text("#found") == "1 found"
    page.press("#search", "Enter")
    assert page.locator(".word", has_text="word49999").get_attribute("data-at") == str(words[-1].start_ms)


@pytest.mark.parametrize("missing", [("candidate.wav",), ("candidate.wav", "interviewer.wav")])
def test_missing_audio_is_said_and_nothing_pretends_to_play(
    record: SessionRecord, missing: tuple[str, ...], open_page: Opener
) -> None:
    for name in missing:
        (record.folder / name).unlink()
    page = open_page(_saved(record)).page
    assert page.locator("audio").count() == 2 - len(missing)
    if len(missing) == 2:
        assert "nothing can be played" in page.locator(".problem").first.inner_text()
        assert page.locator("button[data-seek]").count() == 0
        assert "sending it twice" in page.locator("q.quote").inner_text()


def test_a_phone_shows_no_sideways_scrolling(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(record), viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True).page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.tap("button.quote")
    _wait_until_now(page, "twice")


def test_everything_that_can_be_pressed_has_a_name(record: SessionRecord, open_page: Opener) -> None:
    page = open_page(_saved(record)).page
    pressable = page.locator("button, input, select, svg[role=img], a").all()
    has_name = "each => each.getAttribute('aria-label') || each.textContent.trim() || each.labels?.length > 0"
    assert all(each.evaluate(has_name) for each in pressable)
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("part", [".line.you .text", ".line.interviewer .text", ".points p", ".stamp", ".score b"])
def test_every_text_has_contrast(record: SessionRecord, open_page: Opener, scheme: str, part: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 on its card, in both themes."""
    page = open_page(_saved(record), color_scheme=scheme).page
    ink = page.locator(f".question {part}").first.evaluate("each => getComputedStyle(each).color")
    ground = page.locator(".question").first.evaluate("each => getComputedStyle(each).backgroundColor")
    lighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def _luminance(color: str) -> float:
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    shares = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_both_answers_of_a_retry_play_side_by_side(tmp_path: Path, open_page: Opener) -> None:
    earlier = sample.record_session(tmp_path)
    old = earlier.folder.rename(tmp_path / "20260228T183000Z-sample-bank-00fe")
    record = sample.record_session(tmp_path)
    asked = merge_answers(record.turns)[0]
    question, point = sample.QUESTIONS[0], sample.QUESTIONS[0].key_points[1]
    comparison = compare(question, (old.name, asked), (record.info.id, asked), point, OfflineJudge())
    page = open_page(_saved(replace(record, comparison=comparison))).page
    assert page.locator("#comparison-title").inner_text() == "Compared with the earlier answer: about the same"
    for side in page.locator(".side audio").all():
        side.evaluate("audio => audio.play()")
        side.evaluate("audio => new Promise(done => audio.ontimeupdate = () => audio.currentTime >= 6 && done())")
        side.evaluate("audio => audio.pause()")
    assert page.locator(".side audio").count() == 2


def test_progress_opens_without_a_script(tmp_path: Path, open_page: Opener) -> None:
    sample.record_session(tmp_path)
    done = run("progress", "--format", "html", "--recordings", tmp_path)
    page = open_page(Path(done.out.strip())).page
    assert page.locator(".series h3").all_inner_texts() == ["All questions", "databases", "http", "technical"]
    assert page.locator(".trend circle").count() == 4
