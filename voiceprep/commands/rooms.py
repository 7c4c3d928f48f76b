"""Commands about rooms on a LiveKit server: make them, let people in, close them."""

import os
from enum import StrEnum
from typing import Annotated

import typer

from voiceprep.commands.options import (
    AsJson,
    Bank,
    Dev,
    Level,
    Minutes,
    Mode,
    Persona,
    Questions,
    Seed,
    end_with,
)

app = typer.Typer(help="Rooms on a LiveKit server: make them, let people in, close them.", no_args_is_help=True)

Valid = Annotated[int, typer.Option("--valid", help="Minutes the token lets somebody in.", min=1, max=1440)]
RoomName = Annotated[str, typer.Argument(help="As `voiceprep rooms list` shows it.")]


class RoleName(StrEnum):
    CANDIDATE = "candidate"
    OBSERVER = "observer"


@app.command("create")
def create(
    bank: Bank = None,
    questions: Questions = None,
    minutes: Minutes = None,
    level: Level = None,
    persona: Persona = None,
    mode: Mode = None,
    seed: Seed = None,
    waiting_room: Annotated[
        bool, typer.Option("--waiting-room", help="Nobody speaks before `voiceprep rooms admit`.")
    ] = False,
    open_hours: Annotated[float, typer.Option("--open", help="Hours the room waits for its candidate.")] = 24.0,
    valid: Valid = 60,
    dev: Dev = False,
    json: AsJson = False,
) -> None:
    """Make a room whose name nobody guesses, and a token for its candidate."""
    from voiceprep.terminal.rooms import RoomWish, create_room

    order = {
        "bank": bank,
        "questions": questions,
        "minutes": minutes,
        "level": level,
        "persona": persona.value if persona else None,
        "mode": mode,
        "seed": seed,
    }
    wish = RoomWish(order, round(open_hours * 3600), waiting_room)
    end_with(create_room(os.environ, wish, is_dev=dev, is_json=json, valid_s=valid * 60))


@app.command("list")
def list_(dev: Dev = False, json: AsJson = False) -> None:
    """Every open room and who is in it."""
    from voiceprep.terminal.rooms import list_rooms

    end_with(list_rooms(os.environ, is_dev=dev, is_json=json))


@app.command("token")
def token(
    room: RoomName,
    role: Annotated[
        RoleName, typer.Option("--role", help="An observer listens and cannot speak.")
    ] = RoleName.OBSERVER,
    valid: Valid = 60,
    dev: Dev = False,
) -> None:
    """Print a token that lets one person into one room, with no more rights than the role needs."""
    from voiceprep.terminal.rooms import show_token

    end_with(show_token(os.environ, room, role.value, is_dev=dev, valid_s=valid * 60))


@app.command("admit")
def admit(room: RoomName, dev: Dev = False) -> None:
    """Let the candidate out of the waiting room."""
    from voiceprep.terminal.rooms import admit_candidate

    end_with(admit_candidate(os.environ, room, is_dev=dev))


@app.command("end")
def end(
    room: RoomName,
    now: Annotated[bool, typer.Option("--now", help="Without a goodbye.")] = False,
    dev: Dev = False,
) -> None:
    """End an interview politely and close its room."""
    from voiceprep.terminal.rooms import end_room

    end_with(end_room(os.environ, room, is_dev=dev, is_now=now))
