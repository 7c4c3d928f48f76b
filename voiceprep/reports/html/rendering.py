"""Puts the page together: templates, style and script inline, a Content-Security-Policy of their hashes.

Must not know how a session was held; everything shown is escaped by Jinja.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from voiceprep import __version__
from voiceprep.language.plaintext import clock, plain
from voiceprep.practice.progress import ANSWERS_MIN, SESSIONS_MIN, Progress
from voiceprep.practice.self_rating import SelfRating
from voiceprep.recordings.tracks import CANDIDATE_WAV, INTERVIEWER_WAV
from voiceprep.reports.audit_lines import audit_lines, finding_text, second_look_lines
from voiceprep.reports.coach import next_steps
from voiceprep.reports.document import ReportDocument
from voiceprep.reports.html import charts
from voiceprep.reports.html.page import PageContent, build_content
from voiceprep.reports.html.sides import compared_sides
from voiceprep.reports.phrases import cost_text, delivery_lines, latency_text, outcome_text, overall_lines
from voiceprep.reports.practice import self_rating_text, trend_text


@dataclass(frozen=True, slots=True)
class AudioSource:
    """What the page plays: URLs on one clock, each of one track or of both."""

    name: str
    url: str


def beside(document: ReportDocument, prefix: str = "") -> tuple[AudioSource, ...]:
    """The session's own files that hold audio, by names relative to the page."""
    names = {"You": CANDIDATE_WAV, "Interviewer": INTERVIEWER_WAV}
    found = [(voice, name) for voice, name in names.items() if (document.folder / name).is_file()]
    return tuple(AudioSource(voice, prefix + name) for voice, name in found)


def render_report(document: ReportDocument, sources: tuple[AudioSource, ...], prefix: str = "") -> str:
    """The whole page as one HTML document; reads the tracks for their waveforms.

    `prefix` is how the page reaches files in the session's folder.
    """
    content = build_content(document)
    sound = charts.load_sound(document.folder)
    return _render(
        "report.html",
        script_name="report.js",
        document=document,
        content=content,
        steps=next_steps(document),
        compared=compared_sides(document.comparison, document.folder, prefix) if document.comparison else (),
        sources=sources,
        overview=charts.overview(document, content, sound),
        waves=[charts.question_wave(document, question, sound) for question in content.questions],
        overall_lines=overall_lines(document),
        outcome=outcome_text(document.outcome),
        delivery_lines=delivery_lines(document.delivery) if document.delivery else (),
        audit_lines=audit_lines(document.audit) if document.audit else (),
        second_look_lines=second_look_lines(document.second_look) if document.second_look else (),
        finding_text=finding_text,
        turn_starts={line.turn_index: line.start_ms for line in reversed(document.lines)},
        charts=charts,
        latency_text=latency_text(document),
        cost_text=cost_text(document),
        data=_data(content, document),
        version=__version__,
    )


def _data(content: PageContent, document: ReportDocument) -> Markup:
    """What the script reads: the duration, and for each paragraph when its words start."""
    words = {paragraph.number: paragraph.word_starts_ms for paragraph in content.paragraphs}
    return script_json({"duration_ms": document.duration_ms, "words": words})


def script_json(value: object) -> Markup:
    """JSON that is safe inside a script element: nothing in it can end the element or start a comment."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("voiceprep.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clock=clock, plain=plain, percent=lambda share: f"{100 * share:.2f}%")
    return environment


def render_progress_page(progress: Progress, now: datetime, own: SelfRating | None = None) -> str:
    """Progress over time as one HTML document without a script; `own`: ratings of one's own answers."""
    overall = (progress.overall,) if progress.overall else ()
    groups = [("Everything", overall), ("Topics", progress.topics), ("Kinds of question", progress.competencies)]
    return _render(
        "progress.html",
        script_name=None,
        groups=[(title, [charts.series_chart(series) for series in group]) for title, group in groups],
        rating=None if own is None else charts.rating_chart(own),
        self_rating_text=self_rating_text,
        trend_text=trend_text,
        answers_min=ANSWERS_MIN,
        sessions_min=SESSIONS_MIN,
        now=now,
        version=__version__,
    )


def _render(name: str, script_name: str | None, **values: object) -> str:
    style, script = _asset("report.css"), _asset(script_name) if script_name else ""
    scripts = _hash_source(script) if script else "'none'"
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {_hash_source(style)}; "
        "media-src 'self' data:; base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template(name)
    return template.render(style=Markup(style), script=Markup(script), policy=policy, **values)


@cache
def _asset(name: str) -> str:
    """A file written by us, as it stands in the page: what is hashed is exactly what the browser sees."""
    return "\n" + (files("voiceprep.reports.html") / "templates" / name).read_text(encoding="utf-8")


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
