"""Lists recorded sessions and finds what was said in them. Asks the index; opens no session."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.text import Text

from voiceprep.language.plaintext import clock, plain
from voiceprep.recordings.history import (
    MARK_END,
    MARK_START,
    Filter,
    Found,
    Order,
    SessionLine,
    count_sessions,
    search,
    select_sessions,
)
from voiceprep.recordings.index import SessionIndex, open_index
from voiceprep.settings import load_settings
from voiceprep.wiring.places import recordings_for, seal_for


@dataclass(frozen=True, slots=True)
class HistoryOrder:
    """What to list and how. `limit` 0 lists everything."""

    wanted: Filter
    order: Order
    limit: int
    words: str | None = None
    is_json: bool = False
    is_rebuilt: bool = False


def show_history(environment: Mapping[str, str], recordings: str | None, order: HistoryOrder) -> None:
    """Print sessions, or the places where something was said. Raises RecordingError."""
    settings = load_settings(environment, {"recordings": recordings})
    with open_index(recordings_for(settings), seal_for(settings), is_new=order.is_rebuilt) as index:
        if order.words is not None:
            _show_found(search(index, order.words, order.wanted, order.limit), order)
        else:
            _show_sessions(index, order)


def _show_sessions(index: SessionIndex, order: HistoryOrder) -> None:
    sessions = select_sessions(index, order.wanted, order.order, order.limit)
    total = count_sessions(index, order.wanted)
    if order.is_json:
        print(json.dumps({"total": total, "sessions": [_session_json(session) for session in sessions]}))
        return
    console = Console(highlight=False)
    if not sessions:
        is_empty = order.wanted == Filter()
        console.print(
            f"No session in {index.recordings_dir}" + ("." if is_empty else " is like that."), soft_wrap=True
        )
        return
    for session in sessions:
        console.print(_session_text(session), soft_wrap=True)
    if total > len(sessions):
        console.print(f"{len(sessions)} of {total} sessions; --limit 0 shows all.")


def _session_text(session: SessionLine) -> Text:
    """One line of at most 80 columns: when, how long, what for, how many questions, the score, its name's end."""
    score = "  –  " if session.overall is None else f"{session.overall:.2f} "
    asked = f"{session.scored_count}/{session.planned_count}"
    state = "" if session.outcome == "completed" else f" {session.outcome}"
    text = Text.assemble(
        (session.started_at[:16].replace("T", " "), "dim"),
        f" {clock(session.duration_ms):>8} ",
        (f"{score:>5}", "bold"),
        f"{asked:>6}  ",
        plain(session.bank)[:20].ljust(20),
        ("  " + session.name[-4:], "dim"),
        (state + (" simulated" if session.candidate else ""), "yellow"),
    )
    if session.problem:
        text.append(f"\n    {plain(session.problem)}", style="yellow")
    return text


def _session_json(session: SessionLine) -> dict[str, object]:
    content = asdict(session) | {"folder": str(session.folder)}
    low, high = content.pop("low"), content.pop("high")
    return content | {"interval": None if low is None else [low, high]}


def _show_found(found: tuple[Found, ...], order: HistoryOrder) -> None:
    if order.is_json:
        places = [asdict(place) | {"folder": str(place.folder), "excerpt": _unmarked(place)} for place in found]
        print(json.dumps({"found": places}))
        return
    console = Console(highlight=False)
    if not found:
        console.print("Nobody said that.")
    for place in found:
        voice = "you" if place.voice == "candidate" else place.voice
        at = f" {place.session[-4:]} [{clock(place.start_ms)}] "
        text = Text.assemble((place.started_at[:10], "dim"), at, (f"{voice}: ", "bold"))
        console.print(text + _excerpt(place.excerpt))


def _excerpt(text: str) -> Text:
    shown = Text()
    for part in text.split(MARK_START):
        said, mark, rest = part.partition(MARK_END)
        shown.append(plain(said) if mark else _kept(said), style="reverse" if mark else "")
        shown.append(_kept(rest))
    return shown


def _kept(text: str) -> str:
    """`plain` without losing the blanks at both ends."""
    blank = " " if text[:1].isspace() else "", " " if text[-1:].isspace() else ""
    return f"{blank[0]}{plain(text)}{blank[1]}" if text.strip() else text[:1]


def _unmarked(place: Found) -> str:
    return place.excerpt.replace(MARK_START, "").replace(MARK_END, "")
