"""Shows the report of one session: on the terminal, as text, as a page. Reads folders; never holds a session."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os.path import relpath
from pathlib import Path
from urllib.parse import quote

from rich.console import Console

from voiceprep.errors import ConfigError
from voiceprep.language.plaintext import plain
from voiceprep.model import SessionScores
from voiceprep.recordings.files import recording_error, write_private
from voiceprep.recordings.folder import find_session
from voiceprep.recordings.opening import open_session
from voiceprep.recordings.reader import SessionRecord, load_scores, load_session
from voiceprep.reports.document import ReportDocument, build_document, render_json
from voiceprep.reports.markdown import render_markdown
from voiceprep.reports.terminal import render_terminal
from voiceprep.settings import load_settings
from voiceprep.wiring.places import recordings_for, seal_for

REPORT_HTML = "report.html"


@dataclass(frozen=True, slots=True)
class PageOrder:
    """How the page is wanted. `out` None: report.html in the session's folder."""

    out: Path | None = None
    is_single_file: bool = False
    is_opened: bool = False


def show_report(
    environment: Mapping[str, str],
    recordings: str | None,
    which: str,
    form: str,
    page: PageOrder,
    judge: str | None = None,
) -> None:
    """Show a session's report as `terminal`, `markdown`, `json` or `html`. `judge`: whose scores, else its own.

    Raises RecordingError; ConfigError when that judge has not scored it.
    """
    settings = load_settings(environment, {"recordings": recordings})
    with open_session(find_session(recordings_for(settings), which), seal_for(settings)) as opened:
        record = load_session(opened.folder)
        if judge is not None:
            record = replace(record, scores=_scores_by(judge, record))
        if form == "html":
            page = _page_outside(page, opened.kept) if opened.is_sealed else page
            if judge is not None:
                page = replace(page, out=page.out or record.folder / _page_name(judge))
            _show_page(record, page)
        else:
            _print_as(form, replace(record, folder=opened.kept))


def _page_outside(page: PageOrder, folder: Path) -> PageOrder:
    """Of a sealed session nothing is played but what is in the page itself. Raises ConfigError."""
    if page.out is None or page.out.parent.resolve() == folder.resolve():
        raise ConfigError(
            f"{folder.name} is sealed: a page in its folder would be sealed with it.",
            "Add --out FILE. The page can be read and heard by everybody who has it.",
        )
    return replace(page, is_single_file=True)


def _print_as(form: str, record: SessionRecord) -> None:
    if form == "json":
        print_json(record)
    elif form == "markdown":
        print(render_markdown(build_document(record)), end="")
    else:
        print_report(record, Console(highlight=False))


def _show_page(record: SessionRecord, page: PageOrder) -> None:
    path = save_page(build_document(record), page)
    print(path)
    if page.is_opened:
        import webbrowser

        webbrowser.open(path.absolute().as_uri())


def _scores_by(judge: str, record: SessionRecord) -> SessionScores:
    """The newest by the judge of that name, or whose name begins with it up to the model."""
    kept = load_scores(record.folder)
    for scores in kept:
        if scores.judge == judge or scores.judge.partition(":")[0] == judge:
            return scores
    names = ", ".join(dict.fromkeys(plain(scores.judge) for scores in kept)) or "nobody"
    raise ConfigError(
        f"{judge} has not scored {record.info.id}; {names} has.",
        f"Run `voiceprep score {record.info.id} --judge {judge}` first.",
    )


def _page_name(judge: str) -> str:
    """A file of its own, so that the session's own report.html stays."""
    return f"report-{re.sub('[^A-Za-z0-9]+', '-', judge).strip('-')}.html"


def print_report(record: SessionRecord, console: Console) -> None:
    console.print(render_terminal(build_document(record), console.width))


def print_json(record: SessionRecord) -> None:
    """The report document of DESIGN's command contract, alone on stdout."""
    print(render_json(build_document(record)))


def save_page(document: ReportDocument, page: PageOrder) -> Path:
    """Write the page, readable by its owner only; where it is. Raises RecordingError."""
    from voiceprep.reports.html.embedding import mixed_audio_url
    from voiceprep.reports.html.rendering import AudioSource, beside, render_report

    path = page.out or document.folder / REPORT_HTML
    prefix = _prefix(document.folder, path.parent)
    sources = beside(document, prefix)
    if page.is_single_file:
        url = mixed_audio_url(document.folder)
        sources = (AudioSource("Recording", url),) if url else ()
    try:
        write_private(path, render_report(document, sources, prefix).encode())
    except OSError as error:
        hint = "Name another file with --out FILE."
        raise recording_error("Cannot write the report", path, error, hint) from error
    return path


def _prefix(folder: Path, page_folder: Path) -> str:
    """How a page in `page_folder` reaches files in `folder`."""
    way = relpath(folder.absolute(), page_folder.absolute())
    return "" if way == "." else quote(way) + "/"
