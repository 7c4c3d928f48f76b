"""Shows how practice goes and what is due, and moves the schedule in and out. Asks the index."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from voiceprep.errors import ConfigError, VoiceprepError
from voiceprep.practice.deck import DueQuestion, all_reviews, due_questions, update_cards
from voiceprep.practice.progress import Progress, measure_progress
from voiceprep.practice.self_rating import SelfRating, measure_self_rating
from voiceprep.recordings.age import SUFFIX, Seal
from voiceprep.recordings.files import recording_error, write_private
from voiceprep.recordings.history import Filter, select_results
from voiceprep.recordings.index import SessionIndex, open_index
from voiceprep.recordings.reviews import SCHEDULE_JSON, load_imports, load_reviews, merge, save_reviews
from voiceprep.recordings.self_scores import SELF_SCORES_JSON, load_self_scores, self_ratings
from voiceprep.reports.practice import render_due, render_progress, self_rating_text
from voiceprep.settings import load_settings
from voiceprep.wiring.places import recordings_for, seal_for

PROGRESS_HTML = "progress.html"


def show_progress(
    environment: Mapping[str, str], recordings: str | None, wanted: Filter, form: str, *, is_opened: bool
) -> None:
    """Print progress as `terminal` or `json`, or write it as `html`. Raises RecordingError."""
    settings = load_settings(environment, {"recordings": recordings})
    folder = recordings_for(settings)
    with open_index(folder, seal_for(settings)) as index:
        results = select_results(index, wanted)
    rated = _own_ratings(folder, seal_for(settings))
    progress, own = measure_progress(results), measure_self_rating(results, rated)
    if form == "json":
        print(json.dumps(asdict(progress) | {"self_rating": None if own is None else asdict(own)}))
    elif form == "html":
        path = _save_progress(folder, progress, own)
        print(path)
        if is_opened:
            import webbrowser

            webbrowser.open(path.absolute().as_uri())
    else:
        console = Console(highlight=False)
        console.print(render_progress(progress, console.width))
        if own is not None:
            console.print(self_rating_text(own), soft_wrap=True)


def show_due(
    environment: Mapping[str, str], recordings: str | None, bank: str | None, limit: int, *, is_json: bool
) -> None:
    """Print what is due today. Raises RecordingError, ConfigError."""
    now = datetime.now(UTC)
    with _index(environment, recordings) as index:
        update_cards(index)
        due = due_questions(index, now, bank=bank)
    shown = due[:limit] if limit else due
    if is_json:
        print(json.dumps({"total": len(due), "due": [_due_json(question) for question in shown]}))
        return
    console = Console(highlight=False)
    console.print(render_due(shown, len(due), now, console.width))


def export_schedule(environment: Mapping[str, str], recordings: str | None, path: Path) -> None:
    """Write every review to `path`. Raises RecordingError, ConfigError."""
    with _index(environment, recordings) as index:
        reviews = all_reviews(index)
    save_reviews(path, reviews)
    print(f"{path}: {len(reviews)} reviews.")


def import_schedule(environment: Mapping[str, str], recordings: str | None, path: Path) -> None:
    """Add the reviews in `path` to the schedule; the same file twice changes nothing. Raises ConfigError."""
    more = load_reviews(path)
    with _index(environment, recordings) as index:
        folder = index.recordings_dir
        with index.writing():  # one import at a time
            known = load_imports(folder)
            merged = merge(known, more)
            save_reviews(folder / SCHEDULE_JSON, merged)
        update_cards(index)
    print(f"{len(merged) - len(known)} new reviews of {len(more)}, kept in {folder / SCHEDULE_JSON}.")


def export_anki(environment: Mapping[str, str], recordings: str | None, path: Path) -> None:
    """Write what was missed last time as notes for Anki's text import. Raises RecordingError, ConfigError."""
    from voiceprep.practice.anki import (
        render_anki,  # reads sessions, which takes longer to load than `due` may take
    )

    with _index(environment, recordings) as index:
        update_cards(index)
        text, count = render_anki(index)
    if not count:
        raise ConfigError("Nothing was missed: there is nothing to export.", "Hold an interview first.")
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise recording_error("Cannot write", path, error, "Name another file.") from error
    print(f"{path}: {count} notes. In Anki: File, Import.")


def _index(environment: Mapping[str, str], recordings: str | None) -> SessionIndex:
    settings = load_settings(environment, {"recordings": recordings})
    return open_index(recordings_for(settings), seal_for(settings))


def _own_ratings(folder: Path, seal: Seal) -> dict[str, dict[str, float]]:
    """Of every session that has some; those that cannot be unsealed are left out."""
    found = {
        path.parent.name: self_ratings(load_self_scores(path.parent))
        for path in folder.glob(f"*/{SELF_SCORES_JSON}")
    }
    for path in folder.glob(f"*/{SELF_SCORES_JSON}{SUFFIX}"):
        from voiceprep.recordings.opening import open_session  # takes longer to load than `due` may take

        with suppress(VoiceprepError), open_session(path.parent, seal, has_audio=False) as opened:
            found[path.parent.name] = self_ratings(load_self_scores(opened.folder))
    return found


def _save_progress(folder: Path, progress: Progress, own: SelfRating | None) -> Path:
    from voiceprep.reports.html.rendering import render_progress_page

    path = folder / PROGRESS_HTML
    try:
        write_private(path, render_progress_page(progress, datetime.now(UTC), own).encode())
    except OSError as error:
        raise recording_error("Cannot write", path, error, "Name another folder with --recordings DIR.") from error
    return path


def _due_json(question: DueQuestion) -> dict[str, object]:
    return asdict(question) | {"due_at": question.due_at.isoformat()}
